//! The cookie of a browser that pressed buy: two presses of one browser are one order, and its unpaid orders are counted.
//!
//! It is set by pressing buy and not before, names nobody, and is read nowhere else.

use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use domain::checkout::MAX_HOLD_MS;

use super::error::Problem;
use crate::state::Vitrine;

/// Characters of the secret: base64url of 256 bits.
const LENGTH: usize = 43;

/// `__Host-` makes browsers insist on Secure, Path=/ and no Domain; it cannot be used without https.
fn name(is_https: bool) -> &'static str {
    if is_https {
        "__Host-vitrine_buyer"
    } else {
        "vitrine_buyer"
    }
}

/// The browser's secret, if it sent one that the shop could have made.
#[must_use]
pub fn secret(vitrine: &Vitrine, headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers)
        .get(name(vitrine.config.public_url.is_https()))
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| {
            value.len() == LENGTH
                && value
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
}

/// `Set-Cookie` with a secret, for as long as an order can stay unpaid.
///
/// # Errors
/// Internal, when the value is no cookie value.
pub fn cookie(vitrine: &Vitrine, secret: &str) -> Result<HeaderValue, Problem> {
    let is_https = vitrine.config.public_url.is_https();
    let text = Cookie::build((name(is_https), secret))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_https || !vitrine.config.public_url.is_loopback())
        .build()
        .to_string();
    HeaderValue::try_from(format!("{text}; Max-Age={}", MAX_HOLD_MS / 1000))
        .map_err(Problem::internal)
}
