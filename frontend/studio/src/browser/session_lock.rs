//! One tab at a time for one session.

use super::lock::{self, Lock, Taken};

const PREFIX: &str = "vitrine.session.";

/// A session is this tab's while the value lives.
pub(crate) type SessionLock = Lock;

/// Locks a session for this tab, or `None` when another tab has it.
pub(crate) async fn acquire(session: &str) -> Option<SessionLock> {
    lock::acquire(&format!("{PREFIX}{session}"), Taken::Leave).await
}

/// The sessions that some tab has now.
pub(crate) async fn list() -> Vec<String> {
    lock::list(PREFIX).await
}
