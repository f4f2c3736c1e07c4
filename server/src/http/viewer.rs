//! Who is signed in, by the session cookie.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    identity::{Viewer, device::Session},
    wire::viewer as wire,
};

use super::{cookie, error::Problem};
use crate::state::Vitrine;

/// Someone who is signed in. Pages redirect anyone else to the sign-in page and back; scripts get 401.
#[derive(Debug)]
pub struct Signed(pub Viewer);

impl FromRequestParts<Vitrine> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, vitrine: &Vitrine) -> Result<Self, Response> {
        let SignedSession(session) = SignedSession::from_request_parts(parts, vitrine).await?;
        Ok(Self(session.viewer))
    }
}

/// [`Signed`], with the session.
#[derive(Debug)]
pub struct SignedSession(pub Session);

impl FromRequestParts<Vitrine> for SignedSession {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, vitrine: &Vitrine) -> Result<Self, Response> {
        match find(vitrine, &parts.headers).await {
            Ok(Some(session)) => Ok(Self(session)),
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
        let session = find(vitrine, &parts.headers).await.unwrap_or_default();
        Ok(Self(session.map(|session| session.viewer)))
    }
}

/// The session of the cookie.
///
/// # Errors
/// When the database cannot be asked, or the request is meant for somebody else.
pub(super) async fn find(
    vitrine: &Vitrine,
    headers: &HeaderMap,
) -> Result<Option<Session>, Problem> {
    let Some(token) = cookie::Kind::Session.read(vitrine, headers) else {
        return Ok(None);
    };
    let session = vitrine.services.identity().session(&token).await?;
    if let Some(session) = &session {
        check_meant(&session.viewer, headers)?;
    }
    Ok(session)
}

/// Refuses what a script kept for somebody else than who is signed in now, before anything of it is read.
pub(super) fn check_meant(viewer: &Viewer, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(meant) = headers.get(wire::HEADER) else {
        return Ok(());
    };
    if meant.as_bytes() == wire::value(&viewer.person, &viewer.shop.id).as_bytes() {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        wire::OTHER_VIEWER,
        "This was kept for somebody else, who is not signed in here now. It is sent when they sign in again.",
    ))
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
