//! SHA-256 of a file (Web Cryptography API).

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::js;

/// The digest of a file's bytes. Where the browser cannot make one, a number that is never met again.
pub(crate) async fn sha256(blob: &Blob) -> Vec<u8> {
    let digest = async {
        let bytes = JsFuture::from(blob.array_buffer()).await?;
        let subtle = js::window().crypto()?.subtle();
        JsFuture::from(subtle.digest_with_str_and_buffer_source("SHA-256", bytes.unchecked_ref())?)
            .await
    };
    match digest.await {
        Ok(bytes) => js_sys::Uint8Array::new(&bytes).to_vec(),
        Err(_) => (js::now() as u64).to_be_bytes().to_vec(),
    }
}
