//! `/manage/settings`: the shop's name, handle and currency; ways in; browsers.

mod browsers;
mod ways;

use domain::{
    id::DeviceId,
    identity::{
        SetupForm, Viewer,
        credential::WaysIn,
        device::{Device, RECENT_MS},
    },
    invalid::Invalid,
};
use leptos::prelude::*;

use super::parts::{Place, filters, framed_with};
use crate::{
    Site, flash,
    form::{error_summary, field, field_error},
    identity::{page::currency_options, parts::PASSKEY_SCRIPT},
};

/// The fields whose errors stand beside them; their ids have the same names.
const FIELDS: [&str; 5] = [
    "shop_name",
    "handle",
    "currency",
    "passkey_name",
    "password",
];

/// A page of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Shop,
    Delivery,
    Taxes,
    Codes,
    Texts,
    Uploads,
    Contracts,
}

/// The pages of the settings, as links.
pub(super) fn parts(current: Part) -> AnyView {
    let entry =
        |part: Part, name: &str, href: &str| (name.to_owned(), href.to_owned(), part == current);
    filters(
        "Settings",
        vec![
            entry(Part::Shop, "Shop", "/manage/settings"),
            entry(Part::Delivery, "Delivery", "/manage/delivery"),
            entry(Part::Taxes, "Taxes", "/manage/taxes"),
            entry(Part::Codes, "Codes", "/manage/codes"),
            entry(Part::Texts, "Texts", "/manage/texts"),
            entry(Part::Uploads, "Uploads", "/manage/uploads"),
            entry(Part::Contracts, "Contracts", "/manage/contracts"),
        ],
    )
}

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// What was typed and could not be saved; empty fields show what is stored.
    pub form: &'a SetupForm,
    /// What was wrong with it.
    pub errors: &'a [Invalid],
    /// A flash message about what was just done.
    pub message: Option<&'a str>,
    /// How the owner signs in.
    pub ways: &'a WaysIn,
    /// Where the owner is or was signed in.
    pub devices: &'a [Device],
    /// The browser that looks.
    pub device: &'a DeviceId,
    /// Whether the sign-in is recent, so that everything can be changed.
    pub recent: bool,
    /// Whether nothing was sold yet.
    pub currency_is_free: bool,
}

/// The page.
#[must_use]
pub fn settings(site: &Site, viewer: &Viewer, settings: &Settings<'_>) -> String {
    let main = view! {
        <h1>"Settings"</h1>
        {parts(Part::Shop)}
        {settings.message.map(flash::success)}
        {error_summary("Not saved", settings.errors, &FIELDS)}
        <div class="settings">
            <section aria-labelledby="shop-title">
                <h2 id="shop-title">"The shop"</h2>
                {name(viewer, settings)}
                {handle(site, viewer, settings)}
                {currency(viewer, settings)}
            </section>
            {ways::section(site, settings)}
            {browsers::section(settings)}
        </div>
    }
    .into_any();
    let script = settings.recent.then_some(PASSKEY_SCRIPT);
    framed_with(site, viewer, Place::Settings, "Settings", script, main)
}

/// What was typed, or what is stored.
fn shown(typed: &str, stored: &str) -> String {
    if typed.is_empty() { stored } else { typed }.to_owned()
}

fn name(viewer: &Viewer, settings: &Settings<'_>) -> AnyView {
    let value = shown(&settings.form.shop_name, &viewer.shop.name);
    view! {
        <form class="setting" method="post" action="/manage/settings/name">
            {field("shop_name", "Name", Some("Stands on every page of the shop"), field_error(settings.errors, "shop_name"), |id, described, invalid| {
                view! { <input class="input" id=id name="shop_name" dir="auto" required maxlength="60" autocomplete="organization" aria-describedby=described aria-invalid=invalid value=value /> }.into_any()
            })}
            <button class="button quiet" r#type="submit">"Save the name"</button>
        </form>
    }
    .into_any()
}

fn handle(site: &Site, viewer: &Viewer, settings: &Settings<'_>) -> AnyView {
    let host = site.absolute("/@");
    let host = host
        .split_once("://")
        .map_or(host.as_str(), |(_, rest)| rest)
        .to_owned();
    if !settings.recent {
        return view! {
            <div class="setting">
                <h3>"Handle"</h3>
                <p>{format!("{host}{}", viewer.shop.handle)}</p>
                {sign_in_again("change the handle")}
            </div>
        }
        .into_any();
    }
    let value = shown(&settings.form.handle, &viewer.shop.handle);
    view! {
        <form class="setting" method="post" action="/manage/settings/handle">
            {field("handle", "Handle", Some("The shop’s name in its address. Links with the old one lead on to the new one, and nobody else can take it."), field_error(settings.errors, "handle"), |id, described, invalid| {
                view! {
                    <div class="joined">
                        <span class="unit">{host}</span>
                        <input class="input" id=id name="handle" dir="auto" required minlength="3" maxlength="31" autocapitalize="none" autocomplete="off" spellcheck="false" aria-describedby=described aria-invalid=invalid value=value />
                    </div>
                }.into_any()
            })}
            <button class="button quiet" r#type="submit">"Change the handle"</button>
        </form>
    }
    .into_any()
}

fn currency(viewer: &Viewer, settings: &Settings<'_>) -> AnyView {
    if !settings.currency_is_free {
        return view! {
            <div class="setting">
                <h3>"Sells in"</h3>
                <p>{viewer.shop.currency.clone()}</p>
                <p class="hint soft">"There are orders in this currency, so it stays."</p>
            </div>
        }
        .into_any();
    }
    let chosen = shown(&settings.form.currency, &viewer.shop.currency);
    view! {
        <form class="setting" method="post" action="/manage/settings/currency">
            {field("currency", "Sells in", Some("Until the first order. Prices keep their figures: 38.00 stays 38.00. To and from the yen they are taken off, and products become drafts until you price them anew."), field_error(settings.errors, "currency"), |id, described, invalid| {
                view! { <select class="input" id=id name="currency" aria-describedby=described aria-invalid=invalid>{currency_options(&chosen)}</select> }.into_any()
            })}
            <button class="button quiet" r#type="submit">"Change the currency"</button>
        </form>
    }
    .into_any()
}

/// The way to a recent sign-in, without which `what` cannot be done.
fn sign_in_again(what: &str) -> AnyView {
    view! {
        <p class="hint soft">
            {format!("You signed in more than {} minutes ago. To {what}, ", RECENT_MS / 60_000)}
            <a href="/sign-in?next=/manage/settings">"sign in again"</a> "."
        </p>
    }
    .into_any()
}
