//! Keeps a phone's screen on while it films (Screen Wake Lock API); elsewhere nothing happens.

use wasm_bindgen::JsValue;

use super::js;

/// The screen stays on while this lives.
pub(crate) struct WakeLock(JsValue);

impl WakeLock {
    /// Acquires it; `None` where the browser has no such thing or refuses (a low battery).
    pub(crate) async fn acquire() -> Option<Self> {
        let navigator = js::window().navigator();
        let lock = js::get(&navigator, "wakeLock");
        js::call(&lock, "request").await.ok().map(Self)
    }
}

impl Drop for WakeLock {
    fn drop(&mut self) {
        let lock = self.0.clone();
        wasm_bindgen_futures::spawn_local(async move {
            // Already released when the tab was hidden: then there is nothing to do.
            let _ = js::call(&lock, "release").await;
        });
    }
}
