//! Loops that run as long as the process does. One that panics or ends is counted and begun anew; one that stays dead is
//! what `/healthz` reports.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use tokio::time::Instant;

/// Between two starts of a loop.
const PAUSE: Duration = Duration::from_secs(1);
/// A loop that gave no sign for so long is dead: each gives one every second or two.
const DEAD_AFTER: Duration = Duration::from_secs(30);

/// What is known of the loops of this process.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    loops: Mutex<BTreeMap<&'static str, State>>,
}

#[derive(Debug)]
struct State {
    restarts: u64,
    seen: Instant,
}

/// A loop and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loop {
    /// What it does.
    pub name: &'static str,
    /// How often it was begun anew.
    pub restarts: u64,
    /// It gave a sign of life in the last 30 s.
    pub alive: bool,
}

impl Loops {
    fn states(&self) -> MutexGuard<'_, BTreeMap<&'static str, State>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sign of life.
    pub(crate) fn beat(&self, name: &'static str) {
        let now = Instant::now();
        self.states()
            .entry(name)
            .and_modify(|state| state.seen = now)
            .or_insert(State {
                restarts: 0,
                seen: now,
            });
    }

    /// Every loop that was begun.
    pub(crate) fn list(&self) -> Vec<Loop> {
        let now = Instant::now();
        self.states()
            .iter()
            .map(|(name, state)| Loop {
                name,
                restarts: state.restarts,
                alive: now.duration_since(state.seen) < DEAD_AFTER,
            })
            .collect()
    }

    /// Runs `begin` until `stop` resolves; when it ends or panics before, it is counted and begun anew.
    pub(crate) async fn supervise<F>(
        &self,
        name: &'static str,
        stop: impl Future<Output = ()>,
        mut begin: impl FnMut() -> F,
    ) where
        F: Future<Output = ()>,
    {
        let stop = stop.shared();
        loop {
            let ended = std::panic::AssertUnwindSafe(begin()).catch_unwind().await;
            // The loop itself watches `stop`, so that it can end in order.
            if stop.clone().now_or_never().is_some() {
                return;
            }
            if let Some(state) = self.states().get_mut(name) {
                state.restarts += 1;
            }
            tracing::error!(
                name,
                panicked = ended.is_err(),
                "a loop ended; it is begun anew"
            );
            tokio::select! {
                () = stop.clone() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_panics_is_begun_anew_and_one_that_stays_silent_is_dead() {
        let loops = Loops::default();
        let begun = AtomicU32::new(0);
        let stop = tokio::time::sleep(Duration::from_secs(100)).shared();
        loops
            .supervise("busy", stop.clone(), || async {
                loops.beat("busy");
                assert!(begun.fetch_add(1, Ordering::SeqCst) >= 2, "not yet");
                stop.clone().await;
            })
            .await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
        assert_eq!(
            loops.list(),
            [Loop {
                name: "busy",
                restarts: 2,
                alive: false,
            }],
            "it gave no sign for 100 s"
        );
        loops.beat("busy");
        assert!(loops.list()[0].alive);
    }
}
