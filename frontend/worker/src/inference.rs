//! The inference worker: thumbnails in over a port, shot boundaries out.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::capture::Engine;
use futures::{StreamExt, channel::mpsc::unbounded};
use js_sys::{Array, Uint8Array};
use protocol::{FrameBatch, InferenceInput, InferenceOutput, InferenceStatus, Scores};
use vision::{
    device::{self, Device},
    frame::{BYTES, Thumb},
    shot::{Detector, WeightsError},
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessagePort, Response};

use crate::browser::{To, describe, field, listener, post, scope, settled};

thread_local! {
    /// The way to the recorder, for a last word.
    static PORT: RefCell<Option<MessagePort>> = const { RefCell::new(None) };
}

/// Tells page and recorder that this worker ends.
pub(crate) fn last_word(reason: &str) {
    let reason = reason.to_owned();
    PORT.with_borrow(|port| {
        if let Some(port) = port {
            post(
                &To::Port(port),
                &InferenceOutput::Gone {
                    reason: reason.clone(),
                },
                &[],
                &Array::new(),
            );
        }
    });
    post(
        &To::Page,
        &InferenceStatus::Unusable { reason },
        &[],
        &Array::new(),
    );
}

/// Becomes the inference worker: loads the weights, and `precise` those of the published network, and answers what comes
/// over `port`.
pub(crate) fn start(weights: String, precise: Option<String>, port: MessagePort) {
    let (words, mut queue) = unbounded();
    let hear = listener(move |say, message| {
        if let Ok(word) = serde_json::from_str::<InferenceInput>(&say) {
            let _ = words.unbounded_send((word, message));
        }
    });
    PORT.set(Some(port.clone()));
    // What the recorder says before the network is loaded waits in the queue.
    port.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget(); // listens as long as the worker lives
    wasm_bindgen_futures::spawn_local(async move {
        let Some(mut network) = Network::load(&weights, precise.as_deref(), port).await else {
            return;
        };
        while let Some((word, message)) = queue.next().await {
            network.hear(word, &message).await;
        }
    });
}

struct Network {
    port: MessagePort,
    detector: Detector,
    /// Why there is no network, where there is none.
    lacks: Option<String>,
    said: Rc<Cell<Option<Engine>>>,
}

impl Network {
    /// Loads the network onto the device this bundle is for. `None` where that device is not to be had.
    async fn load(weights: &str, precise: Option<&str>, port: MessagePort) -> Option<Self> {
        let device = if cfg!(feature = "gpu") {
            match device::gpu().await {
                Ok(device) => device,
                Err(reason) => {
                    last_word(&reason);
                    return None;
                }
            }
        } else {
            device::cpu()
        };
        // Without weights there is still plain frame difference: a creator can always film.
        let bytes = fetch(weights).await.map_err(|_| WeightsError::Missing);
        let made = bytes.and_then(|bytes| Ok((Detector::new(&bytes, device.clone())?, bytes)));
        let (mut detector, lacks) = match made {
            Ok((mut detector, bytes)) => {
                if cfg!(feature = "gpu")
                    && let Err(reason) = rehearse(&mut detector, &bytes).await
                {
                    last_word(&reason);
                    return None;
                }
                (detector, None)
            }
            Err(error) => (Detector::plain(), Some(error.to_string())),
        };
        if let Some(url) = precise
            && let Err(reason) = join(&mut detector, url, &device).await
        {
            let words = format!("the precise network is left out: {reason}");
            web_sys::console::warn_1(&words.into());
        }
        let network = Self {
            port,
            detector,
            lacks,
            said: Rc::new(Cell::new(None)),
        };
        network.say_engine(false);
        Some(network)
    }

    fn say(&self, word: &InferenceOutput) {
        post(&To::Port(&self.port), word, &[], &Array::new());
    }

    /// Says where it runs, where that is news (or `always`).
    fn say_engine(&self, always: bool) {
        let engine = self.detector.engine();
        let news = self.said.replace(Some(engine)) != Some(engine);
        if news {
            let no_network = self.lacks.clone();
            let word = InferenceStatus::Running { engine, no_network };
            post(&To::Page, &word, &[], &Array::new());
        }
        if news || always {
            let network = domain::capture::Network {
                engine,
                weights: self.detector.weights(),
            };
            self.say(&InferenceOutput::Network { network });
        }
    }

