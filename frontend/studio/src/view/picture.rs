//! One picture: a frame of the film, or a photo taken with the shutter.

use std::rc::Rc;

use leptos::prelude::*;

use super::{
    file::{File, Key},
    studio::Studio,
};
use crate::{
    review::session::{Picture, Source, in_short},
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
    let trouble = RwSignal::new(None::<String>);
    let key = Memo::new(move |_| picture.with(|p| p.as_ref().map(Key::picture)));
    Effect::new(move |_| {
        let Some(key) = key.get() else { return };
        match studio.files.show(studio, &key) {
            Some(Ok(file)) => shown.set(Some(file)),
            Some(Err(sentence)) => trouble.set(Some(sentence)),
            None => {}
        }
    });
    // Photos of a session filmed upright are upright too.
    let wide = move || {
        studio.ended.with(|ended| {
            ended
                .as_ref()
                .is_none_or(|ended| ended.size.0 >= ended.size.1)
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
                class="still-choose"
                data-test="hero"
                aria-pressed=move || hero().to_string()
                aria-label=move || format!("{}: use as the first photo", name())
                on:click=move |_| { studio.decide(|review| review.choose_hero(id)); }
            >
                <img
                    class="still-picture"
                    alt=""
                    src=move || shown.with(|file| file.as_ref().map(|file| file.url.clone()))
                />
            </button>
            {move || hero().then(|| view! { <span class="still-mark">"First photo"</span> })}
            {move || trouble.get().map(|sentence| view! { <p class="notice wrong" role="alert">{sentence}</p> })}
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
