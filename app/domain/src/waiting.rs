//! People who want to know when a sold-out product is back.

use serde::{Deserialize, Serialize};

use crate::time::UnixMs;

/// The most addresses kept for one product; who comes later gets the same answer and is not kept.
pub const MOST: u32 = 500;
/// How long an address is kept at most, days.
pub const KEPT_DAYS: i64 = 180;
/// The same in milliseconds.
pub const KEPT_MS: i64 = KEPT_DAYS * 86_400_000;

/// Somebody who waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    /// Where to write to.
    pub email: String,
    /// When they asked.
    pub since: UnixMs,
}
