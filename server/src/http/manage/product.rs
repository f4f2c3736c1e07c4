//! `/manage/products…`: the list and the editor.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    catalog::{EditForm, Product},
    id::ProductId,
    identity::Viewer,
    invalid::Invalid,
    time::UnixMs,
};
use serde::Deserialize;
use services::{Error, catalog::NewProduct};

use super::Filter;
use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// What a page says after a redirect; a word of ours, so that nobody can put a sentence into a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Saved,
    Published,
    Unpublished,
    Added,
    Replaced,
    Removed,
    Told,
}

impl Said {
    const ALL: [Self; 7] = [
        Self::Saved,
        Self::Published,
        Self::Unpublished,
        Self::Added,
        Self::Replaced,
        Self::Removed,
        Self::Told,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
            Self::Told => "told",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Saved => "Saved.",
            Self::Published => "Published. Shoppers can see and buy it now.",
            Self::Unpublished => "Taken off the shop. It is a draft again; its orders stay.",
            Self::Added => "Added to the end. Move a photo up to make it the first.",
            Self::Replaced => "Replaced.",
            Self::Removed => "Taken off this product.",
            Self::Told => {
                "Their addresses are forgotten. Whoever asks from now on stands here again."
            }
        }
    }
}

/// What the page shall say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Words {
    said: String,
}

/// `GET /manage/products`.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let products = vitrine.services.catalog().products(&viewer).await?;
    let show = app::manage::page::ShowProducts::read(&filter.show);
    Ok(document::private(app::manage::page::products(
        &vitrine.site,
        &viewer,
        &products,
        show,
    )))
}

/// `POST /manage/products`: a new empty draft.
pub async fn create(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
) -> Result<Response, Problem> {
    let product = vitrine
        .services
        .catalog()
        .create(&viewer, NewProduct::default())
        .await?;
    Ok(Redirect::to(&format!("/manage/products/{}", product.id)).into_response())
}

/// `GET /manage/products/{id}`: the editor.
pub async fn edit(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Query(words): Query<Words>,
) -> Result<Response, Problem> {
    let (id, catalog) = (read(&id)?, vitrine.services.catalog());
    let product = catalog.product(&viewer, &id).await?;
    let waiters = catalog.waiting(&viewer, &id).await?;
    let said = Said::ALL.into_iter().find(|said| said.word() == words.said);
    let page = app::manage::page::product(
        &vitrine.site,
        &viewer,
        &product,
        &waiters,
        None,
        &[],
        said.map(Said::sentence),
    );
    Ok(document::private(page))
}

/// `POST /manage/products/{id}`: saves the fields.
pub async fn save(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(form): Form<EditForm>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    match vitrine.services.catalog().update(&viewer, &id, &form).await {
        Ok(product) => Ok(done(&vitrine, &product.id, Said::Saved).await),
        Err(error) => again(&vitrine, &viewer, &id, Some(&form), error).await,
    }
}

/// `POST …/publish`.
pub async fn publish(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let ended = vitrine.services.catalog().publish(&viewer, &id).await;
    settled(&vitrine, &viewer, &id, ended, Said::Published).await
}

/// `POST …/unpublish`.
pub async fn unpublish(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let ended = vitrine.services.catalog().unpublish(&viewer, &id).await;
    settled(&vitrine, &viewer, &id, ended, Said::Unpublished).await
}

/// `POST …/delete`.
pub async fn delete(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    match vitrine.services.catalog().delete(&viewer, &id).await {
        Ok(()) => {
            vitrine.purger.catch_up().await;
            Ok(Redirect::to("/manage/products").into_response())
        }
        Err(error) => again(&vitrine, &viewer, &id, None, error).await,
    }
}

/// Until when those who wait were told.
#[derive(Debug, Deserialize)]
pub struct Told {
    until: i64,
}

/// `POST …/told`: whoever waited when the editor was made is forgotten.
pub async fn told(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(form): Form<Told>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let until = UnixMs(form.until);
    vitrine.services.catalog().told(&viewer, &id, until).await?;
    Ok(done(&vitrine, &id, Said::Told).await)
}

pub(super) fn read(id: &str) -> Result<ProductId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Back to the editor: with a word when it went well, with the reason when not.
pub(super) async fn settled(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    ended: Result<Product, Error>,
    said: Said,
) -> Result<Response, Problem> {
    match ended {
        Ok(product) => Ok(done(vitrine, &product.id, said).await),
        Err(error) => again(vitrine, viewer, id, None, error).await,
    }
}

async fn done(vitrine: &Vitrine, id: &ProductId, said: Said) -> Response {
    // What was changed must be seen by the very next look at the shop.
    vitrine.purger.catch_up().await;
    Redirect::to(&format!("/manage/products/{id}?said={}", said.word())).into_response()
}

/// The editor again, with what was typed and what is wrong with it.
async fn again(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    form: Option<&EditForm>,
    error: Error,
) -> Result<Response, Problem> {
    let (status, invalid) = match error {
        Error::Invalid { field, sentence } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, sentence),
        ),
        Error::Conflict(sentence) => (StatusCode::CONFLICT, Invalid::new("", sentence)),
        Error::TooLarge(sentence) => (StatusCode::PAYLOAD_TOO_LARGE, Invalid::new("", sentence)),
        other => return Err(other.into()),
    };
    with_errors(vitrine, viewer, id, form, status, &[invalid]).await
}

/// The editor with errors.
pub(super) async fn with_errors(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    form: Option<&EditForm>,
    status: StatusCode,
    errors: &[Invalid],
) -> Result<Response, Problem> {
    let catalog = vitrine.services.catalog();
    let product = catalog.product(viewer, id).await?;
    let waiters = catalog.waiting(viewer, id).await?;
    let page = app::manage::page::product(
        &vitrine.site,
        viewer,
        &product,
        &waiters,
        form,
        errors,
        None,
    );
    Ok((status, document::private(page)).into_response())
}
