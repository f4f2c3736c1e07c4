//! The waitlist of a sold-out product: the form in the place of the buy button, and `/p/{slug}/waitlist`, which says how
//! joining it went.

use domain::{catalog::Product, identity::Shop, waitlist::RETENTION_DAYS};
use leptos::prelude::*;

use super::{
    api::JOIN_WAITLIST,
    parts::{comes_back, gone, out_label},
};
use crate::{
    Site,
    icon::Icon,
    shop::parts::{front, message_page, name},
};

/// The flash message of the page (`?flash=`). The address carries only its name, so that nobody can put a text of their own
/// into a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flash {
    /// Nothing was sent yet: the form.
    #[default]
    None,
    /// The request is on the waitlist.
    Noted,
    /// That is no email address: the form again.
    InvalidEmail,
}

impl Flash {
    const ALL: [Self; 3] = [Self::None, Self::Noted, Self::InvalidEmail];

    /// Reads `?flash=`; anything unknown is none.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|flash| flash.as_str() == text)
            .unwrap_or_default()
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Noted => "noted",
            Self::InvalidEmail => "email",
        }
    }
}

/// One field and one button. It works without scripts, so it is no island.
pub(crate) fn form(shop: &Shop, product: &Product, error: Option<&'static str>) -> AnyView {
    let described = match error {
        None => "email-hint",
        Some(_) => "email-wrong email-hint",
    };
    view! {
        <form class="waitlist" method="post" action=JOIN_WAITLIST>
            <input r#type="hidden" name="slug" value=product.slug.clone() />
            <div class="field">
                <label r#for="email">"Your email"</label>
                <div class="waitlist-line">
                    <input
                        class="input"
                        id="email"
                        name="email"
                        r#type="email"
                        autocomplete="email"
                        inputmode="email"
                        required
                        maxlength="254"
                        dir="auto"
                        autofocus=error.is_some()
                        aria-describedby=described
                        aria-invalid=error.map(|_| "true")
                    />
                    <button class="button" r#type="submit">"Tell me"</button>
                </div>
                {error.map(|message| view! { <p class="wrong" id="email-wrong">{message}</p> })}
                <p class="hint" id="email-hint">{privacy_note(shop)}</p>
            </div>
        </form>
    }
    .into_any()
}

/// What happens with the address.
fn privacy_note(shop: &Shop) -> AnyView {
    view! {
        <bdi>{shop.name.clone()}</bdi>
        {format!(" writes to you when it is back, and for nothing else. Your address is kept for {RETENTION_DAYS} days at most.")}
    }
    .into_any()
}

/// The page of the waitlist. A product that can be bought again has none.
#[must_use]
pub fn page(site: &Site, shop: &Shop, product: &Product, flash: Flash) -> String {
    let product_path = format!("/p/{}", product.slug);
    if !product.sold_out() {
        return message_page(site, shop, product, "It is back", || {
            view! {
                <p class="lead"><bdi>{name(product).to_owned()}</bdi> " can be bought again, so there is nothing to wait for."</p>
                <p><a class="button large whole" href=product_path>"Go to its page"</a></p>
            }
            .into_any()
        });
    }
    let others = view! { <p><a class="link" href=front(shop)>"See what else " <bdi>{shop.name.clone()}</bdi> " has"</a></p> };
    match flash {
        Flash::Noted => message_page(site, shop, product, "Noted", || {
            view! {
                <p class="lead"><bdi>{shop.name.clone()}</bdi> " writes to you when " <bdi>{name(product).to_owned()}</bdi> " is back."</p>
                <p class="soft">{format!("That is all. Your address is kept until then, for {RETENTION_DAYS} days at most.")}</p>
                <p><a class="button quiet large whole" href=product_path>{Icon::Back.svg()} "Back to its page"</a></p>
                {others}
            }
            .into_any()
        }),
        Flash::None | Flash::InvalidEmail => {
            message_page(site, shop, product, out_label(product), || {
                let error = (flash == Flash::InvalidEmail)
                .then_some("That is not an email address, so nothing was noted. Write it like ana@example.org.");
                view! {
                    <p class="lead">{gone(product)}</p>
                    {comes_back(product).map(|text| view! { <p>{text}</p> })}
                    {form(shop, product, error)}
                    {others}
                }
                .into_any()
            })
        }
    }
}
