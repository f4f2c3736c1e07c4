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

use super::product::{Said, read, settled, with_errors};
use crate::{
    http::{error::Problem, viewer::Signed},
    state::Vitrine,
};

/// Most photos of one form.
pub const MOST_AT_ONCE: usize = 12;

/// Longest body of a form with photos: all of them at their largest, and their headers.
pub const LONGEST_FORM: usize = MOST_AT_ONCE * MAX_PHOTO_BYTES as usize + 64 * 1024;

/// `POST /manage/products/{id}/photos`: several files. Each is taken in as it comes, so one bad file does not cost the good ones.
pub async fn add(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    mut form: Multipart,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    // Whose product it is comes before any work on files.
    vitrine.services.catalog().product(&viewer, &id).await?;
    let (mut taken, mut faults, mut status) =
        (Vec::new(), Vec::new(), StatusCode::UNPROCESSABLE_ENTITY);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let Some(name) = file_name(&field) else {
            continue;
        };
        if taken.len() + faults.len() >= MOST_AT_ONCE {
            faults.push(Invalid::new(
                "",
                format!("{MOST_AT_ONCE} photos at once are the most. Add the others now."),
            ));
            break;
        }
        match take(&vitrine, &viewer, field).await {
            Ok(Some(media)) => taken.push(media),
            Ok(None) => {}
            Err(Refused::Photo(refused, sentence)) => {
                status = refused;
                faults.push(Invalid::new("", format!("{name}: {sentence}")));
            }
            Err(Refused::Request(problem)) if taken.is_empty() => return Err(problem),
            // What already arrived is kept.
            Err(Refused::Request(problem)) => {
                status = problem.status();
                faults.push(Invalid::new("", format!("{name}: {}", problem.sentence())));
                break;
            }
        }
    }
    if taken.is_empty() && faults.is_empty() {
        faults.push(Invalid::new(
            "",
            "No photo was chosen. Choose one or more JPEG, PNG or WebP pictures.",
        ));
    }
    if !taken.is_empty() {
        let added = vitrine
            .services
            .catalog()
            .add_media(&viewer, &id, &taken)
            .await;
        if faults.is_empty() || added.is_err() {
            return settled(&vitrine, &viewer, &id, added, Said::Added).await;
        }
        vitrine.purger.catch_up().await;
    }
    with_errors(&vitrine, &viewer, &id, None, status, &faults).await
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
        match take(&vitrine, &viewer, field).await {
            Ok(Some(new)) => {
                let ended = vitrine
                    .services
                    .catalog()
                    .replace_media(&viewer, &id, &old, &new)
                    .await;
                return settled(&vitrine, &viewer, &id, ended, Said::Replaced).await;
            }
            Ok(None) => {}
            Err(Refused::Photo(status, sentence)) => {
                let fault = Invalid::new("", sentence);
                return with_errors(&vitrine, &viewer, &id, None, status, &[fault]).await;
            }
            Err(Refused::Request(problem)) => return Err(problem),
        }
    }
    let fault = Invalid::new(
        "",
        "No photo was chosen. Choose a JPEG, PNG or WebP picture.",
    );
    with_errors(
        &vitrine,
        &viewer,
        &id,
        None,
        StatusCode::UNPROCESSABLE_ENTITY,
        &[fault],
    )
    .await
}

/// Where to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Move {
    direction: String,
}

/// `POST …/media/{media}/move`.
pub async fn shift(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((id, media)): Path<(String, String)>,
    Form(form): Form<Move>,
) -> Result<Response, Problem> {
    let (id, media) = (read(&id)?, read_media(&media)?);
    let direction: Direction = form
        .direction
        .parse()
        .map_err(|wrong: Invalid| Problem::from(Error::from(wrong)))?;
    let ended = vitrine
        .services
        .catalog()
        .move_media(&viewer, &id, &media, direction)
        .await;
    settled(&vitrine, &viewer, &id, ended, Said::Saved).await
}

/// `POST …/media/{media}/remove`.
pub async fn remove(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((id, media)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (id, media) = (read(&id)?, read_media(&media)?);
    let ended = vitrine
        .services
        .catalog()
        .remove_media(&viewer, &id, &media)
        .await;
    settled(&vitrine, &viewer, &id, ended, Said::Removed).await
}

fn read_media(id: &str) -> Result<MediaId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Why a file was not taken.
enum Refused {
    /// It is the file's fault.
    Photo(StatusCode, String),
    /// It is not.
    Request(Problem),
}

/// The file's name, shortened for a sentence; `None` when the field is no file.
fn file_name(field: &Field<'_>) -> Option<String> {
    field
        .file_name()
        .map(|name| name.chars().filter(|c| !c.is_control()).take(80).collect())
}

/// Reads one file and takes it in. An empty file input sends an empty file without a name: `None`.
async fn take(
    vitrine: &Vitrine,
    viewer: &Viewer,
    field: Field<'_>,
) -> Result<Option<MediaId>, Refused> {
    let file = whole(field).await?;
    if file.is_empty() {
        return Ok(None);
    }
    match vitrine
        .services
        .media()
        .take_in(viewer, Kind::Photo, "", file)
        .await
    {
        Ok(media) => Ok(Some(media.id)),
        Err(Error::Invalid { sentence, .. }) => {
            Err(Refused::Photo(StatusCode::UNPROCESSABLE_ENTITY, sentence))
        }
        Err(Error::TooLarge(sentence)) => {
            Err(Refused::Photo(StatusCode::PAYLOAD_TOO_LARGE, sentence))
        }
        Err(error) => Err(Refused::Request(error.into())),
    }
}

/// The bytes of a file, given up as soon as they are too many.
async fn whole(mut field: Field<'_>) -> Result<Bytes, Refused> {
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
        .map_err(|wrong| Refused::Photo(StatusCode::PAYLOAD_TOO_LARGE, wrong.sentence))?;
    Ok(file.freeze())
}

fn unreadable(error: axum::extract::multipart::MultipartError) -> Problem {
    let status = error.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            status,
            "too_large",
            format!(
                "These photos are too large together. Send at most {MOST_AT_ONCE} at once, each up to 40 MB."
            ),
        );
    }
    Problem::bad("The files did not arrive whole. Check the connection, then send them again.")
}
