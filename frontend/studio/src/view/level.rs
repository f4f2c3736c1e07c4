//! Sound and light, readable from two metres: a thick bar with a word beside it.

use leptos::prelude::*;

use crate::{browser::error::Device, state::devices::Devices, wording};

/// The level of the microphone.
#[component]
pub(crate) fn Meter(
    /// The devices.
    devices: Devices,
) -> impl IntoView {
    let word = move || {
        if devices.is_on(Device::Microphone) {
            let dbfs = devices.dbfs.get();
            format!("{dbfs:.0} dB, {}", wording::level(dbfs))
        } else {
            "off".to_owned()
        }
    };
    view! {
        <div
            class="meter"
            class:hot=move || { devices.dbfs.get() >= -6.0 }
            class:quiet=move || { devices.dbfs.get() < -45.0 }
            style=("--level", move || wording::meter(devices.dbfs.get()).to_string())
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
    devices: Devices,
) -> impl IntoView {
    let word = move || devices.exposure.get().map_or("no picture", wording::light);
    view! {
        <div
            class="light"
            class:off=move || devices.exposure.get().is_some_and(|light| wording::light(light) != "good")
            style=("--level", move || devices.exposure.get().unwrap_or(0.0).clamp(0.0, 1.0).to_string())
            data-test="light"
        >
            <span class="light-name">"Light"</span>
            <span class="light-value">{word}</span>
            <span class="light-scale" aria-hidden="true"></span>
        </div>
    }
}
