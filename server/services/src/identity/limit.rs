//! How often somebody may try to sign in: token buckets in memory.
//!
//! In memory because a restart may forgive, and because a database row per wrong password would be a load of its own.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::time::UnixMs;

use crate::{Error, Result};

/// How a bucket fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Tries that can be made at once.
    pub(crate) burst: u32,
    /// One more try every so many ms.
    pub(crate) every_ms: i64,
}

/// Tries of one address. An IPv6 address counts as its /64, which is what one household gets.
pub(crate) const PER_IP: Rate = Rate {
    burst: 30,
    every_ms: 10_000,
};
/// Tries at one handle, from wherever.
pub(crate) const PER_HANDLE: Rate = Rate {
    burst: 10,
    every_ms: 30_000,
};

/// Buckets that are remembered at most; beyond that the fullest are forgotten first.
const MOST: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Tries left, in thousandths of ms-worth: `left_ms / every_ms` tries.
    left_ms: i64,
    at: UnixMs,
}

#[derive(Debug, Default)]
pub(crate) struct Limiter {
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Limiter {
    /// Takes one try from the bucket of `key`.
    pub(crate) fn take(&self, key: &str, rate: Rate, now: UnixMs) -> Result<()> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full_ms = i64::from(rate.burst).saturating_mul(rate.every_ms);
        if buckets.len() >= MOST && !buckets.contains_key(key) {
            forget(&mut buckets);
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket {
            left_ms: full_ms,
            at: now,
        });
        let passed = now.0.saturating_sub(bucket.at.0).max(0);
        bucket.left_ms = bucket.left_ms.saturating_add(passed).min(full_ms);
        bucket.at = now;
        if bucket.left_ms < rate.every_ms {
            let wait_ms = rate.every_ms.saturating_sub(bucket.left_ms);
            let wait_s = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000).max(1);
            return Err(Error::Limited {
                sentence: format!("Too many tries. Wait {wait_s} seconds and try again."),
                retry_after_s: wait_s,
            });
        }
        bucket.left_ms -= rate.every_ms;
        Ok(())
    }

    /// Gives a try back: it was a right one.
    pub(crate) fn give_back(&self, key: &str, rate: Rate) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(key) {
            let full_ms = i64::from(rate.burst).saturating_mul(rate.every_ms);
            bucket.left_ms = bucket.left_ms.saturating_add(rate.every_ms).min(full_ms);
        }
    }
}

/// Forgets the fuller half, so that whoever hammers is remembered longest.
fn forget(buckets: &mut HashMap<String, Bucket>) {
    let mut levels: Vec<i64> = buckets.values().map(|bucket| bucket.left_ms).collect();
    levels.sort_unstable();
    let middle = levels.get(levels.len() / 2).copied().unwrap_or(0);
    buckets.retain(|_, bucket| bucket.left_ms < middle);
    if buckets.len() >= MOST {
        buckets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3,
        every_ms: 1000,
    };

    #[test]
    fn tries_run_out_and_come_back() {
        let limiter = Limiter::default();
        let at = |ms: i64| UnixMs(1_000_000 + ms);
        for _ in 0..3 {
            assert!(limiter.take("a", RATE, at(0)).is_ok());
        }
        let refused = limiter.take("a", RATE, at(0));
        assert!(matches!(
            refused,
            Err(Error::Limited {
                retry_after_s: 1,
                ..
            })
        ));
        assert!(
            limiter.take("b", RATE, at(0)).is_ok(),
            "others are not held up"
        );
        assert!(limiter.take("a", RATE, at(1000)).is_ok());
        assert!(limiter.take("a", RATE, at(1000)).is_err());
        limiter.give_back("a", RATE);
        assert!(limiter.take("a", RATE, at(1000)).is_ok());
        for _ in 0..3 {
            assert!(limiter.take("a", RATE, at(1_000_000)).is_ok());
        }
        assert!(
            limiter.take("a", RATE, at(1_000_000)).is_err(),
            "a bucket never overfills"
        );
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::default();
        for _ in 0..3 {
            limiter
                .take("attacker", RATE, UnixMs(0))
                .expect("first tries");
        }
        for n in 0..3 * MOST {
            let _ = limiter.take(&n.to_string(), RATE, UnixMs(0));
        }
        let buckets = limiter.buckets.lock().expect("lock").len();
        assert!(buckets <= MOST, "{buckets}");
    }
}
