//! The whole studio: its top line, what the person should read, and the part of the flow they are in.

use domain::wire::studio::Config;
use gloo::events::{EventListener, EventListenerOptions};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::BeforeUnloadEvent;

use super::{filming::Filming, icon, monitor::engine_name, review::Review, upload::Upload};
use crate::{
    browser::{device, error, js, source},
    state::{
        Studio,
        stage::{Message, Stage},
    },
    upload::progress::Hold,
};

/// The page in `<div id="studio">`.
#[component]
pub(crate) fn App(
    /// From the server.
    config: Config,
) -> impl IntoView {
    match missing(&config) {
        Some(message) => unsupported(&config, message).into_any(),
        None => whole(Studio::new(config)).into_any(),
    }
}

/// What keeps this page from filming at all.
fn missing(config: &Config) -> Option<String> {
    let window = js::window();
    if !window.is_secure_context() {
        let here = window.location().origin().unwrap_or_default();
        Some(error::insecure_page(&here, &config.public_url))
    } else if device::devices().is_none() {
        Some(error::unsupported("access to cameras"))
    } else if !source::has_frames() {
        Some(error::unsupported("video encoder for pages (WebCodecs)"))
    } else {
        None
    }
}

fn unsupported(config: &Config, message: String) -> impl IntoView {
    view! {
        <div class="studio" data-phase="filming">
            <div class="studio-bar">
                <a class="studio-name" href="/manage">{config.shop.name.clone()}</a>
                <span class="studio-phase">"Studio"</span>
            </div>
            <div class="studio-empty">
                <h2>"No camera here"</h2>
                <p data-test="failure">{message}</p>
                <a class="button quiet" href="/manage/products">"Add photos to a product instead"</a>
            </div>
        </div>
    }
}

fn whole(studio: Studio) -> impl IntoView {
    let name = studio.config.with_value(|config| config.shop.name.clone());
    // While something would be cut off, the browser asks before it leaves.
    let options = EventListenerOptions::enable_prevent_default();
    let leaving =
        EventListener::new_with_options(&js::window(), "beforeunload", options, move |event| {
            if studio.is_busy() {
                event.prevent_default();
                if let Some(event) = event.dyn_ref::<BeforeUnloadEvent>() {
                    event.set_return_value("The recording is not finished.");
                }
            }
        });
    StoredValue::new_local(leaving);
    let phase = move || match studio.stage.get() {
        Stage::Review => "review",
        Stage::Uploading => "sending",
        _ => "filming",
    };
    let place = move || match studio.stage.get() {
        Stage::Setup => "Set up",
        Stage::Recording => "Recording",
        Stage::Importing => "Bringing in a film",
        Stage::Finishing => "Finishing",
        Stage::Opening => "Opening",
        Stage::Review => "Review",
        Stage::Uploading => "Making the page",
    };
    view! {
        <div class="studio" data-phase=phase data-analysis=move || engine_name(studio.analysis.engine.get())>
            <div class="studio-bar">
                <a class="studio-name" href="/manage">{name}</a>
                <span class="studio-phase" aria-live="polite" data-test="phase">{place}</span>
                <Show when=move || studio.stage.get() == Stage::Review>
                    <button type="button" class="link" data-test="film-again" on:click=move |_| studio.film_again()>
                        "Film again"
                    </button>
                </Show>
                <a class="link" href="/manage/products">"Products"</a>
            </div>
            {move || studio.uploads.hold().map(|hold| view! { <HoldLine hold /> })}
            {move || studio.message.get().map(|message| message_view(studio, message))}
            {move || match studio.stage.get() {
                Stage::Review => view! { <Review studio /> }.into_any(),
                Stage::Uploading => view! { <Upload studio /> }.into_any(),
                _ => ().into_any(),
            }}
            <Show when=move || !matches!(studio.stage.get(), Stage::Review | Stage::Uploading)>
                <Filming studio />
            </Show>
        </div>
    }
}

/// Why nothing leaves this device now: no failure, so it stays as long as it is true and asks for nothing.
#[component]
fn HoldLine(
    /// Why.
    hold: Hold,
) -> impl IntoView {
    let name = match hold {
        Hold::Offline => "offline",
        Hold::Unreachable => "unreachable",
        Hold::SignedOut => "signed-out",
        Hold::OtherPerson => "other-person",
    };
    let sign_in = matches!(hold, Hold::SignedOut | Hold::OtherPerson);
    view! {
        <div class="notice warn studio-message" role="status" data-test="hold" data-hold=name>
            {icon::alert()}
            <p>{hold.text()}</p>
            {sign_in.then(|| view! { <a class="link" href="/sign-in?next=/studio">"Sign in"</a> })}
        </div>
    }
}

fn message_view(studio: Studio, message: Message) -> impl IntoView {
    let Message { text, is_error } = message;
    view! {
        <div
            class="notice studio-message"
            class:wrong=is_error
            class:warn=!is_error
            role=if is_error { "alert" } else { "status" }
            data-test=if is_error { "failure" } else { "notice" }
        >
            {icon::alert()}
            <p>{text}</p>
            <button type="button" class="link" on:click=move |_| studio.message.set(None)>"Close"</button>
        </div>
    }
}
