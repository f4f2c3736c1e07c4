//! Who uploads: a program by its token (RFC 6750), a device by a token of some minutes and a proof (DPoP, RFC 9449). A cookie is
//! looked at only where such a token is asked for.

use axum::{
    Json,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{
    identity::{
        Viewer,
        proof::{Refusal, TOKEN_MS},
    },
    wire::{
        access::{AccessGranted, PROOF, SCHEME},
        address,
    },
};
use services::{
    identity::access::{Failure, Right, Signed},
    media::Library,
};

use super::{
    cookie,
    error::Problem,
    viewer::{check_meant, find, signed_out},
};
use crate::state::Vitrine;

/// Whoever uploads, and by what right.
#[derive(Debug)]
pub struct Uploader {
    /// For whom.
    pub viewer: Viewer,
    /// What is looked at again where something is taken in.
    pub right: Right,
}

impl Uploader {
    /// Uploads, taken in by this right.
    pub(super) fn media<'a>(&'a self, vitrine: &'a Vitrine) -> Library<'a> {
        vitrine.services.media().by(&self.right)
    }
}

impl FromRequestParts<Vitrine> for Uploader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, vitrine: &Vitrine) -> Result<Self, Response> {
        identify(parts, vitrine)
            .await
            .map_err(IntoResponse::into_response)
    }
}

async fn identify(parts: &Parts, vitrine: &Vitrine) -> Result<Uploader, Problem> {
    let identity = vitrine.services.identity();
    let (viewer, right) = match token(&parts.headers) {
        Some((Scheme::Program, token)) => {
            let found = identity.uploader(token).await?;
            found.ok_or_else(wrong_token)?
        }
        Some((Scheme::Device, token)) => {
            let proof = proof(&parts.headers)?;
            let request = Signed {
                proof,
                method: parts.method.as_str(),
                path: parts.uri.path(),
            };
            let found = identity.uploader_by_proof(token, &request).await;
            let (viewer, right) = found.map_err(refused)?;
            check_origin(&parts.headers, &vitrine.origin)?;
            (viewer, right)
        }
        None => {
            let session = find(vitrine, &parts.headers).await?;
            return Err(session.map_or_else(signed_out, |_| no_proof()));
        }
    };
    check_meant(&viewer, &parts.headers)?;
    Ok(Uploader { viewer, right })
}

/// How a token is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// `Bearer` (RFC 6750, section 2.1).
    Program,
    /// `DPoP` (RFC 9449, section 7.1).
    Device,
}

/// The token of `Authorization`. Another scheme is meant for a proxy in front.
fn token(headers: &HeaderMap) -> Option<(Scheme, &str)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let scheme = if scheme.eq_ignore_ascii_case("bearer") {
        Scheme::Program
    } else if scheme.eq_ignore_ascii_case(SCHEME) {
        Scheme::Device
    } else {
        return None;
    };
    Some((scheme, token.trim()))
}

/// Whether a request comes with a token. No page of elsewhere can send one, and no cookie counts beside it.
pub(super) fn has_token(headers: &HeaderMap) -> bool {
    token(headers).is_some()
}

/// The proof of a request: one header, once (RFC 9449, section 4.3).
fn proof(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut lines = headers.get_all(PROOF).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line
            .to_str()
            .map_err(|_| refused(Failure::Proof(Refusal::Malformed))),
        (None, _) => Err(no_proof()),
        (Some(_), Some(_)) => Err(refused(Failure::Proof(Refusal::Malformed))),
    }
}

/// A browser says which page a request is of; a token is good for pages of the shop it was granted at.
fn check_origin(headers: &HeaderMap, origin: &str) -> Result<(), Problem> {
    match headers.get(header::ORIGIN) {
        Some(from) if from.as_bytes() != origin.as_bytes() => Err(refused(Failure::Token)),
        _ => Ok(()),
    }
}

/// `POST /api/access-token`: a token for whoever is signed in and shows the key of their session.
pub async fn grant(
    State(vitrine): State<Vitrine>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Whether it is meant for whoever is signed in.
    find(&vitrine, &headers).await?.ok_or_else(signed_out)?;
    let cookie = cookie::Kind::Session.read(&vitrine, &headers);
    let cookie = cookie.ok_or_else(signed_out)?;
    let request = Signed {
        proof: proof(&headers)?,
        method: method.as_str(),
        path: address::ACCESS,
    };
    let identity = vitrine.services.identity();
    let token = identity.grant_access(&cookie, &request).await;
    let token = token.map_err(refused)?;
    let granted = AccessGranted {
        access_token: token.value,
        token_type: SCHEME.to_owned(),
        expires_in: TOKEN_MS / 1000,
    };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((no_store, Json(granted)).into_response())
}

