//! What is done without a network: frame differences against their surroundings.
//!
//! The mean absolute RGB difference to the frame before is held against its mean over the neighbouring frames, as in
//! PySceneDetect's adaptive detector: a fast pan raises both, a cut only one. Graduals are mostly missed; the studio
//! says that this is the lesser way.

use std::collections::VecDeque;

use crate::frame::Thumb;

/// Frames looked at to each side.
const SIDE: usize = 4;
/// A difference below this (8-bit units) is no cut, whatever surrounds it.
const LEAST: f32 = 10.0;
/// The ratio to the surroundings at which the score is ½.
const RATIO: f32 = 3.0;

/// The stream of differences, answered [`SIDE`] frames late.
#[derive(Debug, Default)]
pub(super) struct Plain {
    last: Option<Thumb>,
    window: VecDeque<(f64, f32)>,
    /// How many at the front of the window are answered already.
    answered: usize,
}

impl Plain {
    pub(super) fn push(&mut self, t: f64, thumb: &Thumb) -> Vec<(f64, f32)> {
        let difference = self.last.as_ref().map_or(0.0, |last| {
            let pairs = last.as_bytes().iter().zip(thumb.as_bytes());
            let sum: u32 = pairs.map(|(&a, &b)| u32::from(a.abs_diff(b))).sum();
            sum as f32 / thumb.as_bytes().len() as f32
        });
        self.last = Some(thumb.clone());
        self.window.push_back((t, difference));
        let mut out = Vec::new();
        if self.window.len() > self.answered + SIDE {
            out.extend(self.answer());
        }
        out
    }

    pub(super) fn finish(&mut self) -> Vec<(f64, f32)> {
        let mut out = Vec::new();
        while self.answered < self.window.len() {
            out.extend(self.answer());
        }
        *self = Self::default();
        out
    }

    fn answer(&mut self) -> Option<(f64, f32)> {
        let (t, difference) = *self.window.get(self.answered)?;
        let around = self.window.iter().enumerate();
        let near = around.filter(|&(i, _)| i != self.answered && i.abs_diff(self.answered) <= SIDE);
        let (sum, n) = near.fold((0.0, 0), |(sum, n), (_, &(_, d))| (sum + d, n + 1));
        let ratio = difference / (sum / n.max(1) as f32).max(1.0);
        // ½ at RATIO, rising to 1: a logistic of the ratio's logarithm.
        let score = if difference < LEAST {
            0.0
        } else {
            1.0 / (1.0 + (RATIO / ratio.max(1e-3)).powi(3))
        };
        self.answered += 1;
        if self.answered > SIDE {
            self.window.pop_front();
            self.answered -= 1;
        }
        Some((t, score))
    }
}
