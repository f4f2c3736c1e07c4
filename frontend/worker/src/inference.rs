//! The inference worker: thumbnails in over a port, shot boundaries out.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::capture::{Analysis, Condition, Engine};
use futures::{StreamExt, channel::mpsc::unbounded};
use js_sys::{Array, Uint8Array};
use vision::{
    device,
    frame::{BYTES, Thumb},
    shot::Detector,
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
                &Analysis::Gone {
                    reason: reason.clone(),
                },
                &[],
                &Array::new(),
            );
        }
    });
    post(&To::Page, &Condition::Unfit { reason }, &[], &Array::new());
}

/// Becomes the inference worker: loads the weights and answers what comes over `port`.
pub(crate) fn start(weights: String, port: MessagePort) {
    let (words, mut queue) = unbounded();
    let hear = listener(move |say, message| {
        if let Ok(word) = serde_json::from_str::<Analysis>(&say) {
            let _ = words.unbounded_send((word, message));
        }
    });
    PORT.set(Some(port.clone()));
    // What the recorder says before the network is loaded waits in the queue.
    port.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget(); // listens as long as the worker lives
    wasm_bindgen_futures::spawn_local(async move {
        let Some(mut network) = Network::load(&weights, port).await else {
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
    said: Rc<Cell<Option<Engine>>>,
}

impl Network {
    /// Loads the network onto the device this bundle is for. `None` where that device is not to be had.
    async fn load(weights: &str, port: MessagePort) -> Option<Self> {
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
        let detector = match fetch(weights).await {
            Ok(bytes) => Detector::new(&bytes, device).unwrap_or_else(|_| Detector::plain()),
            Err(_) => Detector::plain(),
        };
        let network = Self {
            port,
            detector,
            said: Rc::new(Cell::new(None)),
        };
        network.say_engine(false);
        Some(network)
    }

    fn say(&self, word: &Analysis) {
        post(&To::Port(&self.port), word, &[], &Array::new());
    }

    /// Says where it runs, where that is news (or `always`).
    fn say_engine(&self, always: bool) {
        let engine = self.detector.engine();
        let news = self.said.replace(Some(engine)) != Some(engine);
        if news {
            post(&To::Page, &Condition::Engine { engine }, &[], &Array::new());
        }
        if news || always {
            self.say(&Analysis::Engine { engine });
        }
    }

    async fn hear(&mut self, word: Analysis, message: &JsValue) {
        match word {
            Analysis::Begin => {
                // What is left of a session that was given up is answered to nobody.
                let _ = self.detector.finish().await;
                self.say_engine(true);
            }
            Analysis::Frames { times } => {
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
            Analysis::Finish => {
                let scores = self.detector.finish().await;
                self.answer(scores);
                self.say(&Analysis::Done);
            }
            Analysis::Boundaries { .. }
            | Analysis::Engine { .. }
            | Analysis::Done
            | Analysis::Gone { .. } => {}
        }
    }

    fn answer(&self, scores: Vec<(f64, f32)>) {
        self.say_engine(false);
        if !scores.is_empty() {
            self.say(&Analysis::Boundaries { scores });
        }
    }
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
