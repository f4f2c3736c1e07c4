//! How well chosen clips show what a session is about: its product spans.

use domain::{
    capture::{Keyframes, Selection},
    highlight::{Choice, Measurements, Moment, choose},
};
use serde::Serialize;

use super::truth::Entry;
use crate::random::Random;

/// A span counts as shown when this much of it, or half of a shorter one, is in the clips; s.
const ENOUGH: f64 = 0.5;

/// What a choice showed of one session.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Product spans: neighbouring shots of one product count as one.
    pub spans: usize,
    /// Of these, shown.
    pub spans_shown: usize,
    /// Products.
    pub products: usize,
    /// Of these, shown at least once.
    pub products_shown: usize,
    /// Clips' share of the session's time.
    pub share: f64,
    /// Clips.
    pub clips: usize,
    /// Clips that hold a frame of a neighbouring shot.
    pub spilled: usize,
}

/// A contract that lets a choice show all that a session is about: two fifths of its time, in as many clips as there are
/// shots. [`Selection::default`] is what a page of one product needs.
#[must_use]
pub fn generous() -> Selection {
    Selection {
        max_clips: 40,
        min_length: 1.0,
        max_share: 0.4,
        ..Selection::default()
    }
}

/// Product spans that are to be shown, of all: nine in ten.
pub const WANTED: f64 = 0.9;

/// Share of a session's time from which on [`WANTED`] of its product spans are shown; `None` where the two fifths of
/// [`generous`] are not enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    /// By clips that are chosen.
    pub chosen: Option<f64>,
    /// By as many of the same length, evenly spaced.
    pub even: Option<f64>,
    /// By as many thrown at random, in the mean.
    pub random: Option<f64>,
}

impl Needed {
    /// Whether what was chosen needs less time than another way, or that never comes so far.
    #[must_use]
    pub fn beats(&self, other: Option<f64>) -> bool {
        self.chosen
            .is_some_and(|ours| other.is_none_or(|theirs| ours < theirs))
    }
}

/// Tries contracts of more and more time, a hundredth after the other.
#[must_use]
pub fn needed(measurements: &Measurements, truth: &Entry, (seed, throws): (u64, usize)) -> Needed {
    let mut out = Needed {
        chosen: None,
        even: None,
        random: None,
    };
    let most = generous().max_share;
    let shares = (1..).map(|hundredths| f64::from(hundredths) / 100.0);
    for max_share in shares.take_while(|&share| share <= most) {
        let selection = Selection {
            max_share,
            ..generous()
        };
        let (choice, shown) = measure(measurements, truth, &selection);
        let total = choice.highlights.iter().map(|h| h.end - h.start).sum();
        let duration = measurements.duration;
        let even = even(shown.clips, total, truth, duration);
        let thrown = random(&shown, total, truth, duration, seed, throws);
        for (needed, spans) in [
            (&mut out.chosen, shown.spans_shown as f64),
            (&mut out.even, even.spans_shown as f64),
            (&mut out.random, thrown.spans_shown),
        ] {
            // Clips that move on with every hundredth now and then hit by luck: so much, and no more time shows less.
            if spans < WANTED * shown.spans as f64 {
                *needed = None;
            } else if needed.is_none() {
                *needed = Some(shown.share);
            }
        }
    }
    out
}

/// Chooses with keyframes where the recorder writes them.
#[must_use]
pub fn measure(
    measurements: &Measurements,
    truth: &Entry,
    selection: &Selection,
) -> (Choice, Shown) {
    let mut keyframes = Keyframes::default();
    let mut measurements = measurements.clone();
    let key = |m: &&Moment| {
        let t_us = (m.t * 1e6) as i64;
        let key = keyframes.due(t_us);
        keyframes.saw(t_us, m.motion);
        key
    };
    measurements.keyframes = measurements
        .moments
        .iter()
        .filter(key)
        .map(|m| m.t)
        .collect();
    let choice = choose(&measurements, selection);
    let clips: Vec<(f64, f64)> = choice.highlights.iter().map(|h| (h.start, h.end)).collect();
    let shown = score(&clips, truth, measurements.duration);
    (choice, shown)
}

