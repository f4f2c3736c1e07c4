//! The browsers in which an owner has signed in, and sessions in them.

use serde::{Deserialize, Serialize};

use super::Viewer;
use crate::{id::DeviceId, time::UnixMs};

/// How long after signing in a session may change how its owner signs in, ms: 15 minutes.
pub const RECENT_MS: i64 = 15 * 60 * 1000;

/// A browser in which the owner has signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its identifier.
    pub id: DeviceId,
    /// Browser and system as people call them: `Firefox on Windows`.
    pub name: String,
    /// When somebody last signed in there.
    pub signed_in_at: UnixMs,
    /// When it was last used.
    pub used_at: UnixMs,
    /// Whether it is signed in now; else it is only remembered.
    pub signed_in: bool,
    /// How it uploads, where it did since it was signed in.
    pub uploads: Option<Uploading>,
}

/// How a browser uploads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploading {
    /// The key that signs it (RFC 7638, SHA-256, base64url).
    pub key: String,
    /// When it last asked for leave to.
    pub granted_at: UnixMs,
}

impl Uploading {
    /// The first letters of the key's name, to tell two apart.
    #[must_use]
    pub fn short_key(&self) -> &str {
        self.key.get(..8).unwrap_or(&self.key)
    }
}

/// A session: who is signed in, where and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub viewer: Viewer,
    /// In which browser.
    pub device: DeviceId,
    /// When the passkey or the password was shown.
    pub signed_in_at: UnixMs,
}

impl Session {
    /// Whether the passkey or the password was shown so lately that whoever sits there now is taken for its owner.
    #[must_use]
    pub const fn is_recent(&self, now: UnixMs) -> bool {
        now.0.saturating_sub(self.signed_in_at.0) < RECENT_MS
    }
}

/// Browser and system of a `User-Agent` header, as people call them. Browsers name their relatives too, so the order counts.
/// Only known names come out, whatever was sent.
#[must_use]
pub fn browser_name(user_agent: &str) -> String {
    const BROWSERS: [(&str, &str); 11] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Vivaldi/", "Vivaldi"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("AppleWebKit/", "An app"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ];
    let first = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    let browser = first(&BROWSERS).unwrap_or("A browser");
    match first(&SYSTEMS) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn browsers_have_the_names_that_people_use() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                "Safari on Mac",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0",
                "Edge on Windows",
            ),
            ("curl/8.5.0", "A browser"),
            ("", "A browser"),
        ] {
            assert_eq!(browser_name(user_agent), name, "{user_agent}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_was_sent_comes_out(user_agent: String) {
            prop_assert!(browser_name(&user_agent).len() <= 32);
        }
    }
}
