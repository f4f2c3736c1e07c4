//! One try to take the money of an order, and when it is looked at again.

use std::str::FromStr;

/// Where a try stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// The processor is being asked right now.
    Asked,
    /// The processor did not answer, or the bank has not.
    Unknown,
    /// The buyer is at the processor's page.
    Redirected,
    /// The money is here.
    Succeeded,
    /// Refused; no money moved.
    Declined,
    /// Given up before anybody paid; no money moved.
    Cancelled,
}

impl AttemptState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Asked,
        Self::Unknown,
        Self::Redirected,
        Self::Succeeded,
        Self::Declined,
        Self::Cancelled,
    ];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Unknown => "unknown",
            Self::Redirected => "redirected",
            Self::Succeeded => "succeeded",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
        }
    }

    /// Its end is not known.
    #[must_use]
    pub const fn open(self) -> bool {
        matches!(self, Self::Asked | Self::Unknown | Self::Redirected)
    }
}

impl FromStr for AttemptState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// The wait before an open payment is first looked at again, ms.
pub const FIRST_CHECK_MS: i64 = 2000;
/// The wait between two looks while the buyer is at the processor's page, ms: a browser closed after paying is noticed within
/// 30 s even where no webhook comes.
pub const REDIRECT_CHECK_MS: i64 = 15_000;
/// How long a processor is relied on to answer a repeated request with its first answer, ms: an hour less than the day for
/// which Stripe keeps idempotency keys.
pub const KEYS_KEPT_MS: i64 = 23 * 60 * 60 * 1000;

/// The wait after the `checks`th look at an open payment, ms: doubling from [`FIRST_CHECK_MS`], at most ten minutes.
#[must_use]
pub const fn check_wait_ms(checks: u32, state: AttemptState) -> i64 {
    if matches!(state, AttemptState::Redirected) {
        return REDIRECT_CHECK_MS;
    }
    let doublings = if checks > 9 { 9 } else { checks };
    let wait = FIRST_CHECK_MS * (1 << doublings);
    if wait > 600_000 { 600_000 } else { wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for state in AttemptState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("gone".parse::<AttemptState>(), Err(()));
    }

    #[test]
    fn looks_become_rarer_and_never_stop() {
        let waits: Vec<i64> = (0..40)
            .map(|checks| check_wait_ms(checks, AttemptState::Unknown))
            .collect();
        assert_eq!(waits[..4], [2000, 4000, 8000, 16_000]);
        assert!(waits.is_sorted() && waits.last() == Some(&600_000));
        assert!(
            waits[..4].iter().sum::<i64>() <= 30_000,
            "most answers are there within half a minute"
        );
        assert!(check_wait_ms(30, AttemptState::Redirected) < 30_000);
    }
}
