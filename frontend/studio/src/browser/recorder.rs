//! The recorder worker as the page talks to it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use domain::{
    highlight::Span,
    wire::studio::{Bundle, Config},
};
use futures::channel::oneshot;
use gloo::events::EventListener;
use js_sys::{Array, Object};
use protocol::{Boot, Report, Request, Role};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, MessageEvent, MessagePort, ReadableStream, Worker, WorkerOptions, WorkerType};

use super::js;

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
        js::set(&message, "port", port);
        transfer.push(port);
    }
    worker.post_message_with_transfer(&message, &transfer)?;
    Ok(worker)
}

/// Something that travels beside a request.
pub(crate) enum Attachment {
    /// The frames to record.
    Video(ReadableStream),
    /// The samples to record.
    Audio(ReadableStream),
    /// The way to the network.
    Inference(MessagePort),
    /// A film to import.
    File(web_sys::File),
    /// Bytes to keep.
    Blob(Blob),
}

/// A file the recorder made, with what it really holds.
#[derive(Clone)]
pub(crate) struct EncodedFile {
    /// Its bytes.
    pub(crate) blob: Blob,
    /// True start of a clip or of a reel's first, or the time of a picture, s.
    pub(crate) start: f64,
    /// True end of a clip or of a reel's last, s.
    pub(crate) end: f64,
}

/// What the recorder answers to a request with a number.
enum Answer {
    /// A file.
    File(EncodedFile),
    /// It is done.
    Done,
}

type Pending = Rc<RefCell<HashMap<u32, oneshot::Sender<Result<Answer, String>>>>>;

/// The recorder worker.
pub(crate) struct Recorder {
    worker: Worker,
    pending: Pending,
    next: Cell<u32>,
    _listeners: [EventListener; 2],
}

impl Recorder {
    /// Starts it. `on_report` gets every report that no request waits for; `on_crash` is called when the worker itself dies.
    pub(crate) fn new(
        config: &Config,
        on_report: impl Fn(Report) + 'static,
        on_crash: impl Fn(String) + 'static,
    ) -> Result<Self, JsValue> {
        let worker = start(
            &config.worker_boot,
            &config.worker_cpu,
            Role::Recorder,
            None,
        )?;
        let pending = Pending::default();
        let message = {
            let pending = pending.clone();
            EventListener::new(&worker, "message", move |event| {
                let Some(event) = event.dyn_ref::<MessageEvent>() else {
                    return;
                };
                let data = event.data();
                let Some(text) = js::get(&data, "say").as_string() else {
                    return;
                };
                match serde_json::from_str::<Report>(&text) {
                    Ok(report) => {
                        if let Some(report) = settle(&pending, report, &data) {
                            on_report(report);
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
            let pending = pending.clone();
            EventListener::new(&worker, "error", move |event| {
                pending.borrow_mut().clear();
                on_crash(js::get(event, "message").as_string().unwrap_or_default());
            })
        };
        Ok(Self {
            worker,
            pending,
            next: Cell::new(1),
            _listeners: [message, error],
        })
    }

    /// Sends a request.
    pub(crate) fn send(&self, request: &Request, attachments: Vec<Attachment>) {
        let message = Object::new();
        let transfer = Array::new();
        for attachment in attachments {
            let (name, value, moves): (_, JsValue, _) = match attachment {
                Attachment::Video(stream) => ("video", stream.into(), true),
                Attachment::Audio(stream) => ("audio", stream.into(), true),
                Attachment::Inference(port) => ("inference", port.into(), true),
                Attachment::File(file) => ("file", file.into(), false),
                Attachment::Blob(blob) => ("blob", blob.into(), false),
            };
            js::set(&message, name, &value);
            if moves {
                transfer.push(&value);
            }
        }
        let Ok(text) = serde_json::to_string(request) else {
            return;
        };
        js::set(&message, "say", &text.into());
        if let Err(error) = self.worker.post_message_with_transfer(&message, &transfer) {
            web_sys::console::error_1(&error);
        }
    }

    /// Cuts spans of the open session into one film.
    pub(crate) async fn cut(&self, spans: Vec<Span>) -> Result<EncodedFile, String> {
        self.file(|request| Request::Cut { request, spans }).await
    }

    /// Takes a frame of the open session.
    pub(crate) async fn take_still(&self, t: f64) -> Result<EncodedFile, String> {
        self.file(|request| Request::Still { request, t }).await
    }

    /// Copies bytes into the queue's folder, durably.
    pub(crate) async fn keep(&self, name: String, bytes: Blob) -> Result<(), String> {
        let attachments = vec![Attachment::Blob(bytes)];
        self.request(|request| Request::Keep { request, name }, attachments)
            .await
            .map(drop)
    }

    async fn file(&self, make: impl FnOnce(u32) -> Request) -> Result<EncodedFile, String> {
        match self.request(make, Vec::new()).await? {
            Answer::File(file) => Ok(file),
            Answer::Done => Err(NO_FILE.to_owned()),
        }
    }

    async fn request(
        &self,
        make: impl FnOnce(u32) -> Request,
        attachments: Vec<Attachment>,
    ) -> Result<Answer, String> {
        let request = self.next.get();
        self.next.set(request.wrapping_add(1));
        let (answer, answered) = oneshot::channel();
        self.pending.borrow_mut().insert(request, answer);
        self.send(&make(request), attachments);
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
fn settle(pending: &Pending, report: Report, data: &JsValue) -> Option<Report> {
    let (request, result) = match &report {
        Report::Clip { request, spans, .. } => {
            let start = spans.first().map_or(0.0, |span| span.start);
            let end = spans.last().map_or(0.0, |span| span.end);
            (*request, encoded_file(data, start, end))
        }
        Report::Picture { request, t, .. } => (*request, encoded_file(data, *t, *t)),
        Report::Kept { request } => (*request, Ok(Answer::Done)),
        Report::Failed {
            request: Some(request),
            message,
            ended: false,
        } => (*request, Err(message.clone())),
        _ => return Some(report),
    };
    let waiter = pending.borrow_mut().remove(&request);
    match waiter {
        Some(waiter) => {
            let _ = waiter.send(result);
            None
        }
        None => Some(report),
    }
}

const NO_FILE: &str = "The recorder answered without a file. Try again.";

fn encoded_file(data: &JsValue, start: f64, end: f64) -> Result<Answer, String> {
    js::get(data, "blob")
        .dyn_into()
        .map(|blob| Answer::File(EncodedFile { blob, start, end }))
        .map_err(|_| NO_FILE.into())
}
