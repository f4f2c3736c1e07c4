//! `/studio`: the shell of the creator's page.

use axum::{extract::State, response::Response};
use domain::{
    media::Kind,
    wire::studio::{Bundle, Config},
};

use super::{document, error::Problem, viewer::Signed};
use crate::state::Vitrine;

/// The page, with the configuration of its bundle.
pub async fn page(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
) -> Result<Response, Problem> {
    let assets = &vitrine.site.assets;
    let bundle = |name: &str| Bundle {
        js: assets.url(&format!("{name}.js")),
        wasm: assets.url(&format!("{name}.wasm")),
    };
    let is_built = |name: &str| {
        assets.get(&format!("{name}.js")).is_some() && assets.get(&format!("{name}.wasm")).is_some()
    };
    let config = Config {
        person: viewer.person.clone(),
        shop: viewer.shop.clone(),
        worker_boot: assets.url("worker-boot.js"),
        worker_cpu: bundle("worker_cpu"),
        worker_gpu: is_built("worker_gpu").then(|| bundle("worker_gpu")),
        weights: assets.get("models/shots.bin").map(str::to_owned),
        precise: assets.get("models/transnet.bin").map(str::to_owned),
        max_upload_bytes: Kind::Clip.max_bytes(),
        public_url: vitrine.origin.clone(),
        contracts: vitrine.services.contracts().offered(&viewer).await?,
    };
    let config = serde_json::to_string(&config).map_err(Problem::internal)?;
    Ok(document::private(app::studio::page::studio(
        &vitrine.site,
        &viewer,
        &config,
    )))
}
