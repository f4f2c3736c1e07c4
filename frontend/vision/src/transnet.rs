//! TransNetV2, the published network for shot boundaries that the project's own is compared with, here on burn.
//!
//! It costs 0.83 GMAC a frame (every frame is in two windows), 400 times the student, and looks 25 to 75 frames ahead. Its
//! weights are fetched and turned into ours by `cargo xtask models`; nothing of it is in what browsers load.

#[cfg(not(target_family = "wasm"))]
pub mod checkpoint;
mod net;
#[cfg(feature = "train")]
pub mod teacher;
#[cfg(all(test, feature = "eval"))]
mod test;
mod weights;

use std::collections::VecDeque;

use burn::tensor::activation::sigmoid;

use crate::{device::Device, frame::Thumb, shot::Score};
use net::{Network, WINDOW};
pub use weights::WeightsError;

/// Frames a window answers: its middle.
const STEP: usize = 50;
/// Frames a window sees to each side of those.
const MARGIN: usize = (WINDOW - STEP) / 2;
/// A transition is where the score is above this.
const THRESHOLD: f32 = 0.5;

/// Scores a stream of frames with the head for single frames, each exactly once and in order.
///
/// Windows of 100 frames, of which the middle 50 are answered, as in the authors' own inference. Before the
/// first frame and after the last, the end frame is seen repeated. A score is high at the last frame before a cut; [`cuts`]
/// makes decisions of scores.
pub struct Detector {
    network: Network,
    device: Device,
    /// What the next window begins with.
    seen: Vec<Thumb>,
    /// Times of frames not answered.
    times: VecDeque<f64>,
}

impl Detector {
    /// A detector with the network in `weights` on `device`.
    ///
    /// # Errors
    /// [`WeightsError`] where the file cannot be used.
    pub fn new(weights: &[u8], device: Device) -> Result<Self, WeightsError> {
        let network = weights::read(weights, &device.burn())?;
        Ok(Self {
            network,
            device,
            seen: Vec::new(),
            times: VecDeque::new(),
        })
    }

    /// Takes the next frame and answers those that are ripe, oldest first; often none.
    pub async fn push(&mut self, t: f64, thumb: &Thumb) -> Vec<Score> {
        if self.seen.is_empty() {
            self.seen.resize(MARGIN, thumb.clone());
        }
        self.times.push_back(t);
        self.see(thumb.clone()).await
    }

    /// Answers the rest. The detector is then as new, for the next film.
    pub async fn finish(&mut self) -> Vec<Score> {
        let mut out = Vec::new();
        if let Some(last) = self.seen.last().cloned() {
            while !self.times.is_empty() {
                out.extend(self.see(last.clone()).await);
            }
        }
        self.seen.clear();
        out
    }

    /// Adds a frame to the window, and answers the middle of it when it is full.
    async fn see(&mut self, thumb: Thumb) -> Vec<Score> {
        self.seen.push(thumb);
        if self.seen.len() < WINDOW {
            return Vec::new();
        }
        let [single, _] = self.network.forward(&[&self.seen], &self.device.burn());
        self.seen.drain(..STEP);
        let scores = sigmoid(single.narrow(1, MARGIN, STEP));
        let ripe = self.times.len().min(STEP);
        let times = self.times.drain(..ripe);
        match scores.into_data_async().await {
            Ok(data) => times.zip(data.iter::<f32>()).collect(),
            // No boundary is the answer that costs least.
            Err(_) => times.map(|t| (t, 0.0)).collect(),
        }
    }
}

/// Where new shots begin: of each run of scores above 0.5, the frame after the highest.
///
/// A run at the very end of a film, whose peak no frame follows, begins nothing.
#[must_use]
pub fn cuts(scores: &[Score]) -> Vec<usize> {
    let mut out = Vec::new();
    let mut peak: Option<usize> = None;
    for (i, &(_, score)) in scores.iter().enumerate() {
        if score > THRESHOLD {
            peak = peak.filter(|&p| scores[p].1 >= score).or(Some(i));
        } else {
            out.extend(peak.take().map(|p| p + 1));
        }
    }
    out.extend(peak.map(|p| p + 1).filter(|&i| i < scores.len()));
    out
}
