//! How well chosen clips show what a session is about: its product spans.

use domain::{
    capture::Keyframes,
    highlight::{Choice, Contract, Moment, Recording, choose},
};
use serde::Serialize;

use super::truth::Entry;

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
/// shots. [`Contract::default`] is what a page of one product needs.
#[must_use]
pub fn generous() -> Contract {
    Contract {
        max_clips: 40,
        min_length: 1.0,
        max_share: 0.4,
        ..Contract::default()
    }
}

/// Chooses with keyframes where the recorder writes them.
#[must_use]
pub fn measure(recording: &Recording, truth: &Entry, contract: &Contract) -> (Choice, Shown) {
    let mut keyframes = Keyframes::default();
    let mut recording = recording.clone();
    let key = |m: &&Moment| {
        let t_us = (m.t * 1e6) as i64;
        let key = keyframes.due(t_us);
        keyframes.saw(t_us, m.motion);
        key
    };
    recording.keyframes = recording.moments.iter().filter(key).map(|m| m.t).collect();
    let choice = choose(&recording, contract);
    let clips: Vec<(f64, f64)> = choice.highlights.iter().map(|h| (h.start, h.end)).collect();
    let shown = score(&clips, truth, recording.duration);
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
