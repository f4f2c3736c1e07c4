//! What a capture must deliver, and what of it may leave the device.

use serde::{Deserialize, Serialize};

/// What a capture must deliver.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Fewest clips wanted.
    pub min_clips: usize,
    /// Most clips wanted.
    pub max_clips: usize,
    /// Shortest clip, s.
    pub min_length: f64,
    /// Longest clip, s.
    pub max_length: f64,
    /// Most stills wanted.
    pub max_stills: usize,
    /// Largest share of a session over [`LONG_SESSION`] that all clips together may last, 0–1. The raw session stays on the
    /// device; a clip also carries an extra keyframe, so its share of the bytes is somewhat larger than of the time.
    #[serde(default = "max_share")]
    pub max_share: f64,
    /// Longest reel, s: all clips after one another, shortened to fit. Where short films are shown, 15 to 60 s are wanted.
    #[serde(default = "reel_length")]
    pub reel_length: f64,
    /// Which metadata may leave the device, see [`Metadata`].
    #[serde(default)]
    pub metadata: Metadata,
}

/// From this length on a session's clips are held to [`Contract::max_share`], s.
pub const LONG_SESSION: f64 = 60.0;

const fn max_share() -> f64 {
    0.22
}

const fn reel_length() -> f64 {
    30.0
}

impl Default for Contract {
    fn default() -> Self {
        Self {
            min_clips: 3,
            max_clips: 10,
            min_length: 1.5,
            max_length: 6.0,
            max_stills: 8,
            max_share: max_share(),
            reel_length: reel_length(),
            metadata: Metadata::default(),
        }
    }
}

/// Which metadata of a session may leave the device. Pictures and clips that were kept, and their names, always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// Where in the session each picture and clip was.
    pub times: bool,
    /// Why each was chosen, in words.
    pub reasons: bool,
    /// How good each was found.
    pub scores: bool,
    /// Which network judged, where it ran, and how many of the frames it saw.
    pub model: bool,
    /// How often it gave which score over the whole session.
    pub histograms: bool,
    /// All shots of the session, also those of which nothing was kept.
    pub shots: bool,
}

impl Metadata {
    /// Nothing.
    pub const NONE: Self = Self {
        times: false,
        reasons: false,
        scores: false,
        model: false,
        histograms: false,
        shots: false,
    };
}

impl Default for Metadata {
    /// What a shop can use: all of what was kept, and how the model fared. Not what was filmed and not kept.
    fn default() -> Self {
        Self {
            times: true,
            reasons: true,
            scores: true,
            model: true,
            histograms: true,
            shots: false,
        }
    }
}
