//! Resumable uploads as the IETF drafts them (draft-ietf-httpbis-resumable-upload), at the addresses of tus and on the same core:
//! interop versions 5 to 8, which differ in what a client must send and not in what it is answered.
//!
//! There are no `104` answers on the way, which the draft leaves to servers that can send them. An upload is complete when its
//! client says so, not with its last byte. A client of version 8 that sends more than it announced loses the upload, as that
//! version demands; before, what fitted is kept.

use axum::{
    Json,
    body::{Body, HttpBody},
    extract::Request,
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
            PARTIAL_CONTENT_TYPE,
            header::{
                TUS_RESUMABLE, UPLOAD_COMPLETE, UPLOAD_DRAFT_INTEROP_VERSION, UPLOAD_LENGTH,
                UPLOAD_LIMIT, UPLOAD_OFFSET,
            },
        },
    },
};
use services::media::{Checksum, Form};

use super::{append_noting_end, body::End, creation, field};
use crate::{
    http::{access::Uploader, error::Problem},
    state::Vitrine,
};

/// The problem types of the draft by our own words for them: what is behind `#`.
const MISMATCHING_OFFSET: &str = "mismatching-upload-offset";
const COMPLETED: &str = "completed-upload";
const INCONSISTENT_LENGTH: &str = "inconsistent-upload-length";

/// Where IANA lists problem types.
const TYPES: &str = "https://iana.org/assignments/http-problem-types";

/// An interop version of the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u64);

impl Version {
    /// From here on a request with bytes has a media type of its own.
    const WITH_TYPE: Self = Self(6);
    /// From here on an upload does not survive more bytes than were announced.
    const STRICT: Self = Self(7);

    /// The version that a request speaks; `None` where it speaks tus, or a version that is not known here.
    #[must_use]
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(TUS_RESUMABLE) {
            return None;
        }
        let version = field::count(headers, UPLOAD_DRAFT_INTEROP_VERSION)?;
        (5..=8).contains(&version).then_some(Self(version))
    }
}

fn problem(code: &'static str, message: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code, message)
}

fn inconsistent() -> Problem {
    problem(
        INCONSISTENT_LENGTH,
        "The lengths that were announced for this upload differ, or more bytes came than that. Start it again with the right length.",
    )
}

/// What an upload may be, as `Upload-Limit`; with the seconds that it is kept, where there is one.
#[must_use]
pub(super) fn limits(upload: Option<(&Upload, i64)>) -> HeaderValue {
    let limits = match upload {
        None => format!("max-size={}", Kind::Clip.max_bytes()),
        Some((upload, now_ms)) => {
            let age = upload.expires_at.0.saturating_sub(now_ms).max(0) / 1000;
            format!("max-size={}, max-age={age}", upload.kind.max_bytes())
        }
    };
    HeaderValue::try_from(limits).unwrap_or(HeaderValue::from_static("min-size=0"))
}

/// Runs a request of the draft: its problems are told as RFC 9457 says, and every answer has the version.
pub(super) async fn answer(version: Version, request: Request, next: Next) -> Response {
    let provided = field::count(request.headers(), UPLOAD_OFFSET);
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error()
        && let Some(problem) = response.extensions_mut().remove::<Problem>()
    {
        let expected = field::count(response.headers(), UPLOAD_OFFSET);
        let headers = std::mem::take(response.headers_mut());
        response = problem_response(&problem, expected, provided);
        for (name, value) in &headers {
            if *name != header::CONTENT_LENGTH {
                response.headers_mut().append(name.clone(), value.clone());
            }
        }
        let headers = response.headers_mut();
        headers
            .entry(UPLOAD_COMPLETE)
            .or_insert(field::written(false));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response.headers_mut().insert(
        HeaderName::from_static(UPLOAD_DRAFT_INTEROP_VERSION),
        HeaderValue::from(version.0),
    );
    response
}

/// A problem as `application/problem+json`.
fn problem_response(problem: &Problem, expected: Option<u64>, provided: Option<u64>) -> Response {
    let status = problem.status();
    let code = problem.code();
    let of_the_draft = [MISMATCHING_OFFSET, COMPLETED, INCONSISTENT_LENGTH].contains(&code);
    let mut told = serde_json::json!({
        "type": if of_the_draft { format!("{TYPES}#{code}") } else { "about:blank".to_owned() },
        "title": if of_the_draft { code } else { status.canonical_reason().unwrap_or("Problem") },
        "status": status.as_u16(),
        "detail": problem.message(),
    });
    if code == MISMATCHING_OFFSET
        && let Some(members) = told.as_object_mut()
    {
        members.insert("expected-offset".to_owned(), expected.into());
        members.insert("provided-offset".to_owned(), provided.into());
    }
    let kind = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, kind)], Json(told)).into_response()
}

