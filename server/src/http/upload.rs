//! Resumable uploads: tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), core and the extensions named in [`EXTENSIONS`];
//! and by the same addresses the IETF's draft of it, see [`draft`].
//!
//! `Upload-Offset` is always what is durable on disk. A connection that breaks off keeps what came, so `HEAD` says where
//! the client goes on.
//!
//! What tus leaves open: `X-HTTP-Method-Override` counts with `POST` only, since a `GET` must change nothing, whoever sends it.
//! A final upload is refused with 409 while one of its partial uploads is not complete. Once it is made, its partial uploads are
//! gone, and the same request once more answers with the final upload that there is.

mod body;
mod checksum;
mod concat;
mod creation;
mod draft;
mod field;
#[doc(hidden)]
pub mod fuzz;
mod metadata;

use std::{
    sync::atomic::Ordering,
    time::{Duration, UNIX_EPOCH},
};

use axum::{
    Json,
    body::{Body, HttpBody},
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{
    id::UploadId,
    media::{Kind, Upload, UploadState},
    wire::{
        address,
        upload::{
            CONTENT_TYPE, PARTIAL_CONTENT_TYPE, Status, VERSION,
            header::{
                TUS_RESUMABLE, UPLOAD_CHECKSUM, UPLOAD_CONCAT, UPLOAD_DEFER_LENGTH, UPLOAD_EXPIRES,
                UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET,
            },
        },
    },
};
use services::media::{Checksum, Form, LaterChecksum, NewUpload};

use self::{
    body::{End, Ending},
    concat::Concat,
};
use super::{access::Uploader, error::Problem};
use crate::state::Vitrine;

/// The extensions that this server implements.
pub const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum,checksum-trailer,concatenation";

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
    set("upload-limit", draft::limits(None));
    let types = format!("{CONTENT_TYPE}, {PARTIAL_CONTENT_TYPE}");
    if let Ok(types) = HeaderValue::try_from(types) {
        set("accept-patch", types);
    }
    response
}

