//! What a contract asks for and what stays on the device, as lists.

use domain::capture::{
    Contract,
    contract::{WantedShot, words::length},
};
use leptos::prelude::*;

/// What it asks for, and its shots.
pub(crate) fn terms(contract: &Contract) -> AnyView {
    let asks = contract
        .asks()
        .into_iter()
        .map(|line| view! { <li>{line}</li> })
        .collect_view();
    let shot = |shot: &WantedShot| {
        let least = (shot.least_ms > 0).then(|| {
            view! { <span class="soft">{format!("at least {}", length(shot.least_ms))}</span> }
        });
        view! { <li><bdi>{shot.name.clone()}</bdi> " " {least}</li> }
    };
    let shots = (!contract.shots.is_empty()).then(|| {
        let rows = contract.shots.iter().map(shot).collect_view();
        view! { <h3>"Shots, in this order"</h3> <ol class="shots">{rows}</ol> }
    });
    view! { <ul class="asks">{asks}</ul> {shots} }.into_any()
}

/// What may leave the device, and what stays.
pub(crate) fn leaves(contract: &Contract) -> AnyView {
    let (leaves, stays) = contract.leaves_and_stays();
    let list = |items: Vec<domain::capture::MetadataItem>| {
        items
            .into_iter()
            .map(|item| view! { <li>{item.words()}</li> })
            .collect_view()
    };
    let told = (!leaves.is_empty()).then(|| {
        view! {
            <h3>"May leave the device, where whoever films lets it"</h3>
            <ul class="asks">{list(leaves)}</ul>
        }
    });
    view! {
        <h3>"Stays on the device"</h3>
        <ul class="asks"><li>"Raw footage, all that was not kept"</li> {list(stays)}</ul>
        {told}
    }
    .into_any()
}
