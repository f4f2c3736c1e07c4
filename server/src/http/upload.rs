//! Resumable uploads: tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), core and the extensions named in [`EXTENSIONS`].
//!
//! `Upload-Offset` is always what is durable on disk. A connection that breaks off keeps what came, so `HEAD` tells the client
//! where to go on.

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
};
use futures::{StreamExt, stream::BoxStream};
use services::media::{Checksum, NewUpload};

use super::{error::Problem, viewer::Signed};
use crate::state::Vitrine;

/// The version we speak.
pub const VERSION: &str = "1.0.0";

/// The extensions we have.
pub const EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination,checksum";

/// How long a client may be silent in the middle of a body before what came is kept and the connection given up.
const SILENCE: Duration = Duration::from_secs(60);

const PIECE: &[u8] = b"application/offset+octet-stream";

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

/// Asks every request but `OPTIONS` and `GET` (which is not of the protocol) for our version, and names it in every answer.
pub async fn speak(request: Request, next: Next) -> Response {
    let method = request.method().as_str();
    let spoken = request
        .headers()
        .get("tus-resumable")
        .map(HeaderValue::as_bytes);
    let mut response = if matches!(method, "OPTIONS" | "GET") || spoken == Some(VERSION.as_bytes())
    {
        next.run(request).await
    } else {
        Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "wrong_version",
            "This server speaks tus 1.0.0. Send the header Tus-Resumable: 1.0.0.",
        )
        .with(
            HeaderName::from_static("tus-version"),
            HeaderValue::from_static(VERSION),
        )
        .into_response()
    };
    let version = HeaderValue::from_static(VERSION);
    response
        .headers_mut()
        .insert(HeaderName::from_static("tus-resumable"), version);
    response
}

/// `POST /api/uploads`: a new upload, perhaps with its first bytes.
pub async fn create(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let new = announced(&headers)?;
    let with_bytes = match headers.get(header::CONTENT_TYPE) {
        Some(kind) if kind.as_bytes() == PIECE => true,
        Some(_) if length(&headers)?.is_some_and(|n| n > 0) => return Err(wrong_type()),
        _ => false,
    };
    let checksum = checked(&headers)?;
    let mut upload = vitrine.services.media().create_upload(&viewer, new).await?;
    if with_bytes {
        let id = upload.id.clone();
        match append(&vitrine, &viewer, &id, 0, checksum, body).await {
            Ok(grown) => upload = grown,
            // The upload exists whatever became of its first bytes; its offset tells the client where to go on.
            Err(problem) if problem.status().is_client_error() => return Err(problem),
            Err(_kept) => upload = vitrine.services.media().upload(&viewer, &id).await?,
        }
    }
    let place =
        HeaderValue::try_from(format!("/api/uploads/{}", upload.id)).map_err(Problem::internal)?;
    let mut response = (StatusCode::CREATED, [(header::LOCATION, place)]).into_response();
    tell(&mut response, &upload);
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
    tell(&mut response, &upload);
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("upload-length"),
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
    if headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes) != Some(PIECE) {
        return Err(wrong_type());
    }
    let offset = number(&headers, "upload-offset")?.ok_or_else(|| {
        Problem::bad("Upload-Offset is missing; it says where these bytes belong.")
    })?;
    let checksum = checked(&headers)?;
    let upload = append(&vitrine, &viewer, &id, offset, checksum, body).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    tell(&mut response, &upload);
    Ok(response)
}

/// `DELETE /api/uploads/{id}`: gives an unfinished upload up.
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

/// `GET /api/uploads/{id}`: what became of it, for the studio (not of the protocol).
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
    let told = serde_json::json!({
        "state": upload.state,
        "received": upload.received,
        "length": upload.length,
        "media": upload.media,
        "error": upload.error,
    });
    let mut response = Json(told).into_response();
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
        .append(viewer, id, offset, checksum, patient(body))
        .await?;
    let gained = upload.received.saturating_sub(offset);
    vitrine
        .metrics
        .uploaded_bytes
        .fetch_add(gained, Ordering::Relaxed);
    Ok(upload)
}

/// The body as a stream that ends with an error when its sender falls silent.
fn patient(body: Body) -> BoxStream<'static, Result<Bytes, String>> {
    let chunks = body.into_data_stream();
    futures::stream::unfold(Some(chunks), |chunks| async move {
        let mut chunks = chunks?;
        match tokio::time::timeout(SILENCE, chunks.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(chunks))),
            Ok(Some(Err(broken))) => Some((Err(broken.to_string()), None)),
            Err(_silent) => Some((Err("the sender fell silent".to_owned()), None)),
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

/// What a `POST` announces.
fn announced(headers: &HeaderMap) -> Result<NewUpload, Problem> {
    if headers.contains_key("upload-defer-length") {
        return Err(Problem::bad(
            "This server needs to know the length at once; send Upload-Length.",
        ));
    }
    let length = number(headers, "upload-length")?.ok_or_else(|| {
        Problem::bad("Upload-Length is missing; it says how many bytes there will be.")
    })?;
    let pairs = match headers.get("upload-metadata") {
        Some(value) => {
            let text = value
                .to_str()
                .map_err(|_| Problem::bad(metadata::Malformed::Pair.to_string()))?;
            metadata::parse(text).map_err(|wrong| Problem::bad(wrong.to_string()))?
        }
        None => std::collections::BTreeMap::new(),
    };
    let word = |key: &str| {
        pairs
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let kind: Kind = word("kind")
        .ok_or_else(|| Problem::bad("Upload-Metadata must say the kind: photo or clip."))?
        .parse()
        .map_err(|wrong: domain::invalid::Invalid| Problem::bad(wrong.sentence))?;
    let session = match word("session") {
        Some(text) => Some(
            text.parse::<SessionId>()
                .map_err(|_| Problem::bad("The session's name is malformed."))?,
        ),
        None => None,
    };
    let seconds = |key: &str| match word(key) {
        Some(text) => match text.parse::<f64>() {
            Ok(at) if at.is_finite() && at >= 0.0 => Ok(Some(at)),
            _ => Err(Problem::bad(format!(
                "`{key}` must be seconds from the start of the session, 0 or more."
            ))),
        },
        None => Ok(None),
    };
    let span = match (seconds("start")?, seconds("end")?) {
        (Some(start), Some(end)) if start <= end => Some((start, end)),
        (Some(at), None) => Some((at, at)),
        (None, None) => None,
        _ => return Err(Problem::bad("`end` must not come before `start`.")),
    };
    let alt = word("alt").unwrap_or_default().to_owned();
    Ok(NewUpload {
        kind,
        length,
        alt,
        session,
        span,
    })
}

fn checked(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(value) = headers.get("upload-checksum") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    checksum::parse(text)
        .map(Some)
        .map_err(|wrong| Problem::bad(wrong.to_string()))
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

/// Where the upload stands, in the headers of the protocol.
fn tell(response: &mut Response, upload: &Upload) {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("upload-offset"),
        HeaderValue::from(upload.received),
    );
    if upload.received < upload.length {
        let at = UNIX_EPOCH
            + Duration::from_millis(u64::try_from(upload.expires_at.0).unwrap_or_default());
        if let Ok(expires) = HeaderValue::try_from(httpdate::fmt_http_date(at)) {
            headers.insert(HeaderName::from_static("upload-expires"), expires);
        }
    }
}
