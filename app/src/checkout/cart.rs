//! `/@{handle}/cart`: the basket of a shop.

use domain::{id::VariantId, identity::Shop, invalid::isolated, money::Money};
use leptos::prelude::*;
use services::checkout::{CartLine, CartOffer, CartPage};

use crate::{
    Site,
    document::{Head, Surface, document},
    flash,
    media::parts::thumbnail,
    shop::parts::{footer, front, header},
};

/// Why the button that checks out led back to the basket.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// A sentence.
    pub message: &'a str,
    /// Lines whose price is another one than the page had said, with that one in minor units.
    pub seen: &'a [(VariantId, i64)],
}

/// The address of a shop's basket.
pub(crate) fn path(shop: &Shop) -> String {
    format!("/@{}/cart", shop.handle)
}

/// The way to the basket. A page in the cache does not know what is in it; the script does.
pub(crate) fn link(shop: &Shop) -> AnyView {
    view! { <a class="cart-link" href=path(shop) data-cart=shop.id.to_string()>"Basket"</a> }
        .into_any()
}

/// What is wrong with a line, in whole sentences with its name, for the head of the page.
#[must_use]
pub fn shortage(page: &CartPage) -> String {
    let sentences: Vec<String> = page
        .lines
        .iter()
        .filter_map(|line| {
            let Some(offer) = &line.offer else {
                return Some("Something in it is no longer sold.".to_owned());
            };
            let name = isolated(&name(offer));
            match offer.available {
                0 => Some(format!("{name} is gone at the moment.")),
                left if left < line.quantity => {
                    Some(format!("Of {name} only {left} can be bought now."))
                }
                _ => None,
            }
        })
        .collect();
    if sentences.is_empty() {
        // It was short a moment ago, and came back meanwhile.
        return "Nothing was reserved: somebody was faster for a moment. All of it is there again, so press once more.".to_owned();
    }
    format!(
        "Nothing was reserved. {} Change it below and go on.",
        sentences.join(" ")
    )
}

fn name(offer: &CartOffer) -> String {
    if offer.choice.is_empty() {
        offer.title.clone()
    } else {
        format!("{}, {}", offer.title, offer.choice)
    }
}

/// The basket. `key` makes two presses of its button one order; `without_cookies`: something was put into it, and the browser
/// did not keep it.
#[must_use]
pub fn cart(
    site: &Site,
    page: &CartPage,
    key: &str,
    refused: Option<Refused<'_>>,
    without_cookies: bool,
) -> String {
    let shop = &page.shop;
    let mut head = Head::new(Surface::Shop, format!("Basket · {}", shop.name));
    head.cart = true;
    let body = if page.lines.is_empty() {
        empty(shop, without_cookies)
    } else {
        filled(page, key, refused)
    };
    document(site, head, || {
        view! {
            {header(shop)}
            <main id="main" class="cart">
                <h1>"Basket"</h1>
                {body}
            </main>
            {footer(shop)}
        }
    })
}

fn empty(shop: &Shop, without_cookies: bool) -> AnyView {
    let text = if without_cookies {
        "Your browser keeps no cookies, so the basket cannot keep anything either. You can still buy each thing from its page."
    } else {
        "Nothing is in it yet. What you put in stays for a month, on this device only."
    };
    view! {
        <p class="lead">{text}</p>
        <p><a class="button large" href=front(shop)>"See what " <bdi>{shop.name.clone()}</bdi> " has"</a></p>
    }
    .into_any()
}

