//! Cameras, screens and microphones.

use js_sys::{Array, Reflect};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DisplayMediaStreamConstraints, MediaDeviceInfo, MediaDeviceKind, MediaDevices, MediaStream,
    MediaStreamConstraints, MediaStreamTrack,
};

use super::{
    constraint::{self, Preference},
    error::{self, Device},
    js,
};

/// A device that can be picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Camera or microphone.
    pub(crate) device: Device,
    /// The browser's name for it.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) label: String,
}

/// The browser's devices, or `None` on a page that gets none (plain http away from localhost).
pub(crate) fn devices() -> Option<MediaDevices> {
    let navigator = js::window().navigator();
    js::get(&navigator, "mediaDevices").dyn_into().ok()
}

/// Opens a device. The error is a message for the person.
pub(crate) async fn open(device: Device, preference: &Preference) -> Result<MediaStream, String> {
    let devices = devices().ok_or_else(|| error::unsupported("access to cameras"))?;
    let name = match device {
        Device::Camera => preference.camera.as_deref(),
        Device::Microphone => preference.microphone.as_deref(),
        Device::Screen => None,
    };
    match request(&devices, device, name, preference).await {
        // The device of last time is unplugged today: any other is better than a refusal.
        Err(error) if name.is_some() && js::error_name(&error) == "OverconstrainedError" => {
            request(&devices, device, None, preference).await
        }
        other => other,
    }
    .map_err(|error| error::not_opened(device, &js::error_name(&error)))
}

async fn request(
    devices: &MediaDevices,
    device: Device,
    name: Option<&str>,
    preference: &Preference,
) -> Result<MediaStream, JsValue> {
    let constraints: Value = match device {
        Device::Camera => constraint::camera(name, preference.resolution),
        Device::Microphone => constraint::microphone(name, preference.clean_sound),
        Device::Screen => constraint::screen(preference.resolution),
    };
    let constraints = js::from_json(&constraints);
    let promise = match device {
        Device::Screen => {
            if !Reflect::has(devices, &"getDisplayMedia".into()).unwrap_or(false) {
                return Err(js_sys::Error::new("no screen sharing").into());
            }
            devices.get_display_media_with_constraints(
                constraints.unchecked_ref::<DisplayMediaStreamConstraints>(),
            )
        }
        Device::Camera | Device::Microphone => devices
            .get_user_media_with_constraints(constraints.unchecked_ref::<MediaStreamConstraints>()),
    }?;
    JsFuture::from(promise).await?.dyn_into()
}

/// Cameras and microphones with their labels; labels are empty until one of them was allowed.
pub(crate) async fn list() -> Vec<Listed> {
    let Some(promise) = devices().and_then(|devices| devices.enumerate_devices().ok()) else {
        return Vec::new();
    };
    let Ok(found) = JsFuture::from(promise).await else {
        return Vec::new();
    };
    Array::from(&found)
        .iter()
        .filter_map(|info| {
            let info: MediaDeviceInfo = info.dyn_into().ok()?;
            let device = match info.kind() {
                MediaDeviceKind::Videoinput => Device::Camera,
                MediaDeviceKind::Audioinput => Device::Microphone,
                _ => return None,
            };
            let (name, label) = (info.device_id(), info.label());
            (!name.is_empty() && !label.is_empty()).then_some(Listed {
                device,
                name,
                label,
            })
        })
        .collect()
}

/// The first video or audio track.
pub(crate) fn track(stream: &MediaStream) -> Option<MediaStreamTrack> {
    stream.get_tracks().get(0).dyn_into().ok()
}

/// Lets go of a device: its light goes out.
pub(crate) fn release(stream: &MediaStream) {
    for track in stream.get_tracks().iter() {
        if let Ok(track) = track.dyn_into::<MediaStreamTrack>() {
            track.stop();
        }
    }
}

/// The browser's name of the device behind a stream.
pub(crate) fn name(stream: &MediaStream) -> Option<String> {
    let settings = track(stream)?.get_settings();
    js::get(&settings, "deviceId").as_string()
}

/// Whether the camera behind a stream looks at the person: such a picture is shown mirrored.
pub(crate) fn faces_person(stream: &MediaStream) -> bool {
    track(stream).is_some_and(|track| {
        let settings = track.get_settings();
        js::get(&settings, "facingMode").as_string().as_deref() == Some("user")
    })
}
