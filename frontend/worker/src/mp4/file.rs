//! Writes a clip or a reel as a progressive MP4 (ISO/IEC 14496-12): `ftyp`, `moov`, `mdat`, so that it plays while it loads.
//!
//! Picture times are kept to the microsecond (timescale 1 000 000). Sound keeps its own sample rate, and an edit list
//! says which of its samples are heard: packets before the start only warm the decoder up.

use std::ops::Range;

use mp4_atom::{
    Dref, DrefEntry, Elst, ElstEntry, FourCC, Ftyp, Hdlr, Mdhd, Mvhd, Smhd, Stco, Stsc, StscEntry,
    Stss, Stsz, StszSamples, Stts, SttsEntry, Tkhd, Url, Vmhd,
};

use super::{
    boxes::{put, put_leaf},
    entry,
    span::SpanChunks,
    splice::{self, OutputSample, SoundTrack, Ticks},
};
use crate::log::{index::Index, record::VideoConfig};

/// Ticks per second of the movie and of the video track.
const TIMESCALE: u32 = 1_000_000;

/// Sound and picture alternate in runs of this length, µs, so that a player needs little of the file at a time.
const RUN_US: i64 = 500_000;

/// Bytes to fetch from the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Offset in the log.
    pub from: u64,
    /// Where they go in the media data.
    pub to: Range<usize>,
}

/// A run of samples of one track that lie together in the file.
#[derive(Debug, Clone, Copy)]
struct Run {
    video: bool,
    samples: u32,
    /// Offset in the media data.
    at: usize,
}

/// Where everything goes in a clip.
#[derive(Debug)]
pub struct ClipLayout<'a> {
    length_us: u64,
    video: Option<(&'a VideoConfig, Vec<OutputSample>)>,
    audio: Option<(entry::AudioEntry, SoundTrack)>,
    pieces: Vec<Piece>,
    /// Where silence goes in the media data.
    silent: Vec<Range<usize>>,
    runs: Vec<Run>,
    len: usize,
}

