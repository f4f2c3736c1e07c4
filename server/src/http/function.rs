//! Server functions of the pages (`app::…::api`), and what `leptos_axum` leaves open around them.
//!
//! It finds the function, gives it its context, reads its arguments and runs it. What comes in is bounded and looked at
//! before; what comes out is a redirect (303) or a [`Problem`] with a status and a page of its own. On its own Leptos would
//! send a browser back to its `Referer`, with the error in the address.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use tokio::time::Instant;

use super::{client::Client, error::Problem};
use crate::state::Vitrine;

/// The only content type of a form without files.
const FORM: &str = "application/x-www-form-urlencoded";

/// Longest refusal: a status and a sentence as JSON.
const REFUSAL: usize = 64 * 1024;

/// `POST /fn/tell-me`: notes who wants to know when a product is back.
pub async fn tell_me(
    State(vitrine): State<Vitrine>,
    client: Client,
    parts: Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    vitrine
        .limits
        .tell
        .take(client, Instant::now())
        .map_err(Problem::too_many)?;
    call(&vitrine, parts, body).await
}

/// Runs the server function at the request's address.
async fn call(vitrine: &Vitrine, mut parts: Parts, body: Bytes) -> Result<Response, Problem> {
    if !is_form(&parts.headers) {
        return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    // Without these Leptos answers a refusal with what was refused and leaves the redirect to us.
    parts.headers.remove(header::ACCEPT);
    parts.headers.remove(header::REFERER);
    let services = vitrine.services.clone();
    let answer = leptos_axum::handle_server_fns_with_context(
        move || app::function::provide(&services),
        Request::from_parts(parts, Body::from(body)),
    )
    .await
    .into_response();
    if let Some(location) = answer.headers().get(header::LOCATION) {
        let headers = [
            (header::LOCATION, location.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        return Ok((StatusCode::SEE_OTHER, headers).into_response());
    }
    if answer.status().is_success() {
        return Err(Problem::internal(
            "a server function ended without saying where to go on",
        ));
    }
    let said = to_bytes(answer.into_body(), REFUSAL)
        .await
        .map_err(Problem::internal)?;
    let refused = app::function::Refused::read(said.into());
    Err(match StatusCode::from_u16(refused.status) {
        Ok(status) if status != StatusCode::INTERNAL_SERVER_ERROR => {
            Problem::new(status, "refused", refused.said)
        }
        _ => Problem::internal(refused.said),
    })
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_form_is_read() {
        for (kind, is) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded ; charset=utf-8", true),
            ("application/x-www-form-urlencoded2", false),
            ("multipart/form-data; boundary=x", false),
            ("application/json", false),
            ("text/plain", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_form(&headers), is, "{kind}");
        }
        assert!(!is_form(&HeaderMap::new()));
    }
}
