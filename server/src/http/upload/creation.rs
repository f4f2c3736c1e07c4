//! What an upload says of itself when it is created, in whichever protocol.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use domain::{
    id::SessionId,
    media::Kind,
    wire::upload::{header::UPLOAD_METADATA, metadata as key},
};
use services::{
    capture::Claim,
    media::{Form, NewUpload},
};

use super::metadata;
use crate::http::error::Problem;

/// The kind of a media type.
fn kind_of_type(mime: &str) -> Option<Kind> {
    let mime = mime.trim().to_ascii_lowercase();
    if mime.starts_with("image/") {
        Some(Kind::Photo)
    } else if mime.starts_with("video/") {
        Some(Kind::Clip)
    } else {
        None
    }
}

/// What is sent, as its sender says: by our own word, else by its media type (in the metadata of other clients, or of the
/// request itself), else by the end of its name. The bytes decide later whether that is true.
fn kind(pairs: &BTreeMap<String, String>, headers: &HeaderMap) -> Result<Option<Kind>, Problem> {
    let value = |key: &str| pairs.get(key).filter(|value| !value.is_empty());
    if let Some(word) = value(key::KIND) {
        let kind = word
            .parse()
            .map_err(|invalid: domain::invalid::Invalid| Problem::bad(invalid.message))?;
        return Ok(Some(kind));
    }
    let own = headers.get(header::CONTENT_TYPE);
    let own = own.and_then(|kind| kind.to_str().ok());
    let types = [value(key::FILETYPE).map(String::as_str), own];
    if let Some(kind) = types.into_iter().flatten().find_map(kind_of_type) {
        return Ok(Some(kind));
    }
    let end = value(key::FILENAME).and_then(|name| name.rsplit_once('.'));
    Ok(end.and_then(|(_, end)| match &*end.to_ascii_lowercase() {
        "jpeg" => Some(Kind::Photo),
        end => domain::media::Format::from_extension(end).map(|format| format.kind()),
    }))
}

/// The upload that a request creates, `length` bytes long or in the `form` that is given.
///
/// # Errors
/// 400 with what is wrong.
pub(super) fn parse(headers: &HeaderMap, length: u64, form: Form) -> Result<NewUpload, Problem> {
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
    let kind = match kind(&pairs, headers)? {
        Some(kind) => kind,
        // What it is a part of is said when it is joined; until then it may be as long as the longest.
        None if form.is_partial => Kind::Clip,
        None => {
            return Err(Problem::bad(
                "Upload-Metadata must say the kind: photo or clip; or filetype, as image/jpeg or video/mp4.",
            ));
        }
    };
    let session = match value(key::SESSION) {
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
    let span = match (seconds(key::START)?, seconds(key::END)?) {
        (Some(start), Some(end)) if start <= end => Some((start, end)),
        (Some(at), None) => Some((at, at)),
        (None, None) => None,
        _ => return Err(Problem::bad("`end` must not come before `start`.")),
    };
    let alt = value(key::ALT).unwrap_or_default().to_owned();
    let claim = match value(key::CONTRACT) {
        Some(text) => Some(Claim {
            contract: text
                .parse()
                .map_err(|invalid: domain::invalid::Invalid| Problem::bad(invalid.message))?,
            keys: pairs.keys().cloned().collect(),
        }),
        None => None,
    };
    Ok(NewUpload {
        kind,
        length,
        alt,
        session,
        span,
        metadata,
        claim,
        form,
    })
}
