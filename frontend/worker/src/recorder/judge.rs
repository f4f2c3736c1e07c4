//! Who says where shots begin: the inference worker over its port; while there is none, frames wait a while for one; and
//! in the end plain frame differences here.

use domain::capture::{Engine, Network};
use js_sys::{Array, Uint8Array};
use protocol::{FrameBatch, InferenceInput};
use vision::{frame::Thumb, shot::Detector};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{MessageEvent, MessagePort};

use crate::{
    browser::{To, now_ms, post},
    join::Batch,
};

/// How long frames wait for a worker to be replaced, ms: starting the CPU build takes about a second.
const REPLACEMENT_MS: f64 = 8000.0;

/// How long a worker that has frames may say nothing, ms. Compiling shaders on a slow GPU takes several seconds.
pub(super) const SILENCE_MS: f64 = 20_000.0;

/// The other end of the inference worker's port.
pub(super) struct Port {
    port: MessagePort,
    _hear: Closure<dyn FnMut(MessageEvent)>,
}

impl Port {
    pub(super) fn new(port: MessagePort, hear: Closure<dyn FnMut(MessageEvent)>) -> Self {
        port.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        Self { port, _hear: hear }
    }

    pub(super) fn say(&self, word: &InferenceInput) {
        post(&To::Port(&self.port), word, &[], &Array::new());
    }

    pub(super) fn send(&self, batch: &Batch) {
        let pixels = Uint8Array::from(batch.pixels.as_slice()).buffer();
        let word = InferenceInput::Frames(FrameBatch {
            times: batch.times.clone(),
        });
        post(
            &To::Port(&self.port),
            &word,
            &[("pixels", &pixels)],
            &Array::of1(&pixels),
        );
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        self.port.close();
    }
}

/// Who answers.
pub(super) enum Judge {
    /// The inference worker.
    Network {
        /// The way to it.
        port: Port,
        /// Who it is; not known until it has answered `Begin`, and what it says until then is about another session.
        network: Option<Network>,
        /// Whether it was told that no more frames come.
        finishing: bool,
    },
    /// Nobody since a moment (ms on the worker's clock); the page may attach another.
    Nobody(f64),
    /// Plain frame differences.
    Plain(Box<Detector>),
}

impl Judge {
    /// The inference worker at the other end of a port, told that a session starts.
    pub(super) fn new(port: Port) -> Self {
        port.say(&InferenceInput::Begin);
        Self::Network {
            port,
            network: None,
            finishing: false,
        }
    }

    /// Nobody, and nobody is expected.
    pub(super) fn none() -> Self {
        Self::Nobody(f64::NEG_INFINITY)
    }

    /// Nobody any more; another may come.
    pub(super) fn lost() -> Self {
        Self::Nobody(now_ms())
    }

    /// Who says where boundaries are.
    pub(super) fn network(&self) -> Network {
        match self {
            Self::Network { network, .. } => network.unwrap_or(Network {
                engine: Engine::Cpu,
                weights: None,
            }),
            Self::Nobody(_) | Self::Plain(_) => Network::PLAIN,
        }
    }

    /// Gives up waiting for another worker where that took too long (or `now` is said).
    pub(super) fn settle(&mut self, now: bool) {
        if let Self::Nobody(since) = self
            && (now || now_ms() - *since > REPLACEMENT_MS)
        {
            *self = Self::Plain(Box::new(Detector::plain()));
        }
    }
}

/// Runs a batch through a detector of our own.
pub(super) async fn judge(detector: &mut Detector, batch: &Batch) -> Vec<(f64, f32)> {
    let mut scores = Vec::new();
    for (t, pixels) in batch
        .times
        .iter()
        .zip(batch.pixels.chunks_exact(vision::frame::BYTES))
    {
        if let Some(thumb) = Thumb::from_bytes(pixels) {
            scores.extend(detector.push(*t, &thumb).await);
        }
    }
    scores
}
