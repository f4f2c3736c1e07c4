//! The parts of a product page: wall, strip, panel, buy bar, text.

use domain::{
    catalog::{Availability, Product},
    identity::Shop,
    media::{Kind, Media},
    money::Money,
    terms::Terms,
};
use island::BuyButton;
use leptos::prelude::*;

use super::{
    choice::{self, price_words},
    waitlist,
};
use crate::{
    checkout::cart,
    media::parts::{
        Fetch, Shape, accessible_name, clip, largest_jpeg, length, picture, placeholder, thumb,
    },
    shop::parts::{front, legal, name},
};

/// How wide the hero is shown: to the edges of a phone, two thirds of the wall on a desktop.
pub(super) const HERO_SIZES: &str = "(min-width: 60rem) 42vw, 100vw";
/// Letters of the longest word that fits beside the photo's edge on a phone.
const LONG_WORD: usize = 20;
const SLIDE_SIZES: &str = "(min-width: 60rem) 21vw, 100vw";

/// Pictures and clips: swiped on a phone, hung as a wall on a desktop. One list serves both.
pub(super) fn wall(media: &[Media]) -> AnyView {
    let stage = media.first().map_or(Shape::Tall, Shape::of);
    let count = match media.len() {
        0 | 1 => "one",
        2 => "two",
        _ => "many",
    };
    if media.is_empty() {
        return view! {
            <div class="wall one tall" id="wall">
                <div class="slide tall">{placeholder("No picture yet")}</div>
            </div>
        }
        .into_any();
    }
    let slides = media
        .iter()
        .enumerate()
        .map(|(index, media)| slide(media, index))
        .collect_view();
    view! {
        <div
            class=format!("wall {count} {}", stage.class())
            id="wall"
            role="group"
            aria-label="Pictures of the product"
        >
            {slides}
        </div>
    }
    .into_any()
}

fn slide(media: &Media, index: usize) -> AnyView {
    let fetch = if index == 0 {
        Fetch::First
    } else {
        Fetch::Lazy
    };
    let sizes = if index == 0 { HERO_SIZES } else { SLIDE_SIZES };
    let inner = match (media.kind, largest_jpeg(media)) {
        (Kind::Clip, _) => clip(media, sizes),
        (Kind::Photo, Some(whole)) => view! {
            <a class="zoom-in" href=whole.url.clone()>
                {picture(media, &accessible_name(media), sizes, fetch)}
            </a>
        }
        .into_any(),
        (Kind::Photo, None) => picture(media, &accessible_name(media), sizes, fetch),
    };
    view! {
        <div class=format!("slide ringed {}", Shape::of(media).class()) id=format!("view-{}", index + 1)>
            {inner}
        </div>
    }
    .into_any()
}

/// Thumbnails under the hero, clips among them with their length. Nothing for a single picture.
pub(super) fn strip(media: &[Media]) -> Option<AnyView> {
    if media.len() < 2 {
        return None;
    }
    let thumbs = media
        .iter()
        .enumerate()
        .map(|(index, media)| {
            let mark = (media.kind == Kind::Clip).then(
                || view! { <span class="length figure" aria-hidden="true">{length(media)}</span> },
            );
            let label = match media.kind {
                Kind::Photo => format!("Picture {}", index + 1),
                Kind::Clip => format!("Clip, {}", length(media)),
            };
            view! {
                <li>
                    <a class="thumb" href=format!("#view-{}", index + 1) aria-label=label>
                        {thumb(media)}
                        {mark}
                    </a>
                </li>
            }
        })
        .collect_view();
    Some(
        view! { <nav class="strip" aria-label="Pictures and clips"><ul>{thumbs}</ul></nav> }
            .into_any(),
    )
}

