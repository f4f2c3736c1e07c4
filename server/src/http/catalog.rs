//! `/p/{slug}`, `/p/{slug}/tell` and the studio's `POST /api/products`.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    catalog::Slug,
    highlight::document::Document,
    id::{MediaId, SessionId},
};
use serde::Deserialize;
use services::catalog::NewProduct;

use super::{document, error::Problem, public, viewer::Signed};
use crate::{page::Made, purge, state::Vitrine};

/// `GET /p/{slug}`.
pub async fn product(
    State(vitrine): State<Vitrine>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Only what can be a slug may take a place among the fills.
    let slug: Slug = slug.parse().map_err(|_| Problem::not_found())?;
    let filler = vitrine.clone();
    public::page(&vitrine, &headers, &format!("/p/{slug}"), async move {
        let (shop, product) = filler.services.catalog().by_slug(slug.as_str()).await?;
        let tags = vec![purge::product_tag(&product.id), purge::shop_tag(&shop.id)];
        Ok(Made {
            html: app::catalog::page::product(&filler.site, &shop, &product),
            tags,
            link: public::style(&filler.site),
        })
    })
    .await
}

/// What the page shall say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Words {
    said: String,
}

/// `GET /p/{slug}/tell`: what became of a wish to be told. Not kept, so that it never says "sold out" of what is back.
pub async fn tell(
    State(vitrine): State<Vitrine>,
    Path(slug): Path<String>,
    Query(words): Query<Words>,
) -> Result<Response, Problem> {
    let (shop, product) = vitrine.services.catalog().by_slug(&slug).await?;
    let answer = app::catalog::page::Answer::read(&words.said);
    Ok(document::private(app::catalog::page::tell(
        &vitrine.site,
        &shop,
        &product,
        answer,
    )))
}

/// A draft as the studio sends it.
#[derive(Debug, Deserialize)]
pub struct Draft {
    #[serde(default)]
    title: String,
    #[serde(default)]
    media: Vec<MediaId>,
    #[serde(default)]
    session: Option<SessionId>,
    #[serde(default)]
    highlights: Option<Document>,
}

/// `POST /api/products`.
pub async fn create(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    draft: Result<Json<Draft>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(draft) = draft.map_err(|refused| {
        Problem::new(
            refused.status(),
            "bad_request",
            format!("The draft could not be read: {}.", refused.body_text()),
        )
    })?;
    let new = NewProduct {
        title: draft.title,
        media: draft.media,
        session: draft.session,
        highlights: draft.highlights,
    };
    let product = vitrine.services.catalog().create(&viewer, new).await?;
    vitrine.purger.catch_up().await;
    let told = serde_json::json!({ "id": product.id, "edit_url": format!("/manage/products/{}", product.id) });
    Ok((StatusCode::CREATED, Json(told)).into_response())
}
