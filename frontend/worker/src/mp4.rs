//! Writes a clip as a progressive MP4 (ISO/IEC 14496-12): `ftyp`, `moov`, `mdat`, so that it plays while it loads.
//!
//! Picture times are kept to the microsecond (timescale 1 000 000). Sound keeps its own sample rate, and an edit list
//! says which of its samples are heard: packets before the start only warm the decoder up.

use std::ops::Range;

use mp4_atom::{
    Dref, DrefEntry, Elst, ElstEntry, FourCC, Ftyp, Hdlr, Mdhd, Mvhd, Smhd, Stco, Stsc, StscEntry,
    Stss, Stsz, StszSamples, Stts, SttsEntry, Tkhd, Url, Vmhd,
};

use crate::{
    boxes::{put, put_leaf},
    cut::Span,
    entry,
    index::{Chunk, Index},
    record::{AudioConfig, VideoConfig},
};

/// Ticks per second of the movie and of the video track.
const TIMESCALE: u32 = 1_000_000;

/// The longest that an Opus decoder's output lags its input, µs (RFC 7845 recommends up to 80 ms of pre-skip; encoders
/// in browsers use 6.5 ms).
pub const OPUS_DELAY_US: i64 = 20_000;

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
pub struct Layout<'a> {
    span: Span<'a>,
    video: Option<&'a VideoConfig>,
    audio: Option<&'a AudioConfig>,
    pieces: Vec<Piece>,
    runs: Vec<Run>,
    len: usize,
}

impl<'a> Layout<'a> {
    /// Lays out a span; `None` where it is larger than an MP4 without 64-bit offsets can hold (4 GB).
    #[must_use]
    pub fn new(index: &'a Index, span: &Span<'a>) -> Option<Self> {
        let video = span
            .video
            .first()
            .and_then(|chunk| index.video_configs.get(usize::from(chunk.config)));
        let audio = span
            .audio
            .first()
            .and_then(|chunk| index.audio_configs.get(usize::from(chunk.config)));
        let mut layout = Self {
            span: span.clone(),
            video,
            audio,
            pieces: Vec::new(),
            runs: Vec::new(),
            len: 0,
        };
        let (mut pictures, mut sounds) = (span.video, span.audio);
        let mut until = span.start_us;
        while !(pictures.is_empty() && sounds.is_empty()) {
            until += RUN_US;
            pictures = layout.run(true, pictures, until);
            sounds = layout.run(false, sounds, until);
        }
        u32::try_from(layout.len).ok()?.checked_add(64 << 20)?;
        Some(layout)
    }

