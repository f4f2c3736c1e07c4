//! The files of a page: which there are, in which order they stand on it, and in which they are sent.

use domain::{
    highlight::{Reason, document::Known},
    id::MediaId,
    media::Kind,
    wire::catalog::Poster,
};
use serde::{Deserialize, Serialize};

use super::{draft, item::Rank};
use crate::review::{
    decision::{Clip, Decisions, Picture, Source},
    key::Key,
};

/// One file of a page, as the person kept it. Its bytes are an [`Item`] of the queue, which two files may share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageFile {
    /// Which file of its session.
    pub key: Key,
    /// Picture or clip.
    pub kind: Kind,
    /// What it is called on the page.
    pub name: String,
    /// Its first instant in the recording and one past its last, s; `None` for a photo taken with the shutter.
    pub span: Option<(f64, f64)>,
    /// How good it was found, where that was asked.
    pub score: Option<f32>,
    /// Why it was chosen.
    pub reasons: Vec<Reason>,
    /// Clips: the picture that stands for it until it plays.
    pub poster: Option<Key>,
    /// Whether it is shown by itself, and not only as the poster of a clip.
    pub on_page: bool,
    /// Its item in the queue, once its bytes are kept for that.
    pub item: Option<String>,
}

impl PageFile {
    fn new(key: Key, kind: Kind, name: String, span: Option<(f64, f64)>) -> Self {
        Self {
            key,
            kind,
            name,
            span,
            score: None,
            reasons: Vec::new(),
            poster: None,
            on_page: true,
            item: None,
        }
    }

    fn picture(number: usize, picture: &Picture) -> Self {
        let span = match picture.source {
            Source::Frame(t) => Some((t, t)),
            Source::Photo(_) => None,
        };
        let name = match number {
            1 => "First photo".to_owned(),
            n => format!("Photo {n}"),
        };
        Self {
            score: picture.score,
            reasons: picture.reasons.clone(),
            ..Self::new(Key::picture(picture), Kind::Photo, name, span)
        }
    }

    /// A frame that is a clip's poster and nothing else.
    fn poster(number: usize, t: f64) -> Self {
        Self {
            on_page: false,
            ..Self::new(
                Key::Frame(t.to_bits()),
                Kind::Photo,
                format!("Poster of clip {number}"),
                Some((t, t)),
            )
        }
    }

    fn clip(number: usize, clip: &Clip, poster: f64) -> Self {
        let span = Some((clip.start, clip.end));
        Self {
            poster: Some(Key::Frame(poster.to_bits())),
            score: clip.score,
            reasons: clip.reasons.clone(),
            ..Self::new(Key::clip(clip), Kind::Clip, format!("Clip {number}"), span)
        }
    }

    /// Where it stands in the queue. `first` is whether the page begins with it.
    #[must_use]
    pub const fn rank(&self, first: bool) -> Rank {
        match (self.kind, first, self.on_page) {
            (Kind::Photo, true, _) => Rank::Hero,
            (Kind::Photo, false, false) => Rank::Poster,
            (Kind::Photo, false, true) => Rank::Photo,
            (Kind::Clip, ..) => Rank::Clip,
        }
    }

    /// What is known of it under the name the server gave it; `None` of what is not on the page.
    #[must_use]
    pub fn known(&self, media: MediaId) -> Option<Known> {
        self.on_page.then(|| Known {
            media,
            kind: self.kind,
            span: self.span,
            score: self.score,
            reasons: self.reasons.clone(),
        })
    }
}

/// What a person kept, as files in the order of the page, and behind them the posters of clips that no kept picture is.
#[must_use]
pub fn kept(review: &Decisions) -> Vec<PageFile> {
    let pictures = review.kept_pictures().into_iter().zip(1..);
    let clips = review.kept_clips();
    let mut files = draft::order(
        pictures
            .map(|(picture, number)| PageFile::picture(number, picture))
            .collect(),
        clips
            .iter()
            .zip(1..)
            .map(|(clip, number)| PageFile::clip(number, clip, review.poster(clip)))
            .collect(),
    );
    for (clip, number) in clips.into_iter().zip(1..) {
        let poster = PageFile::poster(number, review.poster(clip));
        if files.iter().all(|file| file.key != poster.key) {
            files.push(poster);
        }
    }
    files
}

