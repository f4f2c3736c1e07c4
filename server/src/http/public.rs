//! Answers of public pages: the same for everyone, so they come from the page cache and carry what shared caches need.
//!
//! Handlers that use this take no viewer and no cookie. Browsers ask again each time (`no-cache` with an ETag); only shared
//! caches get lifetimes (`CDN-Cache-Control`, RFC 9213), because only they can be purged by tag.
//!
//! A page that is there and fresh is answered by [`ready`] before any route or layer is asked: whatever those would have said
//! to such a request is in the entry already.

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::Full;

use super::{encoding, error::Problem, forwarded, fresh, host};
use crate::{
    cache::{CacheOutcome, Entry, FillError, RenderedPage},
    state::Vitrine,
};

/// A page just rendered.
#[derive(Debug)]
pub struct Page {
    /// The whole document.
    pub html: String,
    /// Surrogate keys of what it was made of, e.g. `product:…`, `shop:…`.
    pub tags: Vec<String>,
}

const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The page under `key`, from the cache or made by `fill`, which may be asked again after this request.
pub async fn page<F, Filling>(
    vitrine: &Vitrine,
    headers: &HeaderMap,
    key: &str,
    fill: F,
) -> Result<axum::response::Response, Problem>
where
    F: Fn(Vitrine) -> Filling + Send + Sync + 'static,
    Filling: Future<Output = Result<Page, Problem>> + Send,
{
    let fill = Arc::new(fill);
    // The cache keeps it, and belongs to the shop itself.
    let owner = vitrine.downgrade();
    let fill = move || {
        let (fill, owner) = (Arc::clone(&fill), owner.clone());
        async move {
            let vitrine = owner
                .upgrade()
                .ok_or_else(|| Problem::internal("the shop is closing"))?;
            let page = fill(vitrine.clone()).await?;
            Ok(RenderedPage {
                headers: head(&vitrine, &page),
                html: page.html,
                tags: page.tags,
            })
        }
    };
    let (entry, outcome) = vitrine
        .pages
        .get(key, fill)
        .await
        .map_err(|error| match error {
            FillError::Refused(problem) => problem,
            FillError::TimedOut => Problem::internal("a page took too long to render"),
            FillError::Broken(cause) => Problem::internal(cause),
        })?;
    let mut response = answer(&entry, headers);
    let status = match outcome {
        CacheOutcome::Hit => None,
        CacheOutcome::Stale => Some("vitrine; hit; detail=stale"),
        CacheOutcome::Miss => Some("vitrine; fwd=uri-miss; stored"),
        CacheOutcome::Joined => Some("vitrine; fwd=uri-miss; collapsed"),
    };
    if let Some(status) = status {
        let status = HeaderValue::from_static(status);
        response.headers_mut().insert(CACHE_STATUS, status);
    }
    if outcome == CacheOutcome::Stale {
        // For now: nobody in front takes it for the page as it is.
        let brief = HeaderValue::from_static("public, max-age=0, stale-if-error=86400");
        response.headers_mut().insert(CDN_CACHE_CONTROL, brief);
    }
    Ok(response.map(Body::new))
}

/// The answer to a plain request for a page that is in the cache and fresh; `None` for whatever else there is, which the
/// router looks at. `peer` is the other end of the socket.
///
/// Every condition here stands for a layer that would have nothing to say (see [`super::router`]): the name is the public
/// one, the path is spelled as its key is, nothing is changed, and nothing a proxy says needs a warning.
#[must_use]
pub fn ready<B>(
    vitrine: &Vitrine,
    peer: IpAddr,
    request: &Request<B>,
) -> Option<Response<Full<Bytes>>> {
    let start = Instant::now();
    let is_head = match *request.method() {
        Method::GET => false,
        Method::HEAD => true,
        _ => return None,
    };
    let headers = request.headers();
    let is_plain = host::is_public(vitrine, request)
        && forwarded::is_quiet(vitrine, peer, headers)
        && ![header::TRANSFER_ENCODING, header::EXPECT, header::UPGRADE]
            .iter()
            .any(|name| headers.contains_key(name));
    if !is_plain {
        return None;
    }
    let entry = vitrine.pages.fresh(request.uri().path())?;
    let mut response = answer(&entry, headers);
    if is_head {
        let length = response.body().size_hint().exact().unwrap_or_default();
        *response.body_mut() = Full::default();
        if response.status() == StatusCode::OK {
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, length.into());
        }
    }
    let status = response.status().as_u16();
    vitrine.metrics.count(status, start.elapsed());
    Some(response)
}

/// What is sent with a page, whatever its coding.
fn head(vitrine: &Vitrine, page: &Page) -> HeaderMap {
    let mut head = vitrine.security.clone();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            head.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::VARY, "accept-encoding");
    set(header::CACHE_CONTROL, "public, no-cache");
    set(
        CDN_CACHE_CONTROL,
        "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
    );
    set(HeaderName::from_static("cache-tag"), &page.tags.join(","));
    set(CACHE_STATUS, "vitrine; hit");
    // So that a browser fetches the style sheet before it has read the page; a CDN makes a 103 of it.
    if let Some(css) = vitrine.site.assets.get("shop.css") {
        set(header::LINK, &format!("<{css}>; rel=preload; as=style"));
    }
    head
}

fn answer(entry: &Entry, headers: &HeaderMap) -> Response<Full<Bytes>> {
    let coding = encoding::negotiate(headers);
    let is_known = headers.contains_key(header::IF_NONE_MATCH)
        && entry
            .etags()
            .filter_map(|etag| etag.to_str().ok())
            .any(|etag| fresh::is_known(headers, etag));
    let mut response = Response::new(Full::default());
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.headers_mut() = entry.unchanged(coding);
    } else {
        let representation = entry.representation(coding);
        *response.headers_mut() = representation.head.clone();
        *response.body_mut() = Full::new(representation.body.clone());
    }
    response
}
