//! "Tell me when it is back": the form in the place of the buy button, and `/p/{slug}/tell`, which says how it went.

use domain::{catalog::Product, identity::Shop, waiting::KEPT_DAYS};
use leptos::prelude::*;

use super::api::TELL_ME;
use crate::{
    Site,
    icon::Icon,
    shop::parts::{ask, front, name},
};

/// What the page answers (`?said=`): a word of ours, so that nobody can put a sentence or an address into a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answer {
    /// Nothing was asked yet: the form.
    #[default]
    Asks,
    /// The shop will write.
    Noted,
    /// That is no address: the form again.
    WrongEmail,
}

impl Answer {
    const ALL: [Self; 3] = [Self::Asks, Self::Noted, Self::WrongEmail];

    /// Reads `?said=`; anything unknown asks.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|answer| answer.as_str() == text)
            .unwrap_or_default()
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Asks => "",
            Self::Noted => "noted",
            Self::WrongEmail => "email",
        }
    }
}

/// One field and one button. It works without scripts, so it is no island.
pub(crate) fn form(shop: &Shop, product: &Product, wrong: Option<&'static str>) -> AnyView {
    let described = match wrong {
        None => "email-hint",
        Some(_) => "email-wrong email-hint",
    };
    view! {
        <form class="tell" method="post" action=TELL_ME>
            <input r#type="hidden" name="slug" value=product.slug.clone() />
            <div class="field">
                <label r#for="email">"Your email"</label>
                <div class="tell-line">
                    <input
                        class="input"
                        id="email"
                        name="email"
                        r#type="email"
                        autocomplete="email"
                        inputmode="email"
                        required
                        maxlength="254"
                        aria-describedby=described
                        aria-invalid=wrong.map(|_| "true")
                    />
                    <button class="button" r#type="submit">"Tell me"</button>
                </div>
                {wrong.map(|sentence| view! { <p class="wrong" id="email-wrong">{sentence}</p> })}
                <p class="hint" id="email-hint">{promise(shop)}</p>
            </div>
        </form>
    }
    .into_any()
}

/// What happens with the address.
fn promise(shop: &Shop) -> String {
    format!(
        "{} writes to you when it is back, and for nothing else. Your address is kept for {KEPT_DAYS} days at most.",
        shop.name
    )
}

/// What became of a wish to be told.
#[must_use]
pub fn tell(site: &Site, shop: &Shop, product: &Product, answer: Answer) -> String {
    let page = format!("/p/{}", product.slug);
    if !product.sold_out() {
        return ask(site, shop, product, "It is back", || {
            view! {
                <p class="lead">{format!("{} can be bought again, so there is nothing to wait for.", name(product))}</p>
                <p><a class="button large whole" href=page>"Go to its page"</a></p>
            }
            .into_any()
        });
    }
    let others = view! { <p><a class="link" href=front(shop)>{format!("See what else {} has", shop.name)}</a></p> };
    match answer {
        Answer::Noted => ask(site, shop, product, "Noted", || {
            view! {
                <p class="lead">{format!("{} writes to you when {} is back.", shop.name, name(product))}</p>
                <p class="soft">{format!("That is all. Your address is kept until then, for {KEPT_DAYS} days at most.")}</p>
                <p><a class="button quiet large whole" href=page>{Icon::Back.svg()} "Back to its page"</a></p>
                {others}
            }
            .into_any()
        }),
        Answer::Asks | Answer::WrongEmail => ask(site, shop, product, "Sold out", || {
            let wrong = (answer == Answer::WrongEmail)
                .then_some("That is not an email address, so nothing was noted. Write it like ana@example.org.");
            view! {
                <p class="lead">{format!("All pieces of {} have found a home.", name(product))}</p>
                {form(shop, product, wrong)}
                {others}
            }
            .into_any()
        }),
    }
}
