//! The basket: one cookie for each shop, which a script and these plain forms write alike. Nothing is kept of it here.

use app::checkout::cart::Refused;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use domain::{
    checkout::{
        Order,
        cart::{Cart, KEPT_S, MOST_LINES, quantity},
    },
    id::{ShopId, VariantId},
    identity::Shop,
};
use serde::Deserialize;
use services::checkout::{Checked, Client as Holder, Seen};

use super::Buy;
use crate::{
    http::{address, buyer, catalog::or_moved, client::Client, document, error::Problem},
    state::Vitrine,
};

fn name(shop: &ShopId) -> String {
    format!("vitrine_cart_{shop}")
}

/// What the browser has in its basket of a shop.
fn read(headers: &HeaderMap, shop: &ShopId) -> Cart {
    let jar = CookieJar::from_headers(headers);
    jar.get(&name(shop))
        .map(|cookie| Cart::read(cookie.value()))
        .unwrap_or_default()
}

/// `Set-Cookie` with a basket; an empty one takes the cookie away. It can be read by the shop's own script, which writes it too.
fn cookie(vitrine: &Vitrine, shop: &ShopId, cart: &Cart) -> Result<HeaderValue, Problem> {
    let is_https = vitrine.config.public_url.is_https();
    let text = Cookie::build((name(shop), cart.to_string()))
        .path("/")
        .same_site(SameSite::Lax)
        .secure(is_https || !vitrine.config.public_url.is_loopback())
        .build()
        .to_string();
    let seconds = if cart.is_empty() { 0 } else { KEPT_S };
    HeaderValue::try_from(format!("{text}; Max-Age={seconds}")).map_err(Problem::internal)
}

/// What an order bought leaves the basket that it was made of: `Set-Cookie`, where that changes anything.
pub(super) fn emptied(
    vitrine: &Vitrine,
    headers: &HeaderMap,
    shop: &Shop,
    order: &Order,
) -> Result<Option<HeaderValue>, Problem> {
    if !order.state.has_money() {
        return Ok(None);
    }
    let mut cart = read(headers, &shop.id);
    let lines = order
        .lines
        .iter()
        .map(|line| (line.variant.clone(), line.quantity));
    cart.bought(&order.token, lines)
        .then(|| cookie(vitrine, &shop.id, &cart))
        .transpose()
}

