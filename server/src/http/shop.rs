//! Shop fronts: `/` and `/@{handle}`.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};
use domain::{
    event::Tag,
    identity::{Handle, Shop},
};

use super::{
    address,
    error::Problem,
    public::{self, Page},
};
use crate::state::Vitrine;

/// `GET /`: the front of the only shop, a list of several, or how to become the first owner.
pub async fn root(State(vitrine): State<Vitrine>, headers: HeaderMap) -> Result<Response, Problem> {
    public::page(&vitrine, &headers, "/", |vitrine: Vitrine| async move {
        let shops = vitrine.services.identity().shops().await?;
        let mut page = match shops.as_slice() {
            [] => Page {
                html: app::shop::page::welcome(&vitrine.site),
                tags: Vec::new(),
            },
            [shop] => front(&vitrine, shop).await?,
            many => Page {
                html: app::shop::page::shops(&vitrine.site, many),
                // One tag for all of them: a tag each would outgrow the header buffers of proxies.
                tags: Vec::new(),
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
    Path(asked): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What cannot be a handle is refused before the cache, so that such requests occupy no place in it.
    let handle: Handle = asked.parse().map_err(|_| Problem::not_found())?;
    if handle.as_str() != asked {
        return Ok(address::moved(&format!("/@{handle}"), &uri, "no-cache"));
    }
    let (key, wanted) = (format!("/@{handle}"), handle.clone());
    let fill = move |vitrine: Vitrine| {
        let wanted = wanted.clone();
        async move {
            let shop = vitrine.services.identity().shop(wanted.as_str()).await?;
            front(&vitrine, &shop).await
        }
    };
    let page = public::page(&vitrine, &headers, &key, fill).await;
    or_moved(&vitrine, page, &handle, "", &uri).await
}

/// `GET /@{handle}/terms`: what the law wants the shop to write.
pub async fn terms(
    State(vitrine): State<Vitrine>,
    Path(asked): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let handle: Handle = asked.parse().map_err(|_| Problem::not_found())?;
    let (key, wanted) = (format!("/@{handle}/terms"), handle.clone());
    let fill = move |vitrine: Vitrine| {
        let wanted = wanted.clone();
        async move {
            let (shop, terms) = vitrine.services.terms().by_handle(wanted.as_str()).await?;
            Ok(Page {
                html: app::shop::page::terms(&vitrine.site, &shop, &terms),
                tags: vec![Tag::Shop(shop.id.clone()).to_string()],
            })
        }
    };
    let page = public::page(&vitrine, &headers, &key, fill).await;
    or_moved(&vitrine, page, &handle, "/terms", &uri).await
}

/// The page below a handle, or the way to it below the present handle of the shop that had this one.
async fn or_moved(
    vitrine: &Vitrine,
    page: Result<Response, Problem>,
    handle: &Handle,
    below: &str,
    uri: &Uri,
) -> Result<Response, Problem> {
    match page {
        Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
            let identity = vitrine.services.identity();
            let shop = identity.shop_of_any_handle(handle.as_str()).await?;
            // The shop may go back to this handle, so browsers ask again each time: two redirects that are kept for good
            // would lead to each other for ever.
            let present = format!("/@{}{below}", shop.handle);
            Ok(address::moved(&present, uri, "no-cache"))
        }
        other => other,
    }
}

async fn front(vitrine: &Vitrine, shop: &Shop) -> Result<Page, Problem> {
    let products = vitrine.services.catalog().front(&shop.id).await?;
    // One tag for all its products: a tag each would outgrow the header buffers of proxies.
    let tags = vec![
        Tag::Shop(shop.id.clone()).to_string(),
        Tag::Listing(shop.id.clone()).to_string(),
    ];
    Ok(Page {
        html: app::shop::page::front(&vitrine.site, shop, &products),
        tags,
    })
}
