//! `/pkg` and `/static`: files of the site.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    encoding::{self, Coding},
    error::Problem,
    fresh,
};
use crate::{asset, state::Vitrine};

/// Files whose name holds their hash: they never change.
pub async fn hashed(
    State(vitrine): State<Vitrine>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(
        &vitrine,
        &format!("pkg/{path}"),
        &headers,
        "public, max-age=31536000, immutable",
    )
    .await
}

/// Files with plain names.
pub async fn plain(
    State(vitrine): State<Vitrine>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(
        &vitrine,
        &format!("static/{path}"),
        &headers,
        "public, max-age=3600",
    )
    .await
}

/// Browsers ask for it whatever the page says.
pub async fn favicon(
    State(vitrine): State<Vitrine>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(
        &vitrine,
        "static/favicon.ico",
        &headers,
        "public, max-age=3600",
    )
    .await
}

/// The studio's service worker. Its address never changes, because a browser that knows another one would keep both; so it is asked
/// for anew each time, and a browser that finds other bytes has found another version.
pub async fn service_worker(
    State(vitrine): State<Vitrine>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = vitrine
        .site
        .assets
        .get("service-worker.js")
        .ok_or_else(Problem::not_found)?
        .trim_start_matches('/')
        .to_owned();
    file(&vitrine, &path, &headers, "no-cache").await
}

async fn file(
    vitrine: &Vitrine,
    path: &str,
    headers: &HeaderMap,
    lifetime: &'static str,
) -> Result<Response, Problem> {
    let wanted = encoding::negotiate(headers);
    let beside = match wanted {
        Coding::Br => Some(format!("{path}.br")),
        Coding::Gzip => Some(format!("{path}.gz")),
        Coding::Identity => None,
    };
    let packed = match beside {
        Some(beside) => vitrine.files.read(&beside).await,
        None => None,
    };
    let (bytes, coding) = match packed {
        Some(bytes) => (bytes, wanted.name()),
        None => (
            vitrine
                .files
                .read(path)
                .await
                .ok_or_else(Problem::not_found)?,
            None,
        ),
    };
    let hash = blake3::hash(&bytes).to_hex();
    let etag = format!("\"{}\"", &hash.as_str()[..32]);
    let mut response = if fresh::is_known(headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match bytes {
            std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
            std::borrow::Cow::Owned(bytes) => Body::from(bytes),
        };
        let mut response = body.into_response();
        let kind = HeaderValue::from_static(asset::content_type(path));
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(coding) = coding {
            let coding = HeaderValue::from_static(coding);
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, coding);
        }
        response
    };
    let answer = response.headers_mut();
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        answer.insert(header::ETAG, etag);
    }
    Ok(response)
}
