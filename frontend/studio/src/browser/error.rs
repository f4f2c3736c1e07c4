//! Error messages about devices and requests: what happened, and what to do next.

use std::fmt;

/// What can be filmed or heard with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// A camera.
    Camera,
    /// The screen, a window or a tab.
    Screen,
    /// A microphone.
    Microphone,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Camera => "camera",
            Self::Screen => "screen",
            Self::Microphone => "microphone",
        })
    }
}

/// The message for a device that could not be opened, by the name of the browser's `DOMException` (Media Capture and
/// Streams, section 10.2, and Screen Capture, 5.1).
#[must_use]
pub fn not_opened(device: Device, name: &str) -> String {
    match (device, name) {
        (Device::Screen, "NotAllowedError") => {
            "No screen was shared. Press “Screen” again and pick a tab, a window or the whole screen.".into()
        }
        (_, "NotAllowedError" | "SecurityError") => format!(
            "The browser was not allowed to use the {device}. Open the site settings at the left of the address bar, allow the {device}, then press it again."
        ),
        (_, "NotFoundError") => format!("No {device} was found. Plug one in, then press it again."),
        (_, "NotReadableError" | "AbortError") => format!(
            "The {device} is in use by another program or did not answer. Close the other program, then press it again."
        ),
        (_, "OverconstrainedError") => {
            format!("The {device} picked last time is not there. Pick another from the list.")
        }
        (_, other) => format!("The {device} could not be opened ({other}). Pick another, or open a film file instead."),
    }
}

/// The message for a device that went away while the recording runs.
#[must_use]
pub fn unplugged(device: Device, picture_left: bool) -> String {
    match (device, picture_left) {
        (Device::Microphone, _) => {
            "The microphone was unplugged. The picture is still being recorded; stop and start again if you need sound.".into()
        }
        (Device::Screen, true) => "Sharing the screen ended. The camera is still being recorded.".into(),
        (Device::Camera, true) => "The camera was unplugged. The screen is still being recorded.".into(),
        (Device::Screen, false) => "Sharing the screen ended, so the recording was stopped. Everything up to here is kept.".into(),
        (Device::Camera, false) => {
            "The camera was unplugged, so the recording was stopped. Everything up to here is kept.".into()
        }
    }
}

/// Why a page has no camera at all: browsers hand one out only on https and on localhost.
#[must_use]
pub fn insecure_page(here: &str, public_url: &str) -> String {
    if public_url.starts_with("https://") {
        format!(
            "Browsers give a camera only to encrypted pages, and this one is open as {here}. Open {public_url}/studio instead."
        )
    } else {
        format!(
            "Browsers give a camera only to encrypted pages and to localhost, and this one is open as {here}. On the computer that runs the shop, open http://localhost with its port; from elsewhere, put the shop behind https and start it with --public-url https://…"
        )
    }
}

/// What a browser lacks to film.
#[must_use]
pub fn unsupported(missing: &str) -> String {
    format!(
        "This browser cannot film here: it has no {missing}. Use a current Chrome, Edge or Firefox, or add photos on the product's page instead."
    )
}

/// The message for a request that failed with a status, 0 when no answer came, where the server says nothing itself.
#[must_use]
pub fn request_failed(status: u16) -> String {
    match status {
        0 => "The shop cannot be reached. Check the network, then try again.".into(),
        401 | 403 => "You are signed out. Sign in again, then repeat this.".into(),
        429 => "That was too often. Wait a minute, then try again.".into(),
        500..=599 => format!(
            "The shop had a fault (status {status}). Try again; if it stays, look at the server's log."
        ),
        _ => format!("The shop refused this (status {status}). Reload the page, then try again."),
    }
}

/// The message for an answer that is not what was asked for.
#[must_use]
pub const fn unreadable_answer() -> &'static str {
    "The shop's answer could not be read. Reload the page, then try again."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_names_the_device_and_a_next_step() {
        for device in [Device::Camera, Device::Screen, Device::Microphone] {
            for name in [
                "NotAllowedError",
                "NotFoundError",
                "NotReadableError",
                "OverconstrainedError",
                "AbortError",
                "SecurityError",
                "TypeError",
            ] {
                let message = not_opened(device, name);
                assert!(message.contains(&device.to_string()), "{message}");
                assert!(
                    ["press", "Press", "Pick"]
                        .iter()
                        .any(|act| message.contains(act)),
                    "{message}"
                );
            }
        }
    }

    #[test]
    fn an_insecure_page_points_to_the_secure_one_where_there_is_one() {
        let behind_proxy = insecure_page("http://10.0.0.5:3000", "https://shop.example");
        assert!(behind_proxy.contains("https://shop.example/studio"));
        assert!(
            insecure_page("http://10.0.0.5:3000", "http://localhost:3000").contains("--public-url")
        );
    }
}