/// The ranks of a page's files: the first picture leads, and a kept picture that is a clip's poster goes with the posters.
#[must_use]
pub fn ranks(files: &[PageFile]) -> Vec<Rank> {
    let is_poster = |file: &PageFile| {
        files
            .iter()
            .any(|clip| clip.poster.as_ref() == Some(&file.key))
    };
    files
        .iter()
        .enumerate()
        .map(|(at, file)| match file.rank(at == 0) {
            Rank::Photo if is_poster(file) => Rank::Poster,
            rank => rank,
        })
        .collect()
}

/// Which media stands for which clip, as far as both are with the server.
#[must_use]
pub fn posters(files: &[PageFile], media: impl Fn(&PageFile) -> Option<MediaId>) -> Vec<Poster> {
    let poster_of = |file: &PageFile| {
        let key = file.poster.as_ref()?;
        let still = files.iter().find(|other| other.key == *key)?;
        Some(Poster {
            clip: media(file)?,
            still: media(still)?,
        })
    };
    files.iter().filter_map(poster_of).collect()
}

#[cfg(test)]
mod tests {
    use domain::highlight::{Choice, Highlight, Still};

    use super::*;

    fn choice(still: f64) -> Choice {
        Choice {
            highlights: vec![Highlight {
                start: 1.0,
                end: 3.0,
                shot: 0,
                score: 0.5,
                reasons: Vec::new(),
            }],
            stills: vec![Still {
                t: still,
                score: 0.25,
                reasons: Vec::new(),
            }],
            ..Choice::default()
        }
    }

    fn files() -> Vec<PageFile> {
        kept(&Decisions::new(&choice(2.0), &["1.jpg".into()]))
    }

    #[test]
    fn what_was_kept_is_uploaded_in_the_order_of_the_page() {
        let files = files();
        let listed: Vec<_> = files
            .iter()
            .map(|file| (file.name.as_str(), file.span, file.score))
            .collect();
        assert_eq!(
            listed,
            [
                ("First photo", None, None),
                ("Clip 1", Some((1.0, 3.0)), Some(0.5)),
                ("Photo 2", Some((2.0, 2.0)), Some(0.25)),
            ]
        );
        // The second photo is the poster of the clip too.
        assert_eq!(ranks(&files), [Rank::Hero, Rank::Clip, Rank::Poster]);
        let text = serde_json::to_string(&files).expect("is kept as JSON");
        assert_eq!(
            serde_json::from_str::<Vec<PageFile>>(&text).expect("back"),
            files
        );
    }

    #[test]
    fn every_clip_has_a_poster() {
        // The still lies in the clip and is kept: it is the poster too.
        let files = files();
        assert_eq!(files[1].poster, Some(files[2].key.clone()));
        assert!(posters(&files, |_| None).is_empty());
        let named = |file: &PageFile| match file.kind {
            Kind::Clip => "m2".parse().ok(),
            Kind::Photo => "m3".parse().ok(),
        };
        let made = posters(&files, named);
        assert_eq!(
            (made[0].clip.as_str(), made[0].still.as_str()),
            ("m2", "m3")
        );

        // A still that was dropped, and none in the span: the frame is uploaded for the clip alone.
        for (still, at) in [(2.0, 2.0), (5.0, 2.0)] {
            let mut review = Decisions::new(&choice(still), &[]);
            for picture in &mut review.pictures {
                picture.kept = false;
            }
            let files = kept(&review);
            assert_eq!(files.len(), 2);
            let poster = files.last().expect("the poster");
            assert_eq!(
                (poster.name.as_str(), poster.span, poster.on_page),
                ("Poster of clip 1", Some((at, at)), false)
            );
            assert_eq!(ranks(&files), [Rank::Clip, Rank::Poster]);
            let media: MediaId = "m9".parse().expect("an id");
            assert_eq!(poster.known(media.clone()), None, "it is not on the page");
            assert!(files[0].known(media).is_some());
        }
    }
}
