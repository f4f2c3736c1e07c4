//! `/p/{slug}`: the photo is the page; and `/p/{slug}/waitlist`.

use domain::{catalog::Product, identity::Shop, terms::Terms};
use island::Gallery;
use leptos::prelude::*;

pub use super::waitlist::{Flash as WaitlistFlash, page as waitlist};
use super::{
    parts::{HERO_SIZES, bar, panel, sold_out_notes, strip, text, wall},
    structured,
};
use crate::{
    Site,
    document::{Head, Preview, Surface, document},
    media::parts::{Preload, jpeg},
    shop::parts::{footer, front, header_with_cart, hero, name},
};

/// A published product. The page is anonymous and holds no stock count, only whether it can be bought.
#[must_use]
pub fn product(site: &Site, shop: &Shop, terms: &Terms, product: &Product) -> String {
    let title = format!("{} · {}", name(product), shop.name);
    let mut head = Head::new(Surface::Shop, title)
        .described(product.summary.clone())
        .at(format!("/p/{}", product.slug))
        .booting("frontend-boot.js");
    head.preload = product
        .media
        .first()
        .and_then(|media| Preload::of(media, HERO_SIZES));
    head.kind = "product";
    head.shop = Some(shop.name.clone());
    head.cart = true;
    head.image = hero(product).and_then(|media| {
        jpeg(media, 1280).map(|variant| Preview {
            path: variant.url.clone(),
            alt: media.alt.clone(),
            width: variant.width,
            height: variant.height,
        })
    });
    head.json_ld = Some(structured::product(site, shop, terms, product));
    document(site, head, || {
        let wall = wall(&product.media);
        let strip = strip(&product.media);
        let panel = panel(shop, terms, product);
        let sold_out = (product.available == 0 || product.price.is_none())
            .then(|| sold_out_notes(shop, product));
        let text = text(product);
        let bar = bar(product);
        let shop_name = shop.name.clone();
        let front = front(shop);
        let end = footer(shop);
        view! {
            {header_with_cart(shop)}
            <Gallery>
                <main id="main" class="product">
                    {wall}
                    <div class="side">
                        <div class="panel">{panel} {sold_out}</div>
                        {strip}
                        <p class="from soft">"Sold by " <a href=front><bdi>{shop_name}</bdi></a></p>
                    </div>
                    <div class="after">
                        {bar}
                        {text}
                        {end}
                    </div>
                </main>
            </Gallery>
        }
    })
}
