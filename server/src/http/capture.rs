//! `/contract/{token}…`: a capture contract by link. The secret in the address is all that lets somebody in, so nothing here is
//! indexed or kept by anybody on the way.

use axum::{
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    document,
    error::Problem,
    viewer::{Anyone, Signed},
};
use crate::state::Vitrine;

fn kept_out(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex, nofollow"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    response
}

/// `GET /contract/{token}`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    Anyone(viewer): Anyone,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let shared = vitrine.services.contracts().shared(&token).await?;
    // What is known is a hash of the right letters only, so the token is safe in an address.
    let path = format!("/contract/{token}");
    let html = app::capture::page::shared(&vitrine.site, viewer.as_ref(), &shared, &path);
    Ok(kept_out(document::private(html)))
}

/// `GET /contract/{token}/contract.json`.
pub async fn json(
    State(vitrine): State<Vitrine>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let shared = vitrine.services.contracts().shared(&token).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"contract.json\""),
        ),
    ];
    Ok(kept_out(
        (headers, services::capture::to_json(&shared.contract)).into_response(),
    ))
}

/// `POST /contract/{token}/take`: makes it one of the viewer's shop.
pub async fn take(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let contracts = vitrine.services.contracts();
    let shared = contracts.shared(&token).await?;
    let made = contracts.adopt(&viewer, shared.contract).await?;
    Ok(Redirect::to(&format!("/manage/contracts/{}?made", made.id)).into_response())
}
