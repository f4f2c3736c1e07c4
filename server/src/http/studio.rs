//! `/studio`: the shell of the creator's page.

use axum::{extract::State, response::Response};
use domain::media::Kind;

use super::{document, viewer::Signed};
use crate::state::Vitrine;

/// The page, with what its bundle must know.
pub async fn page(State(vitrine): State<Vitrine>, Signed(viewer): Signed) -> Response {
    let assets = &vitrine.site.assets;
    let bundle = |name: &str| {
        let js = assets.get(&format!("{name}.js"))?;
        let wasm = assets.get(&format!("{name}.wasm"))?;
        Some(serde_json::json!({ "js": js, "wasm": wasm }))
    };
    let config = serde_json::json!({
        "shop": viewer.shop,
        "worker_boot": assets.url("worker-boot.js"),
        "worker_cpu": bundle("worker_cpu").unwrap_or_else(|| serde_json::json!({
            "js": assets.url("worker_cpu.js"), "wasm": assets.url("worker_cpu.wasm"),
        })),
        "worker_gpu": bundle("worker_gpu"),
        "weights": assets.get("models/shots.bin"),
        "precise": assets.get("models/transnet.bin"),
        "max_upload_bytes": Kind::Clip.max_bytes(),
        "public_url": vitrine.origin,
        // On plain http browsers give a page a camera only on this machine.
        "secure_context_expected": vitrine.config.public_url.is_https() || vitrine.config.public_url.is_loopback(),
    });
    document::private(app::studio::page::studio(
        &vitrine.site,
        &viewer,
        &config.to_string(),
    ))
}
