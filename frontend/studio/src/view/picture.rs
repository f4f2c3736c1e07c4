//! One picture: a frame of the film, or a photo taken with the shutter.

use std::rc::Rc;

use leptos::prelude::*;

use crate::{
    review::{
        decision::{Picture, Source, in_short},
        file::File,
        key::Key,
    },
    state::Studio,
    wording,
};

/// A picture's card.
#[component]
pub(crate) fn PictureCard(
    /// The studio.
    studio: Studio,
    /// Which picture.
    id: u32,
) -> impl IntoView {
    let picture = Memo::new(move |_| {
        studio
            .review
            .with(|review| review.pictures.iter().find(|p| p.id == id).cloned())
    });
    let hero = move || studio.review.with(|review| review.hero == Some(id));
    let kept = move || picture.with(|p| p.as_ref().is_some_and(|p| p.kept));
    let shown: RwSignal<Option<Rc<File>>, LocalStorage> = RwSignal::new_local(None);
    let error = RwSignal::new(None::<String>);
    let key = Memo::new(move |_| picture.with(|p| p.as_ref().map(Key::picture)));
    Effect::new(move |_| {
        let Some(key) = key.get() else { return };
        match studio.files.show(&key) {
            Some(Ok(file)) => shown.set(Some(file)),
            Some(Err(message)) => error.set(Some(message)),
            None => {}
        }
    });
    // Photos of a session filmed upright are upright too.
    let wide = move || {
        studio.recording.with(|recording| {
            recording
                .as_ref()
                .is_none_or(|recording| recording.size.0 >= recording.size.1)
        })
    };
    let name = move || picture.with(|p| p.as_ref().map(what).unwrap_or_default());
    let why =
        move || picture.with(|p| p.as_ref().map(|p| in_short(&p.reasons)).unwrap_or_default());
    let keep = move |kept: bool| {
        studio.decide(|review| review.keep(id, kept));
    };
    view! {
        <div
            class="still"
            class:wide=wide
            class:is-hero=hero
            class:dropped=move || !kept()
            data-test="still"
            data-kept=move || kept().to_string()
            data-hero=move || hero().to_string()
        >
            <button
                type="button"
                class="still-button"
                data-test="hero"
                aria-pressed=move || hero().to_string()
                aria-label=move || format!("{}: use as the first photo", name())
                on:click=move |_| { studio.decide(|review| review.choose_hero(id)); }
            >
                <img
                    class="still-picture"
                    alt=""
                    src=move || shown.with(|file| file.as_ref().map(|file| file.url().to_owned()))
                />
            </button>
            {move || hero().then(|| view! { <span class="still-mark">"First photo"</span> })}
            {move || error.get().map(|message| view! { <p class="notice wrong" role="alert">{message}</p> })}
            <p class="still-name figure">{name}</p>
            <p class="reasons">{why}</p>
            <div class="segments" role="group" aria-label="Keep or drop">
                <button type="button" aria-pressed=move || kept().to_string() on:click=move |_| keep(true)>"Keep"</button>
                <button type="button" aria-pressed=move || (!kept()).to_string() on:click=move |_| keep(false)>"Drop"</button>
            </div>
        </div>
    }
}

fn what(picture: &Picture) -> String {
    match picture.source {
        Source::Frame(t) => format!("Frame at {}", wording::timecode(t)),
        Source::Photo(_) => "Photo by the shutter".to_owned(),
    }
}
