//! Back-in-stock requests: who wants to know when a sold-out product can be bought again.

use serde::{Deserialize, Serialize};

use crate::time::UnixMs;

/// The most requests that are stored for one product: more people than anybody writes to by hand.
pub const MAX_ENTRIES: u32 = 2000;
/// How long a request is stored at most, days.
pub const RETENTION_DAYS: i64 = 180;
/// The same in milliseconds.
pub const RETENTION_MS: i64 = RETENTION_DAYS * 86_400_000;

/// A back-in-stock request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where to write to.
    pub email: String,
    /// When it was made.
    pub since: UnixMs,
}
