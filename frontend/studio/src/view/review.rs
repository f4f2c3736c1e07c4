//! After the stop: what was found, what to keep, and the one thing to do next.

use gloo::events::{EventListener, EventListenerOptions};
use leptos::{html::Input, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use super::{
    clip::ClipCard,
    contract::{Leaving, Missing},
    monitor::{engine_name, engine_words},
    picture::PictureCard,
    reel::Reel,
    timeline::Timeline,
};
use crate::{browser::js, review::summary, state::Studio, upload::draft, wording};

/// The review.
#[component]
pub(crate) fn Review(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let clips = move || {
        studio
            .review
            .with(|review| review.clips.iter().map(|clip| clip.id).collect::<Vec<_>>())
    };
    let pictures = move || {
        studio
            .review
            .with(|review| review.pictures.iter().map(|p| p.id).collect::<Vec<_>>())
    };
    let notice = move || studio.review.with(|review| review.notice.clone());
    let filmed = move || studio.recording.with(Option::is_some);
    let title = move || studio.review.with(summary::title);
    let recorded = move || {
        studio.recording.with(|recording| {
            recording.as_ref().map(|recording| {
                let text = format!(
                    "{} recorded, {} on this device, {} × {}",
                    wording::length(recording.duration),
                    wording::size(recording.bytes),
                    recording.size.0,
                    recording.size.1
                );
                (text, recording.bytes)
            })
        })
    };
    StoredValue::new_local(space_plays(studio));
    view! {
        <div class="review">
            <header class="review-head">
                <h2>{title}</h2>
                {move || {
                    recorded().map(|(text, bytes)| {
                        view! { <p data-test="recorded" data-bytes=bytes.to_string()>{text}</p> }
                    })
                }}
                <Show when=filmed>
                    <p class="small" data-test="engine" data-engine=move || engine_name(studio.analysis.engine.get())>
                        {move || engine_words(studio.analysis.engine.get())}
                    </p>
                </Show>
            </header>
            {move || {
                let told = |text| view! { <p class="notice warn" role="status" data-test="notice">{text}</p> };
                studio.notes.get().into_iter().map(told).collect_view()
            }}
            {move || {
                notice().map(|text| view! { <p class="notice warn" role="status" data-test="notice">{text}</p> })
            }}
            <Show when=filmed>
                <Timeline studio />
                <Reel studio />
            </Show>
            <Show when=move || !clips().is_empty()>
                <section aria-labelledby="clips-title">
                    <h2 id="clips-title">"Clips"</h2>
                    <div class="clips">
                        <For each=clips key=|id| *id let:id>
                            <ClipCard studio id />
                        </For>
                    </div>
                </section>
            </Show>
            <Show when=move || !pictures().is_empty()>
                <section aria-labelledby="stills-title">
                    <h2 id="stills-title">"Photos"</h2>
                    <div class="stills">
                        <For each=pictures key=|id| *id let:id>
                            <PictureCard studio id />
                        </For>
                    </div>
                </section>
            </Show>
            <Missing studio />
            <Leaving studio />
            <Draft studio />
        </div>
    }
}

/// Space plays or pauses the chosen clip wherever the page itself has the focus.
fn space_plays(studio: Studio) -> EventListener {
    let options = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&js::window(), "keydown", options, move |event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        let used = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
            .is_some_and(|target| {
                target
                    .matches("input, select, textarea, button, a, video")
                    .unwrap_or(false)
            });
        if event.key() != " " || used {
            return;
        }
        let Some(id) = studio.selected.get_untracked() else {
            return;
        };
        let video = js::window()
            .document()
            .and_then(|document| document.get_element_by_id(&super::clip::element(id)))
            .and_then(|element| element.dyn_into::<web_sys::HtmlVideoElement>().ok());
        if let Some(video) = video {
            event.prevent_default();
            super::clip::toggle(&video);
        }
    })
}

/// The name, what will be uploaded, and the button.
#[component]
fn Draft(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let field: NodeRef<Input> = NodeRef::new();
    let missing = RwSignal::new(false);
    let what = move || {
        let recorded = studio.recording.with(|recording| {
            recording
                .as_ref()
                .map(|recording| (recording.duration, recording.bytes))
        });
        studio
            .review
            .with(|review| summary::kept(review, recorded, |key| studio.files.length(key)))
    };
    let nothing = move || {
        studio
            .review
            .with(|review| review.kept_clips().is_empty() && review.kept_pictures().is_empty())
    };
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if draft::title(&studio.title.get_untracked()).is_none() {
            missing.set(true);
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
        } else {
            studio.make_page();
        }
    };
    view! {
        <form class="draft" novalidate on:submit=submit>
            <div class="page-form">
                <div class="field page-form-field">
                    <label for="product-title">"Name of the product"</label>
                    <input
                        id="product-title"
                        class="input"
                        type="text"
                        autocomplete="off"
                        maxlength=draft::LONGEST_TITLE.to_string()
                        node_ref=field
                        data-test="product-title"
                        aria-invalid=move || missing.get().to_string()
                        aria-describedby="product-title-hint"
                        prop:value=studio.title
                        on:input=move |event| {
                            missing.set(false);
                            studio.set_title(event_target_value(&event));
                        }
                    />
                    <span id="product-title-hint" class="wrong" role="alert">
                        {move || missing.get().then_some("Give it a name first, e.g. Cup, ash glaze. You can change it later.")}
                    </span>
                </div>
                <button type="submit" class="button large" data-test="make-page" disabled=nothing>"Make a page"</button>
                <p class="small page-form-summary" data-test="summary">{what}</p>
            </div>
        </form>
    }
}
