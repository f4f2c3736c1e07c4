//! `/manage/orders…`.

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use domain::id::OrderId;

use super::Filter;
use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// `GET /manage/orders`.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let orders = vitrine.services.checkout().orders(&viewer).await?;
    let show = app::manage::page::ShowOrders::read(&filter.show);
    Ok(document::private(app::manage::page::orders(
        &vitrine.site,
        &viewer,
        &orders,
        show,
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
    let order = vitrine
        .services
        .checkout()
        .mark_sent(&viewer, &read(&id)?)
        .await?;
    Ok(Redirect::to(&format!("/manage/orders/{}", order.id)).into_response())
}

fn read(id: &str) -> Result<OrderId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}
