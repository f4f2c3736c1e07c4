//! How far what is kept can be trusted: as far as the purge feed was read.

use std::time::Duration;

/// As long after the last read of the feed, an entry counts as fresh: whatever changed since would have dropped it.
pub const FRESH_FOR: Duration = Duration::from_secs(2);

/// As long after the last read of the feed, an entry is served as stale: a database that is away for a moment costs nothing.
pub const STALE_FOR: Duration = Duration::from_secs(600);

/// What may be done with what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It is what a render would give.
    Fresh,
    /// It may be out of date, and is better than nothing.
    Stale,
    /// It is not served any more.
    Expired,
}

/// How entries stand when the feed was last read `since` ago.
#[must_use]
pub fn freshness(since: Duration) -> Freshness {
    if since <= FRESH_FOR {
        Freshness::Fresh
    } else if since <= STALE_FOR {
        Freshness::Stale
    } else {
        Freshness::Expired
    }
}
