//! `/contract/{token}`: a contract by link.

use domain::{capture::contract::SCHEMA_PATH, identity::Viewer};
use leptos::prelude::*;
use services::capture::Shared;

use super::parts::{leaves, terms};
use crate::{
    Site,
    checkout::parts::brief,
    document::{Head, Surface, document},
};

/// The page of whoever has a link. Who is signed in can take the contract into their shop.
#[must_use]
pub fn shared(site: &Site, viewer: Option<&Viewer>, shared: &Shared, path: &str) -> String {
    let contract = &shared.contract;
    let head = Head::new(
        Surface::Manage,
        format!("{} · {}", contract.name, shared.shop.name),
    )
    .with_moments();
    let take = match viewer {
        Some(viewer) => view! {
            <form method="post" action=format!("{path}/take")>
                <button class="button" r#type="submit" data-test="take-contract">
                    "Take it into " <bdi>{viewer.shop.name.clone()}</bdi>
                </button>
            </form>
        }
        .into_any(),
        None => view! {
            <p><a class="button" href=format!("/sign-in?next={path}")>"Sign in to film under it"</a></p>
        }
        .into_any(),
    };
    document(site, head, || {
        view! {
            <main id="main" class="manage contract-page">
                <p class="soft" dir="auto">{shared.shop.name.clone()}</p>
                <h1 dir="auto">{contract.name.clone()}</h1>
                <p class="soft">
                    {format!("Capture contract, version {}. This link works until ", contract.version)} {brief(shared.expires_at)} "."
                </p>
                <section aria-label="What it asks for"><h2>"What it asks for"</h2> {terms(contract)}</section>
                <section aria-label="What stays private"><h2>"What stays private"</h2> {leaves(contract)}</section>
                {take}
                <p class="small">
                    <a class="link" href=format!("{path}/contract.json") download>"As JSON"</a> " · "
                    <a class="link" href=SCHEMA_PATH>"Its schema"</a>
                </p>
            </main>
        }
    })
}
