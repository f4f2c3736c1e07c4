//! Whether there is a network, and whether it costs money (Network Information API, where there is one).

use gloo::events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

use super::js;

/// Whether the browser believes to be online.
pub(crate) fn is_online() -> bool {
    js::window().navigator().on_line()
}

fn information() -> Option<EventTarget> {
    let navigator = js::window().navigator();
    js::get(&navigator, "connection").dyn_into().ok()
}

/// Whether what is sent costs money: mobile data, or a wish of the person to save data.
pub(crate) fn is_metered() -> bool {
    information().is_some_and(|connection| {
        let connection: JsValue = connection.into();
        js::get(&connection, "saveData").is_truthy()
            || js::get(&connection, "type").as_string().as_deref() == Some("cellular")
    })
}

/// Calls back whenever one of these may have changed, as long as the value lives. The page coming to the front counts, for a device
/// that slept may have missed everything.
pub(crate) fn watch(changed: impl Fn() + Clone + 'static) -> Vec<EventListener> {
    let window = js::window();
    let on = |target: &EventTarget, name: &'static str| {
        let changed = changed.clone();
        EventListener::new(target, name, move |_| changed())
    };
    let mut listeners = vec![
        on(&window, "online"),
        on(&window, "offline"),
        on(&window, "focus"),
    ];
    listeners.extend(information().map(|connection| on(&connection, "change")));
    listeners.extend(
        window
            .document()
            .map(|document| on(&document, "visibilitychange")),
    );
    listeners
}

/// Waits, but no longer than until the browser is online again.
pub(crate) async fn pause(ms: u32) {
    let (wake, woken) = futures::channel::oneshot::channel();
    let _online = EventListener::once(&js::window(), "online", move |_| {
        let _ = wake.send(());
    });
    futures::future::select(Box::pin(js::sleep(ms)), woken).await;
}
