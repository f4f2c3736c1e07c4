//! The draft product a session becomes: all that leaves the device beside the files themselves.

use domain::{
    capture::{Metadata, Network, contract::Reference},
    highlight::document::{Document, Known, KnownSession, Location},
    id::{MediaId, SessionId},
    media::Kind,
    wire::{
        catalog::{Draft, Poster},
        upload::metadata,
    },
};

use crate::review::decision::Decisions;

/// What is known of a session on the device, beside its files.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// Its name.
    pub id: &'a SessionId,
    /// Who judged it; `None` for photos without a recording, of which nothing is told.
    pub network: Option<Network>,
    /// What a person decided.
    pub review: &'a Decisions,
    /// What it was filmed under.
    pub contract: Option<&'a Reference>,
    /// Where it was filmed.
    pub location: Option<Location>,
    /// What the devices are called.
    pub devices: &'a [String],
}

/// The name of a product to which nobody gave one.
const UNNAMED: &str = "New product";
/// Most characters of a title that are sent; the rest of a pasted text helps nobody.
pub const LONGEST_TITLE: usize = 200;

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

/// What the server is told of a file while it is uploaded, beside its bytes: its name (for the log and for a person who
/// downloads it), its kind and its recording, what it shows, and where in that it was, unless that stays on the device.
#[must_use]
pub fn file_metadata(
    kind: Kind,
    session: &SessionId,
    span: Option<(f64, f64)>,
    alt: Option<&str>,
    contract: Option<&Reference>,
    may_leave: &Metadata,
) -> Vec<(&'static str, String)> {
    let extension = match kind {
        Kind::Photo => "jpg",
        Kind::Clip => "mp4",
    };
    let mut all = vec![
        (metadata::KIND, kind.as_str().to_owned()),
        (metadata::SESSION, session.to_string()),
    ];
    if let Some(contract) = contract {
        all.push((metadata::CONTRACT, contract.to_string()));
    }
    if let Some(alt) = alt {
        all.push((metadata::ALT, alt.to_owned()));
    }
    match span.filter(|_| may_leave.times) {
        Some((start, end)) => {
            let ms = (start.max(0.0) * 1000.0).round() as u64;
            all.push((metadata::FILENAME, format!("{session}-{ms}.{extension}")));
            all.push((metadata::START, format!("{start:.3}")));
            all.push((metadata::END, format!("{end:.3}")));
        }
        None => all.push((metadata::FILENAME, format!("{session}.{extension}"))),
    }
    all
}

/// The draft of a session of which `known` was uploaded, in the order of the page.
#[must_use]
pub fn assemble(
    typed_title: &str,
    session: Session<'_>,
    known: Vec<Known>,
    posters: Vec<Poster>,
    may_leave: &Metadata,
) -> Draft {
    // Two equal pictures are one upload, and one on the page.
    let mut media: Vec<MediaId> = Vec::new();
    for one in &known {
        if !media.contains(&one.media) {
            media.push(one.media.clone());
        }
    }
    Draft {
        id: None,
        title: title(typed_title).unwrap_or_else(|| UNNAMED.to_owned()),
        media,
        posters,
        session: session.network.map(|_| session.id.clone()),
        contract: session.contract.cloned(),
        highlights: session.network.map(|network| {
            let known = KnownSession {
                session: session.id.clone(),
                network,
                frames: session.review.frames,
                kept: known,
                histograms: session.review.histograms,
                shots: session.review.shots.clone(),
                location: session.location,
                devices: session.devices.to_vec(),
            };
            Document::assemble(known, may_leave)
        }),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        capture::Engine,
        highlight::{Choice, Shot},
    };

    use super::*;

    #[test]
    fn equal_pictures_are_one_and_photos_alone_tell_nothing_of_a_session() {
        let session = "s-1".parse().expect("an id");
        let known = |media: &str, kind| Known {
            media: media.parse().expect("an id"),
            kind,
            span: Some((12.0, 15.5)),
            score: Some(0.5),
            reasons: Vec::new(),
        };
        let all = || {
            vec![
                known("m2", Kind::Photo),
                known("m1", Kind::Clip),
                known("m2", Kind::Photo),
            ]
        };
        let network = Network {
            engine: Engine::Cpu,
            weights: None,
        };
        let choice = Choice {
            shots: vec![Shot {
                start: 0.0,
                end: 20.0,
            }],
            ..Choice::default()
        };
        let review = Decisions::new(&choice, &[]);
        let contract: Reference = "demo-30/1".parse().expect("a reference");
        let made = |network, may_leave: &Metadata| {
            let session = Session {
                id: &session,
                network,
                review: &review,
                contract: Some(&contract),
                location: Location::from_degrees(51.5, -0.1),
                devices: &["Back camera".to_owned()],
            };
            assemble("  Cup ", session, all(), Vec::new(), may_leave)
        };

        let draft = made(Some(network), &Metadata::default());
        assert_eq!(draft.title, "Cup");
        let media: Vec<&str> = draft.media.iter().map(MediaId::as_str).collect();
        assert_eq!(media, ["m2", "m1"]);
        assert_eq!(draft.session.as_ref(), Some(&session));
        let document = draft.highlights.expect("a document");
        assert_eq!(document.items.len(), 2);
        assert_eq!(document.items[0].own.start, Some(12.0));
        assert_eq!(
            document.shots, None,
            "shots stay on the device unless asked for"
        );

        assert_eq!(
            (document.location, document.devices),
            (None, None),
            "and so do places and devices"
        );
        assert_eq!(draft.contract.as_ref(), Some(&contract));
        let told = made(Some(network), &Metadata::ALL).highlights;
        let told = told.expect("a document");
        assert!(told.location.is_some() && told.devices == Some(vec!["Back camera".to_owned()]));

        let silent = made(Some(network), &Metadata::NONE)
            .highlights
            .expect("a document");
        assert_eq!(
            (silent.items[0].own.start, silent.items[0].own.score),
            (None, None)
        );

        let photos = made(None, &Metadata::default());
        assert_eq!((photos.session, photos.highlights), (None, None));
        assert_eq!(photos.media.len(), 2);
    }

    #[test]
    fn a_file_says_where_it_was_only_if_it_may() {
        let session = "s-1".parse().expect("an id");
        let contract: Reference = "demo-30/1".parse().expect("a reference");
        let names = |may_leave: &Metadata, span| -> Vec<(&str, String)> {
            let mut all = file_metadata(
                Kind::Clip,
                &session,
                span,
                Some("Cup"),
                Some(&contract),
                may_leave,
            );
            all.sort();
            all
        };
        let pairs = |all: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
            all.iter().map(|(k, v)| (*k, (*v).to_owned())).collect()
        };
        assert_eq!(
            names(&Metadata::default(), Some((12.5, 14.0))),
            pairs(&[
                ("alt", "Cup"),
                ("contract", "demo-30/1"),
                ("end", "14.000"),
                ("filename", "s-1-12500.mp4"),
                ("kind", "clip"),
                ("session", "s-1"),
                ("start", "12.500"),
            ])
        );
        let silent = pairs(&[
            ("alt", "Cup"),
            ("contract", "demo-30/1"),
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
