//! Sound and light, readable from two metres: a thick bar with a word beside it.

use leptos::prelude::*;

use super::desk::Desk;
use crate::{fault::Device, wording};

/// The level of the microphone.
#[component]
pub(crate) fn Meter(
    /// The devices.
    desk: Desk,
) -> impl IntoView {
    let word = move || {
        if desk.on(Device::Microphone) {
            let dbfs = desk.dbfs.get();
            format!("{dbfs:.0} dB, {}", wording::level(dbfs))
        } else {
            "off".to_owned()
        }
    };
    view! {
        <div
            class="meter"
            class:hot=move || { desk.dbfs.get() >= -6.0 }
            class:quiet=move || { desk.dbfs.get() < -45.0 }
            style=("--level", move || wording::meter(desk.dbfs.get()).to_string())
            data-test="meter"
        >
            <span class="meter-name">"Sound"</span>
            <span class="meter-value">{word}</span>
            <span class="meter-bar" aria-hidden="true"></span>
        </div>
    }
}

/// The light of the picture.
#[component]
pub(crate) fn Light(
    /// The devices.
    desk: Desk,
) -> impl IntoView {
    let word = move || desk.exposure.get().map_or("no picture", wording::light);
    view! {
        <div
            class="light"
            class:off=move || desk.exposure.get().is_some_and(|light| wording::light(light) != "good")
            style=("--level", move || desk.exposure.get().unwrap_or(0.0).clamp(0.0, 1.0).to_string())
            data-test="light"
        >
            <span class="light-name">"Light"</span>
            <span class="light-value">{word}</span>
            <span class="light-scale" aria-hidden="true"></span>
        </div>
    }
}
