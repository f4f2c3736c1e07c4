//! The draft product a session becomes.

use domain::{
    capture::Metadata,
    highlight::document::Document,
    id::{MediaId, SessionId},
    media::{Kind, Media},
};
use serde::{Deserialize, Serialize};

/// Most characters of a title that are sent; the rest of a pasted text helps nobody.
pub const LONGEST_TITLE: usize = 200;

/// The body of `POST /api/products`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draft {
    /// The product's name.
    pub title: String,
    /// Its pictures and clips, the hero first.
    pub media: Vec<MediaId>,
    /// The recording they come from.
    pub session: Option<SessionId>,
    /// What may be told of it: what was kept and why.
    pub highlights: Option<Document>,
}

/// The answer: where the draft is edited.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Made {
    /// Path of the editor.
    pub edit_url: String,
}

/// How far an upload is, by `GET /api/uploads/{id}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Status {
    /// Bytes are missing.
    Receiving {},
    /// The shop looks at the file and makes its variants.
    Processing {},
    /// Done.
    Ready {
        /// What it became.
        media: Media,
    },
    /// The shop cannot use it.
    Failed {
        /// Why, and what to do.
        #[serde(default)]
        error: Option<String>,
    },
}

/// A title as it is sent: trimmed, one line, not endless. `None` when nothing is left.
#[must_use]
pub fn title(typed: &str) -> Option<String> {
    let line = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = line.chars().take(LONGEST_TITLE).collect();
    (!title.is_empty()).then_some(title)
}

/// The order of a page: the hero, then clips, for they sell, then the other pictures.
#[must_use]
pub fn order<T>(pictures: Vec<T>, clips: Vec<T>) -> Vec<T> {
    let mut pictures = pictures.into_iter();
    let mut all: Vec<T> = pictures.next().into_iter().collect();
    all.extend(clips);
    all.extend(pictures);
    all
}

/// What the shop calls a kind of file.
#[must_use]
pub const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Photo => "photo",
        Kind::Clip => "clip",
    }
}

/// What the shop is told of a file while it is sent, beside its bytes: its name (for the log and for a person who downloads
/// it), its kind and its recording, and where in that it was, unless that stays on the device.
#[must_use]
pub fn about(
    kind: Kind,
    session: &SessionId,
    span: Option<(f64, f64)>,
    may_leave: &Metadata,
) -> Vec<(&'static str, String)> {
    let extension = match kind {
        Kind::Photo => "jpg",
        Kind::Clip => "mp4",
    };
    let mut all = vec![
        ("kind", word(kind).to_owned()),
        ("session", session.to_string()),
    ];
    match span.filter(|_| may_leave.times) {
        Some((start, end)) => {
            let ms = (start.max(0.0) * 1000.0).round() as u64;
            all.push(("filename", format!("{session}-{ms}.{extension}")));
            all.push(("start", format!("{start:.3}")));
            all.push(("end", format!("{end:.3}")));
        }
        None => all.push(("filename", format!("{session}.{extension}"))),
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_state_of_an_upload() {
        let read = |json: &str| serde_json::from_str::<Status>(json).unwrap();
        assert_eq!(
            read(r#"{"state":"receiving","received":3,"length":9,"media":null,"error":null}"#),
            Status::Receiving {}
        );
        assert_eq!(
            read(r#"{"state":"processing","received":9,"length":9}"#),
            Status::Processing {}
        );
        assert_eq!(
            read(
                r#"{"state":"failed","error":"This is not a picture. Choose another file.","media":null}"#
            ),
            Status::Failed {
                error: Some("This is not a picture. Choose another file.".into())
            }
        );
        let ready = read(
            r##"{"state":"ready","error":null,"media":{"id":"m1","kind":"photo","alt":"","width":3,"height":4,
                "duration_ms":0,"placeholder":"#aabbcc","variants":[]}}"##,
        );
        assert!(matches!(ready, Status::Ready { media } if media.id.as_str() == "m1"));
    }

    #[test]
    fn a_file_says_where_it_was_only_if_it_may() {
        let session = "s-1".parse().expect("an id");
        let names = |may_leave: &Metadata, span| -> Vec<(&str, String)> {
            let mut all = about(Kind::Clip, &session, span, may_leave);
            all.sort();
            all
        };
        let said = |pairs: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            pairs.iter().map(|(k, v)| (*k, (*v).to_owned())).collect()
        };
        assert_eq!(
            names(&Metadata::default(), Some((12.5, 14.0))),
            said(&[
                ("end", "14.000"),
                ("filename", "s-1-12500.mp4"),
                ("kind", "clip"),
                ("session", "s-1"),
                ("start", "12.500"),
            ])
        );
        let silent = said(&[
            ("filename", "s-1.mp4"),
            ("kind", "clip"),
            ("session", "s-1"),
        ]);
        assert_eq!(names(&Metadata::NONE, Some((12.5, 14.0))), silent);
        assert_eq!(names(&Metadata::default(), None), silent);
    }

    #[test]
    fn titles_are_one_line_with_something_in_it() {
        assert_eq!(title("  Tasse \n No. 3 "), Some("Tasse No. 3".into()));
        assert_eq!(title(" \t"), None);
        assert_eq!(
            title(&"ß".repeat(500)).map(|t| t.chars().count()),
            Some(LONGEST_TITLE)
        );
    }

    #[test]
    fn a_page_begins_with_its_hero_then_clips() {
        assert_eq!(
            order(vec!["hero", "still"], vec!["a", "b"]),
            ["hero", "a", "b", "still"]
        );
        assert_eq!(order(vec![], vec!["a"]), ["a"]);
    }
}
