//! The files of an upload: which there are, how far each is, and how that reads.

use domain::{
    highlight::{Reason, document::Known},
    id::MediaId,
    media::Kind,
    wire::catalog::Poster,
};

use super::draft;
use crate::{
    review::{
        decision::{Clip, Decisions, Picture, Source},
        key::Key,
    },
    wording,
};

/// How far one file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileStatus {
    /// Not yet begun.
    Waiting,
    /// Being cut from the recording.
    Cutting,
    /// On its way.
    Uploading,
    /// The connection is cut; it is tried again by itself.
    Offline,
    /// With the server, which makes its variants.
    Processing,
    /// Done.
    Ready,
    /// It cannot go on by itself: why, and what to do.
    Failed(String),
}

impl FileStatus {
    /// Whether something happens to the file now.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(
            self,
            Self::Cutting | Self::Uploading | Self::Offline | Self::Processing
        )
    }

    /// What happens to it, as people read it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Waiting => "waiting".to_owned(),
            Self::Cutting => "being cut".to_owned(),
            Self::Uploading => "on its way".to_owned(),
            Self::Offline => "the connection is cut, trying again".to_owned(),
            Self::Processing => "the shop prepares it".to_owned(),
            Self::Ready => "done".to_owned(),
            Self::Failed(message) => message.clone(),
        }
    }
}

/// One file of an upload.
#[derive(Debug, Clone, PartialEq)]
pub struct FileUpload {
    /// Which file.
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
    /// Its length, bytes; 0 until it is cut.
    pub length: u64,
    /// Bytes that have left.
    pub sent: u64,
    /// How far it is.
    pub status: FileStatus,
    /// Clips: the picture that stands for it until it plays.
    pub poster: Option<Key>,
    /// Whether it is shown by itself, and not only as the poster of a clip.
    pub on_page: bool,
    /// What the server made of it, once ready.
    pub media: Option<MediaId>,
    /// Under which key the upload's address is kept on the device.
    pub storage_key: String,
    /// The upload's address, once its bytes are with the server.
    pub url: String,
}