/// `HEAD`: how much is here, whether that is all, and how long it is kept.
pub(super) fn head(vitrine: &Vitrine, upload: &Upload) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_progress(vitrine, &mut response, upload);
    let headers = response.headers_mut();
    if upload.is_length_known {
        let length = HeaderValue::from(upload.length);
        headers.insert(HeaderName::from_static(UPLOAD_LENGTH), length);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `POST`: a new upload with its first bytes, or with all of them.
pub(super) async fn create(
    vitrine: &Vitrine,
    uploader: &Uploader,
    version: Version,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let is_last = is_last(headers)?;
    let length = announced(headers, 0, is_last)?;
    let digest = digest(headers);
    let form = Form {
        is_deferred: length.is_none(),
        is_explicit: true,
        ..Form::default()
    };
    let new = creation::parse(headers, length.unwrap_or_default(), form)?;
    let upload = uploader
        .media(vitrine)
        .create_upload(&uploader.viewer, new)
        .await?;
    let location = HeaderValue::try_from(address::upload(&upload.id)).map_err(Problem::internal)?;
    let piece = Piece {
        offset: 0,
        is_last,
        digest,
        body,
    };
    let upload = take(vitrine, uploader, version, &upload.id, piece)
        .await
        .map_err(|problem| problem.with(header::LOCATION, location.clone()))?;
    let mut response = (StatusCode::CREATED, [(header::LOCATION, location)]).into_response();
    set_progress(vitrine, &mut response, &upload);
    Ok(response)
}

/// `PATCH`: the next bytes, perhaps the last ones.
pub(super) async fn append(
    vitrine: &Vitrine,
    uploader: &Uploader,
    version: Version,
    id: &UploadId,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if version >= Version::WITH_TYPE && kind != Some(PARTIAL_CONTENT_TYPE.as_bytes()) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Bytes of an upload are sent with Content-Type: application/partial-upload.",
        )
        .with(
            HeaderName::from_static("accept-patch"),
            HeaderValue::from_static(PARTIAL_CONTENT_TYPE),
        ));
    }
    let offset = field::count(headers, UPLOAD_OFFSET).ok_or_else(|| {
        Problem::bad("Upload-Offset is missing or no Integer; it says where these bytes belong.")
    })?;
    let is_last = is_last(headers)?;
    let media = uploader.media(vitrine);
    let stands = media.upload(&uploader.viewer, id).await?;
    if stands.state != UploadState::Receiving {
        return Err(if body.is_end_stream() {
            problem(COMPLETED, "This upload is already complete.")
        } else {
            inconsistent()
        });
    }
    if stands.received != offset {
        return Err(mismatching(stands.received));
    }
    if let Some(length) = announced(headers, offset, is_last)? {
        let announced = media
            .announce_length(&uploader.viewer, id, offset, length)
            .await;
        announced.map_err(|error| match error {
            services::Error::Invalid { .. } => inconsistent(),
            other => other.into(),
        })?;
    }
    let coming = super::length(headers)?.unwrap_or_default();
    if stands.is_length_known && offset.saturating_add(coming) > stands.length {
        return Err(inconsistent());
    }
    let piece = Piece {
        offset,
        is_last,
        digest: digest(headers),
        body,
    };
    let upload = take(vitrine, uploader, version, id, piece).await?;
    let mut response = if upload.state == UploadState::Receiving {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let location = HeaderValue::try_from(address::upload(id)).map_err(Problem::internal)?;
        (StatusCode::CREATED, [(header::LOCATION, location)]).into_response()
    };
    set_progress(vitrine, &mut response, &upload);
    Ok(response)
}

