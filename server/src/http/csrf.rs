//! Protection against cross-site request forgery: only a page of this shop's own origin may change something.
//!
//! A browser says where a request comes from in `Sec-Fetch-Site` (to https and localhost) and in `Origin` (every POST
//! since 2020). A request that changes something and says neither comes from no browser of today; it is refused as
//! well, because a cookie could still travel with it and nothing says who sent it. A script that calls the shop on
//! purpose sends `Origin: <public URL>`.
//!
//! What payment processors report needs neither: it is signed. Uploads by a token need neither: no page of elsewhere can send its header, and no cookie counts beside it.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{access, error::Problem, payment, upload};
use crate::state::Vitrine;

/// Whether a request with this method and these headers may change something at `origin`.
#[must_use]
pub fn is_allowed(method: &Method, headers: &HeaderMap, origin: &str) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    let from = headers.get(header::ORIGIN);
    let site = headers.get("sec-fetch-site");
    match (site.map(|s| s.as_bytes()), from) {
        // A browser sends `none` when a person typed the address or opened a bookmark.
        (Some(b"same-origin" | b"none"), None) => true,
        // `null` is what privacy settings make of the same page's origin.
        (Some(b"same-origin" | b"none"), Some(from)) => {
            from.as_bytes() == origin.as_bytes() || from.as_bytes() == b"null"
        }
        (Some(_), _) | (None, None) => false,
        (None, Some(from)) => from.as_bytes() == origin.as_bytes(),
    }
}

/// Refuses requests from elsewhere that would change something.
pub async fn guard(State(vitrine): State<Vitrine>, request: Request, next: Next) -> Response {
    let is_upload = upload::is_here(request.uri().path());
    let by_token = is_upload && access::has_token(request.headers());
    // A signature says who sent it, and no cookie is looked at.
    let is_signed = request.uri().path().starts_with(payment::HOOKS);
    if by_token || is_signed || is_allowed(request.method(), request.headers(), &vitrine.origin) {
        return next.run(request).await;
    }
    let message = format!(
        "This request did not come from {}, so nothing was changed. Open the shop at that address and try again.",
        vitrine.origin
    );
    Problem::new(StatusCode::FORBIDDEN, "wrong_origin", message).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "http://localhost:3000";

    fn asked(method: &Method, pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, axum::http::HeaderValue::from_static(value));
        }
        is_allowed(method, &headers, HOME)
    }

    #[test]
    fn reading_is_free() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(asked(
                &method,
                &[
                    ("origin", "https://evil.test"),
                    ("sec-fetch-site", "cross-site")
                ]
            ));
        }
    }

    #[test]
    fn changing_needs_the_own_origin() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(asked(
                &method,
                &[("sec-fetch-site", "same-origin"), ("origin", HOME)]
            ));
            assert!(asked(&method, &[("sec-fetch-site", "same-origin")]));
            assert!(asked(&method, &[("sec-fetch-site", "none")]));
            assert!(asked(&method, &[("origin", HOME)]));
            assert!(!asked(&method, &[]));
            assert!(!asked(&method, &[("origin", "null")]));
            assert!(!asked(&method, &[("origin", "http://localhost:3001")]));
            assert!(!asked(
                &method,
                &[("sec-fetch-site", "same-site"), ("origin", HOME)]
            ));
            assert!(!asked(&method, &[("sec-fetch-site", "cross-site")]));
            assert!(!asked(
                &method,
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("origin", "https://evil.test")
                ]
            ));
        }
    }
}