/// Name, price, one sentence, one button.
pub(super) fn panel(shop: &Shop, terms: &Terms, product: &Product) -> AnyView {
    let summary = (!product.summary.is_empty())
        .then(|| view! { <p class="summary" dir="auto">{product.summary.clone()}</p> });
    // A word too long for one line of a phone is set smaller before it is broken.
    let longest = name(product)
        .split([' ', '-'])
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(0);
    let class = if longest > LONG_WORD {
        "name long"
    } else {
        "name"
    };
    let title = view! { <h1 class=class dir="auto">{name(product).to_owned()}</h1> };
    let purchase = match (product.price, product.available) {
        (Some(price), 1..) => view! {
            <p class="price figure" id="price">{price_words(product)}</p>
            {summary}
            <form class="buy" id="buy" method="post" action=format!("/p/{}/buy", product.slug)>
                <input r#type="hidden" name="quantity" value="1" />
                {product.options.is_empty().then(|| view! { <input r#type="hidden" name="price_seen_minor" value=price.minor.to_string() /> })}
                {choice::fields(product)}
                <BuyButton label=choice::buy_label(product) />
                <button class="button quiet large whole" r#type="submit" formaction=format!("/p/{}/cart", product.slug) data-add>"Add to basket"</button>
                <p class="added" hidden data-added><span role="status"></span> <a href=cart::path(shop)>"See the basket"</a></p>
            </form>
            {price_note(shop, terms, price)}
        }
        .into_any(),
        (price, _) => view! {
            <p class="price figure">
                {price.and_then(|_| price_words(product)).map(|price| view! { <s>{price}</s> " " })}
                <strong class="sold-out">{out_label(product)}</strong>
            </p>
            {summary}
        }
        .into_any(),
    };
    view! { {title} {purchase} }.into_any()
}

/// What comes to the price, as the law wants it said beside it (Directive 2011/83/EU, article 6(1)(e)).
fn price_note(shop: &Shop, terms: &Terms, price: Money) -> Option<AnyView> {
    let tax = terms.includes_tax().map(|included| match included {
        true => "Tax included",
        false => "Tax comes on top",
    });
    let delivery = terms.least_delivery().map(|minor| match minor {
        0 => "delivery from nothing on".to_owned(),
        minor => format!(
            "delivery from {}",
            Money {
                minor,
                currency: price.currency
            }
        ),
    });
    let note = match (tax, delivery) {
        (None, None) => return None,
        (Some(tax), None) => format!("{tax}."),
        (Some(tax), Some(delivery)) => format!("{tax}, {delivery}."),
        (None, Some(delivery)) => format!("D{}.", delivery.strip_prefix('d').unwrap_or_default()),
    };
    Some(view! { <p class="price-note"><a href=legal(shop)>{note}</a></p> }.into_any())
}

/// What stands in the place of the buy button. What is only reserved is not sold.
pub(crate) fn out_label(product: &Product) -> &'static str {
    match product.availability() {
        Availability::Reserved => "Reserved",
        Availability::ForSale | Availability::SoldOut => "Sold out",
    }
}

/// Why it cannot be bought, in a whole sentence with its name.
pub(crate) fn gone(product: &Product) -> AnyView {
    let end = match product.availability() {
        Availability::Reserved => " are reserved right now.",
        Availability::ForSale | Availability::SoldOut => " have found a home.",
    };
    view! { "All pieces of " <bdi>{name(product).to_owned()}</bdi> {end} }.into_any()
}

/// What may be hoped for, where all pieces are only reserved.
pub(crate) fn comes_back(product: &Product) -> Option<&'static str> {
    (product.availability() == Availability::Reserved)
        .then_some("Those that are not paid for come back within minutes, so look again soon.")
}

/// What follows the price when nothing can be bought.
pub(super) fn sold_out_notes(shop: &Shop, product: &Product) -> AnyView {
    let note = match product.availability() {
        Availability::Reserved => "All pieces are reserved right now.",
        Availability::ForSale | Availability::SoldOut => "All pieces have found a home.",
    };
    let note = [Some(note), comes_back(product)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    view! {
        <p class="soft">{note}</p>
        {waitlist::form(shop, product, None)}
        <p><a class="link" href=front(shop)>"See what else " <bdi>{shop.name.clone()}</bdi> " has"</a></p>
    }
    .into_any()
}

/// The bar that slides in from below once the button has left the screen: opaque, with the price, in reach of a thumb.
/// It is placed by layout alone (see `shop/catalog.css`), so it works without scripts. Tab passes it by: its button is the panel's
/// once more, and on a short page it never comes into sight.
pub(super) fn bar(product: &Product) -> Option<AnyView> {
    product.price.filter(|_| product.available > 0)?;
    let price = price_words(product);
    Some(
        view! {
            <div class="bar-way">
                <div class="bar">
                    <span class="bar-name" dir="auto">{name(product).to_owned()}</span>
                    <span class="bar-price figure" id="bar-price">{price}</span>
                    <button class="button" r#type="submit" form="buy" tabindex="-1">"Buy"</button>
                </div>
            </div>
        }
        .into_any(),
    )
}

/// The text after the buying: paragraphs separated by blank lines.
pub(super) fn text(product: &Product) -> Option<AnyView> {
    let paragraphs: Vec<&str> = product
        .text
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    (!paragraphs.is_empty()).then(|| {
        let paragraphs = paragraphs
            .into_iter()
            .map(|paragraph| view! { <p dir="auto">{paragraph.to_owned()}</p> })
            .collect_view();
        view! { <section class="story"><h2 class="unseen">"About it"</h2>{paragraphs}</section> }
            .into_any()
    })
}
