//! What frame differences say of a frame, without a network.
//!
//! The mean absolute RGB difference to the frame before is held against its mean over the neighbouring frames, as in
//! PySceneDetect's adaptive detector: a fast pan raises both, a cut only one. A change that abrupt is a cut unless one of
//! three things shows that the shot goes on ([`Look::Same`]). Graduals are missed.
//!
//! Everything is decided in whole numbers, so every machine decides alike.

#[cfg(test)]
mod test;

use std::{collections::VecDeque, ops::Range};

use super::{
    bars,
    rules::{SURE, luma},
};
use crate::frame::{BYTES, Thumb, WIDTH};

/// Frames to each side whose differences are the surroundings.
const SIDE: usize = 4;
/// Frames looked back at for the same picture; those ahead are the frame and [`SIDE`] more. A flash of up to four frames fits.
const BACK: usize = 5;
/// A difference below this (8-bit units, mean of all values) is no change, whatever surrounds it…
const LEAST: u64 = 4;
/// …and one below this is no cut.
const LEAST_CUT: u64 = 12;
/// How many times its surroundings an abrupt difference is; quieter surroundings than 1 count as 1.
const RATIO: u64 = 3;
/// Frames before and after that differ by less than this part of the difference are the same picture again: 1/2.
const BACK_AGAIN: u64 = 2;
/// Correlation of the frame with the one before at which light or a little movement explains the difference.
const ALIKE: f64 = 0.88;
/// The same for a change less than [`CLEAR`] times its surroundings: where much moves, one frame may well change more
/// than its neighbours, and only a picture of something else makes it a cut.
const ALIKE_UNCLEAR: f64 = 0.45;
/// 9/2.
const CLEAR: (u64, u64) = (9, 2);
/// A picture that differs from the one before by less than this part of a level stood still: 1/4. The one after a stutter
/// shows the movement of all its frames at once.
const STOOD: u64 = 4;
/// Correlation from which on a picture is the one before, moved by at most so many cells across and down, as far as both show it.
const MOVED: f64 = 0.7;
const FAR: [isize; 2] = [10, 6];
/// A row of the picture changes when its values do by this much in the mean (8-bit units)…
const ROW: u64 = 8;
/// …and a change of at most so many rows is a caption: a third of the picture. So is one of which a band so high holds this
/// part, 13/20: behind a caption the shot may move.
const CAPTION: usize = 3;
const HELD: (u64, u64) = (13, 20);

/// What the differences say of one frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Look {
    /// No abrupt change; a gradual is possible.
    #[default]
    Quiet,
    /// An abrupt change, and the shot goes on all the same: the earlier picture comes back (a flash), the two pictures are
    /// correlated (exposure, a stutter), or only a band of rows changed (a caption).
    Same,
    /// The first frame of a new shot, with a score of [`SURE`] or more: a boundary whatever the network says.
    Cut(f32),
}

/// The stream of frames, answered [`SIDE`] late.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// Each frame with the sum of its differences to the one before.
    window: VecDeque<(Thumb, u64)>,
    /// How many at the front of the window are answered already.
    answered: usize,
}

impl Plain {
    pub(super) fn push(&mut self, thumb: &Thumb) -> Option<Look> {
        let last = self.window.back();
        let sum = last.map_or(0, |(last, _)| difference(last, thumb));
        self.window.push_back((thumb.clone(), sum));
        (self.window.len() > self.answered + SIDE).then(|| self.answer())
    }

    pub(super) fn finish(&mut self) -> Vec<Look> {
        let mut out = Vec::new();
        while self.answered < self.window.len() {
            out.push(self.answer());
        }
        *self = Self::default();
        out
    }

    fn answer(&mut self) -> Look {
        let look = self.look(self.answered);
        self.answered += 1;
        if self.answered > BACK {
            self.window.pop_front();
            self.answered -= 1;
        }
        look
    }

    fn look(&self, at: usize) -> Look {
        let values = BYTES as u64;
        let sum = self.window[at].1;
        let near = self.window.iter().enumerate();
        let near = near.filter(|&(i, _)| i != at && i.abs_diff(at) <= SIDE);
        let (around, n) = near.fold((0, 0), |(s, n), (_, (_, d))| (s + d, n + 1));
        let around = around.max(values * n);
        if at == 0 || sum < LEAST * values || sum * n < RATIO * around {
            return Look::Quiet;
        }
        let (old, new) = (&self.window[at - 1].0, &self.window[at].0);
        let clear = sum * n * CLEAR.1 >= CLEAR.0 * around && !self.is_late(at);
        let before = self.window.range(at.saturating_sub(BACK)..at);
        let mut pairs = before.flat_map(|b| self.window.range(at..).map(move |a| (&b.0, &a.0)));
        if pairs.any(|(b, a)| BACK_AGAIN * difference(b, a) < sum)
            || alike(old, new, if clear { ALIKE } else { ALIKE_UNCLEAR })
            || is_caption(old, new)
        {
            return Look::Same;
        }
        if sum < LEAST_CUT * values || (self.is_late(at) && moved(old, new)) {
            return Look::Quiet;
        }
        // What makes a boundary at RATIO, rising to 1.
        let x = (RATIO * around) as f32 / (sum * n) as f32;
        Look::Cut(1.0 - (1.0 - SURE) * x * x * x)
    }

