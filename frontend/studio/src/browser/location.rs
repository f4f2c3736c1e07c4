//! Where this device is (W3C Geolocation), asked only where its person switched that on.

use domain::highlight::document::Location;
use futures::{
    channel::oneshot,
    future::{Either, select},
    pin_mut,
};
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::js;

/// How long is waited for an answer, ms: also for the person, whom the browser asks first.
const PATIENCE_MS: u32 = 20_000;

/// Asks the browser, which asks the person; `None` where they say no, or nothing is known.
pub(crate) async fn ask() -> Option<Location> {
    let geolocation = js::get(&js::window().navigator(), "geolocation");
    let get: Function = js::get(&geolocation, "getCurrentPosition")
        .dyn_into()
        .ok()?;
    let (known, found) = oneshot::channel::<JsValue>();
    let (unknown, refused) = oneshot::channel::<JsValue>();
    let told = Closure::once_into_js(move |position: JsValue| {
        let _ = known.send(position);
    });
    let failed = Closure::once_into_js(move |error: JsValue| {
        let _ = unknown.send(error);
    });
    let options = js::from_json(&serde_json::json!({ "maximumAge": 600_000 }));
    get.call3(&geolocation, &told, &failed, &options).ok()?;
    let wait = js::sleep(PATIENCE_MS);
    pin_mut!(wait);
    match select(found, select(refused, wait)).await {
        Either::Left((Ok(position), _)) => {
            let coordinates = js::get(&position, "coords");
            let degrees = |name: &str| js::get(&coordinates, name).as_f64();
            Location::from_degrees(degrees("latitude")?, degrees("longitude")?)
        }
        _ => None,
    }
}
