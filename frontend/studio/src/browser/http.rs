//! Requests to the shop's server.

use std::{cell::Cell, rc::Rc};

use domain::wire::Problem;
use futures::channel::oneshot;
use gloo::{
    events::EventListener,
    net::http::{Method, Request, RequestBuilder},
    timers::callback::{Interval, Timeout},
};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Blob, ProgressEvent, XmlHttpRequest};

use super::{error, js};

/// Milliseconds without an answer, or without a byte of a body moving, after which a connection counts as cut: a phone that
/// changed networks may otherwise wait for minutes.
const STALL_MS: u32 = 45_000;

/// Milliseconds between two looks at a body under way.
const WATCH_MS: u32 = 5_000;

type HeaderLookup = Box<dyn Fn(&str) -> Option<String>>;

/// What came back.
pub(crate) struct Response {
    /// The HTTP status; 0 when no answer came.
    pub(crate) status: u16,
    /// The body as text.
    pub(crate) body: String,
    headers: HeaderLookup,
}

impl Response {
    fn none() -> Self {
        Self {
            status: 0,
            body: String::new(),
            headers: Box::new(|_| None),
        }
    }

    /// An answer that somebody else has read.
    pub(crate) fn refused(status: u16, body: String, retry_after: Option<String>) -> Self {
        Self {
            status,
            body,
            headers: Box::new(move |name| {
                retry_after
                    .clone()
                    .filter(|_| name.eq_ignore_ascii_case("Retry-After"))
            }),
        }
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        (self.headers)(name)
    }

    fn problem(&self) -> Option<Problem> {
        serde_json::from_str(&self.body).ok()
    }

    /// The server's own message about a failure.
    pub(crate) fn message(&self) -> Option<String> {
        self.problem().map(|problem| problem.message)
    }

    /// The server's code of a failure.
    pub(crate) fn code(&self) -> Option<String> {
        self.problem().map(|problem| problem.code)
    }

    /// Whether the shop answered, and not nobody, or a proxy in its place.
    pub(crate) fn is_answer(&self) -> bool {
        !matches!(self.status, 0 | 502..=504)
    }
}

/// Ends a request that gets no answer; lasts as long as the request may.
struct Deadline {
    controller: Option<AbortController>,
    _timeout: Timeout,
}

impl Deadline {
    fn start() -> Self {
        let controller = AbortController::new().ok();
        let ended = controller.clone();
        Self {
            controller,
            _timeout: Timeout::new(STALL_MS, move || {
                if let Some(controller) = ended {
                    controller.abort();
                }
            }),
        }
    }

    fn watch(&self, request: RequestBuilder) -> RequestBuilder {
        let signal = self.controller.as_ref().map(AbortController::signal);
        request.abort_signal(signal.as_ref())
    }
}

async fn fetch(request: Result<Request, gloo::net::Error>) -> Response {
    let answer = async {
        let response = request?.send().await?;
        let body = response.text().await?;
        Ok::<_, gloo::net::Error>((response, body))
    };
    match answer.await {
        Ok((response, body)) => Response {
            status: response.status(),
            body,
            headers: Box::new(move |name| response.headers().get(name)),
        },
        Err(_) => Response::none(),
    }
}

/// Sends a request without a body.
pub(crate) async fn send(method: Method, url: &str, headers: &[(&str, &str)]) -> Response {
    let deadline = Deadline::start();
    let request = RequestBuilder::new(url).method(method);
    let request = headers
        .iter()
        .fold(deadline.watch(request), |request, (name, value)| {
            request.header(name, value)
        });
    fetch(request.build()).await
}

/// Why a server function gave no answer.
pub(crate) enum CallError {
    /// It did what was asked, but its answer cannot be read.
    Unreadable,
    /// It did not, or could not be reached (status 0): the status, and a message for the person.
    Refused(u16, String),
}

/// Calls a server function.
pub(crate) async fn call<A: Serialize, R: DeserializeOwned>(
    address: &str,
    headers: &[(&str, &str)],
    arguments: &A,
) -> Result<R, CallError> {
    let deadline = Deadline::start();
    let request = deadline
        .watch(RequestBuilder::new(address).method(Method::POST))
        .header("Accept", "application/json");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| {
            request.header(name, value)
        })
        .json(arguments);
    let response = fetch(request).await;
    match response.status {
        200..=299 => serde_json::from_str(&response.body).map_err(|_| CallError::Unreadable),
        status => Err(CallError::Refused(
            status,
            response
                .message()
                .unwrap_or_else(|| error::request_failed(status)),
        )),
    }
}

/// Sends bytes by `PATCH`. `on_progress` is told how many of them have left: fetch, which everything else uses, does not say.
pub(crate) async fn patch(
    url: &str,
    headers: &[(&str, &str)],
    bytes: &Blob,
    on_progress: impl Fn(u64) + 'static,
) -> Response {
    try_patch(url, headers, bytes, on_progress)
        .await
        .unwrap_or_else(|_| Response::none())
}

async fn try_patch(
    url: &str,
    headers: &[(&str, &str)],
    bytes: &Blob,
    on_progress: impl Fn(u64) + 'static,
) -> Result<Response, JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open_with_async("PATCH", url, true)?;
    for (name, value) in headers {
        request.set_request_header(name, value)?;
    }
    let last_byte = Rc::new(Cell::new(js::now()));
    let upload = request.upload()?;
    let moved = last_byte.clone();
    let _progress = EventListener::new(&upload, "progress", move |event| {
        moved.set(js::now());
        if let Some(event) = event.dyn_ref::<ProgressEvent>() {
            on_progress(event.loaded() as u64);
        }
    });
    let (end, ended) = oneshot::channel();
    let _end = EventListener::once(&request, "loadend", move |_| {
        let _ = end.send(());
    });
    request.send_with_opt_blob(Some(bytes))?;
    let watched = request.clone();
    let _watch = Interval::new(WATCH_MS, move || {
        if js::now() - last_byte.get() > f64::from(STALL_MS) {
            let _ = watched.abort();
        }
    });
    // The listener holds the sender as long as this waits.
    let _ = ended.await;
    Ok(Response {
        status: request.status()?,
        body: request.response_text()?.unwrap_or_default(),
        headers: Box::new(move |name| request.get_response_header(name).ok().flatten()),
    })
}
