//! Photos and clips of a product: add, move, replace, remove.

use axum::{
    Form,
    extract::{Multipart, Path, State, multipart::Field},
    http::StatusCode,
    response::Response,
};
use bytes::{Bytes, BytesMut};
use domain::{
    catalog::Direction,
    id::MediaId,
    identity::Viewer,
    invalid::Invalid,
    media::{Kind, MAX_PHOTO_BYTES},
};
use serde::Deserialize;
use services::Error;

use super::product::{Flash, editor_with_errors, finish, read};
use crate::{
    http::{error::Problem, viewer::Signed},
    state::Vitrine,
};

/// Most photos of one form.
pub const MAX_PHOTOS: usize = 12;

/// Longest body of a form with photos, bytes: all of them at their largest, and their headers.
pub const MAX_FORM_BYTES: usize = MAX_PHOTOS * MAX_PHOTO_BYTES as usize + 64 * 1024;

/// `POST /manage/products/{id}/photos`: several files. Each is stored as it comes, so one bad file does not cost the good ones.
pub async fn add(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    mut form: Multipart,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    // Whose product it is, is checked before any work on files.
    vitrine.services.catalog().product(&viewer, &id).await?;
    let (mut taken, mut faults, mut status) =
        (Vec::new(), Vec::new(), StatusCode::UNPROCESSABLE_ENTITY);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let Some(name) = file_name(&field) else {
            continue;
        };
        if taken.len() + faults.len() >= MAX_PHOTOS {
            faults.push(Invalid::new(
                "",
                format!("{MAX_PHOTOS} photos at once are the most. Add the others now."),
            ));
            break;
        }
        match store(&vitrine, &viewer, field).await {
            Ok(Some(media)) => taken.push(media),
            Ok(None) => {}
            Err(Refused::Photo(refused, message)) => {
                status = refused;
                faults.push(Invalid::new("", format!("{name}: {message}")));
            }
            Err(Refused::Request(problem)) if taken.is_empty() => return Err(problem),
            // What already arrived stays.
            Err(Refused::Request(problem)) => {
                status = problem.status();
                faults.push(Invalid::new("", format!("{name}: {}", problem.message())));
                break;
            }
        }
    }
    if taken.is_empty() && faults.is_empty() {
        faults.push(Invalid::new(
            "",
            "No photo was chosen. Choose one or more JPEG, PNG, WebP or AVIF pictures.",
        ));
    }
    if !taken.is_empty() {
        let added = vitrine
            .services
            .catalog()
            .add_media(&viewer, &id, &taken)
            .await;
        if faults.is_empty() || added.is_err() {
            return finish(&vitrine, &viewer, &id, added, Flash::Added).await;
        }
    }
    editor_with_errors(&vitrine, &viewer, &id, None, status, &faults).await
}

/// `POST …/media/{media}/replace`: one file in the place of another.
pub async fn replace(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((id, old)): Path<(String, String)>,
    mut form: Multipart,
) -> Result<Response, Problem> {
    let (id, old) = (read(&id)?, read_media(&old)?);
    let product = vitrine.services.catalog().product(&viewer, &id).await?;
    if !product.media.iter().any(|media| media.id == old) {
        return Err(Problem::not_found());
    }
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if file_name(&field).is_none() {
            continue;
        }
        match store(&vitrine, &viewer, field).await {
            Ok(Some(new)) => {
                let result = vitrine
                    .services
                    .catalog()
                    .replace_media(&viewer, &id, &old, &new)
                    .await;
                return finish(&vitrine, &viewer, &id, result, Flash::Replaced).await;
            }
            Ok(None) => {}
            Err(Refused::Photo(status, message)) => {
                let fault = Invalid::new("", message);
                return editor_with_errors(&vitrine, &viewer, &id, None, status, &[fault]).await;
            }
            Err(Refused::Request(problem)) => return Err(problem),
        }
    }
    let fault = Invalid::new(
        "",
        "No photo was chosen. Choose a JPEG, PNG, WebP or AVIF picture.",
    );
    editor_with_errors(
        &vitrine,
        &viewer,
        &id,
        None,
        StatusCode::UNPROCESSABLE_ENTITY,
        &[fault],
    )
    .await
}

/// The form of a move.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Move {
    direction: String,
}

/// `POST …/media/{media}/move`.
pub async fn reorder(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((id, media)): Path<(String, String)>,
    Form(form): Form<Move>,
) -> Result<Response, Problem> {
    let (id, media) = (read(&id)?, read_media(&media)?);
    let direction: Direction = form
        .direction
        .parse()
        .map_err(|invalid: Invalid| Problem::from(Error::from(invalid)))?;
    let result = vitrine
        .services
        .catalog()
        .move_media(&viewer, &id, &media, direction)
        .await;
    finish(&vitrine, &viewer, &id, result, Flash::Saved).await
}

/// `POST …/media/{media}/remove`.
pub async fn remove(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((id, media)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (id, media) = (read(&id)?, read_media(&media)?);
    let result = vitrine
        .services
        .catalog()
        .remove_media(&viewer, &id, &media)
        .await;
    finish(&vitrine, &viewer, &id, result, Flash::Removed).await
}

fn read_media(id: &str) -> Result<MediaId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Why a file was not stored.
enum Refused {
    /// It is the file's fault.
    Photo(StatusCode, String),
    /// It is not.
    Request(Problem),
}

/// The file's name, shortened for a message; `None` when the field is no file.
fn file_name(field: &Field<'_>) -> Option<String> {
    field
        .file_name()
        .map(|name| name.chars().filter(|c| !c.is_control()).take(80).collect())
}

/// Reads one file and stores it. An empty file input sends an empty file without a name: `None`.
async fn store(
    vitrine: &Vitrine,
    viewer: &Viewer,
    field: Field<'_>,
) -> Result<Option<MediaId>, Refused> {
    let file = read_file(field).await?;
    if file.is_empty() {
        return Ok(None);
    }
    match vitrine
        .services
        .media()
        .add_file(viewer, Kind::Photo, "", file)
        .await
    {
        Ok(media) => Ok(Some(media.id)),
        Err(Error::Invalid { message, .. }) => {
            Err(Refused::Photo(StatusCode::UNPROCESSABLE_ENTITY, message))
        }
        Err(Error::TooLarge(message)) => {
            Err(Refused::Photo(StatusCode::PAYLOAD_TOO_LARGE, message))
        }
        Err(error) => Err(Refused::Request(error.into())),
    }
}

/// The bytes of a file; none of them are kept once they are too many.
async fn read_file(mut field: Field<'_>) -> Result<Bytes, Refused> {
    let mut file = BytesMut::new();
    let mut length = 0_u64;
    while let Some(chunk) = field
        .chunk()
        .await
        .map_err(|e| Refused::Request(unreadable(e)))?
    {
        length += chunk.len() as u64;
        // The rest of a file that is too large is read past, so that the browser gets to see the answer.
        if length <= MAX_PHOTO_BYTES {
            file.extend_from_slice(&chunk);
        } else {
            file.clear();
        }
    }
    Kind::Photo
        .check_length(length.max(1))
        .map_err(|invalid| Refused::Photo(StatusCode::PAYLOAD_TOO_LARGE, invalid.message))?;
    Ok(file.freeze())
}

fn unreadable(error: axum::extract::multipart::MultipartError) -> Problem {
    let status = error.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            status,
            "too_large",
            format!(
                "These photos are too large together. Send at most {MAX_PHOTOS} at once, each up to 40 MB."
            ),
        );
    }
    Problem::bad("The files did not arrive whole. Check the connection, then send them again.")
}
