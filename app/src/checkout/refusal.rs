//! What the buy button answers when it cannot sell at once: the price changed, too few are left, or it must be pressed once more.

use std::cmp::Ordering;

use domain::{
    catalog::{Availability, Product},
    id::VariantId,
    identity::Shop,
    money::Money,
};
use leptos::prelude::*;

use crate::{
    Site,
    catalog::{self, parts::gone},
    shop::parts::{front, message_page, name},
};

/// A press of the buy button, to be made again.
#[derive(Debug, Clone, Copy)]
pub struct Press<'a> {
    /// Which variant; `None`: the only one.
    pub variant: Option<&'a VariantId>,
    /// How many.
    pub quantity: u32,
    /// The price that stands on the page.
    pub price: Money,
    /// What makes two presses one; `None` where the browser's cookie does.
    pub key: Option<&'a str>,
}

/// The form that presses buy.
fn form(product: &Product, press: Press<'_>) -> AnyView {
    let key = press.key.map(|key| {
        view! { <input r#type="hidden" name="idempotency_key" value=key.to_owned() /> }
    });
    view! {
        <form method="post" action=format!("/p/{}/buy", product.slug)>
            <input r#type="hidden" name="quantity" value=press.quantity.to_string() />
            {press.variant.map(|variant| view! { <input r#type="hidden" name="variant" value=variant.to_string() /> })}
            <input r#type="hidden" name="price_seen_minor" value=press.price.minor.to_string() />
            {key}
            <button class="button large whole" r#type="submit">{format!("Buy for {}", press.price)}</button>
        </form>
    }
    .into_any()
}

/// A browser that keeps no cookie and runs no script presses once more, on a page of its own that makes two presses one.
#[must_use]
pub fn confirm(site: &Site, shop: &Shop, product: &Product, press: Press<'_>) -> String {
    message_page(site, shop, product, "One more press", || {
        view! {
            <p class="lead">"Press once more to reserve " <bdi>{name(product).to_owned()}</bdi> "."</p>
            <p>"Your browser keeps no cookies, so the shop asks twice to be sure that it reserves once."</p>
            {form(product, press)}
            <p><a href=format!("/p/{}", product.slug)>"Back to its page"</a></p>
        }
        .into_any()
    })
}

/// What happened to the price, in a whole sentence.
fn change(product: &Product, seen: Money, price: Money) -> AnyView {
    let end = match price.minor.cmp(&seen.minor) {
        Ordering::Less => " went down.",
        Ordering::Equal => " changed and changed back.",
        Ordering::Greater => " went up.",
    };
    view! { "While you were looking, the price of " <bdi>{name(product).to_owned()}</bdi> {end} }
        .into_any()
}

/// The price changed while the page was open: shows both and asks again. Answered with 409.
#[must_use]
pub fn price_changed(
    site: &Site,
    shop: &Shop,
    product: &Product,
    seen: Money,
    press: Press<'_>,
) -> String {
    let Some(price) = product.price else {
        return sold_out(site, shop, product);
    };
    let press = Press { price, ..press };
    message_page(site, shop, product, "The price has changed", || {
        view! {
            <p class="lead">{change(product, seen, price)}</p>
            <p class="price figure"><s>{seen.to_string()}</s> " " <strong>{price.to_string()}</strong></p>
            {form(product, press)}
            <p><a href=format!("/p/{}", product.slug)>"Look again first"</a></p>
        }
        .into_any()
    })
}

/// Title, what happened, and what to do, when not as many are left as were asked for.
fn shortage(product: &Product) -> (&'static str, AnyView, &'static str) {
    match product.availability() {
        Availability::ForSale => (
            "Fewer are left",
            view! {
                {format!("Only {} of ", product.available)} <bdi>{name(product).to_owned()}</bdi> " can be bought now."
            }
            .into_any(),
            "That is fewer than you asked for. Nothing was taken from you; choose a smaller number and buy again.",
        ),
        Availability::Reserved => (
            "Reserved",
            gone(product),
            "Somebody was faster and has not paid yet. Nothing was taken from you. What they do not pay for is back on its page within minutes.",
        ),
        Availability::SoldOut => (
            "Sold out",
            gone(product),
            "Somebody was faster. Nothing was taken from you.",
        ),
    }
}

/// Somebody was faster. Answered with 409.
#[must_use]
pub fn sold_out(site: &Site, shop: &Shop, product: &Product) -> String {
    let (title, heading, text) = shortage(product);
    message_page(site, shop, product, title, || {
        // The page has one main action: joining the waitlist, where nothing can be bought, nor another variant.
        let has_others = !product.options.is_empty()
            && product.variants.iter().any(|variant| variant.available > 0);
        let (waitlist, back) = if product.sold_out() && !has_others {
            let form = catalog::waitlist::form(shop, product, None);
            (Some(form), "button quiet large whole")
        } else {
            (None, "button large whole")
        };
        view! {
            <p class="lead">{heading}</p>
            <p>{text}</p>
            {waitlist}
            <p><a class=back href=format!("/p/{}", product.slug)>"Back to its page"</a></p>
            <p><a href=front(shop)>"See what else " <bdi>{shop.name.clone()}</bdi> " has"</a></p>
        }
        .into_any()
    })
}

#[cfg(test)]
mod tests {
    use domain::{catalog::State, money::Currency, tax::Class, time::UnixMs};

    use super::*;

    fn product(title: &str, available: u32, stock: u32) -> Product {
        Product {
            id: "p1".parse().expect("an id"),
            slug: "cup".to_owned(),
            state: State::Published,
            title: title.to_owned(),
            summary: String::new(),
            text: String::new(),
            price: None,
            class: Class::Standard,
            options: Vec::new(),
            variants: Vec::new(),
            available,
            stock,
            version: 1,
            media: Vec::new(),
            updated_at: UnixMs(0),
        }
    }

    /// What a person reads of a view: its text without the tags.
    fn read(view: impl FnOnce() -> AnyView) -> String {
        let html = crate::render(view);
        let mut text = String::new();
        let mut rest = html.as_str();
        while let Some((before, after)) = rest.split_once('<') {
            text.push_str(before);
            rest = after.split_once('>').map_or("", |(_, after)| after);
        }
        text.push_str(rest);
        text.replace("&amp;", "&")
    }

    #[test]
    fn every_sentence_reads_whole() {
        let euro = |minor| Money {
            minor,
            currency: Currency::EUR,
        };
        for (title, called) in [
            ("Cup", "Cup"),
            ("", "Untitled"),
            ("Salt & pepper", "Salt & pepper"),
        ] {
            for (seen, price, end) in [
                (3800, 4200, "went up."),
                (4200, 3800, "went down."),
                (3800, 3801, "went up."),
                (3800, 3800, "changed and changed back."),
            ] {
                let product = product(title, 1, 1);
                assert_eq!(
                    read(|| change(&product, euro(seen), euro(price))),
                    format!("While you were looking, the price of {called} {end}")
                );
            }
            for (available, stock, sentence) in [
                (1, 1, format!("Only 1 of {called} can be bought now.")),
                (3, 5, format!("Only 3 of {called} can be bought now.")),
                (
                    0,
                    2,
                    format!("All pieces of {called} are reserved right now."),
                ),
                (0, 0, format!("All pieces of {called} have found a home.")),
            ] {
                let product = product(title, available, stock);
                assert_eq!(read(|| shortage(&product).1), sentence);
                let (title, _, text) = shortage(&product);
                assert!(text.ends_with('.') && !title.ends_with('.'));
                assert_eq!(title == "Sold out", stock == 0);
            }
        }
    }

    #[test]
    fn a_page_of_ones_own_carries_the_key() {
        let cup = product("Cup", 1, 1);
        let press = |key| Press {
            variant: None,
            quantity: 2,
            price: Money::zero(Currency::EUR),
            key,
        };
        let html = crate::render(|| form(&cup, press(Some("k0"))));
        assert!(
            html.contains(r#"name="idempotency_key" value="k0""#),
            "{html}"
        );
        assert!(html.contains(r#"name="quantity" value="2""#), "{html}");
        let html = crate::render(|| form(&cup, press(None)));
        assert!(!html.contains("idempotency_key"), "{html}");
    }
}
