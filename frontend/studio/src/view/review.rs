//! After the stop: what was found, what to keep, and the one thing to do next.

use leptos::{html::Input, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

use super::{
    clip::ClipCard,
    file::Key,
    monitor::{engine_name, engine_words},
    picture::PictureCard,
    reel::Reel,
    studio::Studio,
    timeline::Timeline,
};
use crate::{
    browser::{js, listener::Listener},
    upload::draft,
    wording,
};

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
    let filmed = move || studio.ended.with(Option::is_some);
    let title = move || {
        let (clips, pictures) = studio
            .review
            .with(|review| (review.clips.len(), review.pictures.len()));
        match (clips, pictures) {
            (0, 0) => "Nothing to show yet".to_owned(),
            (0, n) => wording::count(n, "photo", "photos"),
            (n, _) => format!("{} found", wording::count(n, "highlight", "highlights")),
        }
    };
    let recorded = move || {
        studio.ended.with(|ended| {
            ended.as_ref().map(|ended| {
                let text = format!(
                    "{} recorded, {} on this device, {} × {}",
                    wording::length(ended.duration),
                    wording::size(ended.bytes),
                    ended.size.0,
                    ended.size.1
                );
                (text, ended.bytes)
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
                    <p class="small" data-test="engine" data-engine=move || engine_name(studio.engine.get())>
                        {move || engine_words(studio.engine.get())}
                    </p>
                </Show>
            </header>
            {move || {
                notice().map(|sentence| view! { <p class="notice warn" role="status" data-test="notice">{sentence}</p> })
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
            <Draft studio />
        </div>
    }
}

/// Space plays or pauses the chosen clip wherever the page itself has the focus.
fn space_plays(studio: Studio) -> Listener {
    Listener::on(&js::window(), "keydown", move |event| {
        let Ok(event) = event.dyn_into::<KeyboardEvent>() else {
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
        let Some(id) = studio.chosen.get_untracked() else {
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

/// The name, what will be sent, and the button.
#[component]
fn Draft(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let field: NodeRef<Input> = NodeRef::new();
    let missing = RwSignal::new(false);
    let what = move || summary(studio);
    let nothing = move || {
        studio
            .review
            .with(|review| review.kept_clips().is_empty() && review.kept_pictures().is_empty())
    };
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if draft::title(&studio.sending.title.get_untracked()).is_none() {
            missing.set(true);
            if let Some(field) = field.get_untracked() {
                let _ = field.focus();
            }
        } else {
            studio.sending.start(studio);
        }
    };
    view! {
        <form class="draft" novalidate on:submit=send>
            <div class="make">
                <div class="field make-field">
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
                        prop:value=studio.sending.title
                        on:input=move |event| {
                            missing.set(false);
                            studio.sending.title.set(event_target_value(&event));
                        }
                    />
                    <span id="product-title-hint" class="wrong" role="alert">
                        {move || missing.get().then_some("Give it a name first, e.g. Cup, ash glaze. You can change it later.")}
                    </span>
                </div>
                <button type="submit" class="button large" data-test="make-page" disabled=nothing>"Make a page"</button>
                <p class="small make-what" data-test="summary">{what}</p>
            </div>
        </form>
    }
}

/// What is kept against what was recorded.
fn summary(studio: Studio) -> String {
    studio.review.with(|review| {
        let (clips, pictures) = (review.kept_clips(), review.kept_pictures());
        if clips.is_empty() && pictures.is_empty() {
            return "Nothing is kept. Keep at least one clip or photo.".to_owned();
        }
        let keys = clips
            .iter()
            .map(|clip| Key::clip(clip))
            .chain(pictures.iter().map(|p| Key::picture(p)));
        let sizes: Vec<Option<u64>> = keys.map(|key| studio.files.size(&key)).collect();
        let known: u64 = sizes.iter().flatten().sum();
        let counting = if sizes.iter().any(Option::is_none) {
            ", still counting"
        } else {
            ""
        };
        let mut parts = vec![format!(
            "{} and {}",
            wording::count(clips.len(), "clip", "clips"),
            wording::count(pictures.len(), "photo", "photos")
        )];
        studio.ended.with(|ended| match ended {
            Some(ended) => {
                parts.push(format!(
                    "{} of {}",
                    wording::length(review.kept_length()),
                    wording::length(ended.duration)
                ));
                parts.push(format!(
                    "{} of {} leave this device ({} %{counting})",
                    wording::size(known),
                    wording::size(ended.bytes),
                    wording::percent(known, ended.bytes)
                ));
            }
            None => parts.push(format!("{}{counting}", wording::size(known))),
        });
        parts.join(" · ")
    })
}
