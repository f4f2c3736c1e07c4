//! One tab at a time for one session (Web Locks API).

use futures::channel::oneshot;
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::js;

/// A session is this tab's while the value lives. Closing the tab frees it too.
pub(crate) struct SessionLock {
    release: Option<Function>,
}

impl Drop for SessionLock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

fn key(session: &str) -> String {
    format!("vitrine.session.{session}")
}

fn locks() -> Option<JsValue> {
    let navigator = js::window().navigator();
    let locks = js::get(&navigator, "locks");
    locks.is_object().then_some(locks)
}

/// Locks a session for this tab, or `None` when another tab has it.
pub(crate) async fn acquire(session: &str) -> Option<SessionLock> {
    // Without the API the recorder's file handle, which only one tab can have, still guards the recording.
    let Some(locks) = locks() else {
        return Some(SessionLock { release: None });
    };
    let (answer, answered) = oneshot::channel();
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        if lock.is_null() {
            let _ = answer.send(None);
            return JsValue::UNDEFINED;
        }
        let mut release = None;
        // The lock is held until this promise resolves.
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let _ = answer.send(release);
        held.into()
    });
    let options = js::from_json(&serde_json::json!({ "ifAvailable": true }));
    let request: Function = js::get(&locks, "request").dyn_into().ok()?;
    request
        .call3(&locks, &key(session).into(), &options, &granted)
        .ok()?;
    answered.await.ok().flatten().map(|release| SessionLock {
        release: Some(release),
    })
}

/// The sessions that some tab has now.
pub(crate) async fn list() -> Vec<String> {
    let Some(locks) = locks() else {
        return Vec::new();
    };
    let Ok(function) = js::get(&locks, "query").dyn_into::<Function>() else {
        return Vec::new();
    };
    let Some(promise) = function
        .call0(&locks)
        .ok()
        .and_then(|p| p.dyn_into::<Promise>().ok())
    else {
        return Vec::new();
    };
    let Ok(snapshot) = JsFuture::from(promise).await else {
        return Vec::new();
    };
    let prefix = key("");
    let held = js_sys::Array::from(&js::get(&snapshot, "held"));
    held.iter()
        .filter_map(|lock| {
            js::get(&lock, "name")
                .as_string()?
                .strip_prefix(&prefix)
                .map(str::to_owned)
        })
        .collect()
}
