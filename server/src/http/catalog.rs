//! `/p/{slug}` and `/p/{slug}/waitlist`.

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use domain::{catalog::Slug, event::Tag};
use serde::Deserialize;

use super::{document, error::Problem, public};
use crate::{cache::RenderedPage, state::Vitrine};

/// `GET /p/{slug}`.
pub async fn product(
    State(vitrine): State<Vitrine>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What cannot be a slug is refused before the cache, so that such requests occupy no place in it.
    let slug: Slug = slug.parse().map_err(|_| Problem::not_found())?;
    let filler = vitrine.clone();
    public::page(&vitrine, &headers, &format!("/p/{slug}"), async move {
        let (shop, product) = filler.services.catalog().by_slug(slug.as_str()).await?;
        let tags = vec![
            Tag::Product(product.id.clone()).to_string(),
            Tag::Shop(shop.id.clone()).to_string(),
        ];
        Ok(RenderedPage {
            html: app::catalog::page::product(&filler.site, &shop, &product),
            tags,
            link: public::style(&filler.site),
        })
    })
    .await
}

/// The flash message in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FlashQuery {
    flash: String,
}

/// `GET /p/{slug}/waitlist`: how joining the waitlist went. Not cached, so that it never says "sold out" of what is back.
pub async fn waitlist(
    State(vitrine): State<Vitrine>,
    Path(slug): Path<String>,
    Query(query): Query<FlashQuery>,
) -> Result<Response, Problem> {
    let (shop, product) = vitrine.services.catalog().by_slug(&slug).await?;
    let flash = app::catalog::page::WaitlistFlash::read(&query.flash);
    Ok(document::private(app::catalog::page::waitlist(
        &vitrine.site,
        &shop,
        &product,
        flash,
    )))
}
