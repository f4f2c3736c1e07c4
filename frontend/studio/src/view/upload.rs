//! Sending: always a number, a bar, and what is happening.

use leptos::prelude::*;

use super::{
    sending::{Item, State},
    studio::{Stage, Studio},
};
use crate::wording;

/// The way to the shop.
#[component]
pub(crate) fn Upload(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let sending = studio.sending;
    let keys = move || {
        sending.items.with(|items| {
            items
                .iter()
                .map(|item| item.key.clone())
                .collect::<Vec<_>>()
        })
    };
    let total = move || sending.items.with(|items| total(items));
    let what = move || {
        sending.items.with(|items| {
            let done = items
                .iter()
                .filter(|item| item.state == State::Ready)
                .count();
            let moving = items
                .iter()
                .find(|item| busy(&item.state) && item.state != State::Processing);
            match moving.or_else(|| items.iter().find(|item| busy(&item.state))) {
                Some(item) => format!(
                    "{}: {} ({} of {} done)",
                    item.name,
                    words(&item.state),
                    done,
                    items.len()
                ),
                None if done == items.len() && sending.running.get() => {
                    "Writing the draft".to_owned()
                }
                None => format!("{done} of {} are with the shop", items.len()),
            }
        })
    };
    let failed = move || {
        sending.items.with(|items| {
            items
                .iter()
                .any(|item| matches!(item.state, State::Failed(_)))
        })
    };
    let stopped =
        move || !sending.running.get() && (failed() || sending.refused.with(Option::is_some));
    view! {
        <div class="review">
            <header class="review-head">
                <h2>"Making the page"</h2>
                <p>"Only what you kept leaves this device. If this page is closed, open the session again: sending goes on where it was."</p>
            </header>
            <div class="progress" role="status">
                <span class="progress-what" data-test="upload-what">{what}</span>
                <span class="progress-number figure" data-test="upload-number">
                    {move || {
                        let (sent, length) = total();
                        format!("{} of {}, {} %", wording::size(sent), wording::size(length), wording::percent(sent, length.max(1)))
                    }}
                </span>
                <progress
                    class="progress-bar"
                    data-test="upload-progress"
                    max=move || total().1.max(1).to_string()
                    value=move || total().0.to_string()
                ></progress>
            </div>
            {move || {
                sending
                    .refused
                    .get()
                    .map(|sentence| view! { <p class="notice wrong" role="alert" data-test="failure">{sentence}</p> })
            }}
            <div class="uploads">
                <For each=keys key=|key| key.clone() let:key>
                    <Row studio key=key />
                </For>
            </div>
            <Show when=stopped>
                <div class="make">
                    <button type="button" class="button large" data-test="try-again" on:click=move |_| sending.go(studio)>"Try again"</button>
                    <button type="button" class="button quiet" on:click=move |_| studio.stage.set(Stage::Review)>"Back to the clips"</button>
                </div>
            </Show>
        </div>
    }
}

/// Bytes sent and bytes in all; files that are not cut yet count when they are.
fn total(items: &[Item]) -> (u64, u64) {
    items.iter().fold((0, 0), |(sent, length), item| {
        (sent + item.sent.min(item.length), length + item.length)
    })
}

const fn busy(state: &State) -> bool {
    matches!(
        state,
        State::Cutting | State::Sending | State::Offline | State::Processing
    )
}

fn words(state: &State) -> String {
    match state {
        State::Waiting => "waiting".to_owned(),
        State::Cutting => "being cut".to_owned(),
        State::Sending => "on its way".to_owned(),
        State::Offline => "the connection is cut, trying again".to_owned(),
        State::Processing => "the shop prepares it".to_owned(),
        State::Ready => "done".to_owned(),
        State::Failed(sentence) => sentence.clone(),
    }
}

#[component]
fn Row(
    /// The studio.
    studio: Studio,
    /// Which file.
    key: super::file::Key,
) -> impl IntoView {
    let sending = studio.sending;
    let key = StoredValue::new(key);
    let item = Memo::new(move |_| {
        sending.items.with(|items| {
            items
                .iter()
                .find(|item| key.with_value(|key| item.key == *key))
                .map(|item| {
                    (
                        item.name.clone(),
                        item.state.clone(),
                        item.sent,
                        item.length,
                    )
                })
        })
    });
    let failed = move || item.with(|item| matches!(item, Some((_, State::Failed(_), ..))));
    let state = move || {
        item.with(|item| match item {
            Some((_, State::Sending, sent, length)) => {
                format!("{} of {}", wording::size(*sent), wording::size(*length))
            }
            Some((_, state, ..)) => words(state),
            None => String::new(),
        })
    };
    view! {
        <div class="upload" class:failed=failed data-test="upload">
            <span class="upload-name">{move || item.with(|item| item.as_ref().map(|item| item.0.clone()))}</span>
            <span class="upload-state" data-test=move || if failed() { "failure" } else { "upload-state" }>{state}</span>
            <Show when=move || failed() && !sending.running.get()>
                <button
                    type="button"
                    class="link"
                    data-test="leave-out"
                    on:click=move |_| sending.leave_out(studio, &key.get_value())
                >
                    "Leave it out"
                </button>
            </Show>
        </div>
    }
}
