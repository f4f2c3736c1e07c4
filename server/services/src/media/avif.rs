//! AVIF renditions: made after a photo is ready, so that nobody waits for them. A page offers them once they are there.

use std::time::Duration;

use domain::id::ShopId;
use futures::TryStreamExt;

use super::{
    Library, photo, process,
    sql::{self, Made, Unrefined},
};
use crate::{Error, Result, Services};

/// Between two looks although no photo has come.
const PATIENCE: Duration = Duration::from_secs(300);

/// Refines photos until `stop` resolves: what an earlier run left, then each as it comes.
pub(crate) async fn keep(services: &Services, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        let round = async {
            if let Err(error) = all(services).await {
                tracing::warn!(%error, "AVIF renditions could not be made yet; they are tried again");
            }
            // Either a photo has come, or it is time to try again what failed.
            drop(tokio::time::timeout(PATIENCE, services.inner.unrefined.notified()).await);
        };
        tokio::select! {
            () = &mut stop => return,
            () = round => {}
        }
    }
}

/// Refines every photo that waits for it.
pub(super) async fn all(services: &Services) -> Result<u32> {
    let mut count = 0;
    loop {
        let next = sql::unrefined(&mut *services.inner.db.read().await?).await?;
        let Some(photo) = next else { return Ok(count) };
        let made = match make(services, &photo).await {
            Ok(made) => made,
            // An original that can be read no more keeps the renditions it has.
            Err(Error::Invalid { sentence, .. }) => {
                tracing::warn!(media = %photo.id, sentence, "a photo gets no AVIF");
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let mut write = services.inner.db.write().await?;
        if sql::refine(&mut write, &photo, &made).await? {
            let library = Library { services };
            library.changed(&mut write, &photo.shop, &photo.id).await?;
        }
        write.commit().await?;
        count += 1;
    }
}

async fn make(services: &Services, photo: &Unrefined) -> Result<Vec<Made>> {
    let pictures = {
        // The whole photo is in memory only here, and only one at a time.
        let _turn = services
            .inner
            .encoding
            .acquire()
            .await
            .map_err(Error::internal)?;
        let bytes = original(services, &photo.shop, photo).await?;
        let format = photo.format;
        process::on_a_thread(move || photo::to_refine(format, &bytes)).await?
    };
    let mut made = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let encoded = process::on_a_thread(move || photo::avif(&picture)).await?;
        made.push(process::put(&services.inner.store, &photo.shop, encoded).await?);
    }
    Ok(made)
}

async fn original(services: &Services, shop: &ShopId, photo: &Unrefined) -> Result<Vec<u8>> {
    let file = format!("original.{}", photo.format.extension());
    let key = process::key(shop, &photo.hash, &file)?;
    let pieces = services.inner.store.read(&key, 0..photo.bytes).await?;
    let unread = |error: std::io::Error| {
        tracing::error!(%error, %key, "an original could not be read");
        Error::Unavailable("The media store does not answer. Try again in a moment.".to_owned())
    };
    pieces
        .try_fold(Vec::new(), |mut whole, piece| async move {
            whole.extend_from_slice(&piece);
            Ok(whole)
        })
        .await
        .map_err(unread)
}
