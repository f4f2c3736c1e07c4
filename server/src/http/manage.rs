//! `/manage…`: plain pages and forms of the seller. Every handler takes the viewer, so nothing here reaches another shop.

pub mod access;
pub mod capture;
pub mod discount;
pub mod job;
pub mod ledger;
pub mod order;
pub mod payment;
pub mod photo;
pub mod product;
pub mod settings;
pub mod terms;
pub mod variant;

use app::manage::page::{DAYS, TO_PACK};
use axum::{extract::State, response::Response};
use domain::time::UnixMs;
use serde::Deserialize;

use super::{document, error::Problem, viewer::Signed};
use crate::state::Vitrine;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

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
    let now = vitrine.clock.now();
    let checkout = vitrine.services.checkout();
    let (to_pack, to_pack_count) = checkout.to_pack(&viewer, TO_PACK).await?;
    // From the beginning of a day of UTC, so that the oldest day is whole.
    let since = UnixMs((now.0.div_euclid(DAY_MS) - DAYS as i64 + 1).saturating_mul(DAY_MS));
    let sales = checkout.sales(&viewer, since).await?;
    let products = vitrine.services.catalog().products(&viewer).await?;
    let failed = vitrine.services.jobs().failed(&viewer).await?.len();
    let overview = app::manage::page::Overview {
        to_pack: &to_pack,
        to_pack_count,
        sales: &sales,
        products: &products,
        failed_jobs: failed,
        now,
    };
    Ok(document::private(app::manage::page::overview(
        &vitrine.site,
        &viewer,
        &overview,
    )))
}
