//! Reads film files (MP4 and MOV, whole or fragmented; WebM and Matroska) for import: which samples there are and how to decode them.
//!
//! A file is not trusted: counts are bounded, offsets are checked against the file's length, and nothing is read into
//! memory but its index.

mod avc;
pub mod encoding;
mod fragment;
mod matroska;
mod movie;
pub mod pcm;
pub mod sound;
mod table;
mod timeline;
mod track;

use std::cell::Cell;

use movie::{Fragment, Movie, Trak};
pub use timeline::Run;
use timeline::{Laid, Medium, Timescale};

use crate::{
    log::{
        index::Chunk,
        record::{AudioConfig, VideoConfig},
    },
    mp4::boxes::BoxHeader,
};

/// The largest index that is read, bytes: two hours of film need about 10 MB.
pub const MAX_INDEX: u64 = 96 << 20;

/// Most samples of a track: two hours at 240 frames/s.
const MAX_SAMPLES: usize = 1_800_000;

/// Frames of uncompressed sound that are read as one stretch.
const PCM_FRAMES: u32 = 2048;

/// Why a file cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilmError {
    /// None of these kinds; what it is instead, where that is known.
    NotFilm(Option<&'static str>),
    /// It begins as one but its index is absent, damaged or absurd.
    Damaged,
    /// Neither picture nor sound.
    NoTracks,
    /// A picture in an encoding that no browser decodes, by its name.
    Picture(String),
    /// No picture, and sound in an encoding that is not known here, by its name.
    Sound(String),
}

impl FilmError {
    /// What to tell the creator.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NotFilm(None) => {
                "This file is not a film that can be read here; choose an MP4, MOV or WebM file.".to_owned()
            }
            Self::NotFilm(Some(kind)) => {
                format!("This file is {kind}, which browsers do not read; export it as MP4 with H.264 and choose that.")
            }
            Self::Damaged => {
                "This film is damaged: its index cannot be read; copy it from the camera again or export it anew.".to_owned()
            }
            Self::NoTracks => {
                "This film holds no picture and no sound that can be read here; export it as MP4 with H.264.".to_owned()
            }
            Self::Picture(name) => {
                format!("The picture of this film is encoded as {name}, which browsers do not decode; export it as MP4 with H.264 and choose that.")
            }
            Self::Sound(name) => {
                format!("This file holds no picture, and its sound is encoded as {name}, which is not decoded here; export it with AAC and choose that.")
            }
        }
    }
}

/// One encoded sample in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Offset in the file.
    pub at: u64,
    /// Length, bytes.
    pub len: u32,
    /// Presentation time on the film's timeline, µs; negative for what is only decoded.
    pub t_us: i64,
    /// Duration, µs.
    pub duration_us: u32,
    /// Decodes on its own.
    pub key: bool,
}

impl From<&Chunk> for Sample {
    /// A chunk of a session's log, which is a film of its own.
    fn from(chunk: &Chunk) -> Self {
        Self {
            at: chunk.at,
            len: chunk.len,
            t_us: chunk.t_us,
            duration_us: chunk.duration_us,
            key: chunk.key,
        }
    }
}

/// A track: its configuration, its samples in decoding order, and which of them are decoded together.
#[derive(Debug, Clone, PartialEq)]
pub struct Track<C> {
    /// How it is decoded.
    pub config: C,
    /// In decoding order, run by run; a sample that two edits need is there twice.
    pub samples: Vec<Sample>,
    /// In the order of the film.
    pub runs: Vec<Run>,
}

impl<C> Track<C> {
    fn new(config: C, laid: Laid) -> Option<Self> {
        let track = Self {
            config,
            samples: laid.samples,
            runs: laid.runs,
        };
        (!track.runs.iter().all(|run| run.samples.is_empty())).then_some(track)
    }

    /// The samples that a film shows, those that begin within what is shown, in decoding order.
    pub fn shown(&self) -> impl Iterator<Item = &Sample> {
        self.runs.iter().flat_map(|run| {
            let samples = self.samples.get(run.samples.clone()).unwrap_or_default();
            samples
                .iter()
                .filter(|sample| run.shown.contains(&sample.t_us))
        })
    }

    /// First and last instant, µs.
    fn ends(&self) -> Option<(i64, i64)> {
        let overlapping = self.runs.iter().flat_map(|run| {
            let samples = self.samples.get(run.samples.clone()).unwrap_or_default();
            let ends = samples
                .iter()
                .map(|s| (s.t_us, s.t_us.saturating_add(i64::from(s.duration_us))));
            let (from, to) = (run.shown.start, run.shown.end);
            ends.filter(move |(a, b)| *b > from && *a < to)
                .map(move |(a, b)| (a.max(from), b.min(to)))
        });
        overlapping.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    fn shift(&mut self, by_us: i64) {
        for sample in &mut self.samples {
            sample.t_us = sample.t_us.saturating_sub(by_us);
        }
        for run in &mut self.runs {
            run.shown.start = run.shown.start.saturating_sub(by_us);
            run.shown.end = run.shown.end.saturating_sub(by_us);
        }
    }
}

/// How a picture must be drawn to be seen as it was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Width and height of a pixel's shape.
    pub aspect: (u32, u32),
    /// Turned over, left for right, before it is rotated.
    pub mirrored: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            aspect: (1, 1),
            mirrored: false,
        }
    }
}

