//! What is chosen of a recording: how many clips and pictures, and how long.

use serde::{Deserialize, Serialize};

/// What is chosen of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Selection {
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
}

/// From this length on a session's clips are held to [`Selection::max_share`], s.
pub const LONG_SESSION: f64 = 60.0;

const fn max_share() -> f64 {
    0.22
}

const fn reel_length() -> f64 {
    30.0
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            min_clips: 3,
            max_clips: 10,
            min_length: 1.5,
            max_length: 6.0,
            max_stills: 8,
            max_share: max_share(),
            reel_length: reel_length(),
        }
    }
}
