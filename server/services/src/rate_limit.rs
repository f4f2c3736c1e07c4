//! Rate limits: the generic cell rate algorithm (GCRA, ITU-T I.371, annex A), one cell a request.
//!
//! A key may make `burst` requests at once, then one every `interval`. What is stored per key is one number, its
//! theoretical arrival time: the moment at which the whole burst is available again. [`Quota`] holds the arithmetic, so
//! that the number may as well live in a database row; [`RateLimiter`] keeps it in memory.

pub(crate) mod shared;

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::time::UnixMs;

use crate::Error;

/// The most keys that a limiter remembers.
const MAX_KEYS: usize = 50_000;

/// How many requests a key may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests that may be made at once.
    burst: u32,
    /// One more request becomes available every so many ms.
    interval_ms: i64,
}

impl Quota {
    /// `burst` requests at once, then one every `interval` (whole milliseconds).
    #[must_use]
    pub const fn new(burst: u32, interval: Duration) -> Self {
        Self {
            burst,
            interval_ms: interval.as_millis() as i64,
        }
    }

    /// The time in which an exhausted key recovers its whole burst.
    const fn recovery_ms(self) -> i64 {
        self.interval_ms.saturating_mul(self.burst as i64)
    }

    /// Admits one request at `now` for a key whose theoretical arrival time is `arrival` (`None`: a new key), and returns
    /// the key's next one.
    ///
    /// # Errors
    /// How long to wait until a request is admitted.
    pub fn admit(self, arrival: Option<UnixMs>, now: UnixMs) -> Result<UnixMs, Wait> {
        // An admitted request never leaves more than the recovery time ahead. More means that the clock was set back.
        let latest = now.plus_ms(self.recovery_ms());
        let arrival = arrival.unwrap_or(now).clamp(now, latest);
        let next = arrival.plus_ms(self.interval_ms);
        if next > latest {
            let wait_ms = next.0.saturating_sub(latest.0);
            return Err(Wait(Duration::from_millis(wait_ms.unsigned_abs())));
        }
        Ok(next)
    }

    /// The theoretical arrival time after one admitted request is given back. The burst is an upper bound: giving back more
    /// than was taken has no effect on [`Quota::admit`].
    #[must_use]
    pub fn give_back(self, arrival: UnixMs) -> UnixMs {
        arrival.plus_ms(-self.interval_ms)
    }
}

/// A request was refused; the next one is admitted after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl From<Wait> for Error {
    fn from(Wait(wait): Wait) -> Self {
        let seconds = u64::try_from(wait.as_millis().div_ceil(1000))
            .unwrap_or(u64::MAX)
            .max(1);
        Self::Limited {
            message: format!("Too many tries. Wait {} and try again.", duration(seconds)),
            retry_after_s: seconds,
        }
    }
}

/// A time as people say it, never shorter than it is: `40 seconds`, `3 minutes`, `2 hours`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..=119 => (seconds, "second"),
        120..=7_199 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{end}")
}

/// A [`Quota`] for each key, in the memory of this process.
#[derive(Debug)]
pub struct RateLimiter<K> {
    quota: Quota,
    /// The theoretical arrival time of each key.
    arrivals: Mutex<HashMap<K, UnixMs>>,
}

impl<K: Clone + Eq + Hash> RateLimiter<K> {
    /// The same quota for every key.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            arrivals: Mutex::default(),
        }
    }

    /// Takes one request from the quota of `key`.
    ///
    /// # Errors
    /// How long to wait when none is left.
    pub fn take(&self, key: &K, now: UnixMs) -> Result<(), Wait> {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        let known = arrivals.get(key).copied();
        let next = self.quota.admit(known, now)?;
        if known.is_none() && arrivals.len() >= MAX_KEYS {
            evict(&mut arrivals, now);
        }
        arrivals.insert(key.clone(), next);
        Ok(())
    }

    /// Gives one request back, because it succeeded and so was no guess.
    pub fn give_back(&self, key: &K) {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrival) = arrivals.get_mut(key) {
            *arrival = self.quota.give_back(*arrival);
        }
    }
}

