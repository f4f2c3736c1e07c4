//! Which stills: sharp, well lit, quiet frames that look unlike one another.

use super::{
    Moment, Reason, Shot, Still,
    boundary::next_doubt,
    look,
    measure::{Ranks, Sums},
    relevance::{light, reason, strongest},
};

/// Two stills are at least this far apart, s.
const APART: f64 = 1.0;
/// Left out on both sides of a shot, s.
const MARGIN: f64 = 0.07;
/// What a still costs that looks just like one already taken, and one of the same shot.
const ALIKE: f32 = 0.3;
const SAME_SHOT: f32 = 0.2;
/// Whoever wants something seen holds it for a while, s on both sides: a swinging camera stands still too where it turns.
const HELD: f64 = 0.25;

/// The best frames, best first.
///
/// Where a transition is in doubt a frame may show two pictures at once; such frames are taken from a shot that has no other.
pub(super) fn stills(
    moments: &[Moment],
    shots: &[Shot],
    doubts: &[(f64, f64)],
    most: usize,
) -> Vec<Still> {
    let sharp = Ranks::new(moments.iter().map(|m| m.sharpness));
    let calm = Ranks::new(moments.iter().map(|m| m.motion));
    let motion = Sums::new(moments.iter().map(|m| (m.t, m.motion)));
    let mut all: Vec<Candidate> = Vec::new();
    let mut from = 0;
    for (i, shot) in shots.iter().enumerate() {
        let inside =
            |m: &Moment, margin: f64| m.t >= shot.start + margin && m.t < shot.end - margin;
        from += moments[from..].partition_point(|m| m.t < shot.start);
        let here = moments[from..].iter().take_while(|m| m.t < shot.end);
        // One candidate per second of a shot: the best frame there.
        let mut best: Option<(i64, Candidate)> = None;
        let long = shot.end - shot.start > 4.0 * MARGIN;
        let mut frames: Vec<&Moment> = here
            .filter(|m| inside(m, if long { MARGIN } else { 0.0 }))
            .collect();
        let clear = |m: &&Moment| next_doubt(doubts, m.t).is_none_or(|doubt| m.t < doubt.0);
        if frames.iter().any(clear) {
            frames.retain(clear);
        }
        for m in frames {
            let moved = motion.mean(m.t - HELD, m.t + HELD).unwrap_or(m.motion);
            let worths = worths(m, &sharp, calm.share_below(moved));
            let candidate = Candidate {
                shot: i,
                moment: *m,
                worths,
                score: worths.iter().sum(),
            };
            let second = m.t as i64;
            match &mut best {
                Some((s, b)) if *s == second => {
                    if candidate.score > b.score {
                        *b = candidate;
                    }
                }
                other => {
                    if let Some((_, b)) = other.replace((second, candidate)) {
                        all.push(b);
                    }
                }
            }
        }
        all.extend(best.map(|(_, b)| b));
    }
    let mut out: Vec<Candidate> = Vec::new();
    while out.len() < most {
        all.retain(|c| out.iter().all(|o| (o.moment.t - c.moment.t).abs() >= APART));
        let worth = |c: &Candidate| {
            let cost = out.iter().map(|o| o.cost(c)).fold(0.0, f32::max);
            c.score - cost
        };
        let mut best: Option<(usize, f32)> = None;
        for (i, c) in all.iter().enumerate() {
            let w = worth(c);
            if best.is_none_or(|(_, b)| w > b) {
                best = Some((i, w));
            }
        }
        let Some((i, _)) = best else {
            break;
        };
        out.push(all.swap_remove(i));
    }
    out.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(a.moment.t.total_cmp(&b.moment.t))
    });
    out.iter()
        .map(|c| Still {
            t: c.moment.t,
            score: c.score,
            reasons: reasons(c, &sharp),
        })
        .collect()
}

/// A frame that may become a still. Its reasons are put into words only when it does: a long session has a hundred thousand.
struct Candidate {
    shot: usize,
    moment: Moment,
    worths: [f32; 4],
    score: f32,
}

impl Candidate {
    /// What another costs beside this one. Where layouts were not measured, frames of one shot look alike.
    fn cost(&self, other: &Self) -> f32 {
        let same_shot = if self.shot == other.shot { 1.0 } else { 0.0 };
        let alike = match (self.moment.layout, other.moment.layout) {
            (Some(a), Some(b)) => 1.0 - look::distance(&a.mean(), &b.mean()),
            _ => same_shot,
        };
        ALIKE * alike + SAME_SHOT * same_shot
    }
}

/// What sharpness, light, colour and calm add to the score. `moved`: the share of the session that is calmer.
fn worths(m: &Moment, sharp: &Ranks, moved: f32) -> [f32; 4] {
    [
        0.40 * sharp.share_below(m.sharpness),
        0.30 * light(m.exposure, m.clipped),
        0.15 * (m.colourfulness / 60.0).min(1.0),
        CALM * (1.0 - moved),
    ]
}

const CALM: f32 = 0.15;

fn reasons(c: &Candidate, sharp: &Ranks) -> Vec<Reason> {
    let m = &c.moment;
    let percent = |x: f32| (x * 100.0).round() as i32;
    let words = [
        format!(
            "sharp: sharper than {} % of the session",
            percent(sharp.share_below(m.sharpness))
        ),
        format!(
            "good light: brightness {} %, {} % lost in black or white",
            percent(m.exposure),
            percent(m.clipped)
        ),
        format!("colourful: {}", m.colourfulness.round() as i32),
        format!(
            "held still: calmer than {} % of the session",
            percent(c.worths[3] / CALM)
        ),
    ];
    let weighed = c.worths.into_iter().zip(words);
    strongest(
        weighed
            .map(|(weight, words)| reason(weight, words))
            .collect(),
    )
}