impl<'a> ClipLayout<'a> {
    /// Lays out spans of one encoder configuration after one another; `None` where their sound does not fit an MP4, or they are
    /// larger than one without 64-bit offsets can hold (4 GB).
    #[must_use]
    pub fn new(index: &'a Index, spans: &[SpanChunks<'_>]) -> Option<Self> {
        let chunk = spans.iter().find_map(|span| span.video.first());
        let video = chunk.and_then(|chunk| index.video_configs.get(usize::from(chunk.config)));
        let chunk = spans.iter().find_map(|span| span.audio.first());
        let audio = chunk.and_then(|chunk| index.audio_configs.get(usize::from(chunk.config)));
        let audio = match audio {
            Some(config) => Some(entry::audio(config)?),
            None => None,
        };
        let video = video.map(|config| (config, splice::pictures(spans)));
        let audio = audio.map(|sound| {
            let sounds = splice::sounds(spans, &sound);
            (sound, sounds)
        });
        let mut layout = Self {
            length_us: u64::try_from(splice::length_us(spans)).unwrap_or(0),
            video: None,
            audio: None,
            pieces: Vec::new(),
            silent: Vec::new(),
            runs: Vec::new(),
            len: 0,
        };
        let mut pictures = video
            .as_ref()
            .map_or(&[][..], |(_, samples)| samples.as_slice());
        let mut sounds = audio
            .as_ref()
            .map_or(&[][..], |(_, track)| track.samples.as_slice());
        let mut until = 0;
        while !(pictures.is_empty() && sounds.is_empty()) {
            until += RUN_US;
            pictures = layout.run(true, pictures, until);
            sounds = layout.run(false, sounds, until);
        }
        u32::try_from(layout.len).ok()?.checked_add(64 << 20)?;
        Some(Self {
            video,
            audio,
            ..layout
        })
    }

    fn run<'s>(
        &mut self,
        video: bool,
        samples: &'s [OutputSample],
        until: i64,
    ) -> &'s [OutputSample] {
        let (now, later) = samples.split_at(samples.partition_point(|s| s.t_us < until));
        if !now.is_empty() {
            self.runs.push(Run {
                video,
                samples: now.len() as u32,
                at: self.len,
            });
        }
        for sample in now {
            let to = self.len..self.len + sample.len as usize;
            self.len = to.end;
            match sample.from {
                Some(from) => self.pieces.push(Piece { from, to }),
                None => self.silent.push(to),
            }
        }
        later
    }

    /// The media data, with what does not come from the log in its place.
    #[must_use]
    pub fn media(&self) -> Vec<u8> {
        let mut media = vec![0; self.len];
        let silence = self.audio.as_ref().and_then(|(sound, _)| sound.silence);
        for place in &self.silent {
            if let (Some(place), Some(silence)) = (media.get_mut(place.clone()), &silence) {
                place.copy_from_slice(silence);
            }
        }
        media
    }

    /// What to fetch, in the order of the file.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The file around `media`; `None` where the pictures' configuration does not fit an MP4.
    #[must_use]
    pub fn file(&self, media: Vec<u8>) -> Option<Vec<u8>> {
        let picture = match &self.video {
            Some((config, samples)) => {
                let first = media.get(..samples.first()?.len as usize)?;
                Some(entry::video(config, first)?)
            }
            None => None,
        };
        let mut head = Vec::new();
        put_leaf(
            &mut head,
            &ftyp(picture.as_ref().and_then(|picture| picture.brand)),
        )?;
        // The offsets depend on the length of the box that holds them; its length does not depend on their values.
        let mut moov = Vec::new();
        self.moov(&mut moov, picture.as_ref(), 0)?;
        let base = u32::try_from(head.len() + moov.len() + 8).ok()?;
        self.moov(&mut head, picture.as_ref(), base)?;
        head.extend_from_slice(&u32::try_from(media.len() + 8).ok()?.to_be_bytes());
        head.extend_from_slice(b"mdat");
        head.extend_from_slice(&media);
        Some(head)
    }

    fn moov(
        &self,
        out: &mut Vec<u8>,
        picture: Option<&entry::VideoEntry>,
        base: u32,
    ) -> Option<()> {
        let tracks = u32::from(self.video.is_some()) + u32::from(self.audio.is_some());
        put(out, b"moov", |out| {
            put_leaf(
                out,
                &Mvhd {
                    timescale: TIMESCALE,
                    duration: self.length_us,
                    rate: 1.into(),
                    volume: 1.into(),
                    next_track_id: tracks + 1,
                    ..Mvhd::default()
                },
            )?;
            if let (Some((config, samples)), Some(picture)) = (&self.video, picture) {
                self.video_track(out, picture, config, samples, base)?;
            }
            match &self.audio {
                Some((sound, track)) => self.audio_track(out, sound, track, tracks, base),
                None => Some(()),
            }
        })
    }

    fn video_track(
        &self,
        out: &mut Vec<u8>,
        picture: &entry::VideoEntry,
        config: &VideoConfig,
        samples: &[OutputSample],
        base: u32,
    ) -> Option<()> {
        let keys = samples
            .iter()
            .zip(1..)
            .filter(|(sample, _)| sample.key)
            .map(|(_, number)| number)
            .collect();
        let tkhd = Tkhd {
            track_id: 1,
            duration: self.length_us,
            enabled: true,
            in_movie: true,
            matrix: turn(config),
            width: (config.width as u16).into(),
            height: (config.height as u16).into(),
            ..Tkhd::default()
        };
        put(out, b"trak", |out| {
            put_leaf(out, &tkhd)?;
            put(out, b"mdia", |out| {
                put_leaf(out, &mdhd(TIMESCALE, self.length_us))?;
                put_leaf(out, &hdlr(b"vide", "video"))?;
                put(out, b"minf", |out| {
                    put_leaf(out, &Vmhd::default())?;
                    dinf(out)?;
                    let keys = Stss { entries: keys };
                    self.table(out, &picture.entry, Some(&keys), samples, base)
                })
            })
        })
    }

    fn audio_track(
        &self,
        out: &mut Vec<u8>,
        sound: &entry::AudioEntry,
        track: &SoundTrack,
        track_id: u32,
        base: u32,
    ) -> Option<()> {
        let heard_us = Ticks { rate: sound.rate }.to_us(track.heard);
        let mut entries = Vec::new();
        if track.gap_us > 0 {
            entries.push(ElstEntry {
                segment_duration: track.gap_us,
                media_time: None,
                media_rate: 1.into(),
            });
        }
        entries.push(ElstEntry {
            segment_duration: heard_us,
            media_time: Some(track.skip),
            media_rate: 1.into(),
        });
        let tkhd = Tkhd {
            track_id,
            duration: track.gap_us + heard_us,
            alternate_group: 1,
            enabled: true,
            in_movie: true,
            volume: 1.into(),
            ..Tkhd::default()
        };
        put(out, b"trak", |out| {
            put_leaf(out, &tkhd)?;
            put(out, b"edts", |out| put_leaf(out, &Elst { entries }))?;
            put(out, b"mdia", |out| {
                put_leaf(out, &mdhd(sound.rate, track.total))?;
                put_leaf(out, &hdlr(b"soun", "sound"))?;
                put(out, b"minf", |out| {
                    put_leaf(out, &Smhd::default())?;
                    dinf(out)?;
                    self.table(out, &sound.entry, None, &track.samples, base)
                })
            })
        })
    }

    /// The sample table of the pictures, which have keyframes, or of the sound.
    fn table(
        &self,
        out: &mut Vec<u8>,
        entry: &[u8],
        keys: Option<&Stss>,
        samples: &[OutputSample],
        base: u32,
    ) -> Option<()> {
        let video = keys.is_some();
        let runs: Vec<&Run> = self.runs.iter().filter(|run| run.video == video).collect();
        let mut stsc: Vec<StscEntry> = Vec::new();
        for (run, first_chunk) in runs.iter().zip(1..) {
            if stsc
                .last()
                .is_none_or(|last| last.samples_per_chunk != run.samples)
            {
                stsc.push(StscEntry {
                    first_chunk,
                    samples_per_chunk: run.samples,
                    sample_description_index: 1,
                });
            }
        }
        let mut stts: Vec<SttsEntry> = Vec::new();
        for sample in samples {
            match stts.last_mut() {
                Some(last) if last.sample_delta == sample.ticks => last.sample_count += 1,
                _ => stts.push(SttsEntry {
                    sample_count: 1,
                    sample_delta: sample.ticks,
                }),
            }
        }
        let sizes = samples.iter().map(|sample| sample.len).collect();
        let offsets = runs.iter().map(|run| base + run.at as u32).collect();
        put(out, b"stbl", |out| {
            put(out, b"stsd", |out| {
                // A FullBox of version 0 that counts its entries.
                out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 1]);
                out.extend_from_slice(entry);
                Some(())
            })?;
            put_leaf(out, &Stts { entries: stts })?;
            if let Some(keys) = keys {
                put_leaf(out, keys)?;
            }
            put_leaf(out, &Stsc { entries: stsc })?;
            let samples = StszSamples::Different { sizes };
            put_leaf(out, &Stsz { samples })?;
            put_leaf(out, &Stco { entries: offsets })
        })
    }
}

