//! Pictures and clips: what kinds there are and what a page needs to show one.

use serde::{Deserialize, Serialize};

use crate::id::MediaId;

/// What an upload says it is; the bytes decide whether that is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture: a still of a session, a shutter photo or a file.
    Photo,
    /// A short video: a highlight.
    Clip,
}

/// One encoded rendition that a browser can be offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Path below the site's root, e.g. `/media/<blake3>/640.avif`: content-addressed, never changes.
    pub url: String,
    /// MIME type, e.g. `image/avif`.
    pub mime: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Length in bytes.
    pub bytes: u64,
}

/// A picture or clip as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Its identifier.
    pub id: MediaId,
    /// Picture or clip.
    pub kind: Kind,
    /// What can be seen, for those who cannot see it.
    pub alt: String,
    /// Width of the original in pixels, as displayed (rotation applied).
    pub width: u32,
    /// Height of the original in pixels, as displayed.
    pub height: u32,
    /// Clips: length in milliseconds. Pictures: 0.
    pub duration_ms: u32,
    /// CSS colour (`#rrggbb`) that stands in until the pixels come: the picture's mean.
    pub placeholder: String,
    /// Renditions. Pictures: AVIF, WebP and JPEG at several widths. Clips: the MP4, and JPEG posters.
    pub variants: Vec<Variant>,
}
