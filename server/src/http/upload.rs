//! Resumable uploads: tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), core and the extensions named in [`EXTENSIONS`].
//!
//! `Upload-Offset` is always what is durable on disk. A connection that breaks off keeps what came, so `HEAD` says where
//! the client goes on.

mod checksum;
mod metadata;

use std::{
    sync::atomic::Ordering,
    time::{Duration, UNIX_EPOCH},
};

use axum::{
    Json,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{
    id::{SessionId, UploadId},
    identity::Viewer,
    media::{Kind, Upload},
    wire::upload::{
        CONTENT_TYPE, Status, VERSION,
        header::{TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET},
        metadata as metadata_key,
    },
};
use futures::{StreamExt, stream::BoxStream};
use services::media::{Checksum, NewUpload};

use super::{error::Problem, viewer::Signed};
use crate::state::Vitrine;

/// The extensions that this server implements.
pub const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination,checksum";

/// How long a client may send nothing in the middle of a body before the connection is closed. What came is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// `OPTIONS /api/uploads`: what this server can do.
pub async fn options() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: HeaderValue| {
        headers.insert(HeaderName::from_static(name), value)
    };
    set("tus-version", HeaderValue::from_static(VERSION));
    set("tus-extension", HeaderValue::from_static(EXTENSIONS));
    set(
        "tus-checksum-algorithm",
        HeaderValue::from_static(checksum::ALGORITHMS),
    );
    set("tus-max-size", HeaderValue::from(Kind::Clip.max_bytes()));
    response
}

/// Version middleware: every request but `OPTIONS` and `GET` (which is not part of the protocol) must have our version in
/// `Tus-Resumable`, and every response names it.
pub async fn check_version(request: Request, next: Next) -> Response {
    let method = request.method().as_str();
    let version = request
        .headers()
        .get(TUS_RESUMABLE)
        .map(HeaderValue::as_bytes);
    let mut response = if matches!(method, "OPTIONS" | "GET") || version == Some(VERSION.as_bytes())
    {
        next.run(request).await
    } else {
        Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "wrong_version",
            "This server implements tus 1.0.0. Send the header Tus-Resumable: 1.0.0.",
        )
        .with(
            HeaderName::from_static("tus-version"),
            HeaderValue::from_static(VERSION),
        )
        .into_response()
    };
    response.headers_mut().insert(
        HeaderName::from_static(TUS_RESUMABLE),
        HeaderValue::from_static(VERSION),
    );
    response
}

/// `POST /api/uploads`: a new upload, perhaps with its first bytes.
pub async fn create(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new = parse_creation(&headers)?;
    let with_bytes = match headers.get(header::CONTENT_TYPE) {
        Some(kind) if kind.as_bytes() == CONTENT_TYPE.as_bytes() => true,
        Some(_) if length(&headers)?.is_some_and(|n| n > 0) => return Err(wrong_type()),
        _ => false,
    };
    let checksum = parse_checksum(&headers)?;
    let mut upload = vitrine.services.media().create_upload(&viewer, new).await?;
    if with_bytes {
        let id = upload.id.clone();
        match append(&vitrine, &viewer, &id, 0, checksum, body).await {
            Ok(grown) => upload = grown,
            // The upload exists whatever became of its first bytes; its offset says where the client goes on.
            Err(problem) if problem.status().is_client_error() => return Err(problem),
            Err(_kept) => upload = vitrine.services.media().upload(&viewer, &id).await?,
        }
    }
    let location =
        HeaderValue::try_from(format!("/api/uploads/{}", upload.id)).map_err(Problem::internal)?;
    let mut response = (StatusCode::CREATED, [(header::LOCATION, location)]).into_response();
    set_progress(&mut response, &upload);
    Ok(response)
}

/// `HEAD /api/uploads/{id}`: how much is here.
pub async fn head(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let upload = vitrine
        .services
        .media()
        .upload(&viewer, &read(&id)?)
        .await?;
    let mut response = StatusCode::OK.into_response();
    set_progress(&mut response, &upload);
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static(UPLOAD_LENGTH),
        HeaderValue::from(upload.length),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `PATCH /api/uploads/{id}`: the next bytes.
pub async fn patch(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    if headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes) != Some(CONTENT_TYPE.as_bytes())
    {
        return Err(wrong_type());
    }
    let offset = number(&headers, UPLOAD_OFFSET)?.ok_or_else(|| {
        Problem::bad("Upload-Offset is missing; it says where these bytes belong.")
    })?;
    let checksum = parse_checksum(&headers)?;
    let upload = append(&vitrine, &viewer, &id, offset, checksum, body).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_progress(&mut response, &upload);
    Ok(response)
}

