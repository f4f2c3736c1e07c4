//! From scores to boundaries, and from boundaries to shots.

use serde::{Deserialize, Serialize};

use super::{Moment, Shot, measure::Measured};

/// A boundary needs a frame with at least this score, /100. The network learns from films in which about every fifth frame
/// belongs to a boundary; in real ones it is one in fifty or fewer. Odds are to be divided by as much (Elkan, "The foundations
/// of cost-sensitive learning", IJCAI 2001, theorem 2), which brings ½ to about 0.9.
const HIGH: i32 = 90;
/// From there it reaches as far as scores stay at or above this, /100.
const LOW: i32 = 30;
/// Runs this close together are one transition: scores dip in the middle of some dissolves. Frames.
const BRIDGE: usize = 3;
/// A run of at most so many frames is a hard cut at its highest score; a longer one is a gradual transition.
const CUT_FRAMES: usize = 3;
/// Frames left out on both sides of a gradual when its shots are used: its first and last mixed frames look clean.
const GRADUAL_MARGIN: usize = 2;
/// A stretch that reaches this much and no boundary is doubtful, /100: a transition may hide there. Of 198 graduals of
/// development clips and of others made in their way 196 reach it, and 2 to 4 % of all frames lie in doubt.
const DOUBT: i32 = 3;
/// A doubt reaches as far as scores stay at or above this, /100.
const FAINT: i32 = 2;

/// Where one shot ends and the next begins.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Boundary {
    /// First mixed frame; for a hard cut the first frame of the new shot, s.
    pub start: f64,
    /// First clean frame of the new shot, s. Equal to `start` for a hard cut.
    pub end: f64,
}

impl Boundary {
    /// Whether there is no mixed frame.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.end <= self.start
    }
}

/// Decides on boundaries from the scores of moments, in order of time.
///
/// Scores are rounded to hundredths first, so that CPU and GPU arithmetic, which differ in their last bits, decide alike;
/// then hysteresis: a boundary begins where a score reaches 0.90 and spreads while scores stay at 0.30 or above.
#[must_use]
pub fn boundaries(moments: &[Moment]) -> Vec<Boundary> {
    let measured = Measured::moments(moments);
    runs(&measured)
        .into_iter()
        .map(|run| boundary(&measured, run))
        .collect()
}

/// The stretches between boundaries, in order of time, for a session of `duration` seconds. Frames that may be mixed belong to
/// no shot; a stretch shorter than two frames is no shot.
#[must_use]
pub fn shots(moments: &[Moment], duration: f64) -> Vec<Shot> {
    let measured = Measured::moments(moments);
    let end = Measured::length(&measured, duration);
    let mut out = Vec::new();
    let mut from = 0.0;
    for run in runs(&measured) {
        let (first, last) = run;
        let (stop, next) = if last - first < CUT_FRAMES {
            let at = time(&measured, peak(&measured, run), end);
            (at, at)
        } else {
            (
                time(&measured, first.saturating_sub(GRADUAL_MARGIN), end),
                time(&measured, last + 1 + GRADUAL_MARGIN, end),
            )
        };
        push(&mut out, from, stop);
        from = next.max(from);
    }
    push(&mut out, from, end);
    out
}

/// The stretches in which a transition may hide that is no boundary, as spans of time, in order. Nothing that shows them
/// can be trusted to show one shot; there is enough else to choose.
pub(super) fn doubts(measured: &[Moment], end: f64) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    let mut i = 0;
    while i < measured.len() {
        let first = i;
        let mut most = 0;
        while i < measured.len() && score(&measured[i]) >= FAINT {
            most = most.max(score(&measured[i]));
            i += 1;
        }
        if (DOUBT..HIGH).contains(&most) {
            out.push((
                time(measured, first.saturating_sub(GRADUAL_MARGIN), end),
                time(measured, i + GRADUAL_MARGIN, end),
            ));
        }
        i = i.max(first + 1);
    }
    out
}

/// Of doubts in order, the one at `t` or the next after it.
pub(super) fn next_doubt(doubts: &[(f64, f64)], t: f64) -> Option<(f64, f64)> {
    doubts
        .get(doubts.partition_point(|doubt| doubt.1 <= t))
        .copied()
}

fn push(out: &mut Vec<Shot>, start: f64, end: f64) {
    // Two frames at 60 a second.
    if end - start > 0.03 {
        out.push(Shot { start, end });
    }
}

fn time(measured: &[Moment], i: usize, end: f64) -> f64 {
    measured.get(i).map_or(end, |m| m.t.min(end))
}

fn score(m: &Moment) -> i32 {
    (m.boundary * 100.0).round() as i32
}

/// First and last index of each run.
fn runs(measured: &[Moment]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut i = 0;
    while i < measured.len() {
        if score(&measured[i]) < LOW {
            i += 1;
            continue;
        }
        let first = i;
        let mut high = false;
        while i < measured.len() && score(&measured[i]) >= LOW {
            high |= score(&measured[i]) >= HIGH;
            i += 1;
        }
        if !high {
            continue;
        }
        match out.last_mut() {
            Some(last) if first - last.1 <= BRIDGE => last.1 = i - 1,
            _ => out.push((first, i - 1)),
        }
    }
    // Nothing ends before it began: a score on the very first frame is no boundary.
    if out.first().is_some_and(|r| r.1 == 0) {
        out.remove(0);
    }
    out
}

fn peak(measured: &[Moment], (first, last): (usize, usize)) -> usize {
    let mut best = first;
    for i in first..=last {
        if score(&measured[i]) > score(&measured[best]) {
            best = i;
        }
    }
    best
}

fn boundary(measured: &[Moment], run: (usize, usize)) -> Boundary {
    let (first, last) = run;
    if last - first < CUT_FRAMES {
        let t = measured[peak(measured, run)].t;
        return Boundary { start: t, end: t };
    }
    let end = measured.get(last + 1).unwrap_or(&measured[last]).t;
    Boundary {
        start: measured[first].t,
        end,
    }
}
