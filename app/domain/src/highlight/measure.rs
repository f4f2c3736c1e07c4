//! Measurements made fit for arithmetic, and their statistics.

use super::{Loudness, Moment};

/// Longest session that is looked at, s. Keeps every sum finite.
const LONGEST: f64 = 7.0 * 24.0 * 3600.0;

pub(super) struct Measured;

impl Measured {
    /// Moments with finite times in ascending order, one for each time, and finite signals within their ranges.
    pub(super) fn moments(moments: &[Moment]) -> Vec<Moment> {
        let unit = |x: f32| {
            if x.is_finite() {
                x.clamp(0.0, 1.0)
            } else {
                0.0
            }
        };
        let positive = |x: f32| {
            if x.is_finite() {
                x.clamp(0.0, 1e6)
            } else {
                0.0
            }
        };
        let mut out: Vec<Moment> = moments
            .iter()
            .filter(|m| m.t.is_finite() && (0.0..=LONGEST).contains(&m.t))
            .map(|m| Moment {
                t: m.t,
                boundary: unit(m.boundary),
                motion: unit(m.motion),
                sharpness: positive(m.sharpness),
                exposure: unit(m.exposure),
                clipped: unit(m.clipped),
                colourfulness: positive(m.colourfulness),
                stability: m.stability.filter(|x| x.is_finite()).map(unit),
                layout: m.layout,
            })
            .collect();
        out.sort_by(|a, b| a.t.total_cmp(&b.t));
        out.dedup_by(|a, b| a.t <= b.t);
        out
    }

    /// Loudness with finite times in ascending order, −120 to 20 dB.
    pub(super) fn loudness(loudness: &[Loudness]) -> Vec<Loudness> {
        let mut out: Vec<Loudness> = loudness
            .iter()
            .filter(|l| l.t.is_finite() && (0.0..=LONGEST).contains(&l.t))
            .map(|l| Loudness {
                t: l.t,
                dbfs: if l.dbfs.is_finite() {
                    l.dbfs.clamp(-120.0, 20.0)
                } else {
                    -120.0
                },
                clipped: if l.clipped.is_finite() {
                    l.clipped.clamp(0.0, 1.0)
                } else {
                    0.0
                },
            })
            .collect();
        out.sort_by(|a, b| a.t.total_cmp(&b.t));
        out
    }

    /// Keyframe times, finite and ascending.
    pub(super) fn keyframes(keyframes: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = keyframes
            .iter()
            .copied()
            .filter(|t| t.is_finite() && (0.0..=LONGEST).contains(t))
            .collect();
        out.sort_by(f64::total_cmp);
        out.dedup();
        out
    }

    /// The session's length, s: as stated, or up to its last frame where the statement makes no sense.
    pub(super) fn length(moments: &[Moment], duration: f64) -> f64 {
        if duration.is_finite() && duration > 0.0 {
            return duration.min(LONGEST);
        }
        moments.last().map_or(0.0, |m| m.t)
    }
}

/// Running sums, so that the mean over any stretch costs two look-ups.
#[derive(Debug, Default)]
pub(super) struct Sums {
    times: Vec<f64>,
    sums: Vec<f64>,
}

impl Sums {
    pub(super) fn new(values: impl Iterator<Item = (f64, f32)>) -> Self {
        let mut out = Self {
            times: Vec::new(),
            sums: vec![0.0],
        };
        let mut sum = 0.0;
        for (t, x) in values {
            sum += f64::from(x);
            out.times.push(t);
            out.sums.push(sum);
        }
        out
    }

    /// Mean of the values from `start` to before `end`; `None` where there are none.
    pub(super) fn mean(&self, start: f64, end: f64) -> Option<f32> {
        let a = self.times.partition_point(|&t| t < start);
        let b = self.times.partition_point(|&t| t < end);
        if b <= a {
            return None;
        }
        Some(((self.sums[b] - self.sums[a]) / (b - a) as f64) as f32)
    }
}

/// Sorted values, to say what share of the session lies below one.
#[derive(Debug, Default)]
pub(super) struct Ranks(Vec<f32>);

impl Ranks {
    /// Values kept, evenly spread: shares are said in hundredths, and a two-hour session, which is chosen from again and again
    /// while it is filmed, has two hundred thousand.
    const MOST: usize = 8192;

    pub(super) fn new(values: impl Iterator<Item = f32>) -> Self {
        let all: Vec<f32> = values.collect();
        let step = all.len().div_ceil(Self::MOST).max(1);
        let mut all: Vec<f32> = all.into_iter().step_by(step).collect();
        all.sort_unstable_by(f32::total_cmp);
        Self(all)
    }

    /// Share of the values below `x`, 0–1; half of those equal to it count.
    pub(super) fn share_below(&self, x: f32) -> f32 {
        if self.0.is_empty() {
            return 0.5;
        }
        let below = self.0.partition_point(|&y| y < x);
        let up_to = self.0.partition_point(|&y| y <= x);
        (below + up_to) as f32 / (2 * self.0.len()) as f32
    }

    /// The value below which this share lies; 0 for none.
    pub(super) fn at(&self, share: f32) -> f32 {
        let i = (share.clamp(0.0, 1.0) * self.0.len() as f32) as usize;
        self.0
            .get(i.min(self.0.len().saturating_sub(1)))
            .copied()
            .unwrap_or(0.0)
    }
}