/// `DELETE /api/uploads/{id}`: terminates an unfinished upload.
pub async fn terminate(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    vitrine
        .services
        .media()
        .terminate(&viewer, &read(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/uploads/{id}`: how far it is and what became of it, for the studio (not part of the protocol).
pub async fn status(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let upload = vitrine
        .services
        .media()
        .upload(&viewer, &read(&id)?)
        .await?;
    let mut response = Json(Status::from(upload)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn append(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &UploadId,
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
) -> Result<Upload, Problem> {
    let upload = vitrine
        .services
        .media()
        .append(viewer, id, offset, checksum, with_idle_timeout(body))
        .await?;
    let gained = upload.received.saturating_sub(offset);
    vitrine
        .metrics
        .uploaded_bytes
        .fetch_add(gained, Ordering::Relaxed);
    Ok(upload)
}

/// The body as a stream that ends with an error when its sender sends nothing for [`IDLE_TIMEOUT`].
fn with_idle_timeout(body: Body) -> BoxStream<'static, Result<Bytes, String>> {
    let chunks = body.into_data_stream();
    futures::stream::unfold(Some(chunks), |chunks| async move {
        let mut chunks = chunks?;
        match tokio::time::timeout(IDLE_TIMEOUT, chunks.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(chunks))),
            Ok(Some(Err(broken))) => Some((Err(broken.to_string()), None)),
            Err(_elapsed) => Some((Err("the sender sent nothing for too long".to_owned()), None)),
        }
    })
    .boxed()
}

fn read(id: &str) -> Result<UploadId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

fn wrong_type() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "Bytes of an upload are sent with Content-Type: application/offset+octet-stream.",
    )
}

/// The upload that a `POST` creates.
fn parse_creation(headers: &HeaderMap) -> Result<NewUpload, Problem> {
    if headers.contains_key("upload-defer-length") {
        return Err(Problem::bad(
            "This server needs to know the length at once; send Upload-Length.",
        ));
    }
    let length = number(headers, UPLOAD_LENGTH)?.ok_or_else(|| {
        Problem::bad("Upload-Length is missing; it says how many bytes there will be.")
    })?;
    let pairs = match headers.get(UPLOAD_METADATA) {
        Some(value) => {
            let text = value
                .to_str()
                .map_err(|_| Problem::bad(metadata::Malformed::Pair.to_string()))?;
            metadata::parse(text).map_err(|error| Problem::bad(error.to_string()))?
        }
        None => std::collections::BTreeMap::new(),
    };
    let value = |key: &str| {
        pairs
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let kind: Kind = value(metadata_key::KIND)
        .ok_or_else(|| Problem::bad("Upload-Metadata must say the kind: photo or clip."))?
        .parse()
        .map_err(|invalid: domain::invalid::Invalid| Problem::bad(invalid.message))?;
    let session = match value(metadata_key::SESSION) {
        Some(text) => Some(
            text.parse::<SessionId>()
                .map_err(|_| Problem::bad("The session's name is malformed."))?,
        ),
        None => None,
    };
    let seconds = |key: &str| match value(key) {
        Some(text) => match text.parse::<f64>() {
            Ok(at) if at.is_finite() && at >= 0.0 => Ok(Some(at)),
            _ => Err(Problem::bad(format!(
                "`{key}` must be seconds from the start of the session, 0 or more."
            ))),
        },
        None => Ok(None),
    };
    let span = match (seconds(metadata_key::START)?, seconds(metadata_key::END)?) {
        (Some(start), Some(end)) if start <= end => Some((start, end)),
        (Some(at), None) => Some((at, at)),
        (None, None) => None,
        _ => return Err(Problem::bad("`end` must not come before `start`.")),
    };
    let alt = value(metadata_key::ALT).unwrap_or_default().to_owned();
    Ok(NewUpload {
        kind,
        length,
        alt,
        session,
        span,
    })
}

fn parse_checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(value) = headers.get("upload-checksum") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    checksum::parse(text)
        .map(Some)
        .map_err(|error| Problem::bad(error.to_string()))
}

fn length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    number(headers, "content-length")
}

/// A header that holds a count: digits only.
fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(count) if digits => Ok(Some(count)),
        _ => Err(Problem::bad(format!(
            "{name} must be a whole number of bytes, 0 or more."
        ))),
    }
}

/// Sets the headers of the protocol that say how far the upload is.
fn set_progress(response: &mut Response, upload: &Upload) {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static(UPLOAD_OFFSET),
        HeaderValue::from(upload.received),
    );
    if upload.received < upload.length {
        let at = UNIX_EPOCH
            + Duration::from_millis(u64::try_from(upload.expires_at.0).unwrap_or_default());
        if let Ok(expires) = HeaderValue::try_from(httpdate::fmt_http_date(at)) {
            headers.insert(HeaderName::from_static(UPLOAD_EXPIRES), expires);
        }
    }
}
