//! The frame of every page of the seller, and rows of filters.

use domain::identity::Viewer;
use leptos::prelude::*;

use crate::{
    Site,
    document::{Head, Surface, document},
    icon::Icon,
};

/// Which entry of the navigation is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Products,
    Orders,
    Payments,
    Settings,
}

const PLACES: [(Place, &str, &str); 5] = [
    (Place::Overview, "Overview", "/manage"),
    (Place::Products, "Products", "/manage/products"),
    (Place::Orders, "Orders", "/manage/orders"),
    (Place::Payments, "Payments", "/manage/payments"),
    (Place::Settings, "Settings", "/manage/settings"),
];

/// A page of the seller: bar, then `main`.
pub(super) fn framed(
    site: &Site,
    viewer: &Viewer,
    place: Place,
    title: &str,
    main: AnyView,
) -> String {
    framed_with(site, viewer, place, title, None, main)
}

/// [`framed`], with a script by its name in the manifest.
pub(super) fn framed_with(
    site: &Site,
    viewer: &Viewer,
    place: Place,
    title: &str,
    script: Option<&'static str>,
    main: AnyView,
) -> String {
    let mut head =
        Head::new(Surface::Manage, format!("{title} · {}", viewer.shop.name)).with_moments();
    head.boot = script;
    let shop = &viewer.shop;
    let places = PLACES
        .into_iter()
        .map(|(it, name, href)| {
            view! { <li><a href=href aria-current=(it == place).then_some("page")>{name}</a></li> }
        })
        .collect_view();
    document(site, head, || {
        view! {
            <header class="manage-bar">
                <a class="manage-name" dir="auto" href="/manage">{shop.name.clone()}</a>
                <nav aria-label="Manage"><ul class="places">{places}</ul></nav>
                <div class="manage-links">
                    <a class="link" href=format!("/@{}", shop.handle)>"View shop"</a>
                    <form method="post" action="/sign-out"><button class="link" r#type="submit">"Sign out"</button></form>
                    <a class="button" href="/studio">{Icon::Camera.svg()} "Film"</a>
                </div>
            </header>
            <main id="main" class="manage">{main}</main>
        }
    })
}

/// Filters as links (label, address, whether it is the current one). Screen readers hear which one is current.
pub(super) fn filters(label: &'static str, entries: Vec<(String, String, bool)>) -> AnyView {
    let entries = entries
        .into_iter()
        .map(|(text, href, current)| {
            view! { <li><a href=href aria-current=current.then_some("true")>{text}</a></li> }
        })
        .collect_view();
    view! { <nav aria-label=label><ul class="filters">{entries}</ul></nav> }.into_any()
}

/// The empty state of a table: what will stand there and how to make it appear.
pub(super) fn empty(title: &str, text: &str, action: Option<AnyView>) -> AnyView {
    view! {
        <div class="empty">
            <h2>{title.to_owned()}</h2>
            <p class="soft">{text.to_owned()}</p>
            {action}
        </div>
    }
    .into_any()
}