impl FileUpload {
    fn new(key: Key, kind: Kind, name: String, span: Option<(f64, f64)>) -> Self {
        Self {
            key,
            kind,
            name,
            span,
            score: None,
            reasons: Vec::new(),
            length: 0,
            sent: 0,
            status: FileStatus::Waiting,
            poster: None,
            on_page: true,
            media: None,
            storage_key: String::new(),
            url: String::new(),
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

    /// What is known of it under the name the server gave it; `None` before it has one, and of what is not on the page.
    #[must_use]
    pub fn known(&self) -> Option<Known> {
        if !self.on_page {
            return None;
        }
        Some(Known {
            media: self.media.clone()?,
            kind: self.kind,
            span: self.span,
            score: self.score,
            reasons: self.reasons.clone(),
        })
    }
}

/// What a person kept, as files in the order of the page, and behind them the posters of clips that no kept picture is.
#[must_use]
pub fn kept(review: &Decisions) -> Vec<FileUpload> {
    let pictures = review.kept_pictures().into_iter().zip(1..);
    let clips = review.kept_clips();
    let mut files = draft::order(
        pictures
            .map(|(picture, number)| FileUpload::picture(number, picture))
            .collect(),
        clips
            .iter()
            .zip(1..)
            .map(|(clip, number)| FileUpload::clip(number, clip, review.poster(clip)))
            .collect(),
    );
    for (clip, number) in clips.into_iter().zip(1..) {
        let poster = FileUpload::poster(number, review.poster(clip));
        if files.iter().all(|file| file.key != poster.key) {
            files.push(poster);
        }
    }
    files
}

/// Which media stands for which clip, as far as both are with the server.
#[must_use]
pub fn posters(files: &[FileUpload]) -> Vec<Poster> {
    let poster_of = |file: &FileUpload| {
        let key = file.poster.as_ref()?;
        let still = files.iter().find(|other| other.key == *key)?;
        Some(Poster {
            clip: file.media.clone()?,
            still: still.media.clone()?,
        })
    };
    files.iter().filter_map(poster_of).collect()
}

/// Bytes sent and bytes in all; files that are not cut yet count when they are.
#[must_use]
pub fn total(files: &[FileUpload]) -> (u64, u64) {
    files.iter().fold((0, 0), |(sent, length), file| {
        (sent + file.sent.min(file.length), length + file.length)
    })
}

/// What happens now, in one line. `running` says whether the upload goes on by itself.
#[must_use]
pub fn progress(files: &[FileUpload], running: bool) -> String {
    let done = files
        .iter()
        .filter(|file| file.status == FileStatus::Ready)
        .count();
    let busy = |file: &&FileUpload| file.status.is_busy();
    let moving = files
        .iter()
        .filter(busy)
        .find(|file| file.status != FileStatus::Processing);
    match moving.or_else(|| files.iter().find(busy)) {
        Some(file) => format!(
            "{}: {} ({done} of {} done)",
            file.name,
            file.status.text(),
            files.len()
        ),
        None if done == files.len() && running => "Writing the draft".to_owned(),
        None => format!("{done} of {} are with the shop", files.len()),
    }
}

/// Whether a file cannot go on by itself.
#[must_use]
pub fn any_failed(files: &[FileUpload]) -> bool {
    files
        .iter()
        .any(|file| matches!(file.status, FileStatus::Failed(_)))
}

/// One file's progress, as people read it: bytes while it is on its way, else what happens to it.
#[must_use]
pub fn file_progress(file: &FileUpload) -> String {
    match &file.status {
        FileStatus::Uploading => format!(
            "{} of {}",
            wording::size(file.sent),
            wording::size(file.length)
        ),
        status => status.text(),
    }
}

#[cfg(test)]
mod tests {
    use domain::highlight::{Choice, Highlight, Still};

    use super::*;

    fn files() -> Vec<FileUpload> {
        let choice = Choice {
            highlights: vec![Highlight {
                start: 1.0,
                end: 3.0,
                shot: 0,
                score: 0.5,
                reasons: Vec::new(),
            }],
            stills: vec![Still {
                t: 2.0,
                score: 0.25,
                reasons: Vec::new(),
            }],
            ..Choice::default()
        };
        kept(&Decisions::new(&choice, &["1.jpg".into()]))
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
        assert!(files.iter().all(|file| file.known().is_none()));
    }

    #[test]
    fn every_clip_has_a_poster() {
        // The still lies in the clip and is kept: it is the poster too.
        let mut files = files();
        assert_eq!(files[1].poster, Some(files[2].key.clone()));
        assert!(posters(&files).is_empty());
        for (file, name) in files.iter_mut().zip(["m1", "m2", "m3"]) {
            file.media = Some(name.parse().expect("an id"));
        }
        let made = posters(&files);
        assert_eq!(
            (made[0].clip.as_str(), made[0].still.as_str()),
            ("m2", "m3")
        );

        // A still that was dropped, and none in the span: the frame is uploaded for the clip alone.
        for (still, at) in [(2.0, 2.0), (5.0, 2.5)] {
            let choice = Choice {
                highlights: vec![Highlight {
                    start: 1.0,
                    end: 4.0,
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
            };
            let mut review = Decisions::new(&choice, &[]);
            for picture in &mut review.pictures {
                picture.kept = false;
            }
            let mut files = kept(&review);
            assert_eq!(files.len(), 2);
            let poster = files.last_mut().expect("the poster");
            assert_eq!(
                (poster.name.as_str(), poster.span, poster.on_page),
                ("Poster of clip 1", Some((at, at)), false)
            );
            poster.media = Some("m9".parse().expect("an id"));
            assert_eq!(poster.known(), None, "it is not on the page");
        }
    }

    #[test]
    fn the_line_of_progress_prefers_what_moves() {
        let mut files = files();
        assert_eq!(progress(&files, true), "0 of 3 are with the shop");
        files[0].status = FileStatus::Processing;
        assert_eq!(
            progress(&files, true),
            "First photo: the shop prepares it (0 of 3 done)"
        );
        files[1].status = FileStatus::Uploading;
        files[1].length = 2000;
        files[1].sent = 1000;
        assert_eq!(progress(&files, true), "Clip 1: on its way (0 of 3 done)");
        assert_eq!(file_progress(&files[1]), "1.0 kB of 2.0 kB");
        assert_eq!(total(&files), (1000, 2000));
        for file in &mut files {
            file.status = FileStatus::Ready;
        }
        assert_eq!(progress(&files, true), "Writing the draft");
        assert!(!any_failed(&files));
        files[2].status = FileStatus::Failed("Too long. Trim it.".into());
        assert!(any_failed(&files));
        assert_eq!(file_progress(&files[2]), "Too long. Trim it.");
    }
}
