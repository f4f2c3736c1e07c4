//! What the published network says of a run of frames, for the student to learn from.

use burn::tensor::{Device, activation::sigmoid};

use super::{
    net::{Network, WINDOW},
    weights::{self, WeightsError},
};
use crate::{device, frame::Thumb};

/// The network on the CPU.
pub struct Teacher {
    network: Network,
    tensors: Device,
}

impl Teacher {
    /// A teacher with the network in `weights`.
    ///
    /// # Errors
    /// [`WeightsError`] where the file cannot be used.
    pub fn new(weights: &[u8]) -> Result<Self, WeightsError> {
        let tensors = device::cpu().tensors().ok_or(WeightsError::Device)?;
        let network = weights::read(weights, &tensors)?;
        Ok(Self { network, tensors })
    }

    /// For each frame, 0–1: that a transition is marked at it, which is at the last frame before a cut; and that it belongs
    /// to a transition. Each is answered from the middle of a window of 100 frames where there are enough.
    #[must_use]
    pub fn score(&self, frames: &[Thumb]) -> Vec<[f32; 2]> {
        if frames.is_empty() {
            return Vec::new();
        }
        let len = frames.len().min(WINDOW);
        let last = frames.len() - len;
        let mut starts: Vec<usize> = (0..last).step_by(WINDOW / 2).collect();
        starts.push(last);
        let windows: Vec<&[Thumb]> = starts.iter().map(|&s| &frames[s..s + len]).collect();
        let [single, many] = self.network.forward(&windows, &self.tensors).map(|head| {
            let values = sigmoid(head).into_data();
            values.iter::<f32>().collect::<Vec<f32>>()
        });
        let answer = |i: usize| {
            // The window that sees most to both sides of it.
            let around = |s: usize| (i - s).min(s + len - 1 - i);
            let seeing = starts.iter().enumerate();
            let seeing = seeing.filter(|&(_, &s)| (s..s + len).contains(&i));
            let best = seeing.max_by_key(|&(_, &s)| around(s));
            let at = best.map_or(0, |(k, &s)| k * len + i - s);
            [single[at], many[at]]
        };
        (0..frames.len()).map(answer).collect()
    }
}
