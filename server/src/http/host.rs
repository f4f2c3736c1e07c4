//! One host name for the shop. Passkeys and cookies belong to a name, so a request under another one (127.0.0.1, say) is
//! redirected.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{client, error::Problem};
use crate::state::Vitrine;

/// Addresses that monitoring asks under whatever name it knows.
const ANY_NAME: [&str; 2] = ["/healthz", "/metrics"];

/// Redirects reads to the public address (308) and refuses writes under another name (421): their cookie is not here.
pub async fn canonical(State(vitrine): State<Vitrine>, request: Request, next: Next) -> Response {
    let public = &vitrine.config.public_url;
    let path = request.uri().path();
    let named = asked_host(&vitrine, &request).is_some_and(|host| public.is_named_by(&host));
    if named || ANY_NAME.contains(&path) {
        return next.run(request).await;
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let onward = request.uri().path_and_query().map_or("/", |p| p.as_str());
    if is_reading && let Ok(onward) = HeaderValue::from_str(&public.link(onward)) {
        return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, onward)]).into_response();
    }
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong_host",
        format!("This shop lives at {public}. Open that address and do it again there; nothing was changed."),
    )
    .into_response()
}

/// The host that was asked for; a trusted proxy may say which one it was asked under.
fn asked_host(vitrine: &Vitrine, request: &Request) -> Option<String> {
    if client::is_trusted(&vitrine.config.trusted_proxies, request.extensions()) {
        let forwarded = request
            .headers()
            .get("x-forwarded-host")
            .and_then(|h| h.to_str().ok());
        if let Some(host) = forwarded {
            return Some(host.trim().to_owned());
        }
    }
    let header = request
        .headers()
        .get(header::HOST)
        .and_then(|h| h.to_str().ok());
    header
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(axum::http::uri::Authority::as_str)
        })
        .map(str::to_owned)
}