impl Look {
    /// The size of a picture of `width` × `height` pixels once they are square, nothing of it lost.
    #[must_use]
    pub fn squared(self, width: u32, height: u32) -> (u32, u32) {
        let (x, y) = (f64::from(self.aspect.0), f64::from(self.aspect.1));
        let ratio = x / y;
        // Shapes beyond these are damage, not film.
        if !(0.1..=10.0).contains(&ratio) {
            return (width, height);
        }
        let side = |pixels: u32, by: f64| (f64::from(pixels) * by).round() as u32;
        if ratio > 1.0 {
            (side(width, ratio), height)
        } else {
            (width, side(height, ratio.recip()))
        }
    }
}

/// A film file's index.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// The picture: of several, the one the file has switched on, else the first that is known here.
    pub video: Option<Track<VideoConfig>>,
    /// The sound, chosen alike.
    pub audio: Option<Track<AudioConfig>>,
    /// How its picture is drawn.
    pub look: Look,
    /// Length, s.
    pub duration: f64,
    /// The encoding of sound that is not known here, where no other is.
    pub sound_lost: Option<String>,
    /// How many pictures and sounds the file holds, known here or not.
    pub tracks: (usize, usize),
    /// Whether it is damaged after its last sample, and more may have followed.
    pub cut_short: bool,
}

impl Film {
    /// On a timeline that begins with it, its length told; `lost` is the encoding of a picture that is not known here.
    fn measured(mut self, lost: Option<String>) -> Result<Self, FilmError> {
        if let (None, Some(name)) = (&self.video, lost) {
            return Err(FilmError::Picture(name));
        }
        let video = self.video.as_ref().and_then(Track::ends);
        let audio = self.audio.as_ref().and_then(Track::ends);
        let Some(first) = video.iter().chain(&audio).map(|ends| ends.0).min() else {
            return Err(match self.sound_lost {
                Some(name) => FilmError::Sound(name),
                None => FilmError::NoTracks,
            });
        };
        // It begins with whatever comes first: some count from when a page was opened or a camera switched on.
        let by_us = first;
        if let Some(video) = &mut self.video {
            video.shift(by_us);
        }
        if let Some(audio) = &mut self.audio {
            audio.shift(by_us);
        }
        let last = video.or(audio).map_or(0, |ends| ends.1);
        self.duration = last.saturating_sub(by_us) as f64 / 1e6;
        Ok(self)
    }

    /// Pictures a second, on average.
    #[must_use]
    pub fn frames_per_s(&self) -> Option<f64> {
        let video = self.video.as_ref()?;
        let shown_us: f64 = video.shown().map(|s| f64::from(s.duration_us)).sum();
        let frames = video.shown().count() as f64;
        (shown_us > 0.0).then(|| frames * 1e6 / shown_us)
    }

    /// What a creator should know of what was brought in, in whole sentences.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let (pictures, sounds) = self.tracks;
        if self.video.is_none() {
            notes.push("This file holds no picture; only its sound is brought in.".to_owned());
        }
        if pictures > 1 && self.video.is_some() {
            notes.push(format!(
                "The film holds {pictures} pictures; its main one is brought in."
            ));
        }
        if let Some(name) = &self.sound_lost {
            notes.push(format!(
                "The film's sound is encoded as {name}, which is not decoded here; it is brought in without sound. To keep the sound, export the film with AAC."
            ));
        } else if sounds > 1 && self.audio.is_some() {
            notes.push(format!(
                "The film holds {sounds} sound tracks; its main one is brought in."
            ));
        }
        if self.cut_short {
            notes
                .push("The film is damaged further on; what came before is brought in.".to_owned());
        }
        notes
    }
}

/// Walks a file: says what to read, takes it, and ends with the [`Film`].
#[derive(Debug)]
pub struct Reader {
    /// What it turned out to be, where that is not an MP4.
    matroska: Option<matroska::Reader>,
    size: u64,
    at: u64,
    /// The header was seen and the whole box is wanted.
    whole: Option<u64>,
    movie: Option<Movie>,
    fragments: Vec<Fragment>,
    started: bool,
}

impl Reader {
    /// For a file of `size` bytes.
    #[must_use]
    pub fn new(size: u64) -> Self {
        Self {
            matroska: None,
            size,
            at: 0,
            whole: None,
            movie: None,
            fragments: Vec::new(),
            started: false,
        }
    }

    /// The next bytes to read: offset and length; `None` at the end of the file.
    #[must_use]
    pub fn wants(&self) -> Option<(u64, u64)> {
        if let Some(matroska) = &self.matroska {
            return matroska.wants();
        }
        match self.whole {
            Some(len) => Some((self.at, len)),
            None if self.at + 8 <= self.size => Some((self.at, (self.size - self.at).min(16))),
            None => None,
        }
    }

