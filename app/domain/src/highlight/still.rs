//! Which stills: sharp, well lit, quiet frames, from as many shots as there are.

use super::{
    Moment, Shot, Still,
    boundary::next_doubt,
    measure::Ranks,
    relevance::{light, reason, strongest},
};

/// Two stills are at least this far apart, s.
const APART: f64 = 1.0;
/// Left out on both sides of a shot, s.
const MARGIN: f64 = 0.07;
/// A second still of a shot costs this.
const SAME_SHOT: f32 = 0.4;

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
    let mut all: Vec<(usize, Still)> = Vec::new();
    let mut from = 0;
    for (i, shot) in shots.iter().enumerate() {
        let inside =
            |m: &Moment, margin: f64| m.t >= shot.start + margin && m.t < shot.end - margin;
        from += moments[from..].partition_point(|m| m.t < shot.start);
        let here = moments[from..].iter().take_while(|m| m.t < shot.end);
        // One candidate per second of a shot: the best frame there.
        let mut best: Option<(i64, Still)> = None;
        let long = shot.end - shot.start > 4.0 * MARGIN;
        let mut frames: Vec<&Moment> = here
            .filter(|m| inside(m, if long { MARGIN } else { 0.0 }))
            .collect();
        let clear = |m: &&Moment| next_doubt(doubts, m.t).is_none_or(|doubt| m.t < doubt.0);
        if frames.iter().any(clear) {
            frames.retain(clear);
        }
        for m in frames {
            let still = judge(m, &sharp, &calm);
            let second = m.t as i64;
            match &mut best {
                Some((s, b)) if *s == second => {
                    if still.score > b.score {
                        *b = still;
                    }
                }
                other => {
                    if let Some((_, b)) = other.replace((second, still)) {
                        all.push((i, b));
                    }
                }
            }
        }
        all.extend(best.map(|(_, b)| (i, b)));
    }
    let mut out: Vec<(usize, Still)> = Vec::new();
    while out.len() < most {
        all.retain(|(_, s)| out.iter().all(|(_, o)| (o.t - s.t).abs() >= APART));
        let worth = |(shot, s): &(usize, Still)| {
            s.score
                - if out.iter().any(|(o, _)| o == shot) {
                    SAME_SHOT
                } else {
                    0.0
                }
        };
        let mut best: Option<(usize, f32)> = None;
        for (i, s) in all.iter().enumerate() {
            let w = worth(s);
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
        b.1.score
            .total_cmp(&a.1.score)
            .then(a.1.t.total_cmp(&b.1.t))
    });
    out.into_iter().map(|(_, s)| s).collect()
}

fn judge(m: &Moment, sharp: &Ranks, calm: &Ranks) -> Still {
    let sharper = sharp.share_below(m.sharpness);
    let calmer = 1.0 - calm.share_below(m.motion);
    let percent = |x: f32| (x * 100.0).round() as i32;
    let reasons = vec![
        reason(
            0.40 * sharper,
            format!("sharp: sharper than {} % of the session", percent(sharper)),
        ),
        reason(
            0.30 * light(m.exposure, m.clipped),
            format!(
                "good light: brightness {} %, {} % lost in black or white",
                percent(m.exposure),
                percent(m.clipped)
            ),
        ),
        reason(
            0.15 * (m.colourfulness / 60.0).min(1.0),
            format!("colourful: {}", m.colourfulness.round() as i32),
        ),
        reason(
            0.15 * calmer,
            format!(
                "held still: calmer than {} % of the session",
                percent(calmer)
            ),
        ),
    ];
    Still {
        t: m.t,
        score: reasons.iter().map(|r| r.weight).sum(),
        reasons: strongest(reasons),
    }
}
