//! `/p/{slug}` and `/p/{slug}/waitlist`.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use domain::{catalog::Slug, event::Tag};
use serde::Deserialize;

use super::{
    address, document,
    error::Problem,
    public::{self, Page},
};
use crate::state::Vitrine;

/// `GET /p/{slug}`.
pub async fn product(
    State(vitrine): State<Vitrine>,
    Path(asked): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What cannot be a slug is refused before the cache, so that such requests occupy no place in it.
    let slug: Slug = asked.parse().map_err(|_| Problem::not_found())?;
    if slug.as_str() != asked {
        return Ok(address::moved(&format!("/p/{slug}"), &uri, "no-cache"));
    }
    let (key, wanted) = (format!("/p/{slug}"), slug.clone());
    let fill = move |vitrine| rendered(vitrine, wanted.clone());
    let page = public::page(&vitrine, &headers, &key, fill).await;
    match page {
        Err(problem) => or_moved(&vitrine, problem, slug.as_str(), "", &uri).await,
        found => found,
    }
}

async fn rendered(vitrine: Vitrine, slug: Slug) -> Result<Page, Problem> {
    let (shop, product) = vitrine.services.catalog().by_slug(slug.as_str()).await?;
    let terms = vitrine.services.terms().of_shop(&shop.id).await?;
    let tags = vec![
        Tag::Product(product.id.clone()).to_string(),
        Tag::Shop(shop.id.clone()).to_string(),
    ];
    Ok(Page {
        html: app::catalog::page::product(&vitrine.site, &shop, &terms, &product),
        tags,
    })
}

/// Where there is nothing under a slug that a product had before: the same below the slug it has. It may be given to another
/// product, so nobody keeps the redirect.
pub(super) async fn or_moved(
    vitrine: &Vitrine,
    problem: Problem,
    slug: &str,
    below: &str,
    uri: &Uri,
) -> Result<Response, Problem> {
    if problem.status() != StatusCode::NOT_FOUND {
        return Err(problem);
    }
    match vitrine.services.catalog().moved(slug).await? {
        Some(current) => {
            let path = format!("/p/{current}{below}");
            Ok(address::moved(&path, uri, "no-cache"))
        }
        None => Err(problem),
    }
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
    uri: Uri,
) -> Result<Response, Problem> {
    let (shop, product) = match vitrine.services.catalog().by_slug(&slug).await {
        Ok(found) => found,
        Err(error) => return or_moved(&vitrine, error.into(), &slug, "/waitlist", &uri).await,
    };
    let flash = app::catalog::page::WaitlistFlash::read(&query.flash);
    Ok(document::private(app::catalog::page::waitlist(
        &vitrine.site,
        &shop,
        &product,
        flash,
    )))
}
