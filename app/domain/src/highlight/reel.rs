//! The reel: chosen clips after one another, in one film of the contract's length.
//!
//! Each clip keeps its start, for it is a keyframe, and gives up of its end. The time there is is shared as water finds its
//! level: clips up to the level stay whole, longer ones are cut down to it, so that long ones give way first (max-min
//! fairness, Bertsekas and Gallager, Data Networks, §6.5.2). None goes below the contract's shortest clip: while
//! not all find room even so, the least relevant is left out. The order is the one given.

use super::{Span, choice::sound};
use crate::capture::Selection;

/// A clip that could be in a reel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer {
    /// Where it lies in the session.
    pub span: Span,
    /// Relevance: where not all fit, those of less are left out first, and of equals the later. Infinite for what a person
    /// insists on.
    pub score: f32,
}

/// A clip in a reel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Which of the offers.
    pub offer: usize,
    /// What is shown of it: from its start.
    pub span: Span,
}

/// Fits clips into [`Selection::reel_length`], in the order given. What is no stretch of time is left out.
#[must_use]
pub fn reel(offers: &[Offer], selection: &Selection) -> Vec<Part> {
    let selection = sound(selection);
    let room = selection.reel_length;
    let length = |offer: &Offer| offer.span.end - offer.span.start;
    let mut parts: Vec<(usize, &Offer)> = offers
        .iter()
        .enumerate()
        .filter(|(_, offer)| length(offer).is_finite() && length(offer) > 0.0)
        .collect();
    let score = |offer: &Offer| {
        if offer.score.is_nan() {
            f32::NEG_INFINITY
        } else {
            offer.score
        }
    };
    let least = |parts: &[(usize, &Offer)]| -> f64 {
        let of = |(_, offer): &(usize, &Offer)| length(offer).min(selection.min_length);
        parts.iter().map(of).sum()
    };
    while parts.len() > 1 && least(&parts) > room {
        let worst = (0..parts.len()).rev().min_by(|&a, &b| {
            let of = |at: usize| score(parts[at].1);
            of(a).total_cmp(&of(b))
        });
        parts.remove(worst.unwrap_or(0));
    }
    let level = level(parts.iter().map(|(_, offer)| length(offer)).collect(), room);
    parts
        .into_iter()
        .map(|(at, offer)| {
            let Span { start, end } = offer.span;
            Part {
                offer: at,
                span: Span {
                    start,
                    end: end.min(start + level),
                },
            }
        })
        .filter(|part| part.span.start < part.span.end)
        .collect()
}

