//! The worker of a process: takes what is due, as much of each kind as the process may run at once.

use std::{collections::HashMap, time::Duration};

use futures::{FutureExt, StreamExt, stream::FuturesUnordered};

use super::{Kind, queue, run};
use crate::{Result, Services};

/// Between two looks although nothing was enqueued here: other processes enqueue too, and waits run out.
const EVERY: Duration = Duration::from_secs(1);

/// Runs jobs until `stop` resolves; what runs then is given back with its attempt.
pub(crate) async fn keep(services: &Services, stop: impl Future<Output = ()> + Clone + Send) {
    let mut stopped = std::pin::pin!(stop.clone());
    let mut running = FuturesUnordered::new();
    let mut counts: HashMap<Kind, usize> = HashMap::new();
    let mut ensured = false;
    loop {
        services.inner.loops.beat("jobs");
        if !ensured {
            ensured = queue::ensure_recurring(services).await.is_ok();
        }
        match take(services, &mut counts).await {
            Ok(claims) => {
                for claimed in claims {
                    let kind = claimed.kind;
                    let (claim, id) = (claimed.claim, claimed.id.clone());
                    let stopping = stop.clone();
                    running.push(
                        async move {
                            let given_back = queue::Claimed {
                                id,
                                claim,
                                kind,
                                attempts: claimed.attempts,
                                job: None,
                            };
                            let result = tokio::select! {
                                result = run::attempt(services, claimed) => result,
                                () = stopping => queue::give_back(services, &given_back).await,
                            };
                            if let Err(error) = result {
                                tracing::warn!(%error, kind = kind.as_str(), "what came of a job could not be written; its lease will end");
                            }
                            kind
                        }
                        .boxed(),
                    );
                }
            }
            Err(error) => tracing::debug!(%error, "the job table cannot be read"),
        }
        tokio::select! {
            () = &mut stopped => break,
            Some(kind) = running.next(), if !running.is_empty() => {
                if let Some(count) = counts.get_mut(&kind) {
                    *count = count.saturating_sub(1);
                }
            }
            () = services.inner.db.listeners().jobs.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    while running.next().await.is_some() {}
}

/// Claims what is due and has room.
async fn take(
    services: &Services,
    counts: &mut HashMap<Kind, usize>,
) -> Result<Vec<queue::Claimed>> {
    let mut claims = Vec::new();
    for kind in queue::due(services).await? {
        if !has_work(services, kind).await? {
            continue;
        }
        loop {
            let count = counts.entry(kind).or_default();
            if *count >= kind.concurrency() {
                break;
            }
            let Some(claimed) = queue::claim(services, kind).await? else {
                break;
            };
            *count += 1;
            claims.push(claimed);
        }
    }
    Ok(claims)
}

/// Whether a recurring job that is due would find anything. Looking costs a read; claiming costs two commits, which an idle
/// shop on a small disk should not pay every five seconds.
async fn has_work(services: &Services, kind: Kind) -> Result<bool> {
    match kind {
        Kind::ExpireHolds => services.checkout().has_overdue_holds().await,
        Kind::ReconcilePayments => services.checkout().has_open_payments().await,
        _ => Ok(true),
    }
}
