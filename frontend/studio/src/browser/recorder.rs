//! The recorder worker as the page talks to it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use domain::highlight::Span;
use futures::channel::oneshot;
use js_sys::{Array, Object};
use protocol::{Boot, Report, Request, Role};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, MessageEvent, MessagePort, ReadableStream, Worker, WorkerOptions, WorkerType};

use super::{js, listener::Listener};
use crate::config::{Bundle, Config};

/// Starts a worker by the boot script and tells it what it becomes; `port` travels beside.
pub(crate) fn start(
    boot: &str,
    bundle: &Bundle,
    role: Role,
    port: Option<&MessagePort>,
) -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(boot, &options)?;
    let first = Boot {
        js: bundle.js.clone(),
        wasm: bundle.wasm.clone(),
        role,
    };
    let first =
        serde_json::to_value(&first).map_err(|error| JsValue::from_str(&error.to_string()))?;
    let message = js::from_json(&first);
    let transfer = Array::new();
    if let Some(port) = port {
        js::put(&message, "port", port);
        transfer.push(port);
    }
    worker.post_message_with_transfer(&message, &transfer)?;
    Ok(worker)
}

/// Something that travels beside a request.
pub(crate) enum Beside {
    /// The frames to record.
    Video(ReadableStream),
    /// The samples to record.
    Audio(ReadableStream),
    /// The way to the network.
    Inference(MessagePort),
    /// A film to bring in.
    File(web_sys::File),
}

/// A file the recorder made, with what it really holds.
#[derive(Clone)]
pub(crate) struct Made {
    /// Its bytes.
    pub(crate) blob: Blob,
    /// True start of a clip or of a reel's first, or the time of a picture, s.
    pub(crate) start: f64,
    /// True end of a clip or of a reel's last, s.
    pub(crate) end: f64,
}

type Waiting = Rc<RefCell<HashMap<u32, oneshot::Sender<Result<Made, String>>>>>;

/// The recorder worker.
pub(crate) struct Recorder {
    worker: Worker,
    waiting: Waiting,
    next: Cell<u32>,
    _listeners: [Listener; 2],
}

impl Recorder {
    /// Starts it. `hear` gets every report that no request waits for; `broken` is called when the worker itself dies.
    pub(crate) fn new(
        config: &Config,
        hear: impl Fn(Report) + 'static,
        broken: impl Fn(String) + 'static,
    ) -> Result<Self, JsValue> {
        let worker = start(
            &config.worker_boot,
            &config.worker_cpu,
            Role::Recorder,
            None,
        )?;
        let waiting = Waiting::default();
        let message = {
            let waiting = waiting.clone();
            Listener::on(&worker, "message", move |event| {
                let Ok(event) = event.dyn_into::<MessageEvent>() else {
                    return;
                };
                let data = event.data();
                let Some(text) = js::get(&data, "say").as_string() else {
                    return;
                };
                match serde_json::from_str::<Report>(&text) {
                    Ok(report) => {
                        if let Some(report) = settle(&waiting, report, &data) {
                            hear(report);
                        }
                    }
                    Err(error) => web_sys::console::error_2(
                        &format!("recorder: {error}").into(),
                        &text.into(),
                    ),
                }
            })
        };
        let error = {
            let waiting = waiting.clone();
            Listener::on(&worker, "error", move |event| {
                waiting.borrow_mut().clear();
                broken(js::get(&event, "message").as_string().unwrap_or_default());
            })
        };
        Ok(Self {
            worker,
            waiting,
            next: Cell::new(1),
            _listeners: [message, error],
        })
    }

    /// Sends a request.
    pub(crate) fn send(&self, request: &Request, beside: Vec<Beside>) {
        let message = Object::new();
        let transfer = Array::new();
        for thing in beside {
            let (name, value, moves): (_, JsValue, _) = match thing {
                Beside::Video(stream) => ("video", stream.into(), true),
                Beside::Audio(stream) => ("audio", stream.into(), true),
                Beside::Inference(port) => ("inference", port.into(), true),
                Beside::File(file) => ("file", file.into(), false),
            };
            js::put(&message, name, &value);
            if moves {
                transfer.push(&value);
            }
        }
        let Ok(text) = serde_json::to_string(request) else {
            return;
        };
        js::put(&message, "say", &text.into());
        if let Err(error) = self.worker.post_message_with_transfer(&message, &transfer) {
            web_sys::console::error_1(&error);
        }
    }

    /// Cuts spans of the open session into one film.
    pub(crate) async fn cut(&self, spans: Vec<Span>) -> Result<Made, String> {
        self.ask(|request| Request::Cut { request, spans }).await
    }

    /// Takes a frame of the open session.
    pub(crate) async fn still(&self, t: f64) -> Result<Made, String> {
        self.ask(|request| Request::Still { request, t }).await
    }

    async fn ask(&self, make: impl FnOnce(u32) -> Request) -> Result<Made, String> {
        let request = self.next.get();
        self.next.set(request.wrapping_add(1));
        let (answer, answered) = oneshot::channel();
        self.waiting.borrow_mut().insert(request, answer);
        self.send(&make(request), Vec::new());
        answered.await.unwrap_or_else(|_| {
            Err(
                "The recorder stopped. Reload the page; the recording is kept on this device."
                    .into(),
            )
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// Hands an answer to whoever waits for it; gives everything else back.
fn settle(waiting: &Waiting, report: Report, data: &JsValue) -> Option<Report> {
    let (request, result) = match &report {
        Report::Clip { request, spans, .. } => {
            let start = spans.first().map_or(0.0, |span| span.start);
            let end = spans.last().map_or(0.0, |span| span.end);
            (*request, made(data, start, end))
        }
        Report::Picture { request, t, .. } => (*request, made(data, *t, *t)),
        Report::Failed {
            request: Some(request),
            message,
            ended: false,
        } => (*request, Err(message.clone())),
        _ => return Some(report),
    };
    let waiter = waiting.borrow_mut().remove(&request);
    match waiter {
        Some(waiter) => {
            let _ = waiter.send(result);
            None
        }
        None => Some(report),
    }
}

fn made(data: &JsValue, start: f64, end: f64) -> Result<Made, String> {
    js::get(data, "blob")
        .dyn_into()
        .map(|blob| Made { blob, start, end })
        .map_err(|_| "The recorder answered without a file. Try again.".into())
}
