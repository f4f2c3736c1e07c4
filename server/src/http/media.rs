//! `/media/{hash}/{file}`: pictures and clips under addresses that never change their content.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    error::Problem,
    fresh,
    range::{self, Wanted},
    viewer::Anyone,
};
use crate::state::Vitrine;

/// What a published product shows goes to anyone and may be kept for ever; the rest only to its own shop.
pub async fn rendition(
    State(vitrine): State<Vitrine>,
    method: Method,
    Anyone(viewer): Anyone,
    Path((hash, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let library = vitrine.services.media();
    let rendition = library.rendition(viewer.as_ref(), &hash, &file).await?;
    let length = rendition.length;
    let etag = HeaderValue::from_str(&rendition.etag).map_err(Problem::internal)?;

    let wanted = match headers.get(header::RANGE).and_then(|h| h.to_str().ok()) {
        // RFC 9110, 14.2: ranges are for GET only.
        Some(asked) if method == Method::GET && fresh::range_holds(&headers, &rendition.etag) => {
            range::parse(asked, length)
        }
        _ => Wanted::Whole,
    };
    let known = fresh::is_known(&headers, &rendition.etag);
    let (status, span) = match wanted {
        _ if known => (StatusCode::NOT_MODIFIED, None),
        Wanted::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None),
        Wanted::Whole => (StatusCode::OK, Some(0..length)),
        Wanted::Part { start, end } => (StatusCode::PARTIAL_CONTENT, Some(start..end)),
    };
    let body = match &span {
        Some(span) if method == Method::GET => {
            Body::from_stream(library.read(&rendition, span.clone()).await?)
        }
        _ => Body::empty(),
    };

    let mut response = body.into_response();
    *response.status_mut() = status;
    let answer = response.headers_mut();
    answer.insert(header::ETAG, etag);
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(match (status, rendition.public) {
            (StatusCode::RANGE_NOT_SATISFIABLE, _) => "no-store",
            (_, true) => "public, max-age=31536000, immutable",
            // Signing out must take it away from a shared browser, so it is asked for again each time.
            (_, false) => "private, no-cache",
        }),
    );
    if let Some(span) = span {
        answer.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_str(&rendition.mime).map_err(Problem::internal)?,
        );
        answer.insert(
            header::CONTENT_LENGTH,
            HeaderValue::from(span.end - span.start),
        );
        if status == StatusCode::PARTIAL_CONTENT {
            let place = format!(
                "bytes {}-{}/{length}",
                span.start,
                span.end.saturating_sub(1)
            );
            answer.insert(
                header::CONTENT_RANGE,
                HeaderValue::try_from(place).map_err(Problem::internal)?,
            );
        }
    } else if status == StatusCode::RANGE_NOT_SATISFIABLE {
        let place = format!("bytes */{length}");
        answer.insert(
            header::CONTENT_RANGE,
            HeaderValue::try_from(place).map_err(Problem::internal)?,
        );
    }
    Ok(response)
}
