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
    wire::{
        address,
        upload::{
            CONTENT_TYPE, Status, VERSION,
            header::{
                TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET,
            },
            metadata as metadata_key,
        },
    },
};
use futures::{StreamExt, stream::BoxStream};
use services::media::{Checksum, NewUpload};
use tokio::time::Instant;

use super::{error::Problem, viewer::Signed};
use crate::state::Vitrine;

/// The extensions that this server implements.
pub const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination,checksum";

/// How long a client may send nothing in the middle of a body before the connection is closed. What came is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often the bytes of a body are counted, and how many must have come: a slow phone line brings ten times that.
const PACE: (Duration, usize) = (Duration::from_secs(60), 8 * 1024);

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

/// Names our version on every answer of the endpoint, whoever gives it: outermost, so that refusals by other layers have it too.
pub async fn name_version(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_here = path
        .strip_prefix(address::UPLOADS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut response = next.run(request).await;
    if is_here {
        response.headers_mut().insert(
            HeaderName::from_static(TUS_RESUMABLE),
            HeaderValue::from_static(VERSION),
        );
    }
    response
}

/// Every request but `OPTIONS` and `GET` (which is not part of the protocol) must have our version in `Tus-Resumable`.
pub async fn check_version(request: Request, next: Next) -> Response {
    let method = request.method().as_str();
    let version = request
        .headers()
        .get(TUS_RESUMABLE)
        .map(HeaderValue::as_bytes);
    if matches!(method, "OPTIONS" | "GET") || version == Some(VERSION.as_bytes()) {
        return next.run(request).await;
    }
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
}

/// The method that `X-HTTP-Method-Override` puts in the place of `POST`, for clients that can send no other.
fn overridden(headers: &HeaderMap) -> Option<String> {
    let method = headers.get("x-http-method-override")?.to_str().ok()?;
    Some(method.trim().to_ascii_uppercase())
}

/// `POST /api/uploads/{id}`: another method in its clothes.
pub async fn other(
    State(vitrine): State<Vitrine>,
    signed: Signed,
    id: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    match overridden(&headers).as_deref() {
        Some("PATCH") => patch(State(vitrine), signed, id, headers, body).await,
        Some("DELETE") => terminate(State(vitrine), signed, id).await,
        Some("HEAD") => head(State(vitrine), signed, id).await,
        _ => Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Bytes of an upload are sent with PATCH, or with POST and X-HTTP-Method-Override: PATCH.",
        )
        .with(
            header::ALLOW,
            HeaderValue::from_static("OPTIONS, GET, HEAD, PATCH, DELETE"),
        )),
    }
}

/// `POST /api/uploads`: a new upload, perhaps with its first bytes.
pub async fn create(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if let Some(method) = overridden(&headers).filter(|method| method != "POST") {
        return Err(Problem::bad(format!(
            "{method} is no method of the address that makes uploads. Send it to the upload's own address."
        )));
    }
    let new = parse_creation(&headers)?;
    let with_bytes = match headers.get(header::CONTENT_TYPE) {
        Some(kind) if kind.as_bytes() == CONTENT_TYPE.as_bytes() => true,
        Some(_) if length(&headers)?.is_some_and(|n| n > 0) => return Err(wrong_type()),
        _ => false,
    };
    let checksum = parse_checksum(&headers)?;
    let mut upload = vitrine.services.media().create_upload(&viewer, new).await?;
    let id = upload.id.clone();
    let location = HeaderValue::try_from(address::upload(&id)).map_err(Problem::internal)?;
    if with_bytes && upload.length > 0 {
        match append(&vitrine, &viewer, &id, 0, checksum, body).await {
            Ok(grown) => upload = grown,
            // The upload exists whatever became of its first bytes; its offset says where the client goes on.
            Err(problem) if problem.status().is_client_error() => {
                return Err(problem.with(header::LOCATION, location));
            }
            Err(_kept) => {
                let found = vitrine.services.media().upload(&viewer, &id).await;
                upload = found.map_err(|error| {
                    Problem::from(error).with(header::LOCATION, location.clone())
                })?;
            }
        }
    }
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
        .settle(&viewer, &read(&id)?)
        .await?;
    let mut response = StatusCode::OK.into_response();
    set_progress(&mut response, &upload);
    let headers = response.headers_mut();
    if !upload.metadata.is_empty()
        && let Ok(metadata) = HeaderValue::try_from(upload.metadata)
    {
        headers.insert(HeaderName::from_static(UPLOAD_METADATA), metadata);
    }
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

/// The body as a stream that ends with an error when its sender sends nothing for [`IDLE_TIMEOUT`], or hardly anything.
fn with_idle_timeout(body: Body) -> BoxStream<'static, Result<Bytes, String>> {
    let chunks = body.into_data_stream();
    let pace = (Instant::now(), 0);
    futures::stream::unfold(Some((chunks, pace)), |state| async move {
        let (mut chunks, (mut since, mut bytes)) = state?;
        match tokio::time::timeout(IDLE_TIMEOUT, chunks.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(chunk))) => {
                bytes += chunk.len();
                if since.elapsed() >= PACE.0 {
                    if bytes < PACE.1 {
                        return Some((Err("the sender is too slow".to_owned()), None));
                    }
                    (since, bytes) = (Instant::now(), 0);
                }
                Some((Ok(chunk), Some((chunks, (since, bytes)))))
            }
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
    if headers.contains_key("upload-concat") {
        return Err(Problem::bad(
            "This server joins no partial uploads (the extension concatenation). Send the file as one upload, without Upload-Concat.",
        ));
    }
    if headers.contains_key("upload-defer-length") {
        return Err(Problem::bad(
            "This server needs to know the length at once; send Upload-Length.",
        ));
    }
    let length = number(headers, UPLOAD_LENGTH)?.ok_or_else(|| {
        Problem::bad("Upload-Length is missing; it says how many bytes there will be.")
    })?;
    let metadata = match headers.get(UPLOAD_METADATA) {
        Some(value) => value
            .to_str()
            .map_err(|_| Problem::bad(metadata::Malformed::Pair.to_string()))?
            .to_owned(),
        None => String::new(),
    };
    let pairs = metadata::parse(&metadata).map_err(|error| Problem::bad(error.to_string()))?;
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
        metadata,
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
