//! `/manage/orders…`.

use app::manage::page::Refunding;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{id::OrderId, identity::Viewer, invalid::Invalid, payment::Restock};
use serde::Deserialize;
use services::{Error, payment::RefundForm};

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
    Query(query): Query<FlashQuery>,
) -> Result<Response, Problem> {
    let message = (query.flash == "refund")
        .then_some("Asked for. How it stands is shown below, and the buyer sees it on the order\u{2019}s page.");
    render(&vitrine, &viewer, &read(&id)?, "", &[], message).await
}

/// The flash message in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FlashQuery {
    flash: String,
}

async fn render(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &OrderId,
    typed: &str,
    errors: &[Invalid],
    message: Option<&str>,
) -> Result<Response, Problem> {
    let order = vitrine.services.checkout().order_of(viewer, id).await?;
    let refunds = vitrine.services.payment().refunds(viewer, &order).await?;
    let refunding = Refunding {
        refunds: &refunds,
        key: &vitrine.services.token()?,
        typed,
        errors,
        message,
    };
    Ok(document::private(app::manage::page::order(
        &vitrine.site,
        viewer,
        &order,
        &refunding,
    )))
}

/// The form of a refund as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Refund {
    amount: String,
    restock: String,
    key: String,
}

/// `POST /manage/orders/{id}/refund`.
pub async fn refund(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(posted): Form<Refund>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let form = RefundForm {
        amount: posted.amount,
        restock: if posted.restock == "return" {
            Restock::Return
        } else {
            Restock::Keep
        },
        key: posted.key,
    };
    match vitrine.services.payment().refund(&viewer, &id, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/manage/orders/{id}?flash=refund")).into_response()),
        Err(Error::Invalid { field, message }) => {
            let errors = [Invalid::new(field, message)];
            let page = render(&vitrine, &viewer, &id, &form.amount, &errors, None).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
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
