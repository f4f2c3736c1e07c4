//! How good a stretch is, and why.
//!
//! Relevance is a weighted sum of seven values between 0 and 1. Each says what a viewer gets from the stretch, and each
//! becomes a reason:
//!
//! | value | 1 means | weight |
//! | --- | --- | --- |
//! | sharp | sharper than all of the session | 0.225 |
//! | movement | mean luma difference about 1.5 % a frame: something happens, but it can be followed | 0.18 |
//! | light | mean luma near the middle, nothing crushed or burnt out | 0.18 |
//! | colour | as colourful as a vivid photograph (Hasler & Süsstrunk: 60 and above) | 0.135 |
//! | sound | clearly louder than the quiet parts of the session | 0.108 |
//! | rise | louder than the two seconds before | 0.072 |
//! | steady | held well enough to be watched: half the stability of a tripod, or more | 0.10 |

use super::{
    Moment, Reason,
    look::{Layouts, Look},
    measure::{Ranks, Sums},
};
use crate::highlight::Loudness;

/// From this stability on hands are steady enough. Things for sale are shown in the hand; a tripod in front of somebody who talks
/// is no better for being a tripod.
const WATCHABLE: f32 = 0.5;

/// Statistics of a session, to measure stretches with.
pub(super) struct Session {
    sharpness: Sums,
    motion: Sums,
    exposure: Sums,
    clipped: Sums,
    colour: Sums,
    loudness: Sums,
    stability: Sums,
    layouts: Layouts,
    sharp_ranks: Ranks,
    quiet: f32,
    has_sound: bool,
}

impl Session {
    pub(super) fn new(moments: &[Moment], loudness: &[Loudness]) -> Self {
        let of = |f: fn(&Moment) -> f32| Sums::new(moments.iter().map(|m| (m.t, f(m))));
        let loud = Ranks::new(loudness.iter().map(|l| l.dbfs));
        Self {
            sharpness: of(|m| m.sharpness),
            // The jump at a boundary is no movement.
            motion: Sums::new(
                moments
                    .iter()
                    .filter(|m| m.boundary < 0.3)
                    .map(|m| (m.t, m.motion)),
            ),
            exposure: of(|m| m.exposure),
            clipped: of(|m| m.clipped),
            colour: of(|m| m.colourfulness),
            loudness: Sums::new(loudness.iter().map(|l| (l.t, l.dbfs))),
            stability: Sums::new(
                moments
                    .iter()
                    .filter(|m| m.boundary < 0.3)
                    .filter_map(|m| Some((m.t, m.stability?))),
            ),
            layouts: Layouts::new(moments),
            sharp_ranks: Ranks::new(moments.iter().map(|m| m.sharpness)),
            quiet: loud.at(0.1),
            has_sound: loud.at(0.9) > -60.0,
        }
    }

    /// Relevance of a stretch and its reasons, strongest first.
    pub(super) fn relevance(&self, start: f64, end: f64) -> (f32, Vec<Reason>) {
        let mean = |sums: &Sums| sums.mean(start, end).unwrap_or(0.0);
        let sharp = self.sharp_ranks.share_below(mean(&self.sharpness));
        let motion = mean(&self.motion);
        let exposure = mean(&self.exposure);
        let clipped = mean(&self.clipped);
        let colour = mean(&self.colour);
        let percent = |x: f32| (x * 100.0).round() as i32;
        let mut reasons = vec![
            reason(
                0.225 * sharp,
                format!("sharp: sharper than {} % of the session", percent(sharp)),
            ),
            reason(
                0.18 * moderate(motion),
                format!(
                    "movement that can be followed: {:.1} % a frame",
                    motion * 100.0
                ),
            ),
            reason(
                0.18 * light(exposure, clipped),
                format!(
                    "good light: brightness {} %, {} % lost in black or white",
                    percent(exposure),
                    percent(clipped)
                ),
            ),
            reason(
                0.135 * (colour / 60.0).min(1.0),
                format!("colourful: {}", colour.round() as i32),
            ),
        ];
        if let Some(steady) = self.stability.mean(start, end) {
            reasons.push(reason(
                0.10 * (steady / WATCHABLE).min(1.0),
                format!("steady hands: {} of 100", percent(steady)),
            ));
        }
        if self.has_sound
            && let Some(loud) = self.loudness.mean(start, end)
        {
            let above = ((loud - self.quiet) / 25.0).clamp(0.0, 1.0);
            reasons.push(reason(
                0.108 * above,
                format!(
                    "sound: {} dB above the quiet parts",
                    (loud - self.quiet).round() as i32
                ),
            ));
            if let Some(before) = self.loudness.mean(start - 2.0, start) {
                let rise = ((loud - before) / 12.0).clamp(0.0, 1.0);
                reasons.push(reason(
                    0.072 * rise,
                    format!("it gets louder: by {} dB", (loud - before).round() as i32),
                ));
            }
        }
        let score = reasons.iter().map(|r| r.weight).sum();
        (score, strongest(reasons))
    }

    pub(super) fn look(&self, start: f64, end: f64) -> Look {
        let mean = |sums: &Sums| sums.mean(start, end).unwrap_or(0.0);
        Look {
            plain: [
                mean(&self.exposure) / 0.15,
                mean(&self.colour) / 15.0,
                (mean(&self.sharpness) + 10.0).ln() / 0.7,
            ],
            layout: self.layouts.mean(start, end),
        }
    }
}

/// 1 near 1.5 % of full scale a frame, falling with the logarithm on both sides: still pictures say little, shaken ones
/// cannot be watched.
pub(super) fn moderate(motion: f32) -> f32 {
    let octaves = ((motion + 0.0005) / 0.015).log2();
    (-(octaves / 2.5).powi(2)).exp()
}

/// 1 for a middling mean and nothing clipped.
pub(super) fn light(exposure: f32, clipped: f32) -> f32 {
    let off = ((exposure - 0.48).abs() - 0.15).max(0.0) / 0.33;
    ((1.0 - off) * (1.0 - (clipped * 1.5).min(1.0))).clamp(0.0, 1.0)
}

pub(super) fn reason(weight: f32, words: String) -> Reason {
    Reason { words, weight }
}

/// Reasons by weight, at most four, and never none.
pub(super) fn strongest(mut reasons: Vec<Reason>) -> Vec<Reason> {
    reasons.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let useful = reasons.iter().take_while(|r| r.weight >= 0.02).count();
    reasons.truncate(useful.clamp(1, 4));
    reasons
}
