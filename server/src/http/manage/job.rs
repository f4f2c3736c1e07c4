//! `/manage/jobs…`.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// `GET /manage/jobs`.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
) -> Result<Response, Problem> {
    let failed = vitrine.services.jobs().failed(&viewer).await?;
    Ok(document::private(app::manage::page::jobs(
        &vitrine.site,
        &viewer,
        &failed,
    )))
}

/// `POST /manage/jobs/{id}/retry`.
pub async fn retry(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    vitrine.services.jobs().retry(&viewer, &id).await?;
    Ok(Redirect::to("/manage/jobs").into_response())
}
