//! Buying: plain forms and redirects, so that a shop sells with JavaScript off.

pub mod cart;

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    catalog::Product,
    checkout::{Order, PayForm, State as OrderState},
    identity::Shop,
    invalid::Invalid,
    money::Money,
    payment::Provider,
};
use serde::Deserialize;
use services::{
    Error,
    checkout::{Bought, Item, Paid},
};

use super::{buyer, catalog::or_moved, client::Client, document, error::Problem};
use crate::state::Vitrine;

/// The buy form as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Buy {
    /// A variant, and behind a colon the price that stood beside it.
    variant: String,
    quantity: String,
    price_seen_minor: String,
    idempotency_key: String,
}

/// Whether the browser was asked to keep the cookie.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BuyQuery {
    cookie: String,
}

/// What stands over the form after a press on a button that said another total.
const TOTAL_CHANGED: &str = "The total is not the one you saw. Nothing was charged: look at it again below, and pay if it suits you.";

/// The value of `?cookie=` of a request that follows the one that set it.
const ASKED: &str = "asked";

impl Buy {
    fn quantity(&self) -> Result<u32, Problem> {
        match self.quantity.trim() {
            "" => Ok(1),
            text => text.parse().map_err(|_| {
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid",
                    "The quantity is not a whole number. Go back and choose how many you want.",
                )
            }),
        }
    }

    fn item(&self) -> Result<Item, Problem> {
        let (variant, price) = match self.variant.trim().split_once(':') {
            Some((variant, price)) => (variant, Some(price)),
            None => (self.variant.trim(), None),
        };
        let variant = match variant {
            "" => None,
            variant => Some(variant.parse().map_err(|_| {
                Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid",
                    "What was chosen is not one of the variants. Go back and choose again.",
                )
            })?),
        };
        let price = price.unwrap_or(self.price_seen_minor.trim());
        Ok(Item {
            variant,
            quantity: self.quantity()?,
            price_seen_minor: price.parse().ok(),
        })
    }

    fn key(&self) -> Option<&str> {
        Some(self.idempotency_key.as_str()).filter(|key| !key.is_empty())
    }
}

