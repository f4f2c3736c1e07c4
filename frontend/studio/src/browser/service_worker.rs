//! The studio's service worker (`frontend/service-worker.js`). A browser without one only needs the network to open the studio.

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::js;

const ADDRESS: &str = "/service-worker.js";
/// The name that the worker knows the queue by.
const QUEUE: &str = "vitrine-queue";

fn container() -> Option<JsValue> {
    let navigator = js::window().navigator();
    let container = js::get(&navigator, "serviceWorker");
    container.is_object().then_some(container)
}

async fn call(target: &JsValue, method: &str, argument: &str) -> Result<JsValue, JsValue> {
    let function: Function = js::get(target, method).dyn_into()?;
    let promise: Promise = function.call1(target, &argument.into())?.dyn_into()?;
    JsFuture::from(promise).await
}

/// Registers it. Its workers lie elsewhere than the page, so it is the whole site's; it leaves all but the studio alone.
pub(crate) async fn register() {
    if let Some(container) = container()
        && let Err(error) = call(&container, "register", ADDRESS).await
    {
        web_sys::console::warn_1(&error);
    }
}

/// Asks the browser to wake the service worker when there is a network, even if no tab is open (Background Sync, where there is such
/// a thing). Everywhere else the queue goes on when the studio is opened.
pub(crate) async fn ask_for_sync() {
    let Some(container) = container() else { return };
    let Ok(ready) = js::get(&container, "ready").dyn_into::<Promise>() else {
        return;
    };
    let Ok(registration) = JsFuture::from(ready).await else {
        return;
    };
    let sync = js::get(&registration, "sync");
    if sync.is_object() {
        // Refused in a private window and where the person switched it off.
        let _ = call(&sync, "register", QUEUE).await;
    }
}