/// Makes room: forgets the keys that have their whole burst, which changes nothing for them, and where that is not enough the
/// half that used least. Requests from very many addresses can so neither fill the memory, nor lock newcomers out, nor
/// make the limiter forget the key that is tried most.
fn evict<K: Clone + Eq + Hash>(arrivals: &mut HashMap<K, UnixMs>, now: UnixMs) {
    arrivals.retain(|_, arrival| *arrival > now);
    if arrivals.len() < MAX_KEYS {
        return;
    }
    let mut order: Vec<UnixMs> = arrivals.values().copied().collect();
    let middle = order.len() / 2;
    let (_, median, _) = order.select_nth_unstable(middle);
    let median = *median;
    // Of keys that used the same, as many go as it takes.
    let mut surplus = middle;
    for below in [true, false] {
        arrivals.retain(|_, arrival| {
            let goes = surplus > 0
                && if below {
                    *arrival < median
                } else {
                    *arrival == median
                };
            surplus -= usize::from(goes);
            !goes
        });
    }
}

/// The part of an address that one household or one machine has to itself: an IPv4 address, or the /64 network of an IPv6
/// address (RFC 6177: an end site has at least that many addresses to choose from).
#[must_use]
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
    }
}

/// The network of an address, wider than one household: the first 24 bits of an IPv4 address or the first 48 of an IPv6
/// address (RFC 6177: the most that one end site is given). Whoever can choose among many addresses can mostly choose only
/// among these.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8))),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: UnixMs = UnixMs(1_800_000_000_000);

    fn limiter(burst: u32, interval_ms: u64) -> RateLimiter<u32> {
        RateLimiter::new(Quota::new(burst, Duration::from_millis(interval_ms)))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_then_one_request_an_interval() {
        let limiter = limiter(3, 10_000);
        for _ in 0..3 {
            assert!(limiter.take(&1, START).is_ok());
        }
        let wait = limiter.take(&1, START.plus_ms(1)).unwrap_err();
        assert_eq!(wait, Wait(Duration::from_millis(9_999)));
        assert!(limiter.take(&2, START).is_ok(), "keys do not share a quota");
        let later = START.plus_ms(10_000);
        assert!(limiter.take(&1, later).is_ok());
        assert!(limiter.take(&1, later).is_err());
    }

    #[test]
    fn a_success_costs_nothing() {
        let limiter = limiter(1, 10_000);
        for _ in 0..5 {
            assert!(limiter.take(&1, START).is_ok());
            limiter.give_back(&1);
        }
        assert!(limiter.take(&1, START).is_ok());
        assert!(limiter.take(&1, START).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out_for_longer_than_the_recovery() {
        let limiter = limiter(3, 1_000);
        for _ in 0..3 {
            assert!(limiter.take(&1, START).is_ok());
        }
        let before = START.plus_ms(-3_600_000);
        assert_eq!(
            limiter.take(&1, before),
            Err(Wait(Duration::from_millis(1_000)))
        );
    }

    #[test]
    fn a_refusal_says_how_many_seconds_to_wait() {
        for (ms, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (90_000, 90)] {
            let error = Error::from(Wait(Duration::from_millis(ms)));
            assert!(
                matches!(error, Error::Limited { retry_after_s, .. } if retry_after_s == seconds),
                "{error:?}"
            );
        }
    }

    #[test]
    fn memory_is_bounded_and_the_key_tried_most_is_remembered() {
        let limiter = limiter(3, 1_000);
        let attacked = u32::MAX;
        for _ in 0..3 {
            limiter.take(&attacked, START).unwrap();
        }
        for key in 0..2 * MAX_KEYS as u32 {
            assert!(limiter.take(&key, START).is_ok(), "newcomers are served");
        }
        assert!(limiter.arrivals.lock().unwrap().len() <= MAX_KEYS);
        assert!(limiter.take(&attacked, START).is_err());
        let later = START.plus_ms(60_000);
        for key in 0..2 * MAX_KEYS as u32 {
            assert!(limiter.take(&key, later).is_ok());
        }
        assert!(limiter.arrivals.lock().unwrap().len() <= MAX_KEYS);
    }

    #[test]
    fn a_household_is_one_address_or_one_network() {
        let same = household(ip("2001:db8:1:2:3:4:5:6"));
        assert_eq!(same, ip("2001:db8:1:2::"));
        assert_eq!(same, household(ip("2001:db8:1:2::9")));
        assert_ne!(same, household(ip("2001:db8:1:3::9")));
        assert_eq!(household(ip("192.0.2.7")), ip("192.0.2.7"));
        assert_ne!(household(ip("192.0.2.7")), household(ip("192.0.2.8")));
        assert_eq!(household(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(household(same), same);
    }

    #[test]
    fn a_network_holds_households() {
        assert_eq!(network(ip("192.0.2.7")), ip("192.0.2.0"));
        assert_eq!(network(ip("::ffff:192.0.2.7")), ip("192.0.2.0"));
        assert_ne!(network(ip("192.0.2.7")), network(ip("192.0.3.7")));
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1::"));
        for address in ["192.0.2.7", "2001:db8:1:2:3:4:5:6"] {
            let address = ip(address);
            assert_eq!(network(household(address)), network(address));
        }
    }

    #[test]
    fn a_wait_is_said_as_people_say_it() {
        for (seconds, said) in [
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (121, "3 minutes"),
            (7_200, "2 hours"),
            (7_201, "3 hours"),
        ] {
            assert_eq!(duration(seconds), said);
        }
    }

    /// What happens to a key: time passes, then it asks, and perhaps gives back what it took.
    fn steps() -> impl Strategy<Value = Vec<(i64, bool)>> {
        proptest::collection::vec((0_i64..2_500, any::<bool>()), 1..200)
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_one_an_interval(
            burst in 1_u32..10, interval_ms in 1_u64..3_000, steps in steps(),
        ) {
            let limiter = limiter(burst, interval_ms);
            let (mut now, mut admitted) = (START, Vec::new());
            for (passed, _) in steps {
                now = now.plus_ms(passed);
                if limiter.take(&1, now).is_ok() {
                    admitted.push(now);
                }
            }
            // In every window, not only since the start.
            for (first, from) in admitted.iter().enumerate() {
                for (last, to) in admitted.iter().enumerate().skip(first) {
                    let elapsed = (to.0 - from.0) as u64;
                    let most = u64::from(burst) + elapsed / interval_ms;
                    prop_assert!((last - first + 1) as u64 <= most);
                }
            }
        }

        #[test]
        fn whoever_waits_as_long_as_was_said_is_admitted(
            burst in 1_u32..10, interval_ms in 1_u64..3_000, steps in steps(),
        ) {
            let limiter = limiter(burst, interval_ms);
            let mut now = START;
            for (passed, _) in steps {
                now = now.plus_ms(passed);
                if let Err(Wait(wait)) = limiter.take(&1, now) {
                    prop_assert!(wait > Duration::ZERO && wait <= Duration::from_millis(interval_ms));
                    now = now.plus_ms(wait.as_millis() as i64);
                    prop_assert!(limiter.take(&1, now).is_ok());
                }
            }
        }

        #[test]
        fn giving_back_never_exceeds_the_burst(
            burst in 1_u32..10, interval_ms in 1_u64..3_000, steps in steps(),
        ) {
            let limiter = limiter(burst, interval_ms);
            let mut now = START;
            for (passed, gives_back) in steps {
                now = now.plus_ms(passed);
                let _ = limiter.take(&1, now);
                if gives_back {
                    // More often than was taken.
                    limiter.give_back(&1);
                    limiter.give_back(&1);
                }
            }
            let mut admitted = 0;
            while limiter.take(&1, now).is_ok() {
                admitted += 1;
            }
            prop_assert!(admitted <= burst);
        }

        #[test]
        fn what_is_given_back_can_be_taken_again(burst in 1_u32..10, tries in 0_u32..20) {
            let limiter = limiter(burst, 1_000);
            for _ in 0..tries {
                prop_assert!(limiter.take(&1, START).is_ok());
                limiter.give_back(&1);
            }
            for _ in 0..burst {
                prop_assert!(limiter.take(&1, START).is_ok());
            }
            prop_assert!(limiter.take(&1, START).is_err());
        }
    }
}
