//! What a person said about a choice: more like this, never this, keep that as it is.

use serde::{Deserialize, Serialize};

use super::{
    look::Look,
    relevance::{self, Session},
};

/// The most a candidate gains by looking like what is wanted, or loses by looking like what is not. More than relevance and
/// variety can differ by ([`super::choice`]), or "more like this" would bring something else.
const LIKING: f32 = 2.0;

/// From this gain on it is a reason of its own, and a second clip of one shot is welcome.
const WORTH_SAYING: f32 = 0.3;

/// A stretch of the session, presentation s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// First instant.
    pub start: f64,
    /// One past the last.
    pub end: f64,
}

impl Span {
    /// Whether they share an instant. One that is no stretch of time shares none.
    pub(super) fn overlaps(&self, start: f64, end: f64) -> bool {
        self.start < end && start < self.end
    }
}

/// What a person said about the clips of a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Taste {
    /// Clips to find more like.
    pub more: Vec<Span>,
    /// Clips never to show again, nor what looks like them.
    pub never: Vec<Span>,
    /// Clips that stay as they are: what is chosen now is chosen beside them and shares number and length with them.
    pub held: Vec<Span>,
    /// Clips that were left out without a word about others.
    pub dropped: Vec<Span>,
}

impl Taste {
    /// Whether this stretch is still free to be chosen.
    pub(super) fn allows(&self, start: f64, end: f64) -> bool {
        let mut taken = self.never.iter().chain(&self.held).chain(&self.dropped);
        !taken.any(|span| span.overlaps(start, end))
    }
}

/// [`Taste`] with the looks of its spans, and how far from each likeness ends: at the session's mean distance. Takes of one
/// table all look alike beside other films; what counts is what is more alike than the rest of this one.
pub(super) struct Liking {
    more: Vec<(Look, f32)>,
    never: Vec<(Look, f32)>,
}

impl Liking {
    /// `all`: the looks of everything that could be chosen.
    pub(super) fn new(taste: &Taste, session: &Session, all: &[Look]) -> Self {
        let reach = |look: Look| {
            let sum: f32 = all.iter().map(|one| look.distance(one)).sum();
            (look, (sum / all.len().max(1) as f32).max(1e-3))
        };
        let looks = |spans: &[Span]| -> Vec<(Look, f32)> {
            spans
                .iter()
                .filter(|span| span.start < span.end)
                .map(|span| reach(session.look(span.start, span.end)))
                .collect()
        };
        Self {
            more: looks(&taste.more),
            never: looks(&taste.never),
        }
    }

    /// What a look gains, −[`LIKING`] to [`LIKING`], and the reason where it is one.
    pub(super) fn of(&self, look: &Look) -> (f32, Option<super::Reason>) {
        let alike = |looks: &[(Look, f32)]| {
            looks
                .iter()
                .map(|(other, reach)| 1.0 - look.distance(other) / reach)
                .fold(0.0, f32::max)
        };
        let wanted = LIKING * alike(&self.more);
        let gain = wanted - LIKING * alike(&self.never);
        let reason = (gain >= WORTH_SAYING).then(|| {
            let words = format!(
                "like what you asked for more of: {} % closer than the rest",
                (wanted / LIKING * 100.0).round() as i32
            );
            relevance::reason(gain, words)
        });
        (gain, reason)
    }
}
