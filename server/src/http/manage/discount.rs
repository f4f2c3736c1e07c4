//! `/manage/codes…`.

use app::manage::page::{self, Typed};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{discount::form::DiscountForm, identity::Viewer, invalid::Invalid};
use serde::Deserialize;
use services::Error;

use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    made: Option<String>,
    ended: Option<String>,
}

/// Which code, or which that were made together.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    code: String,
}

async fn render(
    vitrine: &Vitrine,
    viewer: &Viewer,
    typed: &Typed<DiscountForm>,
) -> Result<Response, Problem> {
    let made = vitrine.services.discounts().list(viewer).await?;
    Ok(document::private(page::codes(
        &vitrine.site,
        viewer,
        &made,
        typed,
    )))
}

/// `GET /manage/codes`.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Problem> {
    let message = match (query.made, query.ended) {
        (Some(_), _) => Some("Made. It can be used at once, or from its first day on."),
        (_, Some(_)) => Some("Ended. Orders that use it keep it."),
        _ => None,
    };
    let typed = Typed {
        message,
        ..Typed::default()
    };
    render(&vitrine, &viewer, &typed).await
}

/// `POST /manage/codes`.
pub async fn make(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(form): Form<DiscountForm>,
) -> Result<Response, Problem> {
    let (status, error) = match vitrine.services.discounts().make(&viewer, &form).await {
        Ok(()) => return Ok(Redirect::to("/manage/codes?made").into_response()),
        Err(Error::Invalid { field, message }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        ),
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, Invalid::new("code", message)),
        Err(other) => return Err(other.into()),
    };
    let typed = Typed {
        form,
        errors: vec![error],
        message: None,
    };
    let page = render(&vitrine, &viewer, &typed).await?;
    Ok((status, page).into_response())
}

/// `POST /manage/codes/end`.
pub async fn end(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(which): Form<Which>,
) -> Result<Response, Problem> {
    vitrine
        .services
        .discounts()
        .end(&viewer, &which.code)
        .await?;
    Ok(Redirect::to("/manage/codes?ended").into_response())
}

/// `GET /manage/codes/{batch}.csv`: codes that were made together, and how often each is used.
pub async fn download(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let batch = file.strip_suffix(".csv").ok_or_else(Problem::not_found)?;
    let codes = vitrine.services.discounts().batch(&viewer, batch).await?;
    if codes.is_empty() {
        return Err(Problem::not_found());
    }
    // Codes are letters, digits and hyphens, so nothing needs quoting.
    let mut csv = String::from("code,used\r\n");
    for (code, used) in codes {
        csv.push_str(&format!("{code},{used}\r\n"));
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"codes.csv\""),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, csv).into_response())
}