/// The same measure for clips of equal number and length, evenly spaced.
#[must_use]
pub fn even(clips: usize, total: f64, truth: &Entry, duration: f64) -> Shown {
    let length = total / clips.max(1) as f64;
    let spaced = (0..clips).map(|i| {
        let middle = duration * (i as f64 + 0.5) / clips as f64;
        (middle - length / 2.0, middle + length / 2.0)
    });
    score(&spaced.collect::<Vec<_>>(), truth, duration)
}

/// What clips thrown at random show, on average.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Thrown {
    /// Product spans shown.
    pub spans_shown: f64,
    /// Products shown.
    pub products_shown: f64,
    /// Share of throws that show at least as many spans as the choice they stand beside.
    pub as_good: f64,
}

/// The same measure for clips of equal number and length, `throws` times at random places where none lies on another.
#[must_use]
pub fn random(
    beside: &Shown,
    total: f64,
    truth: &Entry,
    duration: f64,
    seed: u64,
    throws: usize,
) -> Thrown {
    let mut random = Random::new(seed);
    let length = total / beside.clips.max(1) as f64;
    // Places in the time that is left when all clips are taken out: sorted, each then moves behind the clips before it.
    let free = (duration - total).max(0.0);
    let mut sum = (0, 0, 0);
    for _ in 0..throws {
        let mut starts: Vec<f64> = (0..beside.clips)
            .map(|_| f64::from(random.between(0.0, 1.0)) * free)
            .collect();
        starts.sort_by(f64::total_cmp);
        let clips: Vec<(f64, f64)> = (0..)
            .zip(starts)
            .map(|(i, start)| {
                let start = start + f64::from(i) * length;
                (start, start + length)
            })
            .collect();
        let shown = score(&clips, truth, duration);
        sum.0 += shown.spans_shown;
        sum.1 += shown.products_shown;
        sum.2 += usize::from(shown.spans_shown >= beside.spans_shown);
    }
    let mean = |n: usize| n as f64 / throws.max(1) as f64;
    Thrown {
        spans_shown: mean(sum.0),
        products_shown: mean(sum.1),
        as_good: mean(sum.2),
    }
}

