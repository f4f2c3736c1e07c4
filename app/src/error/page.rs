//! The page for anything that went wrong.

use leptos::prelude::*;

use crate::{
    Site,
    document::{Head, Surface, document},
};

/// A page that says what happened and offers the next step.
///
/// `title` is a short heading ("There is no such page"), `message` what to do, `next` the label and address of a link.
#[must_use]
pub fn error(site: &Site, status: u16, title: &str, message: &str, next: (&str, &str)) -> String {
    let (label, href) = (next.0.to_owned(), next.1.to_owned());
    document(site, Head::new(Surface::Shop, title), || {
        view! {
            <main id="main" class="alone">
                <p class="soft figure">{status.to_string()}</p>
                <h1>{title.to_owned()}</h1>
                <p class="lead">{message.to_owned()}</p>
                <p><a class="button" href=href>{label}</a></p>
            </main>
        }
    })
}
