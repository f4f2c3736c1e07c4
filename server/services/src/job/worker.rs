//! The worker of a process: takes what is due, as much of each kind as the process may run at once.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};

use super::{
    Kind,
    queue::{self, Claimed},
    run,
};
use crate::{Result, Services};

/// Between two looks although nothing was enqueued here: other processes enqueue too, and waits run out.
const EVERY: Duration = Duration::from_secs(1);

/// Runs jobs until `stop` resolves; what runs then is given back with its attempt.
pub(crate) async fn keep(
    services: &Services,
    stop: impl Future<Output = ()> + Clone + Send + 'static,
) {
    let mut stopped = std::pin::pin!(stop.clone());
    // Attempts are tasks of their own: one may hold the database's writer while this loop waits for it.
    let mut running = JoinSet::new();
    let slots: HashMap<Kind, Arc<Semaphore>> = Kind::ALL
        .into_iter()
        .map(|kind| (kind, Arc::new(Semaphore::new(kind.concurrency()))))
        .collect();
    let mut ensured = false;
    if let Err(error) = queue::end_leases(services).await {
        tracing::warn!(%error, "work that an earlier process left waits for a minute");
    }
    loop {
        services.inner.loops.beat("jobs");
        if !ensured {
            ensured = queue::ensure_recurring(services).await.is_ok();
        }
        let begin = |claimed, slot| {
            running.spawn(attempt(services.clone(), claimed, slot, stop.clone()));
        };
        if let Err(error) = take(services, &slots, begin).await {
            tracing::debug!(%error, "the job table cannot be read");
        }
        tokio::select! {
            () = &mut stopped => break,
            Some(_) = running.join_next(), if !running.is_empty() => {}
            () = services.inner.db.listeners().jobs.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Claims what is due and has room, and begins each at once.
async fn take(
    services: &Services,
    slots: &HashMap<Kind, Arc<Semaphore>>,
    mut begin: impl FnMut(Claimed, OwnedSemaphorePermit),
) -> Result<()> {
    for kind in queue::due(services).await? {
        if !has_work(services, kind).await? {
            continue;
        }
        let Some(slots) = slots.get(&kind) else {
            continue;
        };
        while let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
            let Some(claimed) = queue::claim(services, kind).await? else {
                break;
            };
            begin(claimed, slot);
        }
    }
    Ok(())
}

/// One attempt to its end, or to the end of the process.
async fn attempt(
    services: Services,
    claimed: Claimed,
    slot: OwnedSemaphorePermit,
    stop: impl Future<Output = ()>,
) {
    let kind = claimed.kind;
    let unfinished = claimed.without_work();
    let result = tokio::select! {
        result = run::attempt(&services, claimed) => result,
        () = stop => queue::give_back(&services, &unfinished).await,
    };
    if let Err(error) = result {
        tracing::warn!(%error, kind = kind.as_str(), "what came of a job could not be written; its lease will end");
    }
    drop(slot);
}

/// Whether a recurring job that is due would find anything. Looking costs a read; claiming costs two commits, which an idle
/// shop on a small disk should not pay every five seconds.
async fn has_work(services: &Services, kind: Kind) -> Result<bool> {
    match kind {
        Kind::ExpireHolds => services.checkout().has_overdue_holds().await,
        Kind::ReconcilePayments => services.payment().has_due().await,
        _ => Ok(true),
    }
}
