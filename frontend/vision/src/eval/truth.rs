//! Truth files: what was seen by eye, per clip.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

/// A span of time, presentation s.
#[derive(Debug, Clone, Deserialize)]
pub struct Span {
    /// First mixed frame.
    pub start: f64,
    /// First clean frame after it.
    pub end: f64,
    /// What it is, where the file says so.
    #[serde(default)]
    pub kind: String,
}

/// A shot of a session.
#[derive(Debug, Clone, Deserialize)]
pub struct Shown {
    /// First frame, mixed ones included, s.
    pub start: f64,
    /// First frame it can no longer be seen in, s.
    pub end: f64,
    /// The product it shows.
    #[serde(default)]
    pub product: Option<String>,
}

/// One clip's truth. Fields are those of the data's README.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// Mean frames a second.
    pub fps: f64,
    /// Largest frame step next to a cut, s: the tolerance.
    pub frame_s: f64,
    /// Length, s.
    pub duration_s: f64,
    /// Time of the first frame, s.
    #[serde(default)]
    pub first_pts: f64,
    /// No boundary at all.
    pub single_shot: bool,
    /// First frames of new shots, s.
    pub cuts: Vec<f64>,
    /// Gradual transitions.
    pub graduals: Vec<Span>,
    /// Neither right nor wrong.
    #[serde(default)]
    pub ignore: Vec<Span>,
    /// Disturbances that are no boundaries.
    #[serde(default)]
    pub hard_negatives: Vec<Span>,
    /// Another encode of a listed clip.
    #[serde(default)]
    pub same_content_as: Option<String>,
    /// Shots with their products (sessions only).
    #[serde(default)]
    pub shots: Vec<Shown>,
}

/// All clips by name.
pub type Truth = BTreeMap<String, Entry>;

/// Reads a truth file.
///
/// # Errors
/// A sentence when it cannot be read or is no truth file.
pub fn read(path: &Path) -> Result<Truth, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("The truth file {} cannot be read: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{} is no truth file: {e}", path.display()))
}

impl Entry {
    /// Stretches without any boundary, seconds from the first frame, a tenth of a second inside their shots.
    #[must_use]
    pub fn clean_spans(&self) -> Vec<(f64, f64)> {
        let cuts = self.cuts.iter().map(|&c| (c, c));
        let spans = self.graduals.iter().chain(&self.ignore);
        let mut taken: Vec<(f64, f64)> = cuts.chain(spans.map(|s| (s.start, s.end))).collect();
        taken.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut out = Vec::new();
        let mut from = self.first_pts;
        let end = self.first_pts + self.duration_s;
        for (start, stop) in taken.into_iter().chain([(end, end)]) {
            let (a, b) = (from + 0.1 - self.first_pts, start - 0.1 - self.first_pts);
            if b > a {
                out.push((a, b));
            }
            from = from.max(stop);
        }
        out
    }
}
