//! Reads film files (MP4 and MOV, whole or fragmented; WebM and Matroska) for import: which samples there are and how to decode them.
//!
//! A file is not trusted: counts are bounded, offsets are checked against the file's length, and nothing is read into
//! memory but its index.

mod fragment;
mod matroska;
mod movie;
mod table;
mod track;

use std::cell::Cell;

use movie::{Fragment, Movie};

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

/// Why a file cannot be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilmError {
    /// None of these kinds.
    NotFilm,
    /// It begins as one but its index is absent, damaged or absurd.
    Damaged,
    /// Neither picture nor sound that we know.
    NoTracks,
}

impl FilmError {
    /// What to tell the creator.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotFilm => {
                "This file is not a film that can be read here; choose an MP4, MOV or WebM file."
            }
            Self::Damaged => {
                "This film is damaged: its index cannot be read; copy it from the camera again or export it anew."
            }
            Self::NoTracks => {
                "This film holds no picture and no sound that can be read here; export it as MP4 with H.264."
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

/// A track: its configuration and its samples in decoding order.
#[derive(Debug, Clone, PartialEq)]
pub struct Track<C> {
    /// How it is decoded.
    pub config: C,
    /// In decoding order.
    pub samples: Vec<Sample>,
}

/// A film file's index.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// The first video track that can be decoded.
    pub video: Option<Track<VideoConfig>>,
    /// The first sound track that can be decoded.
    pub audio: Option<Track<AudioConfig>>,
    /// Length, s.
    pub duration: f64,
    /// Whether the file has sound in an encoding that is not known here.
    pub sound_lost: bool,
    /// Whether it is damaged after its last sample, and more may have followed.
    pub cut_short: bool,
}

impl Film {
    /// With its length told.
    fn measured(mut self) -> Result<Self, FilmError> {
        let end = |samples: &[Sample]| {
            let ends = samples
                .iter()
                .map(|s| s.t_us.saturating_add(i64::from(s.duration_us)));
            ends.max().unwrap_or(0) as f64 / 1e6
        };
        self.duration = match (&self.video, &self.audio) {
            (Some(video), _) => end(&video.samples),
            (None, Some(audio)) => end(&audio.samples),
            (None, None) => return Err(FilmError::NoTracks),
        };
        Ok(self)
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
                return Err(FilmError::NotFilm);
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
            FilmError::NotFilm
        })?;
        let mut film = Film {
            video: None,
            audio: None,
            duration: 0.0,
            sound_lost: false,
            cut_short: false,
        };
        // A download that broke off, or a card that was pulled: the index may be whole and what it speaks of may not.
        let cut_short = Cell::new(false);
        for trak in &movie.traks {
            let samples = || -> Result<Vec<Sample>, FilmError> {
                let mut samples = table::samples(trak, movie.timescale)?;
                fragment::extend(&mut samples, trak, &movie, &self.fragments)?;
                let end = |sample: &Sample| sample.at.saturating_add(u64::from(sample.len));
                if let Some(gone) = samples.iter().position(|s| end(s) > self.size) {
                    samples.truncate(gone);
                    cut_short.set(true);
                }
                Ok(samples)
            };
            match &trak.handler {
                b"vide" if film.video.is_none() => {
                    if let Some(config) = track::video(trak) {
                        let samples = samples()?;
                        if !samples.is_empty() {
                            film.video = Some(Track { config, samples });
                        }
                    }
                }
                b"soun" if film.audio.is_none() => match track::audio(trak) {
                    Some(config) => {
                        let samples = samples()?;
                        if !samples.is_empty() {
                            film.audio = Some(Track { config, samples });
                        }
                    }
                    None => film.sound_lost = true,
                },
                _ => {}
            }
        }
        film.cut_short = cut_short.get();
        if film.cut_short && film.video.is_none() && film.audio.is_none() {
            return Err(FilmError::Damaged);
        }
        film.measured()
    }
}
