//! TransNetV2, the published network for shot boundaries that the project's own is compared with, here on burn.
//!
//! It costs 0.83 GMAC a frame (every frame is in two windows), 400 times the student, and looks 25 to 75 frames ahead. Its
//! weights are fetched and turned into ours by `cargo xtask models`. Where there is a GPU it can score beside the student
//! (`shot::Detector::add_transnet`).

#[cfg(all(not(target_family = "wasm"), feature = "flex"))]
pub mod checkpoint;
mod net;
#[cfg(feature = "train")]
pub mod teacher;
#[cfg(all(test, feature = "eval", feature = "flex"))]
mod test;
mod weights;

use std::collections::VecDeque;

use burn::tensor::{Device as Tensors, activation::sigmoid};

use crate::{device::Device, frame::Thumb, shot::Score};
use net::{Network, WINDOW};
pub use weights::WeightsError;

/// Frames a window answers: its middle.
const STEP: usize = 50;
/// Frames a window sees to each side of those.
const MARGIN: usize = (WINDOW - STEP) / 2;
/// A transition is where the score is above this.
pub(crate) const THRESHOLD: f32 = 0.5;

/// Scores a stream of frames with the head for single frames, each exactly once and in order.
///
/// Windows of 100 frames, of which the middle 50 are answered, as in the authors' own inference. Before the
/// first frame and after the last, the end frame is seen repeated. A score is high at the last frame before a cut; [`cuts`]
/// makes decisions of scores.
pub struct Detector {
    /// `None` since the device was lost.
    network: Option<Network>,
    tensors: Tensors,
    /// Whether every answer is lost, to test what follows.
    #[cfg(test)]
    fails: bool,
    /// What the next window begins with.
    seen: Vec<Thumb>,
    /// Times of frames not answered.
    times: VecDeque<f64>,
}

impl Detector {
    /// A detector with the network in `weights` on `device`.
    ///
    /// # Errors
    /// [`WeightsError`] where the file cannot be used, or nothing computes tensors there.
    pub fn new(weights: &[u8], device: &Device) -> Result<Self, WeightsError> {
        let tensors = device.tensors().ok_or(WeightsError::Device)?;
        Ok(Self {
            network: Some(weights::read(weights, &tensors)?),
            tensors,
            #[cfg(test)]
            fails: device.fails,
            seen: Vec::new(),
            times: VecDeque::new(),
        })
    }

    /// Whether the device was lost on the way. No frame scores anything since then.
    #[must_use]
    pub fn lost(&self) -> bool {
        self.network.is_none()
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
        if self.seen.len() < WINDOW && self.network.is_some() {
            return Vec::new();
        }
        let Some(scores) = self.run().await else {
            // No boundary is the answer that costs least.
            self.network = None;
            self.seen.drain(..self.seen.len() - 1);
            return self.times.drain(..).map(|t| (t, 0.0)).collect();
        };
        self.seen.drain(..STEP);
        let ripe = self.times.len().min(STEP);
        self.times.drain(..ripe).zip(scores).collect()
    }

    /// Scores of the middle of a full window; `None` when the device gave no answer.
    async fn run(&self) -> Option<Vec<f32>> {
        let network = self.network.as_ref()?;
        #[cfg(test)]
        if self.fails {
            return None;
        }
        let [single, _] = network.forward(&[&self.seen], &self.tensors);
        let scores = sigmoid(single.narrow(1, MARGIN, STEP));
        let data = scores.into_data_async().await.ok()?;
        Some(data.iter::<f32>().collect())
    }
}

/// Weights of a network that has been taught nothing.
#[cfg(all(test, feature = "flex"))]
pub(crate) fn untaught() -> Vec<u8> {
    weights::write(&Network::new(&Tensors::flex()))
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
