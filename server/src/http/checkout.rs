//! Buying: plain forms and redirects, so that a shop sells with JavaScript off.

use axum::{
    Form,
    extract::{Path, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    checkout::{PayForm, State as OrderState},
    money::Money,
};
use serde::Deserialize;
use services::{
    Error,
    checkout::{Bought, Paid},
};

use super::{catalog::or_moved, client::Client, document, error::Problem};
use crate::state::Vitrine;

/// The buy form as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Buy {
    quantity: String,
    price_seen_minor: String,
    idempotency_key: String,
}

/// `POST /p/{slug}/buy`: holds stock, then goes to the checkout.
pub async fn buy(
    State(vitrine): State<Vitrine>,
    client: Client,
    Path(slug): Path<String>,
    uri: Uri,
    Form(form): Form<Buy>,
) -> Result<Response, Problem> {
    let quantity = match form.quantity.trim() {
        "" => 1,
        text => text.parse().map_err(|_| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "The quantity is not a whole number. Go back and choose how many you want.",
            )
        })?,
    };
    let seen: Option<i64> = form.price_seen_minor.trim().parse().ok();
    let idempotency_key = Some(form.idempotency_key.as_str()).filter(|key| !key.is_empty());
    let bought = vitrine
        .services
        .checkout()
        .buy(&slug, quantity, seen, idempotency_key, Some(client.0))
        .await;
    let bought = match bought {
        Ok(bought) => bought,
        // The page was open while the product got another address: the form is sent there.
        Err(error) => return or_moved(&vitrine, error.into(), &slug, "/buy", &uri).await,
    };
    let page = match bought {
        Bought::Held(order) => return Ok(Redirect::to(&order_path(&order)).into_response()),
        Bought::PriceChanged(shop, product) => {
            let currency = product.price.map(|price| price.currency);
            match (seen, currency) {
                (Some(minor), Some(currency)) => {
                    let seen = Money {
                        minor: minor.clamp(0, Money::MAX_MINOR),
                        currency,
                    };
                    app::checkout::page::price_changed(
                        &vitrine.site,
                        &shop,
                        &product,
                        seen,
                        quantity,
                    )
                }
                // Without a price it is not for sale.
                _ => app::checkout::page::sold_out(&vitrine.site, &shop, &product),
            }
        }
        Bought::SoldOut(shop, product) => {
            app::checkout::page::sold_out(&vitrine.site, &shop, &product)
        }
    };
    Ok((StatusCode::CONFLICT, document::private(page)).into_response())
}

/// Where the buyer goes on with an order: the form while it can be paid, the order page afterwards.
fn order_path(order: &domain::checkout::Order) -> String {
    if order.state.payable() {
        format!("/checkout/{}", order.token)
    } else {
        format!("/order/{}", order.token)
    }
}

/// `GET /checkout/{token}`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (shop, order) = vitrine.services.checkout().order(&token).await?;
    // An order that ran out shows here why, and the way back to the product.
    let is_over = matches!(order.state, OrderState::Expired | OrderState::Cancelled);
    if !order.state.payable() && !is_over {
        return Ok(Redirect::to(&order_path(&order)).into_response());
    }
    let form = order.buyer.clone().map(|buyer| PayForm {
        email: buyer.email,
        name: buyer.name,
        address: buyer.address,
        outcome: String::new(),
    });
    let page = app::checkout::page::checkout(
        &vitrine.site,
        &shop,
        &order,
        &form.unwrap_or_default(),
        order.declined.as_deref(),
    );
    Ok(document::private(page))
}

/// `POST /checkout/{token}/pay`.
pub async fn pay(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
    Form(form): Form<PayForm>,
) -> Result<Response, Problem> {
    let checkout = vitrine.services.checkout();
    let (status, message) = match checkout.pay(&token, &form).await {
        Ok(Paid::Done(order)) => {
            return Ok(Redirect::to(&format!("/order/{}", order.token)).into_response());
        }
        Ok(Paid::Declined(_order, message)) => (StatusCode::PAYMENT_REQUIRED, message),
        Err(Error::Invalid { message, .. }) => (StatusCode::UNPROCESSABLE_ENTITY, message),
        Err(error) => {
            return Err(error.into());
        }
    };
    let (shop, order) = checkout.order(&token).await?;
    let page = app::checkout::page::checkout(&vitrine.site, &shop, &order, &form, Some(&message));
    Ok((status, document::private(page)).into_response())
}

/// `POST /checkout/{token}/cancel`: gives the pieces back at once.
pub async fn cancel(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let order = vitrine.services.checkout().cancel(&token).await?;
    Ok(Redirect::to(&format!("/order/{}", order.token)).into_response())
}

/// `GET /order/{token}`: the order and its receipt.
pub async fn order(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (shop, order) = vitrine.services.checkout().order(&token).await?;
    Ok(document::private(app::checkout::page::order(
        &vitrine.site,
        &shop,
        &order,
    )))
}
