//! Who is signed in, by the session cookie.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use domain::{identity::Viewer, time::UnixMs};
use services::identity::SignedIn;

use super::error::Problem;
use crate::state::Vitrine;

/// The cookie's name. `__Host-` makes browsers insist on Secure, Path=/ and no Domain; it cannot be used without https.
fn name(is_https: bool) -> &'static str {
    if is_https {
        "__Host-vitrine_session"
    } else {
        "vitrine_session"
    }
}

/// The session cookie's value, if one came.
#[must_use]
pub fn token(vitrine: &Vitrine, headers: &HeaderMap) -> Option<String> {
    let jar = CookieJar::from_headers(headers);
    jar.get(name(vitrine.config.public_url.is_https()))
        .map(|cookie| cookie.value().to_owned())
        .filter(|value| !value.is_empty() && value.len() <= 128)
}

/// `Set-Cookie` that starts a session.
///
/// # Errors
/// Internal, when the value is no cookie value.
pub fn begin(vitrine: &Vitrine, signed: &SignedIn, now: UnixMs) -> Result<HeaderValue, Problem> {
    let seconds = signed.expires_at.0.saturating_sub(now.0) / 1000;
    cookie(vitrine, &signed.cookie, seconds)
}

/// `Set-Cookie` that ends a session.
///
/// # Errors
/// Internal, never in practice.
pub fn end(vitrine: &Vitrine) -> Result<HeaderValue, Problem> {
    cookie(vitrine, "", 0)
}

fn cookie(vitrine: &Vitrine, value: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let is_https = vitrine.config.public_url.is_https();
    let text = Cookie::build((name(is_https), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_https || !vitrine.config.public_url.is_loopback())
        .build()
        .to_string();
    HeaderValue::try_from(format!("{text}; Max-Age={}", seconds.max(0))).map_err(Problem::internal)
}

/// Someone who is signed in. Pages redirect anyone else to the sign-in page and back; scripts get 401.
#[derive(Debug)]
pub struct Signed(pub Viewer);

impl FromRequestParts<Vitrine> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, vitrine: &Vitrine) -> Result<Self, Response> {
        match find(vitrine, &parts.headers).await {
            Ok(Some(viewer)) => Ok(Self(viewer)),
            Ok(None) => Err(redirect_to_sign_in(parts)),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

/// Whoever asks, signed in or not.
#[derive(Debug)]
pub struct Anyone(pub Option<Viewer>);

impl FromRequestParts<Vitrine> for Anyone {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, vitrine: &Vitrine) -> Result<Self, Infallible> {
        // Whoever cannot be recognised sees what everyone sees.
        Ok(Self(
            find(vitrine, &parts.headers).await.unwrap_or_default(),
        ))
    }
}

/// Who is signed in, by the session cookie.
///
/// # Errors
/// When the database cannot be asked.
pub(super) async fn find(
    vitrine: &Vitrine,
    headers: &HeaderMap,
) -> Result<Option<Viewer>, Problem> {
    match token(vitrine, headers) {
        Some(token) => Ok(vitrine.services.identity().viewer(&token).await?),
        None => Ok(None),
    }
}

/// The answer to a script whose session is over.
pub(super) fn signed_out() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "signed_out",
        "You are signed out. Sign in again in another tab, then go on here; nothing is lost.",
    )
}

fn redirect_to_sign_in(parts: &Parts) -> Response {
    if parts.uri.path().starts_with("/api/") {
        return signed_out().into_response();
    }
    // A form cannot be sent again after signing in, so whoever sent one goes on to the overview.
    let next = match parts.method {
        Method::GET => parts.uri.path_and_query().map_or("/manage", |p| p.as_str()),
        _ => "/manage",
    };
    let encoded = url_encoded(next);
    let mut response = Redirect::to(&format!("/sign-in?next={encoded}")).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Percent-encodes everything but unreserved characters and `/` (RFC 3986, section 2.3).
fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
