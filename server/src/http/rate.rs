//! How often one address or one shop may be tried: a token bucket per key (the generic cell rate algorithm, ITU-T I.371).

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Most keys remembered; beyond it, keys whose bucket is full again are forgotten.
const MOST_KEYS: usize = 50_000;

/// Buckets of `burst` tries, refilled one every `every`.
#[derive(Debug)]
pub struct Limit<K> {
    burst: u32,
    every: Duration,
    /// Per key: when its bucket would be full again.
    full_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Limit<K> {
    /// `burst` tries at once, then one every `every`.
    #[must_use]
    pub fn new(burst: u32, every: Duration) -> Self {
        Self {
            burst,
            every,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one try.
    ///
    /// # Errors
    /// How long to wait until the next one when none is left.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MOST_KEYS {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= MOST_KEYS {
                // Someone tries from everywhere at once: forgetting would open the door, so newcomers wait.
                if !full_at.contains_key(&key) {
                    return Err(self.every);
                }
            }
        }
        let at = full_at.get(&key).copied().unwrap_or(now).max(now) + self.every;
        let capacity = self.every * self.burst;
        let ahead = at - now;
        if ahead > capacity {
            return Err(ahead - capacity);
        }
        full_at.insert(key, at);
        Ok(())
    }

    /// Gives one try back: it succeeded, so it was no guess.
    pub fn give_back(&self, key: &K) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = full_at.get_mut(key) {
            *at = at.checked_sub(self.every).unwrap_or(*at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_at_a_time() {
        let limit = Limit::new(3, Duration::from_secs(10));
        let now = Instant::now();
        for _ in 0..3 {
            assert!(limit.take("a", now).is_ok());
        }
        assert_eq!(limit.take("a", now), Err(Duration::from_secs(10)));
        assert!(
            limit.take("b", now).is_ok(),
            "another key has its own bucket"
        );
        let later = now + Duration::from_secs(10);
        assert!(limit.take("a", later).is_ok());
        assert!(limit.take("a", later).is_err());
    }

    #[test]
    fn a_success_costs_nothing() {
        let limit = Limit::new(1, Duration::from_secs(10));
        let now = Instant::now();
        for _ in 0..5 {
            assert!(limit.take("a", now).is_ok());
            limit.give_back(&"a");
        }
        assert!(limit.take("a", now).is_ok());
        assert!(limit.take("a", now).is_err());
    }
}
