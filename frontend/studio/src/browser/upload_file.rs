//! The bytes of what waits to be sent, in the origin's private files; the recorder writes them there.

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::js;

const FOLDER: &str = "uploads";

async fn method(target: &JsValue, name: &str, argument: &str) -> Result<JsValue, JsValue> {
    let function: Function = js::get(target, name).dyn_into()?;
    let promise = function.call1(target, &argument.into())?;
    JsFuture::from(promise.dyn_into::<js_sys::Promise>()?).await
}

async fn folder() -> Result<JsValue, JsValue> {
    let navigator = js::window().navigator();
    let root = js::call(&js::get(&navigator, "storage"), "getDirectory").await?;
    method(&root, "getDirectoryHandle", FOLDER).await
}

/// A file; `None` where it is gone.
pub(crate) async fn read(name: &str) -> Option<Blob> {
    let handle = method(&folder().await.ok()?, "getFileHandle", name)
        .await
        .ok()?;
    js::call(&handle, "getFile").await.ok()?.dyn_into().ok()
}

/// Deletes a file. One that is not there needs nothing.
pub(crate) async fn delete(name: &str) {
    if let Ok(folder) = folder().await {
        let _ = method(&folder, "removeEntry", name).await;
    }
}
