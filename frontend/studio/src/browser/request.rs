//! Requests to the shop, with progress.

use std::rc::Rc;

use js_sys::Promise;
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ProgressEvent, XmlHttpRequest};

use super::{js, listener::Listener};

/// Milliseconds without any byte moving after which a connection counts as cut.
const STALL: u32 = 45_000;

/// What came back.
pub(crate) struct Answer {
    /// The HTTP status; 0 when no answer came.
    pub(crate) status: u16,
    /// The body as text.
    pub(crate) body: String,
    request: XmlHttpRequest,
}

impl Answer {
    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.request.get_response_header(name).ok()?
    }

    /// The server's own sentence about a failure.
    pub(crate) fn sentence(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Failure {
            error: String,
        }
        serde_json::from_str::<Failure>(&self.body)
            .ok()
            .map(|f| f.error)
    }
}

/// What is sent.
pub(crate) enum Body<'a> {
    /// Nothing.
    None,
    /// JSON.
    Json(String),
    /// Bytes as they are.
    Bytes(&'a Blob),
}

/// Sends a request and waits for its end. `moved` hears how many bytes of the body have left.
pub(crate) async fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Body<'_>,
    moved: impl Fn(u64) + 'static,
) -> Result<Answer, JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open_with_async(method, url, true)?;
    for (name, value) in headers {
        request.set_request_header(name, value)?;
    }
    if matches!(body, Body::Json(_)) {
        request.set_request_header("Content-Type", "application/json")?;
    }
    let alive = Rc::new(std::cell::Cell::new(js::now()));
    let upload = request.upload()?;
    let progress = {
        let alive = alive.clone();
        Listener::on(&upload, "progress", move |event| {
            alive.set(js::now());
            if let Ok(event) = event.dyn_into::<ProgressEvent>() {
                moved(event.loaded() as u64);
            }
        })
    };
    let ended = Promise::new(&mut |resolve, _| {
        let _ = request.add_event_listener_with_callback("loadend", &resolve);
    });
    match &body {
        Body::None => request.send()?,
        Body::Json(text) => request.send_with_opt_str(Some(text))?,
        Body::Bytes(blob) => request.send_with_opt_blob(Some(blob))?,
    }
    let guard = Rc::new(());
    watch(request.clone(), alive, Rc::downgrade(&guard));
    JsFuture::from(ended).await?;
    drop(guard);
    drop(progress);
    Ok(Answer {
        status: request.status()?,
        body: request.response_text()?.unwrap_or_default(),
        request,
    })
}

/// Cuts a connection on which nothing moves: a phone that changed networks may otherwise wait for minutes.
fn watch(request: XmlHttpRequest, alive: Rc<std::cell::Cell<f64>>, guard: std::rc::Weak<()>) {
    wasm_bindgen_futures::spawn_local(async move {
        loop {
            js::sleep(5_000).await;
            if guard.upgrade().is_none() {
                return;
            }
            if js::now() - alive.get() > f64::from(STALL) {
                let _ = request.abort();
                return;
            }
        }
    });
}

/// Sends JSON and reads JSON back. The error is a sentence for the person.
pub(crate) async fn json(
    method: &str,
    url: &str,
    body: Body<'_>,
) -> Result<serde_json::Value, String> {
    let answer = send(method, url, &[("Accept", "application/json")], body, |_| {})
        .await
        .map_err(|error| {
            format!(
                "The request could not be sent ({}). Reload the page, then try again.",
                js::error_text(&error)
            )
        })?;
    match answer.status {
        200..=299 => serde_json::from_str(&answer.body)
            .map_err(|_| "The shop's answer could not be read. Reload the page, then try again.".into()),
        0 => Err("The shop cannot be reached. Check the network, then try again.".into()),
        status => Err(answer.sentence().unwrap_or_else(|| match status {
            401 | 403 => "You are signed out. Sign in again, then repeat this.".into(),
            429 => "That was too often. Wait a minute, then try again.".into(),
            500..=599 => format!("The shop had a fault (status {status}). Try again; if it stays, look at the server's log."),
            _ => format!("The shop refused this (status {status}). Reload the page, then try again."),
        })),
    }
}
