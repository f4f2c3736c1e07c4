//! Filming: the monitor, the controls along its edge, what was found so far, and the sessions on this device.

use leptos::{html::Video, prelude::*};

use super::{controls::Controls, monitor::Monitor, queue::Queue, sessions::Sessions};
use crate::{
    review::{decision::short, reel},
    state::{Studio, stage::Stage},
    wording,
};

/// Setting up, recording, and the moments after.
#[component]
pub(crate) fn Filming(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let video: NodeRef<Video> = NodeRef::new();
    let alive = StoredValue::new(());
    let shown = move || video.get_untracked();
    studio.devices.measure(shown, move || {
        // The part of the page this reads for is gone when its value is.
        alive.try_get_value()?;
        Some(studio.stage.get_untracked() == Stage::Setup)
    });
    view! {
        <div class="set">
            <Monitor studio video />
            <Controls studio video />
        </div>
        <Show when=move || matches!(studio.stage.get(), Stage::Recording | Stage::Importing | Stage::Finishing)>
            <Found studio />
        </Show>
        <Show when=move || studio.stage.get() == Stage::Setup>
            <Queue studio />
            <Sessions studio />
        </Show>
    }
}

/// The highlights so far, newest last.
#[component]
fn Found(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let count = move || {
        studio.choice.with(|choice| match choice.highlights.len() {
            0 => "No highlights yet: they appear while you film".to_owned(),
            n => format!(
                "{} so far, a reel of {}",
                wording::count(n, "highlight", "highlights"),
                wording::length(reel::length(choice, &studio.selection()))
            ),
        })
    };
    let items = move || {
        studio.choice.with(|choice| {
            choice
                .highlights
                .iter()
                .map(|highlight| {
                    let why = highlight
                        .reasons
                        .first()
                        .map(|r| short(&r.words).to_owned())
                        .unwrap_or_default();
                    (
                        wording::timecode(highlight.start),
                        wording::length(highlight.end - highlight.start),
                        why,
                    )
                })
                .collect::<Vec<_>>()
        })
    };
    view! {
        <div class="found" aria-live="polite" data-test="found">
            <span class="found-count">{count}</span>
            <For each=items key=|item| item.clone() let:item>
                <span class="found-item">{format!("{} · {} · {}", item.0, item.1, item.2)}</span>
            </For>
        </div>
    }
}