fn filled(page: &CartPage, key: &str, refused: Option<Refused<'_>>) -> AnyView {
    let rows = page
        .lines
        .iter()
        .map(|line| row(line, refused))
        .collect_view();
    let total = page.total();
    let action = path(&page.shop);
    let sum = total.map(|total| {
        view! {
            <p class="cart-sum"><span>"In all"</span> <strong class="figure">{total.to_string()}</strong></p>
            <p class="soft">"Delivery and taxes are shown next, before you pay."</p>
        }
    });
    let blocked = total
        .is_none()
        .then(|| view! { <p class="soft">"Change what is marked, then go on."</p> });
    view! {
        {refused.map(|refused| flash::error(refused.message))}
        <form class="cart-form" method="post" action=action.clone() data-cart-form>
            // A browser presses the first button of a form when Enter is pressed in a field.
            <button class="unseen" r#type="submit" tabindex="-1" aria-hidden="true">"Update"</button>
            <input r#type="hidden" name="idempotency_key" value=key.to_owned() />
            <ul class="cart-lines" aria-label="What is in the basket">{rows}</ul>
            {sum}
            {blocked}
            <div class="cart-acts">
                <button class="button large whole" r#type="submit" formaction=format!("{action}/checkout") disabled=total.is_none()>"Check out"</button>
                <button class="button quiet whole" r#type="submit">"Update"</button>
            </div>
        </form>
    }
    .into_any()
}

/// What a shopper should know of a line before going on.
fn note(line: &CartLine, refused: Option<Refused<'_>>) -> Option<String> {
    let Some(offer) = &line.offer else {
        return Some("No longer sold. Take it out to go on.".to_owned());
    };
    match offer.available {
        0 => return Some("None can be bought now. Take it out to go on.".to_owned()),
        left if left < line.quantity => return Some(format!("Only {left} can be bought now.")),
        _ => {}
    }
    let (_, seen) = refused?
        .seen
        .iter()
        .find(|(variant, minor)| *variant == line.variant && *minor != offer.price.minor)?;
    let seen = Money::new(*seen, offer.price.currency)?;
    Some(format!("The price was {seen} and is {} now.", offer.price))
}

fn row(line: &CartLine, refused: Option<Refused<'_>>) -> AnyView {
    let note = note(line, refused);
    let id = format!("quantity-{}", line.variant);
    let note_id = format!("note-{}", line.variant);
    let field = format!("quantity.{}", line.variant);
    let (what, price, title) = match &line.offer {
        None => (
            view! { <span class="cart-what"><span class="cart-name">"Something that is gone"</span></span> }
                .into_any(),
            None,
            "what is gone".to_owned(),
        ),
        Some(offer) => (
            view! {
                {thumbnail(offer.photo.as_ref())}
                <span class="cart-what">
                    <a class="cart-name" href=format!("/p/{}", offer.slug)><bdi>{offer.title.clone()}</bdi></a>
                    {(!offer.choice.is_empty()).then(|| view! { <span class="soft" dir="auto">{offer.choice.clone()}</span> })}
                    <span class="soft figure">{offer.price.to_string()}</span>
                </span>
            }
            .into_any(),
            line.total(),
            name(offer),
        ),
    };
    // What the page says, so that only that is reserved.
    let seen = line.offer.as_ref().map(|offer| {
        let value = format!("{}:{}:{}", line.variant, line.quantity, offer.price.minor);
        view! { <input r#type="hidden" name="line" value=value /> }
    });
    let described = note.is_some().then(|| note_id.clone());
    view! {
        <li class="cart-line">
            {seen}
            <span class="cart-thing">{what}</span>
            <span class="cart-count">
                <label class="unseen" r#for=id.clone()>"How many of " <bdi>{title.clone()}</bdi></label>
                <input class="input figure" id=id name=field inputmode="numeric" autocomplete="off" maxlength="4" dir="auto" aria-describedby=described.clone() aria-invalid=described.map(|_| "true") value=line.quantity.to_string() />
                <button class="link" r#type="submit" name="remove" value=line.variant.to_string() aria-label=format!("Take out {title}")>"Take out"</button>
            </span>
            <span class="cart-total figure">{price.map(|price| price.to_string())}</span>
            {note.map(|note| view! { <span class="cart-note wrong" id=note_id>{note}</span> })}
        </li>
    }
    .into_any()
}
