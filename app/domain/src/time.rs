//! Points in time.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub i64);

const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl UnixMs {
    /// This moment plus `ms` milliseconds, held at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Year, month (1–12) and day in UTC.
    ///
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    #[must_use]
    pub const fn date(self) -> (i64, u8, u8) {
        let z = self.0.div_euclid(DAY_MS) + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month as u8, day as u8)
    }

    /// The beginning of a day of UTC written as `2026-12-01` (RFC 3339 full-date); `None` where there is no such day.
    ///
    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
    #[must_use]
    pub fn of_day(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '-');
        let mut part = |digits: usize| -> Option<i64> {
            let part = parts.next()?;
            let fits = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|_| fits)
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        let shifted = year - i64::from(month <= 2);
        let era = shifted.div_euclid(400);
        let yoe = shifted.rem_euclid(400);
        let mp = (month + 9) % 12;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * mp + 2) / 5 + day - 1;
        let at = Self((era * 146_097 + doe - 719_468).checked_mul(DAY_MS)?);
        // A day that the month does not have comes out as another one.
        let (y, m, d) = at.date();
        ((y, i64::from(m), i64::from(d)) == (year, month, day)).then_some(at)
    }

    /// The day in UTC as a form writes it: `2026-12-01`.
    #[must_use]
    pub fn day(self) -> String {
        let (year, month, day) = self.date();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Hour, minute and second in UTC.
    #[must_use]
    pub const fn clock(self) -> (u8, u8, u8) {
        let seconds = self.0.rem_euclid(DAY_MS) / 1000;
        (
            (seconds / 3600) as u8,
            (seconds / 60 % 60) as u8,
            (seconds % 60) as u8,
        )
    }

    /// RFC 3339 in UTC to the second: `2026-11-22T14:05:09Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let ((year, month, day), (hour, minute, second)) = (self.date(), self.clock());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// As people read it, in UTC: `22 November 2026, 14:05`.
    #[must_use]
    pub fn written(self) -> String {
        let ((year, month, day), (hour, minute, _)) = (self.date(), self.clock());
        let month = MONTHS
            .get(usize::from(month).saturating_sub(1))
            .copied()
            .unwrap_or_default();
        format!("{day} {month} {year}, {hour:02}:{minute:02}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_right() {
        assert_eq!(UnixMs(0).rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(UnixMs(951_782_400_000).rfc3339(), "2000-02-29T00:00:00Z");
        assert_eq!(UnixMs(1_795_356_309_000).rfc3339(), "2026-11-22T14:05:09Z");
        assert_eq!(
            UnixMs(1_795_356_309_000).written(),
            "22 November 2026, 14:05"
        );
        assert_eq!(UnixMs(-1).rfc3339(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_day_that_is_not_there_is_refused() {
        assert_eq!(UnixMs::of_day("1970-01-02"), Some(UnixMs(DAY_MS)));
        assert_eq!(
            UnixMs::of_day("2024-02-29").map(|at| at.day()).as_deref(),
            Some("2024-02-29")
        );
        for text in [
            "",
            "2023-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-1-1",
            "24-01-01",
            "2024-01-01T",
            "+024-01-01",
        ] {
            assert_eq!(UnixMs::of_day(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_reads_back(days in -700_000_i64..2_900_000) {
            let at = UnixMs(days * DAY_MS);
            if (0..10_000).contains(&at.date().0) {
                prop_assert_eq!(UnixMs::of_day(&at.day()), Some(at));
            }
        }

        #[test]
        fn every_moment_has_a_date(ms: i64) {
            let (_, month, day) = UnixMs(ms).date();
            prop_assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }
}
