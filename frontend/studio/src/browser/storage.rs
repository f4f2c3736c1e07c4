//! Small values kept on the device: preferences, and which session is next.
//!
//! A browser that keeps nothing (private mode, full disk) only loses convenience, so every failure is silent.

use gloo::storage::{LocalStorage, Storage as _};
use serde::{Serialize, de::DeserializeOwned};

use super::js;

/// Whether the page is allowed to see its storage at all; where it is not, every call of it would end the studio.
fn allowed() -> bool {
    js::window()
        .local_storage()
        .is_ok_and(|found| found.is_some())
}

/// Whether this browser keeps anything.
pub(crate) fn works() -> bool {
    let probe = "vitrine.probe";
    write(probe, &true);
    let kept = read::<bool>(probe).is_some();
    remove(probe);
    kept
}

/// What is kept under a key; `None` when nothing readable is there.
pub(crate) fn read<T: DeserializeOwned>(key: &str) -> Option<T> {
    allowed().then(|| LocalStorage::get(key).ok()).flatten()
}

/// Keeps a value.
pub(crate) fn write<T: Serialize>(key: &str, value: &T) {
    if allowed() {
        let _ = LocalStorage::set(key, value);
    }
}

/// Removes a value.
pub(crate) fn remove(key: &str) {
    if allowed() {
        LocalStorage::delete(key);
    }
}
