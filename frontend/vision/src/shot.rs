//! Shot boundaries: a score per frame, by the project's own network and frame differences or, without weights, by these alone.
//!
//! A score is the probability that a frame belongs to a boundary: it is the first of a new shot, or one of the mixed frames of
//! a gradual transition. `domain::highlight::boundaries` makes decisions of scores; it rounds them first, so
//! that the last bits in which CPU and GPU arithmetic differ cannot change a decision.

mod background;
mod bars;
mod blank;
mod forward;
mod lanes;
mod light;
#[cfg(feature = "tensor")]
pub mod net;
mod plain;
#[cfg(feature = "transnet")]
mod precise;
mod rules;
pub mod shape;
#[cfg(test)]
mod test;
pub mod weights;

use std::collections::VecDeque;

#[cfg(feature = "gpu")]
use burn::tensor::{Tensor, activation::sigmoid};
use domain::capture::{Engine, Weights};

use crate::{
    device::{self, Device},
    frame::Thumb,
};
use forward::{Description, Forward};
#[cfg(feature = "gpu")]
use net::Student;
#[cfg(feature = "transnet")]
use precise::Precise;
use rules::Rules;
use shape::BLOCK;
pub use weights::WeightsError;

/// A frame's presentation time (s) and its score (0–1).
pub type Score = (f64, f32);

/// Scores a stream of frames, each exactly once and in order.
///
/// Frames are taken in blocks of [`BLOCK`] and answered one block late, because the network looks [`BLOCK`] frames to both
/// sides: at 30 frames a second an answer comes one to two seconds after its frame. Before the first frame and after the last,
/// the end frame is seen repeated.
///
/// What else is known of the pictures stands beside the network and has the last word, see `rules::join`.
pub struct Detector {
    rules: Rules,
    network: Option<Box<Network>>,
    /// The published network beside it.
    #[cfg(feature = "transnet")]
    precise: Option<Box<Precise>>,
    /// What the networks answered and the rules have not scored yet, oldest first.
    waiting: VecDeque<Score>,
}

struct Network {
    weights: Vec<u8>,
    runner: Runner,
    device: Device,
    /// Frames not described yet, fewer than a block.
    pending: Vec<(f64, Thumb)>,
    /// The block to be answered next, and the one before it, kept as pictures so that a lost GPU costs no frame.
    waiting: Option<Block>,
    before: Option<Block>,
}

/// Described frames.
struct Block {
    frames: Vec<(f64, Thumb)>,
    described: Described,
}

/// What computes.
enum Runner {
    Cpu(Box<Forward>),
    #[cfg(feature = "gpu")]
    Gpu(Box<Student>, burn::tensor::Device),
}

/// What is known of a block's frames, where it was computed.
enum Described {
    Cpu(Vec<Description>),
    #[cfg(feature = "gpu")]
    Gpu(Box<Tensor<2>>),
}

impl Runner {
    fn new(weights: &[u8], device: &Device) -> Result<Self, WeightsError> {
        #[cfg(feature = "gpu")]
        if let Some(gpu) = &device.gpu {
            let student = Box::new(weights::read(weights, gpu)?);
            return Ok(Self::Gpu(student, gpu.clone()));
        }
        #[cfg(not(feature = "gpu"))]
        let _ = device;
        Ok(Self::Cpu(Box::new(weights::forward(weights)?)))
    }

    fn describe(&mut self, frames: &[(f64, Thumb)]) -> Described {
        let thumbs = frames.iter().map(|f| &f.1);
        match self {
            Self::Cpu(forward) => Described::Cpu(forward.describe(thumbs)),
            #[cfg(feature = "gpu")]
            Self::Gpu(student, device) => {
                Described::Gpu(Box::new(student.describe(net::input(thumbs, device))))
            }
        }
    }