    fn run(&mut self, video: bool, chunks: &'a [Chunk], until: i64) -> &'a [Chunk] {
        let (now, later) = chunks.split_at(chunks.partition_point(|chunk| chunk.t_us < until));
        if !now.is_empty() {
            self.runs.push(Run {
                video,
                samples: now.len() as u32,
                at: self.len,
            });
        }
        for chunk in now {
            let to = self.len..self.len + chunk.len as usize;
            self.len = to.end;
            self.pieces.push(Piece { from: chunk.at, to });
        }
        later
    }

    /// Length of the media data, bytes.
    #[must_use]
    pub fn media_len(&self) -> usize {
        self.len
    }

    /// What to fetch, in the order of the file.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The file around `media`; `None` where a codec's configuration does not fit an MP4.
    #[must_use]
    pub fn file(&self, media: Vec<u8>) -> Option<Vec<u8>> {
        let first_picture = self
            .span
            .video
            .first()
            .and_then(|chunk| media.get(..chunk.len as usize));
        let video = match self.video {
            Some(config) => Some(entry::video(config, first_picture?)?),
            None => None,
        };
        let audio = match self.audio {
            Some(config) => Some(entry::audio(config)?),
            None => None,
        };
        let mut head = Vec::new();
        put_leaf(
            &mut head,
            &ftyp(video.as_ref().and_then(|video| video.brand)),
        )?;
        // The offsets depend on the length of the box that holds them; its length does not depend on their values.
        let mut moov = Vec::new();
        self.moov(&mut moov, video.as_ref(), audio.as_ref(), 0)?;
        let base = u32::try_from(head.len() + moov.len() + 8).ok()?;
        self.moov(&mut head, video.as_ref(), audio.as_ref(), base)?;
        head.extend_from_slice(&u32::try_from(media.len() + 8).ok()?.to_be_bytes());
        head.extend_from_slice(b"mdat");
        head.extend_from_slice(&media);
        Some(head)
    }

    fn length_us(&self) -> u64 {
        u64::try_from(self.span.end_us - self.span.start_us).unwrap_or(0)
    }

    fn moov(
        &self,
        out: &mut Vec<u8>,
        video: Option<&entry::Picture>,
        audio: Option<&entry::Sound>,
        base: u32,
    ) -> Option<()> {
        let video = video.zip(self.video);
        let tracks = u32::from(video.is_some()) + u32::from(audio.is_some());
        put(out, b"moov", |out| {
            put_leaf(
                out,
                &Mvhd {
                    timescale: TIMESCALE,
                    duration: self.length_us(),
                    rate: 1.into(),
                    volume: 1.into(),
                    next_track_id: tracks + 1,
                    ..Mvhd::default()
                },
            )?;
            if let Some((picture, config)) = video {
                self.video_track(out, picture, config, base)?;
            }
            match audio {
                Some(sound) => self.audio_track(out, sound, tracks, base),
                None => Some(()),
            }
        })
    }

    fn video_track(
        &self,
        out: &mut Vec<u8>,
        picture: &entry::Picture,
        config: &VideoConfig,
        base: u32,
    ) -> Option<()> {
        let mut lengths = Vec::with_capacity(self.span.video.len());
        for (i, chunk) in self.span.video.iter().enumerate() {
            let next = self
                .span
                .video
                .get(i + 1)
                .map_or(self.span.end_us, |next| next.t_us);
            lengths.push(u32::try_from(next - chunk.t_us).unwrap_or(0));
        }
        let keys = self
            .span
            .video
            .iter()
            .zip(1..)
            .filter(|(chunk, _)| chunk.key)
            .map(|(_, number)| number)
            .collect();
        let tkhd = Tkhd {
            track_id: 1,
            duration: self.length_us(),
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
                put_leaf(out, &mdhd(TIMESCALE, self.length_us()))?;
                put_leaf(out, &hdlr(b"vide", "video"))?;
                put(out, b"minf", |out| {
                    put_leaf(out, &Vmhd::default())?;
                    dinf(out)?;
                    let keys = Stss { entries: keys };
                    self.table(out, &picture.entry, Some(&keys), lengths, base)
                })
            })
        })
    }

    fn audio_track(
        &self,
        out: &mut Vec<u8>,
        sound: &entry::Sound,
        track_id: u32,
        base: u32,
    ) -> Option<()> {
        let ticks = Ticks { rate: sound.rate };
        let first_us = self
            .span
            .audio
            .first()
            .map_or(self.span.start_us, |chunk| chunk.t_us);
        let lengths = packet_lengths(self.span.audio, sound.rate);
        let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        // What is heard first: the sample shown at the start, or the first there is, after a silent gap.
        let gap_us = (first_us - self.span.start_us).max(0);
        let skip =
            ticks.of(self.span.start_us - first_us).max(0) as u64 + u64::from(sound.pre_skip);
        let wanted = ticks
            .of(self.span.end_us - self.span.start_us - gap_us)
            .max(0) as u64;
        let heard = wanted.min(total.saturating_sub(skip));
        let mut entries = Vec::new();
        if gap_us > 0 {
            entries.push(ElstEntry {
                segment_duration: gap_us as u64,
                media_time: None,
                media_rate: 1.into(),
            });
        }
        entries.push(ElstEntry {
            segment_duration: ticks.to_us(heard),
            media_time: Some(skip),
            media_rate: 1.into(),
        });
        let tkhd = Tkhd {
            track_id,
            duration: gap_us as u64 + ticks.to_us(heard),
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
                put_leaf(out, &mdhd(sound.rate, total))?;
                put_leaf(out, &hdlr(b"soun", "sound"))?;
                put(out, b"minf", |out| {
                    put_leaf(out, &Smhd::default())?;
                    dinf(out)?;
                    self.table(out, &sound.entry, None, lengths, base)
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
        lengths: Vec<u32>,
        base: u32,
    ) -> Option<()> {
        let video = keys.is_some();
        let chunks = if video {
            self.span.video
        } else {
            self.span.audio
        };
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
        for sample_delta in lengths {
            match stts.last_mut() {
                Some(last) if last.sample_delta == sample_delta => last.sample_count += 1,
                _ => stts.push(SttsEntry {
                    sample_count: 1,
                    sample_delta,
                }),
            }
        }
        let sizes = chunks.iter().map(|chunk| chunk.len).collect();
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

struct Ticks {
    rate: u32,
}

impl Ticks {
    fn of(&self, us: i64) -> i64 {
        // Rounded to the nearest tick.
        (us * i64::from(self.rate) + 500_000).div_euclid(1_000_000)
    }

    fn to_us(&self, ticks: u64) -> u64 {
        (ticks * 1_000_000 + u64::from(self.rate) / 2) / u64::from(self.rate.max(1))
    }
}

/// Length of each packet in ticks: its own, lengthened where sound is missing after it. Timestamps that only tremble
/// (encoders round to microseconds, sound cards drift) do not show: the sum stays within 10 ms of the true time.
fn packet_lengths(chunks: &[Chunk], rate: u32) -> Vec<u32> {
    let ticks = Ticks { rate };
    let tolerance = i64::from(rate / 100);
    let Some(first) = chunks.first() else {
        return Vec::new();
    };
    let mut at = 0_i64;
    let mut out = Vec::with_capacity(chunks.len());
    for (i, chunk) in chunks.iter().enumerate() {
        let own = ticks.of(i64::from(chunk.duration_us)).max(1);
        let length = match chunks.get(i + 1) {
            Some(next) => {
                let due = ticks.of(next.t_us - first.t_us);
                if (due - (at + own)).abs() <= tolerance {
                    own
                } else {
                    (due - at).max(1)
                }
            }
            None => own,
        };
        at += length;
        out.push(u32::try_from(length).unwrap_or(u32::MAX));
    }
    out
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
