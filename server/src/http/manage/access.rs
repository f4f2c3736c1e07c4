//! `/manage/uploads…`: who may upload.

use app::manage::page::{self, Access};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{id::UploadTokenId, identity::device::Session, invalid::Invalid};
use serde::Deserialize;
use services::{
    Error,
    identity::upload_token::{MAX_DAYS, NewUploadToken},
};

use crate::{
    http::{document, error::Problem, viewer::SignedSession},
    state::Vitrine,
};

/// What a token works for where nobody says otherwise, days.
const DAYS: &str = "90";

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    device: Option<String>,
    token: Option<String>,
}

/// The form for a token, as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    name: String,
    days: String,
}

/// What is shown beside the lists.
struct Shown<'a> {
    made: Option<&'a NewUploadToken>,
    typed: (&'a str, &'a str),
    errors: &'a [Invalid],
    message: Option<&'static str>,
}

async fn render(
    vitrine: &Vitrine,
    session: &Session,
    shown: Shown<'_>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let viewer = &session.viewer;
    let access = Access {
        devices: &identity.devices(viewer).await?,
        device: &session.device,
        tokens: &identity.upload_tokens_of(viewer).await?,
        made: shown.made,
        recent: session.is_recent(vitrine.clock.now()),
        typed: shown.typed,
        errors: shown.errors,
        message: shown.message,
    };
    let page = page::access(&vitrine.site, viewer, &access);
    Ok(document::private(page))
}

/// `GET /manage/uploads`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Problem> {
    let message = match (query.device, query.token) {
        (Some(_), _) => Some("Revoked. That browser is signed out, and what it sends is refused."),
        (_, Some(_)) => Some("Revoked. What the program sends is refused from now on."),
        _ => None,
    };
    let shown = Shown {
        made: None,
        typed: ("", DAYS),
        errors: &[],
        message,
    };
    render(&vitrine, &session, shown).await
}

/// `POST /manage/uploads/tokens`: answers with the page that shows the new token, this once.
pub async fn make(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    // What is no number of days is refused as one that is too many.
    let days = fields.days.trim().parse().unwrap_or(MAX_DAYS + 1);
    let identity = vitrine.services.identity();
    let made = identity.create_upload_token_of(&session, &fields.name, days);
    let (status, error) = match made.await {
        Ok(made) => {
            let shown = Shown {
                made: Some(&made),
                typed: ("", DAYS),
                errors: &[],
                message: None,
            };
            let mut page = render(&vitrine, &session, shown).await?;
            page.headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            return Ok((StatusCode::CREATED, page).into_response());
        }
        Err(Error::Denied(_)) => {
            return Ok(Redirect::to("/sign-in?next=/manage/uploads").into_response());
        }
        Err(Error::Invalid { field, message }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        ),
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, Invalid::new("name", message)),
        Err(other) => return Err(other.into()),
    };
    let shown = Shown {
        made: None,
        typed: (&fields.name, &fields.days),
        errors: &[error],
        message: None,
    };
    let page = render(&vitrine, &session, shown).await?;
    Ok((status, page).into_response())
}

/// `POST /manage/uploads/tokens/{id}/revoke`.
pub async fn revoke_token(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: UploadTokenId = id.parse().map_err(|_| Problem::not_found())?;
    let identity = vitrine.services.identity();
    identity
        .revoke_upload_token_of(&session.viewer, &id)
        .await?;
    Ok(Redirect::to("/manage/uploads?token").into_response())
}

/// `POST /manage/uploads/devices/{id}/revoke`: signs a browser out and forgets it; its tokens go with its session.
pub async fn revoke_device(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    identity.end_device(&session.viewer, &id).await?;
    Ok(Redirect::to("/manage/uploads?device").into_response())
}
