//! `/manage…`: plain pages and forms of the seller. Every handler takes the viewer, so nothing here reaches another shop.

pub mod job;
pub mod order;
pub mod photo;
pub mod product;
pub mod settings;

use axum::{extract::State, response::Response};
use serde::Deserialize;

use super::{document, error::Problem, viewer::Signed};
use crate::state::Vitrine;

/// Which rows of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    show: String,
}

/// `GET /manage`.
pub async fn overview(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
) -> Result<Response, Problem> {
    let orders = vitrine.services.checkout().orders(&viewer).await?;
    let products = vitrine.services.catalog().products(&viewer).await?;
    let failed = vitrine.services.jobs().failed(&viewer).await?.len();
    let overview = app::manage::page::Overview {
        orders: &orders,
        products: &products,
        failed_jobs: failed,
        now: vitrine.clock.now(),
    };
    Ok(document::private(app::manage::page::overview(
        &vitrine.site,
        &viewer,
        &overview,
    )))
}
