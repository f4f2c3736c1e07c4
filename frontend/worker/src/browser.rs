//! The browser's APIs as the worker uses them: messages, promises, time, and owners for what must be closed.

pub(crate) mod changed;
pub(crate) mod colour;
pub(crate) mod decode;
pub(crate) mod drawn;
pub(crate) mod encode;
pub(crate) mod file;
pub(crate) mod sampler;
pub(crate) mod sound;

use std::{future::Future, ops::Deref};

use futures::channel::oneshot;
use gloo::timers::callback::Timeout;
use js_sys::{Array, Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioData, DedicatedWorkerGlobalScope, MessageEvent, MessagePort, VideoFrame};

/// The worker's global scope.
pub(crate) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Milliseconds on a clock that never goes back.
pub(crate) fn now_ms() -> f64 {
    scope()
        .performance()
        .map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Waits for a promise.
pub(crate) async fn settled(promise: Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise).await
}

/// Waits some milliseconds.
pub(crate) async fn sleep(ms: u32) {
    let (done, over) = oneshot::channel();
    // Cancelled when it is dropped.
    let _timeout = Timeout::new(ms, move || {
        let _ = done.send(());
    });
    let _ = over.await;
}

/// Waits for a future, at most `ms`; `None` when it took longer.
pub(crate) async fn within<T>(ms: u32, future: impl Future<Output = T>) -> Option<T> {
    let (future, limit) = (std::pin::pin!(future), std::pin::pin!(sleep(ms)));
    match futures::future::select(future, limit).await {
        futures::future::Either::Left((value, _)) => Some(value),
        futures::future::Either::Right(_) => None,
    }
}

/// The name of a `DOMException` or error, e.g. `QuotaExceededError`.
pub(crate) fn name_of(error: &JsValue) -> String {
    text(error, "name").unwrap_or_default()
}

/// Name and message of an error, for the brackets in a message to the creator.
pub(crate) fn describe(error: &JsValue) -> String {
    match (text(error, "name"), text(error, "message")) {
        (Some(name), Some(message)) if !message.is_empty() => format!("{name}: {message}"),
        (Some(name), _) => name,
        _ => error
            .as_string()
            .unwrap_or_else(|| "no reason given".to_owned()),
    }
}

/// A text property.
pub(crate) fn text(object: &JsValue, key: &str) -> Option<String> {
    field(object, key)?.as_string()
}

/// A property that is there and neither null nor undefined.
pub(crate) fn field(object: &JsValue, key: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &key.into()).ok()?;
    (!value.is_null() && !value.is_undefined()).then_some(value)
}

/// What travels beside a message, where it is of the class that is expected.
pub(crate) fn attachment<T: JsCast>(posted: &JsValue, key: &str) -> Option<T> {
    field(posted, key)?.dyn_into().ok()
}

/// Who gets a message.
pub(crate) enum Recipient<'a> {
    /// The page that started this worker.
    Page,
    /// The other worker.
    Worker(&'a MessagePort),
}

/// Posts a message as JSON text with its attachments beside it. A page that is gone takes no message, and nobody is left to
/// be told.
pub(crate) fn post(
    to: &Recipient<'_>,
    message: &impl Serialize,
    attachments: &[(&str, &JsValue)],
    transfer: &Array,
) {
    let posted = Object::new();
    let Ok(json) = serde_json::to_string(message) else {
        return;
    };
    let _ = Reflect::set(&posted, &"say".into(), &json.into());
    for (key, value) in attachments {
        let _ = Reflect::set(&posted, &(*key).into(), value);
    }
    let _ = match to {
        Recipient::Page => scope().post_message_with_transfer(&posted, transfer),
        Recipient::Worker(port) => port.post_message_with_transferable(&posted, transfer),
    };
}

/// A listener for posted messages: gets the JSON text (empty where there is none) and the whole posted object.
pub(crate) fn listener(
    mut receive: impl FnMut(String, JsValue) + 'static,
) -> Closure<dyn FnMut(MessageEvent)> {
    Closure::new(move |event: MessageEvent| {
        let posted = event.data();
        receive(text(&posted, "say").unwrap_or_default(), posted);
    })
}

/// Something of the browser's that holds memory until it is closed.
pub(crate) trait Closable {
    /// Gives the memory back; closing twice does nothing.
    fn close_it(&self);
}

impl Closable for VideoFrame {
    fn close_it(&self) {
        self.close();
    }
}

impl Closable for AudioData {
    fn close_it(&self) {
        self.close();
    }
}

/// The one owner of a frame: closes it when it goes. A camera stalls after two frames that nobody closed.
pub(crate) struct Owned<T: Closable>(pub(crate) T);

impl<T: Closable> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Closable> Drop for Owned<T> {
    fn drop(&mut self) {
        self.0.close_it();
    }
}

/// A count from a property that JavaScript gives as a number.
pub(crate) fn count(value: f64) -> u64 {
    if value.is_finite() && value > 0.0 {
        value as u64
    } else {
        0
    }
}
