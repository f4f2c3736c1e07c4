//! What finds where shots begin: the inference worker over its port; while there is none, frames wait a while for one; and
//! in the end plain frame differences here.

use domain::capture::{Engine, Network};
use js_sys::{Array, Uint8Array};
use protocol::{FrameBatch, InferenceInput};
use vision::{frame::Thumb, shot::Detector};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{MessageEvent, MessagePort};

use super::join::Batch;
use crate::browser::{Recipient, now_ms, post};

/// How long frames wait for a worker to be replaced, ms: starting the CPU build takes about a second.
const REPLACEMENT_MS: f64 = 8000.0;

/// How long a worker that has frames may answer nothing, ms. Compiling shaders on a slow GPU takes several seconds.
pub(super) const TIMEOUT_MS: f64 = 20_000.0;

/// The other end of the inference worker's port.
pub(super) struct Port {
    port: MessagePort,
    _receive: Closure<dyn FnMut(MessageEvent)>,
}

impl Port {
    pub(super) fn new(port: MessagePort, receive: Closure<dyn FnMut(MessageEvent)>) -> Self {
        port.set_onmessage(Some(receive.as_ref().unchecked_ref()));
        Self {
            port,
            _receive: receive,
        }
    }

    pub(super) fn send(&self, input: &InferenceInput) {
        post(&Recipient::Worker(&self.port), input, &[], &Array::new());
    }

    pub(super) fn send_frames(&self, batch: &Batch) {
        let pixels = Uint8Array::from(batch.pixels.as_slice()).buffer();
        let input = InferenceInput::Frames(FrameBatch {
            times: batch.times.clone(),
        });
        post(
            &Recipient::Worker(&self.port),
            &input,
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

/// What scores frames.
pub(super) enum DetectorBackend {
    /// The inference worker.
    Worker {
        /// The way to it.
        port: Port,
        /// Its network; not known until it has answered `Begin`, and its scores until then are of another session.
        network: Option<Network>,
        /// Whether it was told that no more frames come.
        finishing: bool,
    },
    /// None for the moment; the page may attach another worker.
    Missing {
        /// Since when, ms on the worker's clock.
        since_ms: f64,
    },
    /// Plain frame differences.
    Plain(Box<Detector>),
}

impl DetectorBackend {
    /// The inference worker at the other end of a port, told that a session starts.
    pub(super) fn worker(port: Port) -> Self {
        let mut backend = Self::Worker {
            port,
            network: None,
            finishing: false,
        };
        backend.begin();
        backend
    }

    /// None, and none is expected.
    pub(super) const fn none() -> Self {
        Self::Missing {
            since_ms: f64::NEG_INFINITY,
        }
    }

    /// None any more; another may come.
    pub(super) fn lost() -> Self {
        Self::Missing { since_ms: now_ms() }
    }

    /// A new session starts.
    pub(super) fn begin(&mut self) {
        match self {
            Self::Worker {
                port,
                network,
                finishing,
            } => {
                port.send(&InferenceInput::Begin);
                (*network, *finishing) = (None, false);
            }
            Self::Plain(_) => *self = Self::none(),
            Self::Missing { .. } => {}
        }
    }

    /// Which network gives the scores.
    pub(super) fn network(&self) -> Network {
        match self {
            Self::Worker { network, .. } => network.unwrap_or(Network {
                engine: Engine::Cpu,
                weights: None,
            }),
            Self::Missing { .. } | Self::Plain(_) => Network::PLAIN,
        }
    }

    pub(super) const fn is_worker(&self) -> bool {
        matches!(self, Self::Worker { .. })
    }

    pub(super) const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether it is a worker that has answered `Begin`, so that its scores are of this session.
    pub(super) const fn is_known(&self) -> bool {
        matches!(
            self,
            Self::Worker {
                network: Some(_),
                ..
            }
        )
    }

    /// Falls back to plain frame differences where another worker took too long to come.
    pub(super) fn fall_back(&mut self) {
        if let Self::Missing { since_ms } = self
            && now_ms() - *since_ms > REPLACEMENT_MS
        {
            *self = Self::Plain(Box::new(Detector::plain()));
        }
    }

    /// How long it may still be waited for, ms, when a worker last answered at `answered_ms`.
    pub(super) fn patience_ms(&self, answered_ms: f64) -> f64 {
        match self {
            Self::Worker { .. } => answered_ms + TIMEOUT_MS - now_ms(),
            Self::Missing { since_ms } => since_ms + REPLACEMENT_MS - now_ms(),
            Self::Plain(_) => TIMEOUT_MS,
        }
    }
}

/// Runs a batch through a detector of our own.
pub(super) async fn score(detector: &mut Detector, batch: &Batch) -> Vec<(f64, f32)> {
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
