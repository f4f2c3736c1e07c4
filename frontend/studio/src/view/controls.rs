//! The controls along the monitor's edge: what to film with, how loud and bright it is, and the button.

use leptos::{html::Video, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlVideoElement};

use super::{
    analysis::Analysis,
    contract::ContractPicker,
    guidance::Guidance,
    icon,
    level::{Light, Meter},
};
use crate::{
    browser::{constraint::Resolution, error::Device},
    state::{Studio, stage::Stage},
    wording,
};

/// The controls.
#[component]
pub(crate) fn Controls(
    /// The studio.
    studio: Studio,
    /// The element of the picture.
    video: NodeRef<Video>,
) -> impl IntoView {
    let devices = studio.devices;
    let setting_up = move || studio.stage.get() == Stage::Setup;
    view! {
        <section class="controls" aria-label="Controls">
            <Show when=setting_up>
                <ContractPicker studio />
                <div class="picker wide">
                    <span class="picker-label" id="film-with">"Film with"</span>
                    <div class="segments" role="group" aria-labelledby="film-with">
                        <Toggle studio device=Device::Camera name="Camera" test="device-camera" />
                        <Toggle studio device=Device::Screen name="Screen" test="device-screen" />
                        <Toggle studio device=Device::Microphone name="Sound" test="device-mic" />
                    </div>
                </div>
                <Picker studio device=Device::Camera label="Camera" id="camera-list" />
                <Picker studio device=Device::Microphone label="Microphone" id="microphone-list" />
                <Show when=move || devices.is_on(Device::Camera)>
                    <Size studio />
                </Show>
                <Show when=move || devices.is_on(Device::Microphone)>
                    <Filter studio />
                </Show>
                <Show when=move || studio.analysis.can_be_precise()>
                    <Analysis analysis=studio.analysis />
                </Show>
            </Show>
            <Meter devices />
            <Light devices />
            <Show when=move || matches!(studio.stage.get(), Stage::Setup | Stage::Recording)>
                <Guidance studio />
            </Show>
            <div class="controls-gap"></div>
            <div class="controls-row">
                <Show when=move || devices.has_picture() && matches!(studio.stage.get(), Stage::Setup | Stage::Recording)>
                    <Shutter studio video />
                </Show>
                <Show when=setting_up>
                    <Import studio />
                </Show>
            </div>
            <Show when=move || setting_up() && studio.photos.with(|photos| !photos.is_empty())>
                <button type="button" class="button quiet wide" data-test="photos-only" on:click=move |_| studio.review_photos()>
                    {move || {
                        let n = studio.photos.with(Vec::len);
                        format!("Make a page of {} without filming", wording::count(n, "photo", "photos"))
                    }}
                </button>
            </Show>
            <Button studio />
        </section>
    }
}

/// A device, on or off.
#[component]
fn Toggle(
    /// The studio.
    studio: Studio,
    /// Which.
    device: Device,
    /// Its word.
    name: &'static str,
    /// Its name for tests.
    test: &'static str,
) -> impl IntoView {
    let devices = studio.devices;
    view! {
        <button
            type="button"
            aria-pressed=move || devices.is_on(device).to_string()
            disabled=move || devices.opening.get().is_some()
            data-test=test
            on:click=move |_| studio.toggle_device(device)
        >
            {name}
        </button>
    }
}

/// The list of cameras or microphones, once there are labels.
#[component]
fn Picker(
    /// The studio.
    studio: Studio,
    /// Which kind.
    device: Device,
    /// Its label.
    label: &'static str,
    /// The id of its list, also its name for tests.
    id: &'static str,
) -> impl IntoView {
    let devices = studio.devices;
    let listed = move || devices.choices(device);
    let current = move || devices.current(device);
    view! {
        <Show when=move || devices.is_on(device) && !listed().is_empty()>
            <div class="picker">
                <label class="picker-label" for=id>{label}</label>
                <select
                    class="input"
                    id=id
                    data-test=id
                    on:change=move |event| studio.pick_device(device, event_target_value(&event))
                >
                    <For each=listed key=|one| one.name.clone() let:one>
                        <option value=one.name.clone() selected={
                            let name = one.name.clone();
                            move || current().as_deref() == Some(name.as_str())
                        }>{one.label.clone()}</option>
                    </For>
                </select>
            </div>
        </Show>
    }
}

