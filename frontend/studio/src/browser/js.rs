//! Values of JavaScript where web-sys has no type, or a type that assumes more than every browser has.

use futures::channel::oneshot;
use gloo::timers::callback::Timeout;
use js_sys::{Promise, Reflect};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Window;

/// The window. The bundle is loaded by a page only; a worker never runs it.
pub(crate) fn window() -> Window {
    web_sys::window().expect("the studio is loaded by a page, which has a window")
}

/// A property; `undefined` where there is none or the target is no object.
pub(crate) fn get(target: &JsValue, key: &str) -> JsValue {
    Reflect::get(target, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED)
}

/// Sets a property of a plain object.
pub(crate) fn set(target: &JsValue, key: &str, value: &JsValue) {
    // Only frozen objects and non-objects refuse, and neither is ever passed here.
    let _ = Reflect::set(target, &JsValue::from_str(key), value);
}

/// A constructor or other global of the page, if this browser has it.
pub(crate) fn global(name: &str) -> Option<JsValue> {
    let found = get(&js_sys::global(), name);
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

/// JSON as a JavaScript value.
pub(crate) fn from_json(value: &Value) -> JsValue {
    js_sys::JSON::parse(&value.to_string()).unwrap_or(JsValue::NULL)
}

/// Calls a method without arguments that gives a promise, and waits for it.
pub(crate) async fn call(target: &JsValue, method: &str) -> Result<JsValue, JsValue> {
    let function: js_sys::Function = get(target, method).dyn_into()?;
    let promise: Promise = function.call0(target)?.dyn_into()?;
    JsFuture::from(promise).await
}

/// The name of an exception, e.g. `NotAllowedError`.
pub(crate) fn error_name(error: &JsValue) -> String {
    get(error, "name")
        .as_string()
        .unwrap_or_else(|| "unknown".into())
}

/// The message of an exception.
pub(crate) fn error_text(error: &JsValue) -> String {
    get(error, "message")
        .as_string()
        .or_else(|| error.as_string())
        .unwrap_or_else(|| format!("{error:?}"))
}

/// Waits. Hidden tabs may be woken late.
pub(crate) async fn sleep(ms: u32) {
    let (end, ended) = oneshot::channel();
    let _timeout = Timeout::new(ms, move || {
        let _ = end.send(());
    });
    let _ = ended.await;
}

/// Milliseconds since the page was opened, monotonic.
pub(crate) fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