    /// Takes the bytes that were wanted.
    ///
    /// # Errors
    /// [`FilmError`] when the file cannot be a film.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), FilmError> {
        if let Some(matroska) = &mut self.matroska {
            return matroska.take(bytes);
        }
        if let Some(len) = self.whole.take() {
            let header = BoxHeader::read(bytes).ok_or(FilmError::Damaged)?;
            let body = bytes.get(header.own as usize..).unwrap_or_default();
            match &header.kind {
                b"moov" => self.movie = Some(Movie::read(body).ok_or(FilmError::Damaged)?),
                _ => self
                    .fragments
                    .push(Fragment::read(self.at, body).ok_or(FilmError::Damaged)?),
            }
            self.at += len;
            return Ok(());
        }
        if !self.started {
            self.started = true;
            if bytes.starts_with(&matroska::MAGIC) {
                self.matroska = Some(matroska::Reader::new(self.size));
                return Ok(());
            }
            let kind = bytes.get(4..8).unwrap_or_default();
            if !matches!(
                kind,
                b"ftyp" | b"moov" | b"mdat" | b"free" | b"wide" | b"skip" | b"styp"
            ) {
                return Err(FilmError::NotFilm(encoding::of_file(bytes)));
            }
        }
        let header = BoxHeader::read(bytes).ok_or(FilmError::Damaged)?;
        let len = header.len.unwrap_or(self.size - self.at);
        if matches!(&header.kind, b"moov" | b"moof") {
            if len > MAX_INDEX || self.at + len > self.size {
                return Err(FilmError::Damaged);
            }
            self.whole = Some(len);
        } else {
            self.at = self.at.checked_add(len).ok_or(FilmError::Damaged)?;
        }
        Ok(())
    }

    /// What the file holds.
    ///
    /// # Errors
    /// [`FilmError`] when there is nothing to import.
    pub fn finish(self) -> Result<Film, FilmError> {
        if let Some(matroska) = self.matroska {
            return matroska.finish();
        }
        let movie = self.movie.ok_or(if self.started {
            FilmError::Damaged
        } else {
            FilmError::NotFilm(None)
        })?;
        let of = |kind: &[u8; 4]| -> Vec<&Trak> {
            let mut traks: Vec<&Trak> = movie
                .traks
                .iter()
                .filter(|trak| &trak.handler == kind)
                .collect();
            // What the file has switched on comes first.
            traks.sort_by_key(|trak| !trak.tkhd.enabled);
            traks
        };
        let (pictures, sounds) = (of(b"vide"), of(b"soun"));
        // A download that broke off, or a card that was pulled: the index may be whole and what it speaks of may not.
        let cut_short = Cell::new(false);
        let lay_out =
            |trak: &Trak, medium: Medium, frame: Option<u32>| -> Result<Laid, FilmError> {
                let mut raws = match frame {
                    Some(bytes) => table::stretches(&trak.table, bytes, PCM_FRAMES)?,
                    None => table::samples(&trak.table)?,
                };
                let most = frame.map_or(0, |_| PCM_FRAMES);
                fragment::extend(&mut raws, trak, &movie, &self.fragments, most)?;
                let gone =
                    |raw: &timeline::Raw| raw.at.saturating_add(u64::from(raw.len)) > self.size;
                if let Some(gone) = raws.iter().position(gone) {
                    raws.truncate(gone);
                    cut_short.set(true);
                }
                let (own, film) = (Timescale(trak.timescale), Timescale(movie.timescale));
                timeline::lay_out(&raws, &trak.edits, own, film, medium)
            };
        let mut film = Film {
            video: None,
            audio: None,
            look: Look::default(),
            duration: 0.0,
            sound_lost: None,
            tracks: (pictures.len(), sounds.len()),
            cut_short: false,
        };
        let mut picture_lost = None;
        for trak in pictures {
            let Some((config, look)) = track::video(trak) else {
                picture_lost = picture_lost.or_else(|| Some(track::name(trak)));
                continue;
            };
            film.video = Track::new(config, lay_out(trak, Medium::Picture, None)?);
            film.look = look;
            if film.video.is_some() {
                break;
            }
        }
        for trak in sounds {
            let Some(config) = track::audio(trak) else {
                film.sound_lost = film.sound_lost.or_else(|| Some(track::name(trak)));
                continue;
            };
            let frame = pcm::Format::of(&config.codec).map(|f| f.bytes() * config.channels);
            film.audio = Track::new(config, lay_out(trak, Medium::Sound, frame)?);
            if film.audio.is_some() {
                film.sound_lost = None;
                break;
            }
        }
        film.cut_short = cut_short.get();
        if film.cut_short && film.video.is_none() && (film.tracks.0 > 0 || film.audio.is_none()) {
            return Err(FilmError::Damaged);
        }
        film.measured(picture_lost)
    }
}
