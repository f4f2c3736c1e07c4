//! Shop fronts: `/` and `/@{handle}`.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    event::Tag,
    identity::{Handle, Shop},
};

use super::{error::Problem, public};
use crate::{cache::RenderedPage, state::Vitrine};

/// `GET /`: the front of the only shop, a list of several, or how to become the first owner.
pub async fn root(State(vitrine): State<Vitrine>, headers: HeaderMap) -> Result<Response, Problem> {
    let filler = vitrine.clone();
    public::page(&vitrine, &headers, "/", async move {
        let shops = filler.services.identity().shops().await?;
        let mut page = match shops.as_slice() {
            [] => RenderedPage {
                html: app::shop::page::welcome(&filler.site),
                tags: Vec::new(),
                link: public::style(&filler.site),
            },
            [shop] => front(&filler, shop).await?,
            many => RenderedPage {
                html: app::shop::page::shops(&filler.site, many),
                tags: many
                    .iter()
                    .map(|shop| Tag::Shop(shop.id.clone()).to_string())
                    .collect(),
                link: public::style(&filler.site),
            },
        };
        page.tags.push(Tag::Instance.to_string());
        Ok(page)
    })
    .await
}

/// `GET /@{handle}`. A handle that the shop had before leads to the present one.
pub async fn by_handle(
    State(vitrine): State<Vitrine>,
    Path(handle): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What cannot be a handle is refused before the cache, so that such requests occupy no place in it.
    let handle: Handle = handle.parse().map_err(|_| Problem::not_found())?;
    let (filler, wanted) = (vitrine.clone(), handle.clone());
    let page = public::page(&vitrine, &headers, &format!("/@{handle}"), async move {
        let shop = filler.services.identity().shop(wanted.as_str()).await?;
        front(&filler, &shop).await
    })
    .await;
    match page {
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
            let identity = vitrine.services.identity();
            let shop = identity.shop_of_any_handle(handle.as_str()).await?;
            Ok(to_present_handle(&shop, query.as_deref()))
        }
        other => other,
    }
}

/// Leads on from a handle that a shop had. The shop may go back to it, so browsers ask again each time: two redirects that are
/// kept for good would lead to each other for ever.
fn to_present_handle(shop: &Shop, query: Option<&str>) -> Response {
    let mark = if query.is_some() { "?" } else { "" };
    let to = format!("/@{}{mark}{}", shop.handle, query.unwrap_or_default());
    let no_cache = [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    (no_cache, Redirect::permanent(&to)).into_response()
}

async fn front(vitrine: &Vitrine, shop: &Shop) -> Result<RenderedPage, Problem> {
    let products = vitrine.services.catalog().front(&shop.id).await?;
    // One tag for all its products: a tag each would outgrow the header buffers of proxies.
    let tags = vec![
        Tag::Shop(shop.id.clone()).to_string(),
        Tag::Listing(shop.id.clone()).to_string(),
    ];
    Ok(RenderedPage {
        html: app::shop::page::front(&vitrine.site, shop, &products),
        tags,
        link: public::style(&vitrine.site),
    })
}