fn ftyp(brand: Option<[u8; 4]>) -> Ftyp {
    let mut compatible_brands: Vec<FourCC> = vec![b"isom".into(), b"iso2".into(), b"mp41".into()];
    compatible_brands.extend(brand.as_ref().map(FourCC::new));
    Ftyp {
        major_brand: b"isom".into(),
        minor_version: 512,
        compatible_brands,
    }
}

fn mdhd(timescale: u32, duration: u64) -> Mdhd {
    Mdhd {
        timescale,
        duration,
        language: "und".into(),
        ..Mdhd::default()
    }
}

fn hdlr(handler: &[u8; 4], name: &str) -> Hdlr {
    Hdlr {
        handler: handler.into(),
        name: name.into(),
    }
}

/// The data lie in this file.
fn dinf(out: &mut Vec<u8>) -> Option<()> {
    put(out, b"dinf", |out| {
        put_leaf(
            out,
            &Dref {
                entries: vec![DrefEntry::Url(Url::default())],
            },
        )
    })
}

/// The track matrix (ISO/IEC 14496-12 §6.2.2) that turns the picture clockwise and moves it back to the origin.
fn turn(config: &VideoConfig) -> mp4_atom::Matrix {
    const ONE: i32 = 1 << 16;
    let (width, height) = ((config.width as i32) << 16, (config.height as i32) << 16);
    let (a, b, c, d, x, y) = match config.rotation {
        90 => (0, ONE, -ONE, 0, height, 0),
        180 => (-ONE, 0, 0, -ONE, width, height),
        270 => (0, -ONE, ONE, 0, 0, width),
        _ => (ONE, 0, 0, ONE, 0, 0),
    };
    mp4_atom::Matrix {
        a,
        b,
        u: 0,
        c,
        d,
        v: 0,
        x,
        y,
        w: 1 << 30,
    }
}