/// Whether a path is of uploads.
pub(super) fn is_here(path: &str) -> bool {
    path.strip_prefix(address::UPLOADS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Names our version on every answer of the endpoint, whoever gives it: outermost, so that refusals by other layers have it too.
pub async fn name_version(request: Request, next: Next) -> Response {
    let is_here = is_here(request.uri().path());
    let is_draft = draft::Version::of(request.headers()).is_some();
    let mut response = next.run(request).await;
    if is_here && !is_draft {
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
    if version.is_none()
        && let Some(draft) = draft::Version::of(request.headers())
    {
        return draft::answer(draft, request, next).await;
    }
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "wrong_version",
        "This server implements tus 1.0.0. Send the header Tus-Resumable: 1.0.0; or Upload-Draft-Interop-Version, 5 to 8, for the IETF's draft of it.",
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
    uploader: Uploader,
    id: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    match overridden(&headers).as_deref() {
        Some("PATCH") => patch(State(vitrine), uploader, id, headers, body).await,
        Some("DELETE") => terminate(State(vitrine), uploader, id).await,
        Some("HEAD") => head(State(vitrine), uploader, id, headers).await,
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
    uploader: Uploader,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if let Some(method) = overridden(&headers).filter(|method| method != "POST") {
        return Err(Problem::bad(format!(
            "{method} is no method of the address that makes uploads. Send it to the upload's own address."
        )));
    }
    if let Some(version) = draft::Version::of(&headers) {
        return draft::create(&vitrine, &uploader, version, &headers, body).await;
    }
    let (new, partials) = parse_creation(&headers, &vitrine.origin)?;
    if let Some(partials) = partials {
        let upload = uploader
            .media(&vitrine)
            .join(&uploader.viewer, new, &partials)
            .await?;
        return created(&upload);
    }
    let with_bytes = match headers.get(header::CONTENT_TYPE) {
        Some(kind) if kind.as_bytes() == CONTENT_TYPE.as_bytes() => true,
        Some(_) if length(&headers)?.is_some_and(|n| n > 0) => return Err(wrong_type()),
        _ => false,
    };
    let checksum = parse_checksum(&headers)?;
    let mut upload = uploader
        .media(&vitrine)
        .create_upload(&uploader.viewer, new)
        .await?;
    let id = upload.id.clone();
    let location = HeaderValue::try_from(address::upload(&id)).map_err(Problem::internal)?;
    if with_bytes && upload.state == UploadState::Receiving {
        match append(&vitrine, &uploader, &id, 0, checksum, body).await {
            Ok(grown) => upload = grown,
            // The upload exists whatever became of its first bytes; its offset says where the client goes on.
            Err(problem) if problem.status().is_client_error() => {
                return Err(problem.with(header::LOCATION, location));
            }
            Err(_kept) => {
                let found = uploader.media(&vitrine).upload(&uploader.viewer, &id).await;
                upload = found.map_err(|error| {
                    Problem::from(error).with(header::LOCATION, location.clone())
                })?;
            }
        }
    }
    created(&upload)
}

fn created(upload: &Upload) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(address::upload(&upload.id)).map_err(Problem::internal)?;
    let mut response = (StatusCode::CREATED, [(header::LOCATION, location)]).into_response();
    set_progress(&mut response, upload);
    Ok(response)
}

/// `HEAD /api/uploads/{id}`: how much is here.
pub async fn head(
    State(vitrine): State<Vitrine>,
    uploader: Uploader,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let upload = uploader
        .media(&vitrine)
        .settle(&uploader.viewer, &read(&id)?)
        .await?;
    if draft::Version::of(&headers).is_some() {
        return Ok(draft::head(&vitrine, &upload));
    }
    let mut response = StatusCode::OK.into_response();
    set_progress(&mut response, &upload);
    let headers = response.headers_mut();
    if !upload.metadata.is_empty()
        && let Ok(metadata) = HeaderValue::try_from(upload.metadata)
    {
        headers.insert(HeaderName::from_static(UPLOAD_METADATA), metadata);
    }
    if upload.is_length_known {
        headers.insert(
            HeaderName::from_static(UPLOAD_LENGTH),
            HeaderValue::from(upload.length),
        );
    } else {
        headers.insert(
            HeaderName::from_static(UPLOAD_DEFER_LENGTH),
            HeaderValue::from_static("1"),
        );
    }
    if !upload.concat.is_empty()
        && let Ok(concat) = HeaderValue::try_from(upload.concat)
    {
        headers.insert(HeaderName::from_static(UPLOAD_CONCAT), concat);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `PATCH /api/uploads/{id}`: the next bytes.
pub async fn patch(
    State(vitrine): State<Vitrine>,
    uploader: Uploader,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    if let Some(version) = draft::Version::of(&headers) {
        return draft::append(&vitrine, &uploader, version, &id, &headers, body).await;
    }
    if headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes) != Some(CONTENT_TYPE.as_bytes())
    {
        return Err(wrong_type());
    }
    let offset = number(&headers, UPLOAD_OFFSET)?.ok_or_else(|| {
        Problem::bad("Upload-Offset is missing; it says where these bytes belong.")
    })?;
    let checksum = parse_checksum(&headers)?;
    let media = uploader.media(&vitrine);
    if let Some(length) = number(&headers, UPLOAD_LENGTH)? {
        media
            .announce_length(&uploader.viewer, &id, offset, length)
            .await?;
    }
    let is_empty = body.is_end_stream();
    let mut upload = match append(&vitrine, &uploader, &id, offset, checksum, body).await {
        Err(problem) if problem.status() == StatusCode::CONFLICT => {
            let upload = media.upload(&uploader.viewer, &id).await?;
            if upload.concat.starts_with("final") {
                return Err(Problem::new(
                    StatusCode::FORBIDDEN,
                    "final_upload",
                    "This upload was joined of others and takes no bytes of its own.",
                ));
            }
            // Nothing at the end of a complete upload changes nothing.
            if upload.received != offset || !is_empty {
                return Err(problem);
            }
            upload
        }
        appended => appended?,
    };
    let is_whole = upload.is_length_known && upload.received == upload.length;
    if upload.is_open && is_whole && upload.concat.is_empty() {
        // Begun by a client of the IETF's draft, which would say so.
        upload = media
            .complete(&uploader.viewer, &id, upload.received)
            .await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_progress(&mut response, &upload);
    Ok(response)
}

/// `DELETE /api/uploads/{id}`: terminates an upload.
pub async fn terminate(
    State(vitrine): State<Vitrine>,
    uploader: Uploader,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    uploader
        .media(&vitrine)
        .terminate(&uploader.viewer, &read(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /api/uploads/{id}`: how far it is and what became of it, for the studio (not part of the protocol).
pub async fn status(
    State(vitrine): State<Vitrine>,
    uploader: Uploader,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let upload = uploader
        .media(&vitrine)
        .upload(&uploader.viewer, &read(&id)?)
        .await?;
    let mut response = Json(Status::from(upload)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn append(
    vitrine: &Vitrine,
    uploader: &Uploader,
    id: &UploadId,
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
) -> Result<Upload, Problem> {
    let (upload, _) = append_noting_end(vitrine, uploader, id, offset, checksum, body).await?;
    Ok(upload)
}

/// Appends a body, and tells how it ended.
async fn append_noting_end(
    vitrine: &Vitrine,
    uploader: &Uploader,
    id: &UploadId,
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
) -> Result<(Upload, Ending), Problem> {
    let body = body::read(body, checksum.as_ref());
    let media = uploader.media(vitrine);
    let appended = media
        .append(&uploader.viewer, id, offset, checksum, body.stream)
        .await;
    let upload = match appended {
        Err(services::Error::Checksum(_)) if body.ending.get() == End::Unusable => {
            return Err(Problem::bad(checksum::MISSING));
        }
        appended => appended?,
    };
    let gained = upload.received.saturating_sub(offset);
    vitrine
        .metrics
        .uploaded_bytes
        .fetch_add(gained, Ordering::Relaxed);
    Ok((upload, body.ending))
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

/// The upload that a `POST` creates, and the partial uploads that it is joined of.
fn parse_creation(
    headers: &HeaderMap,
    origin: &str,
) -> Result<(NewUpload, Option<Vec<UploadId>>), Problem> {
    let mut form = Form::default();
    let mut partials = None;
    if let Some(value) = headers.get(UPLOAD_CONCAT) {
        let text = value.to_str().unwrap_or_default();
        match concat::parse(text, origin).map_err(|error| Problem::bad(error.to_string()))? {
            Concat::Partial => form.is_partial = true,
            Concat::Final(uploads) => partials = Some(uploads),
        }
        form.concat = text.trim().to_owned();
    }
    form.is_deferred = match headers.get(UPLOAD_DEFER_LENGTH).map(HeaderValue::as_bytes) {
        Some(b"1") => true,
        None => false,
        Some(_) => {
            return Err(Problem::bad(
                "Upload-Defer-Length must be 1; it says that the length comes later.",
            ));
        }
    };
    let length = number(headers, UPLOAD_LENGTH)?;
    let length = match (length, form.is_deferred, &partials) {
        (Some(length), false, None) => length,
        (None, true, None) | (None, false, Some(_)) => 0,
        (_, _, Some(_)) => {
            return Err(Problem::bad(
                "The length of a final upload is that of its partial uploads together. Send no Upload-Length.",
            ));
        }
        (Some(_), true, _) => {
            return Err(Problem::bad(
                "Send Upload-Length, or Upload-Defer-Length: 1 where the length comes later, and not both.",
            ));
        }
        (None, false, None) => {
            return Err(Problem::bad(
                "Upload-Length is missing; it says how many bytes there will be. Send Upload-Defer-Length: 1 where that comes later.",
            ));
        }
    };
    Ok((creation::parse(headers, length, form)?, partials))
}

fn parse_checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(value) = headers.get(UPLOAD_CHECKSUM) else {
        let later = || Checksum::Later(LaterChecksum::default());
        return Ok(body::has_trailing_checksum(headers).then(later));
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
    if upload.state == UploadState::Receiving {
        let at = UNIX_EPOCH
            + Duration::from_millis(u64::try_from(upload.expires_at.0).unwrap_or_default());
        if let Ok(expires) = HeaderValue::try_from(httpdate::fmt_http_date(at)) {
            headers.insert(HeaderName::from_static(UPLOAD_EXPIRES), expires);
        }
    }
}