    async fn hear(&mut self, word: InferenceInput, message: &JsValue) {
        match word {
            InferenceInput::Begin => {
                // What is left of a session that was given up is answered to nobody.
                let _ = self.detector.finish().await;
                self.say_engine(true);
            }
            InferenceInput::Frames(FrameBatch { times }) => {
                let pixels = field(message, "pixels")
                    .map(|pixels| Uint8Array::new(&pixels).to_vec())
                    .unwrap_or_default();
                let mut scores = Vec::new();
                for (t, pixels) in times.into_iter().zip(pixels.chunks_exact(BYTES)) {
                    if let Some(thumb) = Thumb::from_bytes(pixels) {
                        scores.extend(self.detector.push(t, &thumb).await);
                    }
                }
                self.answer(scores);
            }
            InferenceInput::Finish => {
                let scores = self.detector.finish().await;
                self.answer(scores);
                self.say(&InferenceOutput::Done);
            }
        }
    }

    fn answer(&self, scores: Vec<(f64, f32)>) {
        self.say_engine(false);
        if !scores.is_empty() {
            self.say(&InferenceOutput::Scores(Scores { scores }));
        }
    }
}

/// Lets the published network judge beside the detector's own. Where it cannot be had, the analysis is what it was.
#[cfg(feature = "gpu")]
async fn join(detector: &mut Detector, url: &str, device: &Device) -> Result<(), String> {
    let bytes = fetch(url).await?;
    let added = detector.add_transnet(&bytes, device);
    added.map_err(|error| error.to_string())
}

/// The CPU build has none.
#[cfg(not(feature = "gpu"))]
async fn join(_: &mut Detector, _: &str, _: &Device) -> Result<(), String> {
    Err("this build runs on the CPU".to_owned())
}

/// Frames of the rehearsal: three blocks of the network.
const REHEARSAL: u32 = 96;

/// The most by which two devices' scores may differ: half of what decisions are rounded to.
const TOLERANCE: f32 = 0.005;

/// Lets the GPU judge a short film before it is asked to judge a person's: its shaders are compiled by that, and a driver that
/// draws nonsense is found out, for the CPU judges the same film.
async fn rehearse(gpu: &mut Detector, weights: &[u8]) -> Result<(), String> {
    let mut cpu = Detector::new(weights, device::cpu()).map_err(|error| error.to_string())?;
    let (theirs, ours) = (show(gpu).await, show(&mut cpu).await);
    if gpu.engine() != Engine::Gpu {
        return Err("the GPU was lost in its rehearsal".to_owned());
    }
    let worst = theirs
        .iter()
        .zip(&ours)
        .map(|(a, b)| (a.1 - b.1).abs())
        .fold(0.0, f32::max);
    if theirs.len() != ours.len() || worst.is_nan() || worst > TOLERANCE {
        return Err(format!(
            "the GPU judges a film differently from the CPU, by up to {worst}"
        ));
    }
    Ok(())
}

/// Two pictures that move, with a cut between them.
async fn show(detector: &mut Detector) -> Vec<(f64, f32)> {
    let mut scores = Vec::new();
    for i in 0..REHEARSAL {
        let pixels: Vec<u8> = (0..BYTES as u32)
            .map(|k| {
                let along = k / 3 + i;
                let wave = if i < REHEARSAL / 2 {
                    along * 5
                } else {
                    along * along / 7 + 90 * (k % 3)
                };
                (wave % 256) as u8
            })
            .collect();
        if let Some(thumb) = Thumb::from_bytes(&pixels) {
            scores.extend(detector.push(f64::from(i) / 30.0, &thumb).await);
        }
    }
    scores.extend(detector.finish().await);
    scores
}

async fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let wrong = |error: JsValue| describe(&error);
    let response: Response = settled(scope().fetch_with_str(url))
        .await
        .map_err(wrong)?
        .dyn_into()
        .map_err(wrong)?;
    if !response.ok() {
        return Err(format!("status {}", response.status()));
    }
    let buffer = settled(response.array_buffer().map_err(wrong)?)
        .await
        .map_err(wrong)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
