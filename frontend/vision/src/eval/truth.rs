//! Truth files: what was seen by eye, per clip.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Component, Path},
};

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

/// Largest truth file read, bytes.
const BYTES_MAX: u64 = 64 << 20;
/// Most times in one entry.
const TIMES_MAX: usize = 10_000;
/// Latest time, s.
const LATEST: f64 = 200_000.0;

/// Reads a truth file: the entries that can be used, and a message for each that cannot.
///
/// # Errors
/// A message when the file cannot be read or is no truth file.
pub fn read(path: &Path) -> Result<(Truth, Vec<String>), String> {
    let bad = |e: String| format!("The truth file {} cannot be read: {e}", path.display());
    let found = std::fs::metadata(path).map_err(|e| bad(e.to_string()))?;
    if !found.is_file() || found.len() > BYTES_MAX {
        return Err(bad(format!("it is no file of at most {BYTES_MAX} bytes.")));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(|e| bad(e.to_string()))?;
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|e| bad(e.to_string()))?;
    let all: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text)
        .map_err(|e| format!("{} is no truth file: {e}", path.display()))?;
    let (mut truth, mut refused) = (Truth::new(), Vec::new());
    for (name, value) in all {
        let entry = serde_json::from_value(value).map_err(|e| e.to_string());
        let checked = entry.and_then(|entry: Entry| {
            plain(&name)?;
            entry.check()?;
            Ok(entry)
        });
        match checked {
            Ok(entry) => {
                truth.insert(name, entry);
            }
            Err(why) => refused.push(format!("The truth of {name:?} is left out: {why}")),
        }
    }
    Ok((truth, refused))
}

/// Refuses names that lead out of the folder of clips or that write on a terminal what they like.
fn plain(name: &str) -> Result<(), String> {
    let inside = |c: Component| matches!(c, Component::Normal(_));
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err("its name is empty or has control characters.".to_owned());
    }
    if !Path::new(name).components().all(inside) {
        return Err("its name leads out of the folder of clips.".to_owned());
    }
    Ok(())
}

impl Entry {
    /// Refuses numbers that no clip has.
    fn check(&self) -> Result<(), String> {
        let spans = [&self.graduals, &self.ignore, &self.hard_negatives];
        let ends = spans.into_iter().flatten().map(|s| (s.start, s.end));
        let shots = self.shots.iter().map(|s| (s.start, s.end));
        let cuts = self.cuts.iter().map(|&t| (t, t));
        let times: Vec<(f64, f64)> = cuts.chain(ends).chain(shots).collect();
        let length = (0.0..=LATEST).contains(&self.duration_s);
        if !(0.01..=1000.0).contains(&self.fps) {
            return Err(format!("{:e} frames a second are not possible.", self.fps));
        }
        if !(1e-4..=60.0).contains(&self.frame_s) {
            return Err(format!("A frame of {:e} s is not possible.", self.frame_s));
        }
        if !length || self.first_pts.abs() > LATEST {
            return Err(format!(
                "{:e} s from {:e} s on is not possible.",
                self.duration_s, self.first_pts
            ));
        }
        if times.len() > TIMES_MAX {
            return Err(format!("It has more than {TIMES_MAX} times."));
        }
        let wrong = |t: &&(f64, f64)| t.0.abs() > LATEST || t.1.abs() > LATEST || t.1 < t.0;
        match times.iter().find(wrong) {
            Some((a, b)) => Err(format!("From {a:e} s to {b:e} s is not possible.")),
            None => Ok(()),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for name in [
            "a.mp4",
            "a b.mp4",
            "day 1/a.mp4",
            "…mp4",
            "-i.mp4",
            "http:a.mp4",
        ] {
            assert_eq!(plain(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "..",
            "../a.mp4",
            "a/../../b.mp4",
            "/a.mp4",
            "a\n.mp4",
            "\u{1b}[2J",
            "./",
        ] {
            assert!(plain(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn numbers_of_a_clip() {
        let entry = |change: serde_json::Value| {
            let mut all = serde_json::json!({
                "fps": 30, "frame_s": 0.034, "duration_s": 2, "single_shot": false, "cuts": [1],
                "graduals": [{"start": 0.2, "end": 0.4}],
            });
            for (key, value) in change.as_object().expect("an object") {
                all[key] = value.clone();
            }
            serde_json::from_value::<Entry>(all)
                .expect("it reads")
                .check()
        };
        assert_eq!(entry(serde_json::json!({})), Ok(()));
        for change in [
            serde_json::json!({"fps": 0}),
            serde_json::json!({"fps": -25}),
            serde_json::json!({"fps": 1e300}),
            serde_json::json!({"frame_s": 0}),
            serde_json::json!({"frame_s": 1e9}),
            serde_json::json!({"duration_s": -1}),
            serde_json::json!({"duration_s": 1e18}),
            serde_json::json!({"first_pts": -1e18}),
            serde_json::json!({"cuts": [1e12]}),
            serde_json::json!({"cuts": vec![1.0; TIMES_MAX + 1]}),
            serde_json::json!({"graduals": [{"start": 2, "end": 1}]}),
            serde_json::json!({"ignore": [{"start": 0, "end": 1e7}]}),
            serde_json::json!({"shots": [{"start": 0, "end": -1e7}]}),
        ] {
            assert!(entry(change.clone()).is_err(), "{change}");
        }
    }
}