    /// Scores of the middle one of three blocks, the first frame repeated where there is none before; `None` when the device
    /// gave no answer.
    async fn score(
        &self,
        before: Option<&Described>,
        waiting: &Described,
        next: &Described,
    ) -> Option<Vec<f32>> {
        match (self, before, waiting, next) {
            (Self::Cpu(forward), before, Described::Cpu(waiting), Described::Cpu(next)) => {
                let first;
                let before = match before {
                    Some(Described::Cpu(before)) => before,
                    _ => {
                        first = vec![*waiting.first()?; BLOCK];
                        &first
                    }
                };
                Some(forward.score([before, waiting, next]))
            }
            #[cfg(feature = "gpu")]
            (Self::Gpu(student, _), before, Described::Gpu(waiting), Described::Gpu(next)) => {
                let (waiting, next) = (Tensor::clone(waiting), Tensor::clone(next));
                let before = match before {
                    Some(Described::Gpu(before)) => Tensor::clone(before),
                    _ => waiting.clone().narrow(0, 0, 1).repeat_dim(0, BLOCK),
                };
                let all = vec![before, waiting, next];
                let scores = student.score(Tensor::cat(all, 0));
                let scores = sigmoid(scores.narrow(0, BLOCK, BLOCK));
                let data = scores.into_data_async().await.ok()?;
                Some(data.iter::<f32>().collect())
            }
            #[cfg(feature = "gpu")]
            _ => None,
        }
    }
}

impl Detector {
    /// A detector with the network in `weights` (the bytes of `public/models/shots.bin`) on `device`.
    ///
    /// # Errors
    /// [`WeightsError`] where the file cannot be used; go on with [`Detector::plain`].
    pub fn new(weights: &[u8], device: Device) -> Result<Self, WeightsError> {
        let network = Network {
            weights: weights.to_vec(),
            runner: Runner::new(weights, &device)?,
            device,
            pending: Vec::new(),
            waiting: None,
            before: None,
        };
        Ok(Self {
            network: Some(Box::new(network)),
            ..Self::plain()
        })
    }

    /// A detector without a network.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            rules: Rules::default(),
            network: None,
            #[cfg(feature = "transnet")]
            precise: None,
            waiting: VecDeque::new(),
        }
    }

    /// Lets TransNetV2 score beside it, with the bytes of `target/models/transnet.bin` on `device`, before the first frame. An
    /// answer then comes up to 75 frames after its frame. Where that device is lost on the way, what is here already goes
    /// on alone.
    ///
    /// # Errors
    /// [`WeightsError`] where the file cannot be used, or nothing computes tensors there.
    #[cfg(feature = "transnet")]
    pub fn add_transnet(&mut self, weights: &[u8], device: &Device) -> Result<(), WeightsError> {
        let precise = Precise::new(weights, device, self.network.is_some())?;
        self.precise = Some(Box::new(precise));
        Ok(())
    }

    /// Where it runs now. Changes to `Cpu` when the GPU is lost on the way.
    #[must_use]
    pub fn engine(&self) -> Engine {
        #[cfg(feature = "transnet")]
        if self.precise.as_ref().is_some_and(|precise| !precise.lost()) {
            return Engine::Precise;
        }
        match &self.network {
            None => Engine::Plain,
            Some(network) => network.device.engine(),
        }
    }

    /// Which weights its network has, if it has one.
    #[must_use]
    pub fn weights(&self) -> Option<Weights> {
        weights::name(&self.network.as_ref()?.weights)
    }

    /// Takes the next frame and answers those that are ripe, oldest first; often none.
    pub async fn push(&mut self, t: f64, thumb: &Thumb) -> Vec<Score> {
        self.rules.push(thumb);
        let scores = match &mut self.network {
            Some(network) => network.push(t, thumb).await,
            // Judged as by a network that sees nothing.
            None => vec![(t, 0.0)],
        };
        #[cfg(feature = "transnet")]
        let scores = match &mut self.precise {
            Some(precise) => precise.push(thumb, scores).await,
            None => scores,
        };
        self.ripe(scores)
    }

    /// Answers the rest. The detector is then as new, for the next session.
    pub async fn finish(&mut self) -> Vec<Score> {
        self.rules.finish();
        let scores = match &mut self.network {
            Some(network) => network.finish().await,
            None => Vec::new(),
        };
        #[cfg(feature = "transnet")]
        let scores = match &mut self.precise {
            Some(precise) => precise.finish(scores).await,
            None => scores,
        };
        self.ripe(scores)
    }

    /// What the rules have scored too, of these scores and those that wait.
    fn ripe(&mut self, scores: Vec<Score>) -> Vec<Score> {
        self.waiting.extend(scores);
        let ripe = self.waiting.len().min(self.rules.scored());
        let ripe = self.waiting.drain(..ripe);
        ripe.map(|(t, score)| (t, self.rules.join(score))).collect()
    }
}

