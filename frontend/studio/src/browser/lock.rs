//! One tab at a time for one session (Web Locks API).

use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use super::js;
use futures::channel::oneshot;

/// A session is this tab's while the value lives. Closing the tab frees it too.
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

fn key(session: &str) -> String {
    format!("vitrine.session.{session}")
}

fn locks() -> Option<JsValue> {
    let navigator = js::window().navigator();
    let locks = js::get(&navigator, "locks");
    locks.is_object().then_some(locks)
}

/// Takes a session, or `None` when another tab has it.
pub(crate) async fn take(session: &str) -> Option<Lock> {
    // Without the API the recorder's file handle, which only one tab can have, still guards the recording.
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
    let options = js::from_json(&serde_json::json!({ "ifAvailable": true }));
    let request: Function = js::get(&locks, "request").dyn_into().ok()?;
    request
        .call3(&locks, &key(session).into(), &options, &granted)
        .ok()?;
    answered.await.ok().flatten().map(|release| Lock {
        release: Some(release),
    })
}

/// Which of these sessions some tab has now.
pub(crate) async fn taken() -> Rc<Vec<String>> {
    let Some(locks) = locks() else {
        return Rc::default();
    };
    let Ok(function) = js::get(&locks, "query").dyn_into::<Function>() else {
        return Rc::default();
    };
    let Some(promise) = function
        .call0(&locks)
        .ok()
        .and_then(|p| p.dyn_into::<Promise>().ok())
    else {
        return Rc::default();
    };
    let Ok(snapshot) = JsFuture::from(promise).await else {
        return Rc::default();
    };
    let prefix = key("");
    let held = js_sys::Array::from(&js::get(&snapshot, "held"));
    Rc::new(
        held.iter()
            .filter_map(|lock| {
                js::get(&lock, "name")
                    .as_string()?
                    .strip_prefix(&prefix)
                    .map(str::to_owned)
            })
            .collect(),
    )
}
