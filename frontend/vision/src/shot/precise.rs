//! TransNetV2 beside the student.

use std::collections::VecDeque;

use super::{WeightsError, rules::SURE};
use crate::{
    device::Device,
    frame::Thumb,
    transnet::{self, THRESHOLD},
};

/// What the published network says of frames, in the student's terms.
pub(super) struct Precise {
    network: transnet::Detector,
    /// Of frames that were not asked for, oldest first. It marks the last frame before a cut; here the first after it is
    /// meant, so a score is that of the frame before.
    scores: VecDeque<f32>,
    /// Whether the film has begun.
    begun: bool,
}

impl Precise {
    /// # Errors
    /// [`WeightsError`] where the file cannot be used, or nothing computes tensors there.
    pub(super) fn new(weights: &[u8], device: &Device) -> Result<Self, WeightsError> {
        Ok(Self {
            network: transnet::Detector::new(weights, device)?,
            scores: VecDeque::new(),
            begun: false,
        })
    }

    pub(super) fn lost(&self) -> bool {
        self.network.lost()
    }

    pub(super) async fn push(&mut self, thumb: &Thumb) {
        if !std::mem::replace(&mut self.begun, true) {
            self.scores.push_back(0.0);
        }
        let scores = self.network.push(0.0, thumb).await;
        self.scores.extend(scores.into_iter().map(|s| s.1));
    }

    pub(super) async fn finish(&mut self) {
        let scores = self.network.finish().await;
        self.scores.extend(scores.into_iter().map(|s| s.1));
        // Nothing follows the last frame.
        if std::mem::replace(&mut self.begun, false) {
            self.scores.pop_back();
        }
    }

    /// Frames that are judged and not asked for.
    pub(super) fn judged(&self) -> usize {
        self.scores.len()
    }

    /// The score of the next frame, of which the student says this.
    pub(super) fn join(&mut self, student: f32) -> f32 {
        student.max(terms(self.scores.pop_front().unwrap_or(0.0)))
    }
}

/// From its score to the student's: it begins a transition at [`THRESHOLD`], where the student is [`SURE`].
fn terms(score: f32) -> f32 {
    if score <= THRESHOLD {
        score * (SURE / THRESHOLD)
    } else {
        SURE + (score - THRESHOLD) * ((1.0 - SURE) / (1.0 - THRESHOLD))
    }
}
