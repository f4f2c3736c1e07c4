//! The header and the end of every page a shopper sees, a page with one message, and a product in a grid.

use domain::{
    catalog::Product,
    identity::Shop,
    media::{Kind, Media},
};
use leptos::prelude::*;

use crate::{
    Site,
    catalog::{choice::price_words, parts::out_label},
    checkout::cart,
    document::{Head, Surface, document},
    media::parts::{Fetch, Shape, accessible_name, picture, placeholder},
};

/// The line above a page: the shop's name leads back to its front.
pub(crate) fn header(shop: &Shop) -> AnyView {
    view! {
        <header class="shop-line">
            <a class="shop-name" dir="auto" href=front(shop)>{shop.name.clone()}</a>
        </header>
    }
    .into_any()
}

/// [`header`], with the way to the basket.
pub(crate) fn header_with_cart(shop: &Shop) -> AnyView {
    view! {
        <header class="shop-line">
            <a class="shop-name" dir="auto" href=front(shop)>{shop.name.clone()}</a>
            {cart::link(shop)}
        </header>
    }
    .into_any()
}

/// The line below a page.
pub(crate) fn footer(shop: &Shop) -> AnyView {
    view! {
        <footer class="shop-end">
            <a href=front(shop)><span>"Everything from " <bdi>{shop.name.clone()}</bdi></span></a>
            <a href=legal(shop)>"Imprint and terms"</a>
            <a href="/sign-in">"Seller’s entrance"</a>
        </footer>
    }
    .into_any()
}

/// The address of a shop's front.
pub(crate) fn front(shop: &Shop) -> String {
    format!("/@{}", shop.handle)
}

/// The address of what the law wants a shop to write.
pub(crate) fn legal(shop: &Shop) -> String {
    format!("/@{}/terms", shop.handle)
}

/// The picture a product is shown with: its first medium, when that is a picture, else the first picture there is.
pub(crate) fn hero(product: &Product) -> Option<&Media> {
    product.media.iter().find(|media| media.kind == Kind::Photo)
}

/// A product's name, also in a draft without one.
pub(crate) fn name(product: &Product) -> &str {
    if product.title.is_empty() {
        "Untitled"
    } else {
        &product.title
    }
}

/// A page with one message about a product, beside its picture.
pub(crate) fn message_page(
    site: &Site,
    shop: &Shop,
    product: &Product,
    title: &'static str,
    body: impl FnOnce() -> AnyView,
) -> String {
    let shown = hero(product).map(|media| {
        view! {
            <div class="confirm-picture">{picture(media, &accessible_name(media), "(min-width: 60rem) 26rem, 100vw", Fetch::Soon)}</div>
        }
    });
    let body = body();
    document(
        site,
        Head::new(Surface::Shop, format!("{title} · {}", shop.name)),
        || {
            view! {
                {header(shop)}
                <main id="main" class="confirm">
                    {shown}
                    <div class="confirm-text">
                        <h1>{title}</h1>
                        {body}
                    </div>
                </main>
                {footer(shop)}
            }
        },
    )
}

/// A product in the grid of a front. The first row is on the first screen.
pub(crate) fn tile(product: &Product, index: usize) -> AnyView {
    let fetch = match index {
        0 => Fetch::First,
        1..=2 => Fetch::Soon,
        _ => Fetch::Lazy,
    };
    let sizes = if index == 0 {
        "(min-width: 60rem) 44rem, 100vw"
    } else {
        "(min-width: 60rem) 22rem, 50vw"
    };
    let shape = hero(product).map_or("tall", |media| Shape::of(media).class());
    let shown = hero(product).map_or_else(
        || placeholder("No picture yet").into_any(),
        |media| picture(media, &accessible_name(media), sizes, fetch),
    );
    let price = match (&product.price, product.available) {
        (_, 0) => view! { <span class="tile-price soft">{out_label(product)}</span> }.into_any(),
        (Some(_), _) => {
            view! { <span class="tile-price figure">{price_words(product)}</span> }.into_any()
        }
        (None, _) => ().into_any(),
    };
    view! {
        <li class=format!("tile ringed {shape}")>
            <a href=format!("/p/{}", product.slug)>
                <span class="tile-picture">{shown}</span>
                <span class="tile-name" dir="auto">{name(product).to_owned()}</span>
                {price}
            </a>
        </li>
    }
    .into_any()
}