fn score(clips: &[(f64, f64)], truth: &Entry, duration: f64) -> Shown {
    let mut spans: Vec<(f64, f64, &str)> = Vec::new();
    for shot in &truth.shots {
        let Some(product) = shot.product.as_deref() else {
            continue;
        };
        match spans.last_mut() {
            Some(last) if last.2 == product && shot.start <= last.1 + 0.05 => last.1 = shot.end,
            _ => spans.push((shot.start, shot.end, product)),
        }
    }
    let covered = |(a, b, _): &(f64, f64, &str)| {
        let seen: f64 = clips
            .iter()
            .map(|c| (c.1.min(*b) - c.0.max(*a)).max(0.0))
            .sum();
        seen >= ENOUGH.min((b - a) / 2.0)
    };
    let mut products: Vec<&str> = spans.iter().map(|s| s.2).collect();
    products.sort_unstable();
    products.dedup();
    let of = |p: &str| spans.iter().any(|s| s.2 == p && covered(s));
    // A cut inside a clip, or any part of a gradual, is a frame of a neighbour. A hundredth of a second is no frame.
    let spilled = |c: &&(f64, f64)| {
        truth.cuts.iter().any(|&t| c.0 + 0.01 < t && t < c.1 - 0.01)
            || truth
                .graduals
                .iter()
                .any(|g| c.0 + 0.01 < g.end && g.start < c.1 - 0.01)
    };
    Shown {
        spans: spans.len(),
        spans_shown: spans.iter().filter(|s| covered(s)).count(),
        products_shown: products.iter().filter(|p| of(p)).count(),
        products: products.len(),
        share: clips.iter().map(|c| c.1 - c.0).sum::<f64>() / duration.max(1e-9),
        clips: clips.len(),
        spilled: clips.iter().filter(spilled).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minute of six products, ten seconds each.
    fn truth() -> Entry {
        let shots: Vec<serde_json::Value> = (0..6)
            .map(|i| serde_json::json!({"start": 10 * i, "end": 10 * (i + 1), "product": format!("p{i}")}))
            .collect();
        let entry = serde_json::json!({
            "fps": 30, "frame_s": 0.0334, "duration_s": 60, "single_shot": false,
            "cuts": [10, 20, 30, 40, 50], "graduals": [], "shots": shots,
        });
        serde_json::from_value(entry).expect("an entry")
    }

    #[test]
    fn one_clip_thrown_shows_one_or_two() {
        let truth = truth();
        let beside = score(&[(1.0, 3.0)], &truth, 60.0);
        assert_eq!((beside.spans_shown, beside.clips), (1, 1));
        let thrown = random(&beside, 2.0, &truth, 60.0, 1, 2000);
        // Two shows at least half a second of when it starts 0.5 to 1.5 s before one of five cuts: 5 s of 58.
        assert!(
            (thrown.spans_shown - (1.0 + 5.0 / 58.0)).abs() < 0.03,
            "{thrown:?}"
        );
        assert!(thrown.as_good > 0.999);
        assert_eq!(
            format!("{thrown:?}"),
            format!("{:?}", random(&beside, 2.0, &truth, 60.0, 1, 2000))
        );
    }

    #[test]
    fn a_good_choice_beats_throws() {
        let truth = truth();
        let clips: Vec<(f64, f64)> = (0..6)
            .map(|i| f64::from(i) * 10.0 + 4.0)
            .map(|t| (t, t + 2.0))
            .collect();
        let beside = score(&clips, &truth, 60.0);
        assert_eq!((beside.spans_shown, beside.spilled), (6, 0));
        let thrown = random(&beside, 12.0, &truth, 60.0, 1, 1000);
        assert!(
            thrown.spans_shown < 5.0 && thrown.as_good < 0.1,
            "{thrown:?}"
        );
    }

    #[test]
    fn a_choice_by_the_shots_needs_less_time_than_even_spacing() {
        // Six products of ten seconds, a hard cut between each; a frame every tenth of a second.
        let moments = (0..600).map(|i| Moment {
            t: 0.1 * f64::from(i),
            boundary: if i > 0 && i % 100 == 0 { 1.0 } else { 0.0 },
            motion: 0.01,
            sharpness: 100.0,
            exposure: 0.5,
            clipped: 0.0,
            colourfulness: 30.0,
            stability: None,
            layout: None,
        });
        let measurements = Measurements {
            moments: moments.collect(),
            duration: 60.0,
            ..Measurements::default()
        };
        let needed = needed(&measurements, &truth(), (1, 200));
        let chosen = needed.chosen.expect("two fifths are plenty");
        // Six clips, none shorter than a second.
        assert!((0.1..0.3).contains(&chosen), "{needed:?}");
        assert!(
            needed.random.is_none_or(|random| random > chosen),
            "{needed:?}"
        );
        assert!(needed.beats(needed.random) && !needed.beats(needed.chosen));
        let nothing = super::needed(&Measurements::default(), &truth(), (1, 10));
        assert!(nothing.chosen.is_none() && !nothing.beats(None));
    }

    #[test]
    fn nothing_to_throw() {
        let beside = score(&[], &truth(), 60.0);
        assert_eq!(random(&beside, 0.0, &truth(), 0.0, 1, 10).spans_shown, 0.0);
        // More clips than time.
        let beside = score(&[(0.0, 60.0), (0.0, 60.0)], &truth(), 60.0);
        assert!(random(&beside, 120.0, &truth(), 60.0, 1, 10).as_good >= 0.0);
    }
}
