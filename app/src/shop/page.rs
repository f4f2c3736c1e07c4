//! `/@{handle}` and `/`: a shop's front, a list of shops, and the page before there is any.

use domain::{catalog::Product, identity::Shop, terms::Terms};
use leptos::prelude::*;

use super::parts::{footer, front as front_path, header, hero, legal, tile};
use crate::{
    Site,
    checkout::cart,
    document::{Head, Preview, Surface, document},
    media::parts::jpeg,
};

/// A shop's front: its published products, newest first as given.
#[must_use]
pub fn front(site: &Site, shop: &Shop, products: &[Product]) -> String {
    let mut head = Head::new(Surface::Shop, shop.name.clone())
        .described(described(shop, products))
        .at(front_path(shop));
    head.shop = Some(shop.name.clone());
    head.cart = !products.is_empty();
    head.image = products.iter().find_map(hero).and_then(|media| {
        jpeg(media, 1280).map(|variant| Preview {
            path: variant.url.clone(),
            alt: media.alt.clone(),
            width: variant.width,
            height: variant.height,
        })
    });
    document(site, head, || {
        let body = if products.is_empty() {
            view! {
                <div class="front-empty">
                    <p class="lead">"Nothing stands in the window yet."</p>
                    <p class="soft">"Come back soon: the first product appears here the moment it is published."</p>
                </div>
            }
            .into_any()
        } else {
            let tiles = products
                .iter()
                .enumerate()
                .map(|(index, product)| tile(product, index))
                .collect_view();
            view! { <ul class="window">{tiles}</ul> }.into_any()
        };
        view! {
            <main id="main" class="front">
                <header class="front-head">
                    <h1 dir="auto">{shop.name.clone()}</h1>
                    <p class="soft">{counted(products)} " " {(!products.is_empty()).then(|| cart::link(shop))}</p>
                </header>
                {body}
            </main>
            <footer class="shop-end">
                <span>{format!("@{}", shop.handle)}</span>
                <a href=legal(shop)>"Imprint and terms"</a>
                <a href="/sign-in">"Seller’s entrance"</a>
            </footer>
        }
    })
}

/// `/@{handle}/terms`: what the law wants a shop to write.
#[must_use]
pub fn terms(site: &Site, shop: &Shop, terms: &Terms) -> String {
    let mut head =
        Head::new(Surface::Shop, format!("Imprint and terms · {}", shop.name)).at(legal(shop));
    head.shop = Some(shop.name.clone());
    let texts = &terms.texts;
    let parts: Vec<AnyView> = [
        ("Who sells", &texts.imprint),
        ("Conditions", &texts.conditions),
        ("Returns", &texts.returns),
        ("Privacy", &texts.privacy),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .map(|(title, text)| {
        let paragraphs = text
            .split("\n\n")
            .map(|paragraph| view! { <p dir="auto">{paragraph.to_owned()}</p> })
            .collect_view();
        view! { <section><h2>{title}</h2>{paragraphs}</section> }.into_any()
    })
    .collect();
    let number = (!terms.tax_number.is_empty()).then(|| {
        view! { <p>"Tax number: " <bdi>{terms.tax_number.clone()}</bdi></p> }
    });
    let none = (parts.is_empty() && number.is_none()).then(|| {
        view! { <p class="soft"><bdi>{shop.name.clone()}</bdi> " has not written anything here yet."</p> }
    });
    document(site, head, || {
        view! {
            {header(shop)}
            <main id="main" class="legal">
                <h1>"Imprint and terms"</h1>
                {none}
                {parts}
                {number}
            </main>
            {footer(shop)}
        }
    })
}

fn counted(products: &[Product]) -> Option<String> {
    match products.len() {
        0 => None,
        1 => Some("One thing in the window".to_owned()),
        count => Some(format!("{count} things in the window")),
    }
}

fn described(shop: &Shop, products: &[Product]) -> String {
    let names: Vec<&str> = products
        .iter()
        .take(3)
        .map(|product| product.title.as_str())
        .collect();
    if names.is_empty() {
        shop.name.clone()
    } else {
        format!("{}: {}", shop.name, names.join(", "))
    }
}

/// The shops of this instance.
#[must_use]
pub fn shops(site: &Site, shops: &[Shop]) -> String {
    let head = Head::new(Surface::Shop, "Shops")
        .described("The shops on this site")
        .at("/");
    document(site, head, || {
        let rows = shops
            .iter()
            .map(|shop| {
                view! {
                    <li>
                        <a href=front_path(shop)>
                            <span class="shops-name" dir="auto">{shop.name.clone()}</span>
                            <span class="soft">{format!("@{}", shop.handle)}</span>
                        </a>
                    </li>
                }
            })
            .collect_view();
        view! {
            <main id="main" class="front">
                <header class="front-head"><h1>"Shops"</h1></header>
                <ul class="shops">{rows}</ul>
            </main>
        }
    })
}

/// The instance before it has an owner.
#[must_use]
pub fn welcome(site: &Site) -> String {
    document(
        site,
        Head::new(Surface::Shop, "This shop has no owner yet"),
        || {
            view! {
                <main id="main" class="alone">
                    <h1>"This shop has no owner yet"</h1>
                    <p class="lead">
                        "Open the owner link that Vitrine printed in its log when it started. It works once and makes you the owner."
                    </p>
                    <p class="soft">"Lost it? Run " <code>"vitrine owner-link"</code> " on the machine where Vitrine runs."</p>
                </main>
            }
        },
    )
}