fn to_cart(vitrine: &Vitrine, shop: &Shop, cart: &Cart, query: &str) -> Result<Response, Problem> {
    let mut response = Redirect::to(&format!("/@{}/cart{query}", shop.handle)).into_response();
    let cookie = cookie(vitrine, &shop.id, cart)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /p/{slug}/cart`: puts what the form is about into the basket of its shop, and shows that.
pub async fn add(
    State(vitrine): State<Vitrine>,
    Path(slug): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Form(form): Form<Buy>,
) -> Result<Response, Problem> {
    let item = form.item()?;
    let checkout = vitrine.services.checkout();
    let found = checkout.variant_of(&slug, item.variant.as_ref()).await;
    let (shop, variant) = match found {
        Ok(found) => found,
        Err(error) => return or_moved(&vitrine, error.into(), &slug, "/cart", &uri).await,
    };
    let mut cart = read(&headers, &shop.id);
    cart.add(variant, item.quantity)
        .map_err(services::Error::from)?;
    to_cart(&vitrine, &shop, &cart, "?added=1")
}

/// Whether something was just put in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CartQuery {
    added: String,
}

/// `GET /@{handle}/cart`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    Path(handle): Path<String>,
    Query(query): Query<CartQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let shop = vitrine
        .services
        .identity()
        .shop_of_any_handle(&handle)
        .await?;
    if shop.handle != handle {
        let present = format!("/@{}/cart", shop.handle);
        return Ok(address::moved(&present, &uri, "no-cache"));
    }
    let cart = read(&headers, &shop.id);
    let without_cookies = cart.is_empty() && !query.added.is_empty();
    let page = vitrine.services.checkout().cart(&shop, &cart).await?;
    let key = vitrine.services.token()?;
    Ok(document::private(app::checkout::cart::cart(
        &vitrine.site,
        &page,
        &key,
        None,
        without_cookies,
    )))
}

/// The form of the basket as posted.
struct Posted {
    /// Numbers as typed, by variant.
    quantities: Vec<(VariantId, String)>,
    remove: Option<VariantId>,
    seen: Vec<Seen>,
    key: String,
}

impl Posted {
    /// Fields that are none of the page's are left out.
    fn read(fields: Vec<(String, String)>) -> Self {
        let mut posted = Self {
            quantities: Vec::new(),
            remove: None,
            seen: Vec::new(),
            key: String::new(),
        };
        for (field, value) in fields {
            match field.as_str() {
                "idempotency_key" => posted.key = value,
                "remove" => posted.remove = value.parse().ok(),
                "line" if posted.seen.len() <= MOST_LINES => posted.seen.extend(line(&value)),
                _ => {
                    let variant = field.strip_prefix("quantity.");
                    if let Some(Ok(variant)) = variant.map(str::parse) {
                        posted.quantities.push((variant, value));
                    }
                }
            }
        }
        posted
    }

    /// What was typed, in the basket.
    fn apply(&self, cart: &mut Cart) -> Result<(), Problem> {
        for (variant, typed) in &self.quantities {
            let quantity = quantity(typed).map_err(services::Error::from)?;
            let set = cart.set(variant, quantity);
            set.map_err(services::Error::from)?;
        }
        if let Some(variant) = &self.remove {
            cart.set(variant, 0).map_err(services::Error::from)?;
        }
        Ok(())
    }

    /// Whether the numbers that were typed are those that the page had shown.
    fn is_as_seen(&self) -> bool {
        self.quantities.iter().all(|(variant, typed)| {
            let seen = self.seen.iter().find(|seen| seen.variant == *variant);
            seen.is_some_and(|seen| quantity(typed) == Ok(seen.quantity))
        })
    }
}

/// `variant:quantity:price`, as the page says what it shows.
fn line(value: &str) -> Option<Seen> {
    let mut parts = value.split(':');
    let line = Seen {
        variant: parts.next()?.parse().ok()?,
        quantity: parts.next()?.parse().ok()?,
        price_minor: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(line)
}

/// `POST /@{handle}/cart`: other numbers, or one thing less.
pub async fn change(
    State(vitrine): State<Vitrine>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let shop = vitrine
        .services
        .identity()
        .shop_of_any_handle(&handle)
        .await?;
    let mut cart = read(&headers, &shop.id);
    Posted::read(fields).apply(&mut cart)?;
    to_cart(&vitrine, &shop, &cart, "")
}

/// `POST /@{handle}/cart/checkout`: holds all that the page showed, or nothing, then goes to the checkout. Numbers that were typed
/// and not shown yet are shown first.
pub async fn check_out(
    State(vitrine): State<Vitrine>,
    client: Client,
    Path(handle): Path<String>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let shop = vitrine
        .services
        .identity()
        .shop_of_any_handle(&handle)
        .await?;
    let posted = Posted::read(fields);
    let mut cart = read(&headers, &shop.id);
    if !posted.is_as_seen() {
        posted.apply(&mut cart)?;
        return to_cart(&vitrine, &shop, &cart, "");
    }
    let browser = match buyer::secret(&vitrine, &headers) {
        Some(secret) => secret,
        None => vitrine.services.token()?,
    };
    let who = Holder {
        address: client.0,
        browser: Some(&browser),
    };
    let checkout = vitrine.services.checkout();
    let checked = checkout
        .check_out(&shop, &posted.seen, &posted.key, Some(who))
        .await?;
    let prices: Vec<(VariantId, i64)> = posted
        .seen
        .iter()
        .map(|seen| (seen.variant.clone(), seen.price_minor))
        .collect();
    let message = match checked {
        Checked::Held(token) => {
            let mut response = Redirect::to(&format!("/checkout/{token}")).into_response();
            let cart = cookie(&vitrine, &shop.id, &cart.reserved_by(&token))?;
            response.headers_mut().append(header::SET_COOKIE, cart);
            let browser = buyer::cookie(&vitrine, &browser)?;
            response.headers_mut().append(header::SET_COOKIE, browser);
            return Ok(response);
        }
        Checked::Short(_) => None,
        Checked::PriceChanged(_) => Some(
            "Nothing was reserved: a price changed while you were looking. Look at it below, and go on if it suits you.",
        ),
    };
    let page = checkout.cart(&shop, &of_page(&posted.seen)).await?;
    let shortage = app::checkout::cart::shortage(&page);
    let refused = Refused {
        message: message.unwrap_or(&shortage),
        seen: &prices,
    };
    // A key of its own: this page is another try.
    let key = vitrine.services.token()?;
    let html = app::checkout::cart::cart(&vitrine.site, &page, &key, Some(refused), false);
    Ok((StatusCode::CONFLICT, document::private(html)).into_response())
}

/// The basket that a page had shown.
fn of_page(seen: &[Seen]) -> Cart {
    let lines: Vec<String> = seen
        .iter()
        .map(|seen| format!("{}.{}", seen.variant, seen.quantity))
        .collect();
    Cart::read(&lines.join("~"))
}
