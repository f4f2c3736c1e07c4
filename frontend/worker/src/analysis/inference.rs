//! The inference worker: thumbnails in over a port, shot boundaries out.

use std::cell::{Cell, RefCell};

use domain::capture::{Engine, Network};
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

use crate::browser::{Recipient, describe, field, listener, post, scope, settled};

thread_local! {
    /// The way to the recorder, to report the end of this worker.
    static PORT: RefCell<Option<MessagePort>> = const { RefCell::new(None) };
}

/// Tells page and recorder that this worker ends.
pub(crate) fn report_end(reason: &str) {
    let reason = reason.to_owned();
    PORT.with_borrow(|port| {
        if let Some(port) = port {
            post(
                &Recipient::Worker(port),
                &InferenceOutput::Gone {
                    reason: reason.clone(),
                },
                &[],
                &Array::new(),
            );
        }
    });
    post(
        &Recipient::Page,
        &InferenceStatus::Unusable { reason },
        &[],
        &Array::new(),
    );
}

/// Becomes the inference worker: loads the weights, and `precise` those of the published network, and answers what comes
/// over `port`.
pub(crate) fn start(weights: String, precise: Option<String>, port: MessagePort) {
    let (inputs, mut queue) = unbounded();
    let receive = listener(move |json, posted| {
        if let Ok(input) = serde_json::from_str::<InferenceInput>(&json) {
            let _ = inputs.unbounded_send((input, posted));
        }
    });
    PORT.set(Some(port.clone()));
    // What the recorder sends before the network is loaded waits in the queue.
    port.set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget(); // listens as long as the worker lives
    wasm_bindgen_futures::spawn_local(async move {
        let Some(mut worker) = InferenceWorker::load(&weights, precise.as_deref(), port).await
        else {
            return;
        };
        while let Some((input, posted)) = queue.next().await {
            worker.handle(input, &posted).await;
        }
    });
}

struct InferenceWorker {
    port: MessagePort,
    detector: Detector,
    /// Why there is no network, where there is none.
    no_network: Option<String>,
    /// What the page was told last.
    reported: Cell<Option<Engine>>,
}

impl InferenceWorker {
    /// Loads the network onto the device this bundle is for. `None` where that device is not to be had.
    async fn load(weights: &str, precise: Option<&str>, port: MessagePort) -> Option<Self> {
        let device = if cfg!(feature = "gpu") {
            match device::gpu().await {
                Ok(device) => device,
                Err(reason) => {
                    report_end(&reason);
                    return None;
                }
            }
        } else {
            device::cpu()
        };
        // Without weights there is still plain frame difference: a creator can always film.
        let bytes = fetch(weights).await.map_err(|_| WeightsError::Missing);
        let made = bytes.and_then(|bytes| Ok((Detector::new(&bytes, device.clone())?, bytes)));
        let (mut detector, no_network) = match made {
            Ok((mut detector, bytes)) => {
                if cfg!(feature = "gpu")
                    && let Err(reason) = self_test(&mut detector, &bytes).await
                {
                    report_end(&reason);
                    return None;
                }
                (detector, None)
            }
            Err(error) => (Detector::plain(), Some(error.to_string())),
        };
        if let Some(url) = precise
            && let Err(reason) = add_precise_network(&mut detector, url, &device).await
        {
            let warning = format!("the precise network is left out: {reason}");
            web_sys::console::warn_1(&warning.into());
        }
        let worker = Self {
            port,
            detector,
            no_network,
            reported: Cell::new(None),
        };
        worker.report_engine(false);
        Some(worker)
    }

    fn send(&self, output: &InferenceOutput) {
        post(&Recipient::Worker(&self.port), output, &[], &Array::new());
    }

    /// Reports where it runs, where that has changed (to the recorder `always`).
    fn report_engine(&self, always: bool) {
        let engine = self.detector.engine();
        let changed = self.reported.replace(Some(engine)) != Some(engine);
        if changed {
            let no_network = self.no_network.clone();
            let status = InferenceStatus::Running { engine, no_network };
            post(&Recipient::Page, &status, &[], &Array::new());
        }
        if changed || always {
            let network = Network {
                engine,
                weights: self.detector.weights(),
            };
            self.send(&InferenceOutput::Network { network });
        }
    }

    async fn handle(&mut self, input: InferenceInput, posted: &JsValue) {
        match input {
            InferenceInput::Begin => {
                // What is left of a session that was given up is answered to nobody.
                let _ = self.detector.finish().await;
                self.report_engine(true);
            }
            InferenceInput::Frames(FrameBatch { times }) => {
                let pixels = field(posted, "pixels")
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
                self.send(&InferenceOutput::Done);
            }
        }
    }

    fn answer(&self, scores: Vec<(f64, f32)>) {
        self.report_engine(false);
        if !scores.is_empty() {
            self.send(&InferenceOutput::Scores(Scores { scores }));
        }
    }
}

/// Adds the published network beside the detector's own. Where it cannot be had, the analysis is what it was.
#[cfg(feature = "gpu")]
async fn add_precise_network(
    detector: &mut Detector,
    url: &str,
    device: &Device,
) -> Result<(), String> {
    let bytes = fetch(url).await?;
    let added = detector.add_transnet(&bytes, device);
    added.map_err(|error| error.to_string())
}

/// The CPU build has none.
#[cfg(not(feature = "gpu"))]
async fn add_precise_network(_: &mut Detector, _: &str, _: &Device) -> Result<(), String> {
    Err("this build runs on the CPU".to_owned())
}

/// Frames of the self-test: three blocks of the network.
const SELF_TEST_FRAMES: u32 = 96;

/// The most by which two devices' scores may differ: half of what decisions are rounded to.
const TOLERANCE: f32 = 0.005;

/// Lets the GPU score a short film before it scores a person's: its shaders are compiled by that, and a driver that
/// computes nonsense is found out, for the CPU scores the same film.
async fn self_test(gpu: &mut Detector, weights: &[u8]) -> Result<(), String> {
    let mut cpu = Detector::new(weights, device::cpu()).map_err(|error| error.to_string())?;
    let (theirs, ours) = (score_test_film(gpu).await, score_test_film(&mut cpu).await);
    if gpu.engine() != Engine::Gpu {
        return Err("the GPU was lost in its self-test".to_owned());
    }
    let worst = theirs
        .iter()
        .zip(&ours)
        .map(|(a, b)| (a.1 - b.1).abs())
        .fold(0.0, f32::max);
    if theirs.len() != ours.len() || worst.is_nan() || worst > TOLERANCE {
        return Err(format!(
            "the GPU scores a film differently from the CPU, by up to {worst}"
        ));
    }
    Ok(())
}

/// Scores a film of two pictures that move, with a cut between them.
async fn score_test_film(detector: &mut Detector) -> Vec<(f64, f32)> {
    let mut scores = Vec::new();
    for i in 0..SELF_TEST_FRAMES {
        let pixels: Vec<u8> = (0..BYTES as u32)
            .map(|k| {
                let along = k / 3 + i;
                let wave = if i < SELF_TEST_FRAMES / 2 {
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