/// A 401 that names the error as RFC 9449, section 7.1, does.
fn challenge(code: &'static str, error: &'static str, message: &'static str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, code, message);
    let value = format!("DPoP error=\"{error}\", error_description=\"{code}\", algs=\"ES256\"");
    match HeaderValue::try_from(value) {
        Ok(value) => problem.with(header::WWW_AUTHENTICATE, value),
        Err(error) => Problem::internal(error),
    }
}

/// Names the scheme on a 401 that has none (RFC 9110, section 15.5.2): a right that was taken back in the middle of a request. Who
/// has signed in again meanwhile asks for a new token, and goes on.
pub async fn name_scheme(request: Request, next: Next) -> Response {
    let scheme = token(request.headers()).map(|(scheme, _)| scheme);
    let mut response = next.run(request).await;
    let is_bare = response.status() == StatusCode::UNAUTHORIZED
        && !response.headers().contains_key(header::WWW_AUTHENTICATE);
    let value = match scheme.filter(|_| is_bare) {
        Some(Scheme::Device) => {
            "DPoP error=\"invalid_token\", error_description=\"revoked\", algs=\"ES256\""
        }
        Some(Scheme::Program) => "Bearer error=\"invalid_token\", error_description=\"revoked\"",
        None => return response,
    };
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
    response
}

fn refused(failure: Failure) -> Problem {
    match failure {
        Failure::Proof(refusal) => {
            let message = match refusal {
                Refusal::Malformed => {
                    "The proof of this request cannot be read. Send one header DPoP with a JWT of type dpop+jwt by ES256."
                }
                Refusal::Signature => "The proof of this request is not signed by the key in it.",
                Refusal::Method => "The proof of this request is for another method.",
                Refusal::Target => "The proof of this request is for another address.",
                Refusal::Time => {
                    "The proof of this request was made more than a minute from now. Make one by the time in the header Date."
                }
                Refusal::Token => "The proof of this request is for another token.",
                Refusal::Replayed => {
                    "The proof of this request was used before. Each request needs one of its own."
                }
            };
            challenge(refusal.code(), "invalid_dpop_proof", message)
        }
        Failure::Token => challenge(
            "wrong_access_token",
            "invalid_token",
            "This token is over, was revoked, or is of another shop. Ask for a new one.",
        ),
        Failure::Key => challenge(
            "wrong_key",
            "invalid_token",
            "This was signed by another key than the one this browser signed in with. Sign in again, then go on here; nothing is lost.",
        ),
        Failure::SignedOut => signed_out(),
        Failure::Other(error) => error.into(),
    }
}

/// The answer to who is signed in and shows no proof, or has a token and no proof.
fn no_proof() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "needs_proof",
        "Uploads come with a token and a proof by the key of the browser (DPoP), or with a token of `vitrine token upload`. A cookie alone uploads by the forms of the shop.",
    )
    .with(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("DPoP algs=\"ES256\""),
    )
    .with(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"uploads\""),
    )
}

fn wrong_token() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "wrong_token",
        "This upload token is unknown, expired or revoked. Make a new one with `vitrine token upload`.",
    )
    .with(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"uploads\", error=\"invalid_token\""),
    )
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, middleware::from_fn, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_right_that_was_taken_back_can_be_asked_for_anew() {
        let bare = get(async || StatusCode::UNAUTHORIZED);
        let named = get(async || challenge("wrong_token", "invalid_token", "No."));
        let router = Router::new()
            .route("/bare", bare)
            .route("/named", named)
            .route("/well", get(async || "well"))
            .layer(from_fn(name_scheme));
        for (path, authorization, words) in [
            (
                "/bare",
                "DPoP t",
                "DPoP error=\"invalid_token\", error_description=\"revoked\"",
            ),
            ("/bare", "Bearer t", "Bearer error=\"invalid_token\""),
            ("/bare", "Basic t", ""),
            (
                "/named",
                "DPoP t",
                "DPoP error=\"invalid_token\", error_description=\"wrong_token\"",
            ),
            ("/well", "DPoP t", ""),
        ] {
            let request = Request::builder()
                .uri(path)
                .header("authorization", authorization)
                .body(Body::empty())
                .unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let found = response.headers().get(header::WWW_AUTHENTICATE);
            let found = found.map_or("", |value| value.to_str().unwrap());
            assert!(
                found.starts_with(words) && (found.is_empty() == words.is_empty()),
                "{path} {authorization}: {found}"
            );
        }
    }
}
