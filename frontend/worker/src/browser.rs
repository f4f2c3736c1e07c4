//! The browser's APIs as the worker uses them: messages, promises, time, and owners for what must be closed.

pub(crate) mod decode;
pub(crate) mod disk;
pub(crate) mod encode;
pub(crate) mod picture;

use std::{future::Future, ops::Deref};

use js_sys::{Array, Function, Object, Promise, Reflect};
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
pub(crate) async fn sleep(ms: i32) {
    let promise = Promise::new(&mut |done: Function, _| {
        let _ = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&done, ms);
    });
    let _ = settled(promise).await;
}

/// Waits for a future, at most `ms`; `None` when it took longer.
pub(crate) async fn within<T>(ms: i32, future: impl Future<Output = T>) -> Option<T> {
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

/// Name and message of an error, for a sentence's brackets.
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

/// A property of a class.
pub(crate) fn beside<T: JsCast>(object: &JsValue, key: &str) -> Option<T> {
    field(object, key)?.dyn_into().ok()
}

/// Where messages go.
pub(crate) enum To<'a> {
    /// The page that started this worker.
    Page,
    /// The other worker.
    Port(&'a MessagePort),
}

/// Posts `{say: json, ...beside}`. A page that is gone takes no message, and nobody is left to be told.
pub(crate) fn post(
    to: &To<'_>,
    say: &impl Serialize,
    beside: &[(&str, &JsValue)],
    transfer: &Array,
) {
    let message = Object::new();
    let Ok(json) = serde_json::to_string(say) else {
        return;
    };
    let _ = Reflect::set(&message, &"say".into(), &json.into());
    for (key, value) in beside {
        let _ = Reflect::set(&message, &(*key).into(), value);
    }
    let _ = match to {
        To::Page => scope().post_message_with_transfer(&message, transfer),
        To::Port(port) => port.post_message_with_transferable(&message, transfer),
    };
}

/// A listener for posted messages: gets the `say` text (empty where there is none) and the whole object.
pub(crate) fn listener(
    mut hear: impl FnMut(String, JsValue) + 'static,
) -> Closure<dyn FnMut(MessageEvent)> {
    Closure::new(move |event: MessageEvent| {
        let data = event.data();
        hear(text(&data, "say").unwrap_or_default(), data);
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
