//! Small texts kept on the device: wishes, decisions, addresses of uploads under way.
//!
//! A browser that keeps nothing (private mode, full disk) only loses convenience, so every failure is silence.

use serde::{Serialize, de::DeserializeOwned};

use super::js;

fn storage() -> Option<web_sys::Storage> {
    js::window().local_storage().ok()?
}

/// Whether this browser keeps anything.
pub(crate) fn works() -> bool {
    let probe = "vitrine.probe";
    write(probe, "1");
    let kept = read(probe).is_some();
    forget(probe);
    kept
}

/// What was kept under a key.
pub(crate) fn read(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Keeps a text.
pub(crate) fn write(key: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, text);
    }
}

/// Forgets a text.
pub(crate) fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// What was kept under a key, as a value; `None` when nothing readable is there.
pub(crate) fn load<T: DeserializeOwned>(key: &str) -> Option<T> {
    serde_json::from_str(&read(key)?).ok()
}

/// Keeps a value.
pub(crate) fn save<T: Serialize>(key: &str, value: &T) {
    if let Ok(text) = serde_json::to_string(value) {
        write(key, &text);
    }
}
