//! `/manage/orders…`.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::id::OrderId;
use serde::Deserialize;

use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// Which page of which list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    show: String,
    /// Orders with a number below this one; anything that is no number is the first page.
    before: String,
}

/// `GET /manage/orders`.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let filter = app::manage::page::order_filter(&query.show);
    let before: Option<u32> = query.before.parse().ok();
    let checkout = vitrine.services.checkout();
    let page = checkout.orders(&viewer, filter, before).await?;
    Ok(document::private(app::manage::page::orders(
        &vitrine.site,
        &viewer,
        &page,
        filter,
        before.is_none(),
    )))
}

/// `GET /manage/orders/{id}`.
pub async fn one(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let order = vitrine
        .services
        .checkout()
        .order_of(&viewer, &read(&id)?)
        .await?;
    Ok(document::private(app::manage::page::order(
        &vitrine.site,
        &viewer,
        &order,
    )))
}

/// `POST /manage/orders/{id}/send`.
pub async fn send(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    vitrine.services.checkout().mark_sent(&viewer, &id).await?;
    Ok(Redirect::to(&format!("/manage/orders/{id}")).into_response())
}

fn read(id: &str) -> Result<OrderId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
