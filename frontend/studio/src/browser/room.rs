//! What the browser lets this site keep (Storage Standard).

use domain::capture::Room;

use super::js;

fn storage() -> wasm_bindgen::JsValue {
    let navigator = js::window().navigator();
    js::get(&navigator, "storage")
}

/// The room there is; `None` where the browser does not say.
pub(crate) async fn read() -> Option<Room> {
    let estimate = js::call(&storage(), "estimate").await.ok()?;
    let bytes = |key| js::get(&estimate, key).as_f64().map(|bytes| bytes as u64);
    Some(Room {
        used: bytes("usage")?,
        quota: bytes("quota")?,
    })
}

/// Whether the browser keeps everything until the person deletes it, even when the disk gets full.
pub(crate) async fn is_persistent() -> bool {
    js::call(&storage(), "persisted")
        .await
        .is_ok_and(|answer| answer.is_truthy())
}

/// Asks for that. Returns whether it is so now.
pub(crate) async fn persist() -> bool {
    js::call(&storage(), "persist")
        .await
        .is_ok_and(|answer| answer.is_truthy())
}
