//! What other tools found, in the format the data's `score.py` reads.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::score::Predicted;

/// One tool's boundaries by clip.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What it is called.
    pub name: String,
    /// Boundaries, s; a clip that is not here counts as one without any.
    pub clips: BTreeMap<String, Vec<Predicted>>,
}

/// A boundary as written: a moment, or a start and an end.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Moment(f64),
    Pair(f64, f64),
    Named { t: f64 },
    Span { start: f64, end: f64 },
}

impl From<Written> for Predicted {
    fn from(written: Written) -> Self {
        match written {
            Written::Moment(t) | Written::Named { t } => (t, t),
            Written::Pair(start, end) | Written::Span { start, end } => (start, end),
        }
    }
}

#[derive(Deserialize)]
struct File {
    name: String,
    clips: BTreeMap<String, Vec<Written>>,
}

/// The predictions in a file, or in every `.json` of a folder, by file name.
///
/// # Errors
/// A message when there is none, or one cannot be read.
pub fn read(path: &Path) -> Result<Vec<Peer>, String> {
    let bad = |e: std::io::Error| format!("{} cannot be read: {e}", path.display());
    let mut files: Vec<PathBuf> = vec![path.to_path_buf()];
    if path.is_dir() {
        let listed = std::fs::read_dir(path).map_err(bad)?;
        let all = listed.map(|entry| entry.map(|e| e.path()));
        files = all.collect::<Result<_, _>>().map_err(bad)?;
        files.retain(|f| f.extension().is_some_and(|e| e == "json"));
        files.sort();
    }
    if files.is_empty() {
        return Err(format!("{} holds no predictions.", path.display()));
    }
    files
        .iter()
        .map(|file| {
            let text = std::fs::read_to_string(file)
                .map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
            parse(&text).map_err(|e| format!("{} holds no predictions: {e}", file.display()))
        })
        .collect()
}

fn parse(text: &str) -> Result<Peer, serde_json::Error> {
    let file: File = serde_json::from_str(text)?;
    let clips = file.clips.into_iter();
    Ok(Peer {
        name: file.name,
        clips: clips
            .map(|(name, found)| (name, found.into_iter().map(Predicted::from).collect()))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_score_py_reads() {
        let text = r#"{"name": "tool", "clips": {"a.mp4": [1.25, [3, 3.6], {"t": 5.2}, {"start": 7, "end": 8}], "b.mp4": []}}"#;
        let peer = parse(text).expect("it reads");
        assert_eq!(peer.name, "tool");
        let want = [(1.25, 1.25), (3.0, 3.6), (5.2, 5.2), (7.0, 8.0)];
        assert_eq!(peer.clips["a.mp4"], want);
        assert!(peer.clips["b.mp4"].is_empty());
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "[]",
            r#"{"clips": {}}"#,
            r#"{"name": "x", "clips": {"a": ["soon"]}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(read(Path::new("no/such/file.json")).is_err());
    }
}