/// The length that each may have at most, so that all together fill `room` at most.
fn level(mut lengths: Vec<f64>, mut room: f64) -> f64 {
    lengths.sort_by(f64::total_cmp);
    let mut left = lengths.len();
    for length in lengths {
        let share = room / left as f64;
        if length > share {
            return share;
        }
        room -= length;
        left -= 1;
    }
    f64::INFINITY
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn offer(start: f64, end: f64, score: f32) -> Offer {
        Offer {
            span: Span { start, end },
            score,
        }
    }

    fn selection(reel_length: f64) -> Selection {
        Selection {
            reel_length,
            ..Selection::default()
        }
    }

    fn lengths(parts: &[Part]) -> Vec<f64> {
        parts
            .iter()
            .map(|part| ((part.span.end - part.span.start) * 1e6).round() / 1e6)
            .collect()
    }

    #[test]
    fn long_clips_give_way_first() {
        let offers = [
            offer(10.0, 16.0, 1.0),
            offer(0.0, 2.0, 1.0),
            offer(20.0, 25.0, 1.0),
        ];
        assert_eq!(
            lengths(&reel(&offers, &selection(30.0))),
            [6.0, 2.0, 5.0],
            "all of it where there is room"
        );
        assert_eq!(lengths(&reel(&offers, &selection(12.0))), [5.0, 2.0, 5.0]);
        assert_eq!(lengths(&reel(&offers, &selection(9.0))), [3.5, 2.0, 3.5]);
        assert_eq!(lengths(&reel(&offers, &selection(4.5))), [1.5, 1.5, 1.5]);
    }

    #[test]
    fn the_best_stay_where_not_all_fit_in_the_order_given() {
        let offers = [
            offer(10.0, 13.0, 0.2),
            offer(0.0, 3.0, 0.9),
            offer(20.0, 23.0, f32::INFINITY),
            offer(30.0, 33.0, 0.2),
            offer(40.0, 43.0, f32::NAN),
        ];
        let which = |room: f64| -> Vec<usize> {
            let parts = reel(&offers, &selection(room));
            parts.iter().map(|part| part.offer).collect()
        };
        assert_eq!(which(30.0), [0, 1, 2, 3, 4]);
        assert_eq!(which(6.0), [0, 1, 2, 3]);
        assert_eq!(which(5.0), [0, 1, 2], "of equals the earlier stays");
        assert_eq!(which(3.0), [1, 2]);
        assert_eq!(
            which(1.0),
            [2],
            "one is cut below the shortest before none is left"
        );
        assert_eq!(reel(&[], &selection(30.0)), []);
    }

    fn any_offer() -> impl Strategy<Value = Offer> {
        let time = || {
            prop_oneof![
                8 => 0.0..200.0_f64,
                1 => any::<f64>(),
                1 => Just(f64::NAN),
                1 => Just(f64::INFINITY),
            ]
        };
        let score = prop_oneof![4 => -2.0..3.0_f32, 1 => any::<f32>()];
        (time(), prop_oneof![3 => 0.0..12.0_f64, 1 => time()], score)
            .prop_map(|(start, length, score)| offer(start, start + length, score))
    }

    fn plain_offer() -> impl Strategy<Value = Offer> {
        (0.0..7200.0_f64, 0.1..12.0_f64, -2.0..3.0_f32)
            .prop_map(|(start, length, score)| offer(start, start + length, score))
    }

    fn total(parts: &[Part]) -> f64 {
        parts
            .iter()
            .map(|part| part.span.end - part.span.start)
            .sum()
    }

    proptest! {
        /// Whatever the numbers: inside its clip, in order, no longer than wanted, and the same again.
        #[test]
        fn any_numbers_give_a_reel_that_can_be_cut(
            offers in prop::collection::vec(any_offer(), 0..14),
            room in prop_oneof![0.5..90.0_f64, any::<f64>()],
            shortest in prop_oneof![0.0..4.0_f64, any::<f64>()],
        ) {
            let wanted = Selection { min_length: shortest, ..selection(room) };
            let parts = reel(&offers, &wanted);
            prop_assert_eq!(&parts, &reel(&offers, &wanted));
            for pair in parts.windows(2) {
                prop_assert!(pair[0].offer < pair[1].offer);
            }
            for part in &parts {
                let whole = offers[part.offer].span;
                prop_assert!(part.span.start == whole.start);
                prop_assert!(part.span.start < part.span.end && part.span.end <= whole.end);
            }
            let most = if room.is_finite() && room > 0.0 { room } else { Selection::default().reel_length };
            // Far from zero the times themselves are coarser than the level.
            let scale = parts.iter().map(|part| part.span.end.abs()).fold(most, f64::max);
            prop_assert!(total(&parts) <= most + scale * 1e-12, "{} of {most} s", total(&parts));
        }

        /// With numbers as sessions have them: the time there is is used, none is too short, and only the least relevant are
        /// left out.
        #[test]
        fn a_reel_is_full_and_fair(offers in prop::collection::vec(plain_offer(), 0..14), room in 1.5..60.0_f64) {
            let wanted = selection(room);
            let parts = reel(&offers, &wanted);
            prop_assert_eq!(parts.is_empty(), offers.is_empty());
            let of = |part: &Part| offers[part.offer].span.end - offers[part.offer].span.start;
            let all: f64 = parts.iter().map(of).sum();
            prop_assert!((total(&parts) - all.min(room)).abs() < 1e-6);
            let longest = parts.iter().map(|part| part.span.end - part.span.start).fold(0.0, f64::max);
            for part in &parts {
                let shown = part.span.end - part.span.start;
                prop_assert!(shown >= of(part).min(wanted.min_length) - 1e-6);
                prop_assert!(shown >= of(part).min(longest) - 1e-6, "one is short while another is longer");
            }
            for (at, left_out) in offers.iter().enumerate() {
                if parts.iter().all(|part| part.offer != at) {
                    prop_assert!(parts.iter().all(|part| offers[part.offer].score >= left_out.score));
                }
            }
        }
    }
}
