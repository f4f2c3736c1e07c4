//! The whole studio: its top line, what the person should read, and the part of the flow they are in.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::BeforeUnloadEvent;

use super::{
    filming::Filming,
    icon,
    monitor::engine_name,
    review::Review,
    studio::{Stage, Studio},
    upload::Upload,
};
use crate::{
    browser::{device, js, listener::Listener, source},
    config::Config,
    fault,
};

/// The page in `<div id="studio">`.
#[component]
pub(crate) fn App(
    /// From the server.
    config: Config,
) -> impl IntoView {
    match missing(&config) {
        Some(sentence) => alone(&config, sentence).into_any(),
        None => whole(Studio::new(config)).into_any(),
    }
}

/// What keeps this page from filming at all.
fn missing(config: &Config) -> Option<String> {
    let window = js::window();
    if !window.is_secure_context() {
        let here = window.location().origin().unwrap_or_default();
        Some(fault::insecure(&here, &config.public_url))
    } else if device::devices().is_none() {
        Some(fault::unable("access to cameras"))
    } else if !source::has_frames() {
        Some(fault::unable("video encoder for pages (WebCodecs)"))
    } else {
        None
    }
}

fn alone(config: &Config, sentence: String) -> impl IntoView {
    view! {
        <div class="studio" data-phase="filming">
            <div class="studio-bar">
                <a class="studio-name" href="/manage">{config.shop.name.clone()}</a>
                <span class="studio-where">"Studio"</span>
            </div>
            <div class="studio-alone">
                <h2>"No camera here"</h2>
                <p data-test="failure">{sentence}</p>
                <a class="button quiet" href="/manage/products">"Add photos to a product instead"</a>
            </div>
        </div>
    }
}

fn whole(studio: Studio) -> impl IntoView {
    let name = studio.config.with_value(|config| config.shop.name.clone());
    // While something would be cut off, the browser asks before it leaves.
    let leaving = Listener::on(&js::window(), "beforeunload", move |event| {
        if studio.busy() {
            event.prevent_default();
            if let Ok(event) = event.dyn_into::<BeforeUnloadEvent>() {
                event.set_return_value("The recording is not finished.");
            }
        }
    });
    StoredValue::new_local(leaving);
    let phase = move || match studio.stage.get() {
        Stage::Review => "review",
        Stage::Sending => "sending",
        _ => "filming",
    };
    let place = move || match studio.stage.get() {
        Stage::Setup => "Set up",
        Stage::Recording => "Recording",
        Stage::Importing => "Bringing in a film",
        Stage::Closing => "Finishing",
        Stage::Opening => "Opening",
        Stage::Review => "Review",
        Stage::Sending => "Making the page",
    };
    view! {
        <div class="studio" data-phase=phase data-analysis=move || engine_name(studio.engine.get())>
            <div class="studio-bar">
                <a class="studio-name" href="/manage">{name}</a>
                <span class="studio-where" aria-live="polite" data-test="phase">{place}</span>
                <Show when=move || studio.stage.get() == Stage::Review>
                    <button type="button" class="link" data-test="film-again" on:click=move |_| studio.again()>
                        "Film again"
                    </button>
                </Show>
                <a class="link" href="/manage/products">"Products"</a>
            </div>
            {move || studio.word.get().map(|word| word_view(studio, word.sentence, word.wrong))}
            {move || match studio.stage.get() {
                Stage::Review => view! { <Review studio /> }.into_any(),
                Stage::Sending => view! { <Upload studio /> }.into_any(),
                _ => ().into_any(),
            }}
            <Show when=move || !matches!(studio.stage.get(), Stage::Review | Stage::Sending)>
                <Filming studio />
            </Show>
        </div>
    }
}

fn word_view(studio: Studio, sentence: String, wrong: bool) -> impl IntoView {
    view! {
        <div
            class="notice studio-word"
            class:wrong=wrong
            class:warn=!wrong
            role=if wrong { "alert" } else { "status" }
            data-test=if wrong { "failure" } else { "notice" }
        >
            {icon::alert()}
            <p>{sentence}</p>
            <button type="button" class="link" on:click=move |_| studio.word.set(None)>"Close"</button>
        </div>
    }
}
