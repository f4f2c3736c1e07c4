//! Answers of public pages: the same for everyone, so they come from the page cache and carry what shared caches need.
//!
//! Handlers that use this take no viewer and no cookie. Browsers ask again each time (`no-cache` with an ETag); only shared
//! caches get lifetimes (`CDN-Cache-Control`, RFC 9213), because only they can be purged by tag.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    encoding::{self, Coding},
    error::Problem,
    fresh,
};
use crate::{
    cache::{CacheOutcome, Entry, FillError, RenderedPage},
    state::Vitrine,
};

/// The page under `key`, from the cache or made by `fill`.
pub async fn page<F>(
    vitrine: &Vitrine,
    headers: &HeaderMap,
    key: &str,
    fill: F,
) -> Result<Response, Problem>
where
    F: Future<Output = Result<RenderedPage, Problem>> + Send + 'static,
{
    let (entry, outcome) = vitrine
        .pages
        .get(key, fill)
        .await
        .map_err(|error| match error {
            FillError::Refused(problem) => problem,
            FillError::TimedOut => Problem::internal("a page took too long to render"),
            FillError::Broken(cause) => Problem::internal(cause),
        })?;
    Ok(answer(&entry, outcome, headers))
}

/// `Link` that lets a browser fetch the style sheet before it has read the page; a CDN makes a 103 of it.
#[must_use]
pub fn style(site: &app::Site) -> Option<String> {
    site.assets
        .get("shop.css")
        .map(|css| format!("<{css}>; rel=preload; as=style"))
}

fn answer(entry: &Entry, outcome: CacheOutcome, headers: &HeaderMap) -> Response {
    let coding = encoding::negotiate(headers);
    // Each encoding is a representation of its own, so a strong ETag names it too.
    let etag = |coding: Coding| match coding.name() {
        Some(name) => format!("\"{}-{name}\"", entry.hash),
        None => format!("\"{}\"", entry.hash),
    };
    // Whichever encoding the browser kept, it is this page.
    let known = [Coding::Br, Coding::Gzip, Coding::Identity]
        .into_iter()
        .any(|kept| fresh::is_known(headers, &etag(kept)));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = match coding {
            Coding::Br => &entry.br,
            Coding::Gzip => &entry.gzip,
            Coding::Identity => &entry.plain,
        };
        Body::from(bytes.clone()).into_response()
    };
    let answer = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.insert(name, value);
        }
    };
    if !known {
        set(header::CONTENT_TYPE, "text/html; charset=utf-8");
        if let Some(name) = coding.name() {
            set(header::CONTENT_ENCODING, name);
        }
    }
    set(header::ETAG, &etag(coding));
    set(header::VARY, "accept-encoding");
    set(header::CACHE_CONTROL, "public, no-cache");
    set(
        HeaderName::from_static("cdn-cache-control"),
        "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
    );
    set(HeaderName::from_static("cache-tag"), &entry.tags.join(","));
    let status = match outcome {
        CacheOutcome::Hit => "vitrine; hit",
        CacheOutcome::Stale => "vitrine; hit; detail=stale",
        CacheOutcome::Miss => "vitrine; fwd=uri-miss; stored",
        CacheOutcome::Joined => "vitrine; fwd=uri-miss; collapsed",
    };
    set(HeaderName::from_static("cache-status"), status);
    if let Some(link) = &entry.link {
        set(header::LINK, link);
    }
    response
}
