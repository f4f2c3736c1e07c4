//! Keeping house: what must happen now and then although nobody asks for it.

use std::time::Duration;

use crate::{Result, Services, media};

/// Between two looks at holds and payments.
const EVERY: Duration = Duration::from_secs(5);
/// One in so many looks also throws away what is stale.
const SWEEP_EVERY: u32 = 60;

async fn look(services: &Services, thorough: bool) -> Result<()> {
    services.checkout().reconcile().await?;
    services.checkout().sweep().await?;
    if thorough {
        services.media().sweep().await?;
        services.identity().sweep().await?;
        services.catalog().sweep().await?;
        media::process::resume(services).await?;
    }
    Ok(())
}

/// Looks until `stop` resolves. A look that fails is logged and the next one comes all the same.
pub(crate) async fn keep(services: &Services, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let mut looks: u32 = 0;
    loop {
        if let Err(error) = look(services, looks.is_multiple_of(SWEEP_EVERY)).await {
            tracing::error!(%error, "keeping house failed");
        }
        looks = looks.wrapping_add(1);
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