/// `POST /p/{slug}/buy`: holds stock, then goes to the checkout.
///
/// The page is cached and the same for everybody, so it cannot carry what tells two presses of one buyer from two buyers. A
/// script makes a key for each load of the page. Without one, the first press only gives the browser a cookie and has it send
/// the form again (307 keeps method and body); whatever comes with that cookie is this browser's. A second press stops the
/// browser from following the first, or comes with the cookie as well. A browser that keeps no cookies gets a page of its own,
/// which carries a key.
pub async fn buy(
    State(vitrine): State<Vitrine>,
    client: Client,
    Path(slug): Path<String>,
    Query(query): Query<BuyQuery>,
    uri: Uri,
    headers: HeaderMap,
    Form(form): Form<Buy>,
) -> Result<Response, Problem> {
    let item = form.item()?;
    let (quantity, seen) = (item.quantity, item.price_seen_minor);
    let variant = item.variant.as_ref();
    let known = buyer::secret(&vitrine, &headers);
    if known.is_none() && form.key().is_none() {
        let (shop, product) = match vitrine.services.catalog().by_slug(&slug).await {
            Ok(found) => found,
            Err(error) => return or_moved(&vitrine, error.into(), &slug, "/buy", &uri).await,
        };
        return if query.cookie == ASKED {
            confirm(&vitrine, &shop, &product, &item)
        } else {
            let cookie = buyer::cookie(&vitrine, &vitrine.services.token()?)?;
            let again = HeaderValue::from_static("?cookie=asked");
            let headers = [
                (header::SET_COOKIE, cookie),
                (header::LOCATION, again),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
        };
    }
    let browser = match known {
        Some(secret) => secret,
        None => vitrine.services.token()?,
    };
    let who = services::checkout::Client {
        address: client.0,
        browser: Some(&browser),
    };
    let checkout = vitrine.services.checkout();
    let bought = checkout
        .buy_variant(&slug, &item, form.key(), Some(who))
        .await;
    let bought = match bought {
        Ok(bought) => bought,
        // The page was open while the product got another address: the form is sent there.
        Err(error) => return or_moved(&vitrine, error.into(), &slug, "/buy", &uri).await,
    };
    let mut response = match bought {
        // An order that is on its way already is shown from there.
        Bought::Held(token) => Redirect::to(&format!("/checkout/{token}")).into_response(),
        Bought::PriceChanged(shop, product) => {
            let product = product.narrowed(variant);
            let currency = product.price.map(|price| price.currency);
            let page = match (seen, currency) {
                (Some(minor), Some(currency)) => {
                    let seen = Money {
                        minor: minor.clamp(0, Money::MAX_MINOR),
                        currency,
                    };
                    let press = app::checkout::page::Press {
                        variant,
                        quantity,
                        price: seen,
                        key: form.key(),
                    };
                    app::checkout::page::price_changed(&vitrine.site, &shop, &product, seen, press)
                }
                // Without a price it is not for sale.
                _ => app::checkout::page::sold_out(&vitrine.site, &shop, &product),
            };
            (StatusCode::CONFLICT, document::private(page)).into_response()
        }
        Bought::SoldOut(shop, product) => {
            let product = product.narrowed(variant);
            let page = app::checkout::page::sold_out(&vitrine.site, &shop, &product);
            (StatusCode::CONFLICT, document::private(page)).into_response()
        }
    };
    let cookie = buyer::cookie(&vitrine, &browser)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Asks a browser that keeps no cookies to press once more.
fn confirm(
    vitrine: &Vitrine,
    shop: &Shop,
    product: &Product,
    item: &Item,
) -> Result<Response, Problem> {
    let product = &product.narrowed(item.variant.as_ref());
    let Some(price) = product.price.filter(|_| !product.sold_out()) else {
        let page = app::checkout::page::sold_out(&vitrine.site, shop, product);
        return Ok((StatusCode::CONFLICT, document::private(page)).into_response());
    };
    let key = vitrine.services.token()?;
    let press = app::checkout::page::Press {
        variant: item.variant.as_ref(),
        quantity: item.quantity,
        price,
        key: Some(&key),
    };
    let page = app::checkout::page::confirm(&vitrine.site, shop, product, press);
    Ok(document::private(page))
}

/// Who takes the payment. Where nobody does any more, pressing pay says so.
async fn provider(vitrine: &Vitrine, shop: &Shop) -> Result<Provider, Problem> {
    let found = vitrine.services.payment().provider(&shop.id).await?;
    Ok(found.unwrap_or(Provider::Stripe))
}

/// `GET /checkout/{token}`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let (shop, order) = vitrine.services.checkout().order(&token).await?;
    // An order that ran out shows here why, and the way back to the product.
    let is_over = matches!(order.state, OrderState::Expired | OrderState::Cancelled);
    let can_pay = order.state.payable() || order.state == OrderState::Redirected;
    if !can_pay && !is_over {
        return Ok(Redirect::to(&format!("/order/{token}")).into_response());
    }
    let form = PayForm::of(&order);
    let declined = order.declined.clone();
    let declined = declined.map(|message| Invalid::new("", message));
    render(&vitrine, &shop, &order, &form, declined.as_ref()).await
}

async fn render(
    vitrine: &Vitrine,
    shop: &Shop,
    order: &Order,
    form: &PayForm,
    problem: Option<&Invalid>,
) -> Result<Response, Problem> {
    let terms = vitrine.services.terms().of_shop(&shop.id).await?;
    let provider = provider(vitrine, shop).await?;
    let page =
        app::checkout::page::checkout(&vitrine.site, shop, &terms, order, form, problem, provider);
    Ok(document::private(page))
}

/// `POST /checkout/{token}/quote`: the same page with the total of what was chosen; nothing is paid.
pub async fn quote(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
    Form(form): Form<PayForm>,
) -> Result<Response, Problem> {
    let checkout = vitrine.services.checkout();
    let (status, problem) = match checkout.requote(&token, &form).await {
        Ok(()) => (StatusCode::OK, None),
        Err(Error::Invalid { field, message }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Some(Invalid::new(field, message)),
        ),
        Err(error) => return Err(error.into()),
    };
    let (shop, order) = checkout.order(&token).await?;
    let page = render(&vitrine, &shop, &order, &form, problem.as_ref()).await?;
    Ok((status, page).into_response())
}

/// `POST /checkout/{token}/pay`.
pub async fn pay(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
    Form(form): Form<PayForm>,
) -> Result<Response, Problem> {
    let checkout = vitrine.services.checkout();
    let (status, problem) = match checkout.pay(&token, &form).await {
        Ok(Paid::Done) => return Ok(Redirect::to(&format!("/order/{token}")).into_response()),
        // The processor's page, for a browser without a script as well.
        Ok(Paid::Redirect(url)) => {
            let headers = [(header::CACHE_CONTROL, "no-store")];
            return Ok((headers, Redirect::to(&url)).into_response());
        }
        Ok(Paid::Declined(message)) => (StatusCode::PAYMENT_REQUIRED, Invalid::new("", message)),
        Ok(Paid::TotalChanged) => (StatusCode::CONFLICT, Invalid::new("", TOTAL_CHANGED)),
        Err(Error::Invalid { field, message }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        ),
        Err(error) => {
            return Err(error.into());
        }
    };
    let (shop, order) = checkout.order(&token).await?;
    let page = render(&vitrine, &shop, &order, &form, Some(&problem)).await?;
    Ok((status, page).into_response())
}

/// `POST /checkout/{token}/cancel`: gives the pieces back at once.
pub async fn cancel(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    vitrine.services.checkout().cancel(&token).await?;
    Ok(Redirect::to(&format!("/order/{token}")).into_response())
}

/// Whether the buyer comes from the processor's page after paying there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OrderQuery {
    returned: String,
}

/// `GET /order/{token}`: the order and its receipt.
pub async fn order(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
    Query(query): Query<OrderQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (shop, mut order) = vitrine.services.checkout().order(&token).await?;
    let refunds = vitrine
        .services
        .payment()
        .refunds_of(&shop.id, &order)
        .await?;
    // Whoever has just paid is not told to pay while the processor has not been heard.
    if !query.returned.is_empty() && order.state == OrderState::Redirected {
        order.state = OrderState::Pending;
    }
    let page = app::checkout::page::order(&vitrine.site, &shop, &order, &refunds);
    let mut response = document::private(page);
    if let Some(cookie) = cart::emptied(&vitrine, &headers, &shop, &order)? {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