impl Network {
    async fn push(&mut self, t: f64, thumb: &Thumb) -> Vec<Score> {
        self.pending.push((t, thumb.clone()));
        if self.pending.len() < BLOCK {
            return Vec::new();
        }
        let frames = std::mem::take(&mut self.pending);
        self.block(frames).await
    }

    async fn finish(&mut self) -> Vec<Score> {
        let mut out = Vec::new();
        let rest = std::mem::take(&mut self.pending);
        let kept = rest.len();
        let last = rest
            .last()
            .or_else(|| self.waiting.as_ref()?.frames.last())
            .cloned();
        if let Some(last) = last {
            let mut frames = rest;
            if kept > 0 {
                frames.resize(BLOCK, last.clone());
                out.extend(self.block(frames).await);
            }
            let ripe = self.block(vec![last; BLOCK]).await;
            // Of a filled block, only the frames that were really there are answered.
            let real = if kept > 0 { kept } else { BLOCK };
            out.extend(ripe.into_iter().take(real));
        }
        self.waiting = None;
        self.before = None;
        out
    }

    /// Takes a full block and answers the one before it, if there is one.
    async fn block(&mut self, frames: Vec<(f64, Thumb)>) -> Vec<Score> {
        let described = self.runner.describe(&frames);
        let next = Block { frames, described };
        let Some(waiting) = self.waiting.take() else {
            self.waiting = Some(next);
            return Vec::new();
        };
        let scores = match self.run(&waiting, &next).await {
            Some(scores) => scores,
            // The device was lost: everything still needed is at hand as pictures, so the CPU takes over here.
            None => return Box::pin(self.recover(waiting, next)).await,
        };
        let out = waiting.frames.iter().map(|f| f.0).zip(scores).collect();
        self.before = Some(waiting);
        self.waiting = Some(next);
        out
    }

    /// Scores of the block `waiting`; `None` when the device gave no answer.
    async fn run(&self, waiting: &Block, next: &Block) -> Option<Vec<f32>> {
        #[cfg(test)]
        if self.device.fails {
            return None;
        }
        let before = self.before.as_ref().map(|before| &before.described);
        self.runner
            .score(before, &waiting.described, &next.described)
            .await
    }

    async fn recover(&mut self, waiting: Block, next: Block) -> Vec<Score> {
        let times: Vec<f64> = waiting.frames.iter().map(|f| f.0).collect();
        if self.device.engine() == Engine::Cpu {
            // The CPU has nothing to fall back on. No boundary is the answer that costs least.
            self.before = Some(waiting);
            self.waiting = Some(next);
            return times.into_iter().map(|t| (t, 0.0)).collect();
        }
        self.device = device::cpu();
        if let Ok(runner) = Runner::new(&self.weights, &self.device) {
            self.runner = runner;
        }
        let mut again = |block: Block| Block {
            described: self.runner.describe(&block.frames),
            frames: block.frames,
        };
        self.before = self.before.take().map(&mut again);
        let waiting = again(waiting);
        let next = again(next);
        let scores = self
            .run(&waiting, &next)
            .await
            .unwrap_or_else(|| vec![0.0; BLOCK]);
        self.before = Some(waiting);
        self.waiting = Some(next);
        times.into_iter().zip(scores).collect()
    }
}
