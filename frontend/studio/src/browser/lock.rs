//! One tab at a time for one thing (Web Locks API).

use futures::channel::oneshot;
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::js;

/// Something is this tab's while the value lives. Closing the tab frees it too.
pub(crate) struct Lock {
    release: Option<Function>,
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// What to do while another tab has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Go without.
    Leave,
    /// Wait for it, in the order of asking.
    Wait,
}

fn locks() -> Option<JsValue> {
    let navigator = js::window().navigator();
    let locks = js::get(&navigator, "locks");
    locks.is_object().then_some(locks)
}

/// Locks something for this tab, or `None` when another tab has it and that is not waited for.
pub(crate) async fn acquire(name: &str, taken: Taken) -> Option<Lock> {
    // Without the API, files that only one tab can have open still guard what is recorded.
    let Some(locks) = locks() else {
        return Some(Lock { release: None });
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
    let options = js::from_json(&serde_json::json!({ "ifAvailable": taken == Taken::Leave }));
    let request: Function = js::get(&locks, "request").dyn_into().ok()?;
    request
        .call3(&locks, &name.into(), &options, &granted)
        .ok()?;
    answered.await.ok().flatten().map(|release| Lock {
        release: Some(release),
    })
}

/// What follows `prefix` in the names that some tab has locked now.
pub(crate) async fn list(prefix: &str) -> Vec<String> {
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
    let held = js_sys::Array::from(&js::get(&snapshot, "held"));
    held.iter()
        .filter_map(|lock| {
            js::get(&lock, "name")
                .as_string()?
                .strip_prefix(prefix)
                .map(str::to_owned)
        })
        .collect()
}
