//! How far a score would move with other clips of the same kind: the percentile bootstrap (Efron 1979) over clips.
//!
//! Clips are drawn with replacement, as many as there are, and pooled as the scorer pools them. Boundaries of one clip are
//! alike, so whole clips are drawn and not single boundaries. With two clips there are three different draws: the interval
//! is then no more than the worse clip, the better one, and what lies between.

use serde::Serialize;

use super::score::{self, Measure, Row};
use crate::random::Random;

/// How often clips are drawn.
pub const DRAWS: usize = 2000;
/// The share of draws outside, half of it on each side.
const OUTSIDE: f64 = 0.05;

/// The middle 95 % of what draws gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The interval of one measure over these clips; none where no draw had anything to measure. A draw without is left out.
#[must_use]
pub fn interval(rows: &[&Row], measure: Measure, seed: u64, draws: usize) -> Option<Interval> {
    let mut random = Random::new(seed);
    let mut values: Vec<f64> = (0..draws)
        .filter_map(|_| {
            let drawn: Vec<&Row> = rows
                .iter()
                .filter_map(|_| random.pick(rows).copied())
                .collect();
            measure.of(&score::total(drawn.iter().copied()))
        })
        .collect();
    values.sort_by(f64::total_cmp);
    Some(Interval {
        low: quantile(&values, OUTSIDE / 2.0)?,
        high: quantile(&values, 1.0 - OUTSIDE / 2.0)?,
    })
}

/// The value below which this share of sorted values lies, between neighbours by a straight line (Hyndman and Fan's type 7).
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (
        sorted.get(at.floor() as usize)?,
        sorted.get(at.ceil() as usize)?,
    );
    Some(low + (high - low) * at.fract())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(cuts: usize, cut_tp: usize, graduals: usize, gradual_tp: usize, fp: usize) -> Row {
        Row {
            cuts,
            cut_tp,
            graduals,
            gradual_tp,
            fp,
            single_shot: cuts + graduals == 0,
            seconds: 30.0,
            ..Row::default()
        }
    }

    fn all(rows: &[Row]) -> Vec<(Option<f64>, Option<Interval>)> {
        let refs: Vec<&Row> = rows.iter().collect();
        let total = score::total(rows.iter());
        Measure::ALL
            .map(|m| (m.of(&total), interval(&refs, m, 7, 500)))
            .to_vec()
    }

    #[test]
    fn one_clip_has_no_width() {
        for (point, interval) in all(&[row(4, 3, 2, 1, 1)]) {
            assert_eq!(interval.map(|i| i.low), point);
            assert_eq!(interval.map(|i| i.high), point);
        }
    }

    #[test]
    fn nothing_to_measure() {
        assert!(all(&[]).iter().all(|x| x.1.is_none()));
        let found = all(&[row(0, 0, 0, 0, 2), row(0, 0, 0, 0, 0)]);
        assert!(found[..3].iter().all(|x| *x == (None, None)));
        assert_eq!(
            found[3].1,
            Some(Interval {
                low: 0.0,
                high: 4.0
            })
        );
    }

    #[test]
    fn all_perfect_is_a_point() {
        let rows = vec![row(5, 5, 3, 3, 0), row(2, 2, 1, 1, 0), row(0, 0, 0, 0, 0)];
        let found = all(&rows);
        for (_, interval) in &found[..3] {
            assert_eq!(
                *interval,
                Some(Interval {
                    low: 1.0,
                    high: 1.0
                })
            );
        }
        assert_eq!(
            found[3].1,
            Some(Interval {
                low: 0.0,
                high: 0.0
            })
        );
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&values, 0.5), Some(2.0));
        assert_eq!(quantile(&values, 0.625), Some(2.5));
        assert_eq!(quantile(&values, 1.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn of_equal_clips_it_narrows_with_their_number() {
        let some =
            |n: usize| -> Vec<Row> { (0..n).map(|i| row(5, 3 + i % 3, 0, 0, i % 2)).collect() };
        let width = |rows: &[Row]| {
            let found = all(rows)[0].1.expect("cuts");
            found.high - found.low
        };
        assert!(width(&some(60)) < width(&some(6)) / 2.0);
    }

    proptest! {
        #[test]
        fn holds_the_score_and_repeats(clips in prop::collection::vec((1..9_usize, 0..9_usize, 1..5_usize, 0..5_usize, 0..4_usize), 6..30)) {
            let rows: Vec<Row> = clips.iter().map(|c| row(c.0, c.1.min(c.0), c.2, c.3.min(c.2), c.4)).collect();
            let found = all(&rows);
            prop_assert_eq!(&found, &all(&rows));
            for (point, interval) in &found[..3] {
                let (point, interval) = (point.expect("boundaries"), interval.expect("draws"));
                // Scores are rounded to four digits.
                prop_assert!(interval.low <= point + 1e-4 && point <= interval.high + 1e-4, "{point} {interval:?}");
            }
        }
    }
}