    /// Whether the picture stood still just before, and what moved round that may have come this far meanwhile.
    fn is_late(&self, at: usize) -> bool {
        let stood = |&i: &usize| self.window[i].1 * STOOD < BYTES as u64;
        let frames = at.saturating_sub(BACK).max(1)..at;
        let still = frames.rev().take_while(stood).count() as u64;
        let near = at.saturating_sub(SIDE).max(1)..self.window.len().min(at + SIDE + 1);
        let moving = near.filter(|i| *i != at && !stood(i));
        let (moved, n) = moving.fold((0, 0), |(s, n), i| (s + self.window[i].1, n + 1));
        still > 0 && self.window[at].1 * n * CLEAR.1 < CLEAR.0 * moved * (1 + still)
    }
}

/// Whether the one picture, moved by some cells, correlates with the other by [`MOVED`] or more: a camera that went on
/// behind a stutter. (A push is that as well, so it is not for this to say that the shot goes on.)
fn moved(a: &Thumb, b: &Thumb) -> bool {
    let [across, down] = lit(a, b);
    let [a, b] = [a, b].map(|thumb| luma(thumb).map(i64::from).collect::<Vec<_>>());
    let at = |x: usize, y: usize| y * WIDTH + x;
    let alike = |dx: isize, dy: isize| {
        let (mut n, mut sums, mut ab, mut aa, mut bb) = (0, [0, 0], 0, 0, 0);
        for y in down.clone() {
            let Some(v) = y.checked_add_signed(dy).filter(|v| down.contains(v)) else {
                continue;
            };
            for x in across.clone() {
                let Some(u) = x.checked_add_signed(dx).filter(|u| across.contains(u)) else {
                    continue;
                };
                let (a, b) = (a[at(x, y)], b[at(u, v)]);
                n += 1;
                sums = [sums[0] + a, sums[1] + b];
                (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
            }
        }
        correlates(
            n * ab - sums[0] * sums[1],
            n * aa - sums[0] * sums[0],
            n * bb - sums[1] * sums[1],
            MOVED,
        )
    };
    let [far_x, far_y] = FAR;
    (-far_y..=far_y).any(|dy| (-far_x..=far_x).any(|dx| alike(dx, dy)))
}

/// Whether a covariance, of two variances, is a correlation of so much or more.
fn correlates(ab: i64, aa: i64, bb: i64, least: f64) -> bool {
    let (ab, aa, bb) = (ab as f64, aa as f64, bb as f64);
    ab > 0.0 && ab * ab >= least * least * aa * bb
}

fn difference(a: &Thumb, b: &Thumb) -> u64 {
    absolute(a.as_bytes(), b.as_bytes())
}

fn absolute(a: &[u8], b: &[u8]) -> u64 {
    let sum: u32 = a
        .iter()
        .zip(b)
        .map(|(&a, &b)| u32::from(a.abs_diff(b)))
        .sum();
    u64::from(sum)
}

/// Whether little changed but a band of rows, as high as a third of what no bar covers.
fn is_caption(a: &Thumb, b: &Thumb) -> bool {
    let [_, down] = lit(a, b);
    let high = down.len() / CAPTION;
    let row = WIDTH * 3;
    let rows = a.as_bytes().chunks_exact(row);
    let rows = rows.zip(b.as_bytes().chunks_exact(row));
    let rows = rows.skip(down.start).take(down.len());
    let rows: Vec<u64> = rows.map(|(a, b)| absolute(a, b)).collect();
    let changed = rows.iter().filter(|&&x| x > ROW * row as u64).count();
    let bands = rows
        .windows(high.max(1))
        .map(|band| band.iter().sum::<u64>());
    let band = bands.max().unwrap_or(0);
    changed <= high || band * HELD.1 >= rows.iter().sum::<u64>() * HELD.0
}

/// Whether the colours of two pictures, each channel about its own mean, correlate by so much or more. Bars that both have
/// are left out: dark beside light in the same places, they would make any two pictures alike.
pub(super) fn alike(a: &Thumb, b: &Thumb, least: f64) -> bool {
    let [across, down] = lit(a, b);
    // Sums of whole numbers: exact in any order.
    let (mut ab, mut aa, mut bb) = (0_i64, 0_i64, 0_i64);
    for channel in 0..3 {
        let values = |t: &Thumb| -> Vec<i64> {
            let rows = t.as_bytes().chunks_exact(WIDTH * 3);
            let rows = rows.skip(down.start).take(down.len());
            rows.flat_map(|row| row.chunks_exact(3).skip(across.start).take(across.len()))
                .map(|pixel| i64::from(pixel[channel]))
                .collect()
        };
        let (x, y) = (values(a), values(b));
        let n = x.len() as i64;
        let (sx, sy): (i64, i64) = (x.iter().sum(), y.iter().sum());
        let product = |x: &[i64], y: &[i64]| -> i64 { x.iter().zip(y).map(|(x, y)| x * y).sum() };
        ab += n * product(&x, &y) - sx * sy;
        aa += n * product(&x, &x) - sx * sx;
        bb += n * product(&y, &y) - sy * sy;
    }
    correlates(ab, aa, bb, least)
}

/// The columns and rows that are no black bars in both pictures.
fn lit(a: &Thumb, b: &Thumb) -> [Range<usize>; 2] {
    let [x, y] = [a, b].map(|thumb| {
        let luma: Vec<i16> = luma(thumb).map(i16::from).collect();
        bars::lit(&luma)
    });
    std::array::from_fn(|i| x[i].start.min(y[i].start)..x[i].end.max(y[i].end))
}
