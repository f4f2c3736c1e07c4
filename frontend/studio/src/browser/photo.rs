//! Photos taken with the shutter, kept on the device with their session.
//!
//! They lie in a cache of the origin's own (Cache API): it takes blobs from a page in every browser that can film, where
//! writing the origin's private files from a page cannot be had everywhere.

use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, Cache, CacheStorage, CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement,
    MediaStreamTrack, Request, Response,
};

use super::js;

const CACHE: &str = "vitrine-photos";
/// JPEG quality of a photo grabbed from the picture, 0–1.
const QUALITY: f64 = 0.92;

/// Takes a photo: the camera's own still at its full resolution where the browser can, else the frame on show.
pub(crate) async fn take(
    camera: Option<&MediaStreamTrack>,
    shown: &HtmlVideoElement,
) -> Result<Blob, String> {
    if let Some(blob) = own_still(camera).await {
        return Ok(blob);
    }
    capture_frame(shown)
        .await
        .map_err(|_| "The photo could not be taken: there is no picture yet. Wait for the picture, then press again.".into())
}

async fn own_still(camera: Option<&MediaStreamTrack>) -> Option<Blob> {
    let class: js_sys::Function = js::global("ImageCapture")?.dyn_into().ok()?;
    let capture = js_sys::Reflect::construct(&class, &Array::of1(camera?)).ok()?;
    let blob: Blob = js::call(&capture, "takePhoto")
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    (blob.size() > 0.0).then_some(blob)
}

async fn capture_frame(shown: &HtmlVideoElement) -> Result<Blob, JsValue> {
    let document = js::window().document().ok_or(JsValue::NULL)?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.dyn_into()?;
    canvas.set_width(shown.video_width());
    canvas.set_height(shown.video_height());
    let surface: CanvasRenderingContext2d =
        canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?;
    surface.draw_image_with_html_video_element(shown, 0.0, 0.0)?;
    let promise = Promise::new(&mut |resolve, _| {
        let done = Closure::once_into_js(move |blob: JsValue| {
            let _ = resolve.call1(&JsValue::UNDEFINED, &blob);
        });
        let _ = canvas.to_blob_with_type_and_encoder_options(
            done.unchecked_ref(),
            "image/jpeg",
            &QUALITY.into(),
        );
    });
    JsFuture::from(promise).await?.dyn_into()
}

async fn cache() -> Result<Cache, JsValue> {
    let storage: CacheStorage = js::get(&js::window(), "caches").dyn_into()?;
    JsFuture::from(storage.open(CACHE)).await?.dyn_into()
}

fn folder(session: &str) -> String {
    format!("/studio/photo/{session}/")
}

/// Saves a photo under a name that sorts by time. Returns whether it is on the device.
pub(crate) async fn save(session: &str, name: &str, photo: &Blob) -> bool {
    let saved = async {
        let response = Response::new_with_opt_blob(Some(photo))?;
        JsFuture::from(
            cache()
                .await?
                .put_with_str(&(folder(session) + name), &response),
        )
        .await
    };
    saved.await.is_ok()
}

/// The names of a session's photos, oldest first.
pub(crate) async fn list(session: &str) -> Vec<String> {
    let Ok(cache) = cache().await else {
        return Vec::new();
    };
    let Ok(keys) = JsFuture::from(cache.keys()).await else {
        return Vec::new();
    };
    let folder = folder(session);
    let mut names: Vec<String> = Array::from(&keys)
        .iter()
        .filter_map(|request| {
            let url = request.dyn_into::<Request>().ok()?.url();
            Some(url.split_once(&folder)?.1.to_owned())
        })
        .collect();
    names.sort();
    names
}

/// A photo's bytes.
pub(crate) async fn read(session: &str, name: &str) -> Option<Blob> {
    let found = JsFuture::from(
        cache()
            .await
            .ok()?
            .match_with_str(&(folder(session) + name)),
    )
    .await
    .ok()?;
    let response: Response = found.dyn_into().ok()?;
    JsFuture::from(response.blob().ok()?)
        .await
        .ok()?
        .dyn_into()
        .ok()
}

/// Deletes a session's photos.
pub(crate) async fn delete(session: &str) {
    let names = list(session).await;
    let Ok(cache) = cache().await else { return };
    for name in names {
        let _ = JsFuture::from(cache.delete_with_str(&(folder(session) + &name))).await;
    }
}
