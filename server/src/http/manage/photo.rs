//! Photos and clips of a product: add, move, replace, remove.

use axum::{
    Form,
    extract::{Multipart, Path, State, multipart::Field, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use bytes::{Bytes, BytesMut};
use domain::{
    catalog::{Direction, EditForm},
    id::MediaId,
    identity::Viewer,
    invalid::{Invalid, isolated},
    media::{Kind, MAX_PHOTO_BYTES},
};
use serde::Deserialize;
use services::Error;

use super::product::{Flash, editor_with_errors, finish, of_a_page, read, typed};
use crate::{
    http::{self, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// Most photos of one form.
pub const MAX_PHOTOS: usize = 12;

/// The field of the photos to be added.
const PHOTOS: &str = "photos";

/// Longest body of a form with photos, bytes: all of them at their largest, what was typed, and their headers.
pub const MAX_FORM_BYTES: usize = MAX_PHOTOS * MAX_PHOTO_BYTES as usize + 2 * 64 * 1024;

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
    let (mut typed, mut full) = (Typed::default(), false);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let Some(name) = file_name(&field) else {
            typed.read(field).await?;
            continue;
        };
        // A file that was chosen to replace another comes along.
        if field.name() != Some(PHOTOS) {
            continue;
        }
        if taken.len() + faults.len() >= MAX_PHOTOS {
            if !full {
                full = true;
                faults.push(Invalid::new(
                    "",
                    format!("{MAX_PHOTOS} photos at once are the most. Add the others now."),
                ));
            }
            // What was typed comes after the files.
            continue;
        }
        match store(&vitrine, &viewer, field).await {
            Ok(Some(media)) => taken.push(media),
            Ok(None) => {}
            Err(Refused::Photo(refused, message)) => {
                status = refused;
                faults.push(Invalid::new("", format!("{}: {message}", isolated(&name))));
            }
            Err(Refused::Request(problem)) if taken.is_empty() => return Err(problem),
            // What already arrived stays.
            Err(Refused::Request(problem)) => {
                status = problem.status();
                faults.push(Invalid::new(
                    "",
                    format!("{}: {}", isolated(&name), problem.message()),
                ));
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
            return finish(&vitrine, &viewer, &id, added, Flash::Added, &typed.form).await;
        }
    }
    let form = of_a_page(&typed.form);
    editor_with_errors(&vitrine, &viewer, &id, form, status, &faults).await
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
    let (mut typed, mut stored) = (Typed::default(), None);
    let own = format!("replace-{old}");
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if file_name(&field).is_none() {
            typed.read(field).await?;
        } else if stored.is_none() && field.name() == Some(&own) {
            stored = store(&vitrine, &viewer, field).await.transpose();
        }
    }
    let (status, message) = match stored {
        Some(Ok(new)) => {
            let catalog = vitrine.services.catalog();
            let result = catalog.replace_media(&viewer, &id, &old, &new).await;
            return finish(&vitrine, &viewer, &id, result, Flash::Replaced, &typed.form).await;
        }
        Some(Err(Refused::Photo(status, message))) => (status, message),
        Some(Err(Refused::Request(problem))) => return Err(problem),
        None => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "No photo was chosen. Choose a JPEG, PNG, WebP or AVIF picture.".to_owned(),
        ),
    };
    let (form, fault) = (of_a_page(&typed.form), Invalid::new("", message));
    editor_with_errors(&vitrine, &viewer, &id, form, status, &[fault]).await
}

/// The form of a move.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Move {
    direction: String,
    #[serde(flatten)]
    typed: EditForm,
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
    finish(&vitrine, &viewer, &id, result, Flash::Moved, &form.typed).await
}

/// `POST …/media/{media}/remove`.
pub async fn remove(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((id, media)): Path<(String, String)>,
    form: Result<Form<EditForm>, FormRejection>,
) -> Result<Response, Problem> {
    let (id, media) = (read(&id)?, read_media(&media)?);
    let result = vitrine
        .services
        .catalog()
        .remove_media(&viewer, &id, &media)
        .await;
    let typed = typed(form);
    finish(&vitrine, &viewer, &id, result, Flash::Removed, &typed).await
}

fn read_media(id: &str) -> Result<MediaId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// The fields of the editor that came along with files.
#[derive(Default)]
struct Typed {
    form: EditForm,
    bytes: usize,
}

impl Typed {
    /// Takes a field; one that is none of the editor's is left.
    async fn read(&mut self, mut field: Field<'_>) -> Result<(), Problem> {
        let form = &mut self.form;
        let text = match field.name() {
            Some("title") => &mut form.title,
            Some("summary") => &mut form.summary,
            Some("text") => &mut form.text,
            Some("price") => &mut form.price,
            Some("stock") => &mut form.stock,
            Some("stock_seen") => &mut form.stock_seen,
            Some("version") => &mut form.version,
            Some("form_key") => &mut form.form_key,
            Some("slug") => &mut form.slug,
            _ => return Ok(()),
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(unreadable)? {
            self.bytes += chunk.len();
            if self.bytes > http::MAX_FORM_BYTES {
                return Err(Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too_large",
                    "What was typed is too long. Go back and shorten the text.",
                ));
            }
            bytes.extend_from_slice(&chunk);
        }
        *text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(())
    }
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