/// What a request brings.
struct Piece {
    offset: u64,
    is_last: bool,
    digest: Option<Checksum>,
    body: Body,
}

/// Takes the bytes of a request; the last ones that all came complete the upload.
async fn take(
    vitrine: &Vitrine,
    uploader: &Uploader,
    version: Version,
    id: &UploadId,
    piece: Piece,
) -> Result<Upload, Problem> {
    let media = uploader.media(vitrine);
    let Piece { offset, digest, .. } = piece;
    let (upload, is_all_here) = if piece.body.is_end_stream() && digest.is_none() {
        (media.upload(&uploader.viewer, id).await?, true)
    } else {
        let appended = append_noting_end(vitrine, uploader, id, offset, digest, piece.body).await;
        match appended {
            Ok((upload, ending)) => (upload, ending.get() == End::Clean),
            Err(problem) if problem.status() == StatusCode::CONFLICT => {
                let stands = media.upload(&uploader.viewer, id).await?;
                return Err(mismatching(stands.received));
            }
            Err(problem) if problem.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                if version >= Version::STRICT {
                    media.terminate(&uploader.viewer, id).await?;
                }
                return Err(inconsistent());
            }
            Err(problem) if problem.status().as_u16() == 460 => {
                return Err(Problem::bad(
                    "These bytes do not match their Content-Digest, so they were not kept. Send them again.",
                ));
            }
            Err(problem) => return Err(problem),
        }
    };
    let is_whole = !upload.is_length_known || upload.received == upload.length;
    if piece.is_last && is_all_here && is_whole {
        return Ok(media
            .complete(&uploader.viewer, id, upload.received)
            .await?);
    }
    Ok(upload)
}

fn mismatching(received: u64) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        MISMATCHING_OFFSET,
        format!("The upload stands at byte {received}. Go on from there."),
    )
    .with(
        HeaderName::from_static(UPLOAD_OFFSET),
        HeaderValue::from(received),
    )
}

fn is_last(headers: &HeaderMap) -> Result<bool, Problem> {
    field::boolean(headers, UPLOAD_COMPLETE).ok_or_else(|| {
        Problem::bad("Upload-Complete must be ?1 where the upload ends with this request, else ?0.")
    })
}

/// The length that a request announces, by `Upload-Length` or by how much the last one brings.
fn announced(headers: &HeaderMap, offset: u64, is_last: bool) -> Result<Option<u64>, Problem> {
    let named = field::count(headers, UPLOAD_LENGTH);
    let brought = super::length(headers)?.map(|length| offset.saturating_add(length));
    match (named, brought) {
        (Some(named), Some(brought)) if brought > named || (is_last && brought != named) => {
            Err(inconsistent())
        }
        (Some(named), _) => Ok(Some(named)),
        (None, brought) => Ok(brought.filter(|_| is_last)),
    }
}

/// `Content-Digest` (RFC 9530), if it has a SHA-256; other algorithms are not compared.
fn digest(headers: &HeaderMap) -> Option<Checksum> {
    let digest = field::digest(headers, "content-digest", "sha-256")?;
    digest.try_into().ok().map(Checksum::Sha256)
}

fn set_progress(vitrine: &Vitrine, response: &mut Response, upload: &Upload) {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static(UPLOAD_OFFSET),
        HeaderValue::from(upload.received),
    );
    let is_complete = upload.state != UploadState::Receiving;
    headers.insert(
        HeaderName::from_static(UPLOAD_COMPLETE),
        field::written(is_complete),
    );
    let now = vitrine.clock.now();
    headers.insert(
        HeaderName::from_static(UPLOAD_LIMIT),
        limits(Some((upload, now.0))),
    );
}
