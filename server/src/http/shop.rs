//! Shop fronts: `/` and `/@{handle}`.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use domain::identity::{Handle, Shop};

use super::{error::Problem, public};
use crate::{page::Made, purge, state::Vitrine};

/// `GET /`: the front of the only shop, a list of several, or how to become the first owner.
pub async fn root(State(vitrine): State<Vitrine>, headers: HeaderMap) -> Result<Response, Problem> {
    let filler = vitrine.clone();
    public::page(&vitrine, &headers, "/", async move {
        let shops = filler.services.identity().shops().await?;
        let mut page = match shops.as_slice() {
            [] => Made {
                html: app::shop::page::welcome(&filler.site),
                tags: Vec::new(),
                link: public::style(&filler.site),
            },
            [shop] => front(&filler, shop).await?,
            many => Made {
                html: app::shop::page::shops(&filler.site, many),
                tags: many.iter().map(|shop| purge::shop_tag(&shop.id)).collect(),
                link: public::style(&filler.site),
            },
        };
        page.tags.push(purge::INSTANCE.to_owned());
        Ok(page)
    })
    .await
}

/// `GET /@{handle}`.
pub async fn by_handle(
    State(vitrine): State<Vitrine>,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // What cannot be a handle is refused before the cache, so that such requests occupy no place in it.
    let handle: Handle = handle.parse().map_err(|_| Problem::not_found())?;
    let filler = vitrine.clone();
    public::page(&vitrine, &headers, &format!("/@{handle}"), async move {
        let shop = filler.services.identity().shop(handle.as_str()).await?;
        front(&filler, &shop).await
    })
    .await
}

async fn front(vitrine: &Vitrine, shop: &Shop) -> Result<Made, Problem> {
    let products = vitrine.services.catalog().front(&shop.id).await?;
    let mut tags = vec![purge::shop_tag(&shop.id)];
    tags.extend(
        products
            .iter()
            .map(|product| purge::product_tag(&product.id)),
    );
    Ok(Made {
        html: app::shop::page::front(&vitrine.site, shop, &products),
        tags,
        link: public::style(&vitrine.site),
    })
}