/// One of the choices in a row of them: whether it is `on`, its word, its name for tests, and what choosing it does.
pub(super) fn segment(
    on: impl Fn() -> bool + Send + 'static,
    name: &'static str,
    test: Option<&'static str>,
    choose: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button type="button" aria-pressed=move || on().to_string() data-test=test on:click=move |_| choose()>
            {name}
        </button>
    }
}

/// The size of the picture.
#[component]
fn Size(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let choice = move |resolution: Resolution, name: &'static str| {
        let on = move || studio.devices.resolution() == resolution;
        segment(on, name, None, move || studio.set_resolution(resolution))
    };
    view! {
        <div class="picker">
            <span class="picker-label" id="size">"Picture"</span>
            <div class="segments" role="group" aria-labelledby="size">
                {choice(Resolution::Hd, "720p")}
                {choice(Resolution::FullHd, "1080p")}
            </div>
        </div>
    }
}

/// Whether the browser cleans the sound.
#[component]
fn Filter(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let choice = move |clean: bool, name: &'static str| {
        let on = move || studio.devices.clean_sound() == clean;
        segment(on, name, None, move || studio.set_clean_sound(clean))
    };
    view! {
        <div class="picker">
            <span class="picker-label" id="sound-filter">"Sound"</span>
            <div class="segments" role="group" aria-labelledby="sound-filter">
                {choice(false, "Natural")}
                {choice(true, "Speech")}
            </div>
        </div>
    }
}

/// The shutter.
#[component]
fn Shutter(
    /// The studio.
    studio: Studio,
    /// The element of the picture.
    video: NodeRef<Video>,
) -> impl IntoView {
    let count = move || studio.photos.with(Vec::len);
    view! {
        <button
            type="button"
            class="shutter"
            data-test="shutter"
            on:click=move |_| {
                let shown: Option<HtmlVideoElement> = video.get_untracked();
                if let Some(shown) = shown {
                    studio.take_photo(shown);
                }
            }
        >
            {icon::photo()}
            {move || match count() {
                0 => "Take a photo".to_owned(),
                n => format!("Take a photo ({n} taken)"),
            }}
        </button>
    }
}

/// Imports a film file.
#[component]
fn Import(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let choose = move |event: web_sys::Event| {
        let input: Option<HtmlInputElement> =
            event.target().and_then(|target| target.dyn_into().ok());
        if let Some(input) = input {
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                studio.import(file);
            }
            // So that choosing the same file again is a change.
            input.set_value("");
        }
    };
    view! {
        <label class="import button quiet">
            "Bring a film"
            <input
                type="file"
                class="unseen"
                accept="video/*,.mp4,.mov,.webm"
                disabled=move || !studio.ready.get()
                data-test="import-file"
                on:change=choose
            />
        </label>
    }
}

/// Record, or stop.
#[component]
fn Button(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let devices = studio.devices;
    let able =
        move || studio.ready.get() && devices.has_picture() && devices.opening.get().is_none();
    let word = move || match (studio.ready.get(), devices.has_picture()) {
        (false, _) => "Starting the recorder…",
        (true, false) => "Pick a camera first",
        (true, true) => match devices.opening.get() {
            Some(Device::Microphone) => "Opening the microphone…",
            Some(_) => "Opening the picture…",
            None => "Record",
        },
    };
    view! {
        {move || match studio.stage.get() {
            Stage::Setup => {
                view! {
                    <button type="button" class="record" data-test="record" disabled=move || !able() on:click=move |_| studio.record()>
                        <span class="record-dot"></span>
                        <span class="record-word">{word}</span>
                    </button>
                }
                    .into_any()
            }
            Stage::Recording | Stage::Importing => {
                view! {
                    <button type="button" class="record stop" data-test="stop" on:click=move |_| studio.stop()>
                        <span class="record-dot"></span>
                        <span class="record-word">"Stop"</span>
                    </button>
                }
                    .into_any()
            }
            _ => ().into_any(),
        }}
    }
}
