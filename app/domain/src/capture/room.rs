//! Room on the device: how much a recording may take.

/// What stays free whatever happens, bytes: closing a film and keeping what was decided about it need some. Browsers that do not tell
/// the truth about their room find out by a write that fails; for these the recorder holds a reserve of its own.
const LEAST_FREE: u64 = 16 * 1000 * 1000;

/// The share of a recording that its kept clips may take once more, when they are copied into the queue that sends them.
const KEPT_SHARE: f64 = 0.25;

/// What the browser lets this site keep, and how much of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes taken.
    pub used: u64,
    /// Bytes in all.
    pub quota: u64,
}

impl Room {
    /// Bytes that are free.
    #[must_use]
    pub const fn free(self) -> u64 {
        self.quota.saturating_sub(self.used)
    }

    /// How many more bytes a recording of so many bytes may take, so that it can still be closed and its clips kept.
    #[must_use]
    pub fn left_for(self, recorded: u64) -> u64 {
        let reserve = LEAST_FREE + (recorded as f64 * KEPT_SHARE) as u64;
        (self.free().saturating_sub(reserve) as f64 / (1.0 + KEPT_SHARE)) as u64
    }

    /// Whether a recording of so many bytes must end now.
    #[must_use]
    pub fn is_full(self, recorded: u64) -> bool {
        self.left_for(recorded) == 0
    }

    /// How long a recording of so many bytes can go on at so many bytes a second, s.
    #[must_use]
    pub fn seconds_left(self, recorded: u64, bytes_per_s: f64) -> f64 {
        self.left_for(recorded) as f64 / bytes_per_s.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn free(bytes: u64) -> Room {
        Room {
            used: 500 * MB,
            quota: 500 * MB + bytes,
        }
    }

    #[test]
    fn a_recording_ends_while_its_clips_still_fit() {
        // Filmed until it must end, and then a quarter of it copied: what may never be touched is still free.
        for room in [20 * MB, 200 * MB, 10_000 * MB] {
            let mut recorded = 0;
            while !free(room - recorded).is_full(recorded) {
                recorded += MB;
            }
            let after = room - recorded - recorded / 4;
            assert!(
                after + 3 * MB > LEAST_FREE,
                "{after} bytes are left of {room}"
            );
            assert!(
                after < LEAST_FREE + 3 * MB,
                "{after} bytes of {room} are not used"
            );
        }
    }

    #[test]
    fn a_full_device_takes_nothing_and_nonsense_is_no_panic() {
        assert!(free(LEAST_FREE).is_full(0));
        assert!(!free(LEAST_FREE + MB).is_full(0));
        let over = Room { used: 9, quota: 3 };
        assert!(over.is_full(u64::MAX) && over.free() == 0);
    }

    #[test]
    fn time_left_follows_from_how_fast_it_fills() {
        let room = free(LEAST_FREE + 125 * MB);
        assert!((room.seconds_left(0, 1e6) - 100.0).abs() < 0.1);
        assert!(room.seconds_left(0, 0.0).is_finite());
    }
}
