//! What is asked of cameras, screens and microphones (Media Capture and Streams, section 11).
//!
//! Sizes are ideals, never demands: a camera that has less than asked still films.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Lines of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    /// 1280 × 720.
    Hd,
    /// 1920 × 1080.
    FullHd,
}

impl Resolution {
    /// Width and height in pixels.
    #[must_use]
    pub const fn size(self) -> (u32, u32) {
        match self {
            Self::Hd => (1280, 720),
            Self::FullHd => (1920, 1080),
        }
    }
}

/// What a person asked for last time; kept on the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preference {
    /// The camera, by the browser's name for it.
    pub camera: Option<String>,
    /// The microphone, by the browser's name for it.
    pub microphone: Option<String>,
    /// How large.
    pub resolution: Resolution,
    /// Whether the browser may clean the sound for speech. Off at first: cleaning takes the ring out of a bowl and the
    /// rustle out of cloth, and those are what a product sounds like.
    pub clean_sound: bool,
}

impl Default for Preference {
    fn default() -> Self {
        Self {
            camera: None,
            microphone: None,
            resolution: Resolution::Hd,
            clean_sound: false,
        }
    }
}

/// Constraints for `getUserMedia` with a camera. Without a name, a phone's rear camera is preferred: it sees the product.
#[must_use]
pub fn camera(name: Option<&str>, resolution: Resolution) -> Value {
    let (width, height) = resolution.size();
    let mut video = json!({
        "width": { "ideal": width },
        "height": { "ideal": height },
        "frameRate": { "ideal": 30, "max": 30 },
    });
    match name {
        Some(name) => video["deviceId"] = json!({ "exact": name }),
        None => video["facingMode"] = json!({ "ideal": "environment" }),
    }
    json!({ "video": video, "audio": false })
}

/// Constraints for `getUserMedia` with a microphone.
#[must_use]
pub fn microphone(name: Option<&str>, clean: bool) -> Value {
    let mut audio = json!({
        "echoCancellation": clean,
        "noiseSuppression": clean,
        "autoGainControl": clean,
    });
    if let Some(name) = name {
        audio["deviceId"] = json!({ "exact": name });
    }
    json!({ "video": false, "audio": audio })
}

/// Constraints for `getDisplayMedia`. The picture is asked for no larger than the recording will be.
#[must_use]
pub fn screen(resolution: Resolution) -> Value {
    let (width, height) = resolution.size();
    json!({
        "video": { "width": { "max": width }, "height": { "max": height }, "frameRate": { "ideal": 30, "max": 30 } },
        "audio": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_device_is_exact_and_sizes_are_ideals() {
        let named = camera(Some("abc"), Resolution::FullHd);
        assert_eq!(named["video"]["deviceId"]["exact"], "abc");
        assert_eq!(named["video"]["width"]["ideal"], 1920);
        assert!(named["video"]["width"].get("min").is_none());
        assert_eq!(
            camera(None, Resolution::Hd)["video"]["facingMode"]["ideal"],
            "environment"
        );
    }

    #[test]
    fn sound_is_left_as_it_is_unless_asked_for() {
        let raw = microphone(None, Preference::default().clean_sound);
        for filter in ["echoCancellation", "noiseSuppression", "autoGainControl"] {
            assert_eq!(raw["audio"][filter], false);
        }
        assert_eq!(microphone(None, true)["audio"]["noiseSuppression"], true);
    }

    #[test]
    fn preferences_of_an_older_page_are_still_read() {
        let read: Preference = serde_json::from_str(r#"{"camera":"abc"}"#).unwrap();
        assert_eq!(read.camera.as_deref(), Some("abc"));
        assert_eq!(read.resolution, Resolution::Hd);
    }
}
