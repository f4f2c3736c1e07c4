//! Reading what an MP4 holds (ISO/IEC 14496-12): is there a film in it that browsers play, how large, how long?
//!
//! Blocks; runs on a thread for such work. Only headers are read, never the samples.

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom},
};

use domain::{invalid::Invalid, media::MAX_CLIP_MS};
use mp4_atom::{Atom, Codec, Header, Moof, Moov, ReadAtom, ReadFrom, Trak};

use crate::{Error, Result};

/// The largest `moov` or `moof` that is read, bytes; a two-minute film has some hundred kB.
const MAX_HEADER_BYTES: u64 = 16 * 1024 * 1024;

/// A film as browsers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clip {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) duration_ms: u32,
}

fn unusable(message: impl Into<String>) -> Error {
    Invalid::new("file", message).into()
}

fn damaged() -> Error {
    unusable("This film is damaged or incomplete. Save it again as MP4 and try once more.")
}

/// Walks the boxes of a file.
pub(super) fn read<R: Read + Seek>(mut file: R) -> Result<Clip> {
    let length = file.seek(SeekFrom::End(0)).map_err(|_| damaged())?;
    file.seek(SeekFrom::Start(0)).map_err(|_| damaged())?;
    let mut moov: Option<Moov> = None;
    let mut fragments: HashMap<u32, u64> = HashMap::new();
    let mut samples = false;
    let mut at = 0;
    while at < length {
        let Some(header) = Option::<Header>::read_from(&mut file).map_err(|_| damaged())? else {
            break;
        };
        let body = file.stream_position().map_err(|_| damaged())?;
        let size = match header.size {
            Some(size) => size as u64,
            None => length.saturating_sub(body),
        };
        let end = body
            .checked_add(size)
            .filter(|end| *end <= length)
            .ok_or_else(damaged)?;
        let is_header = header.kind == Moov::KIND || header.kind == Moof::KIND;
        if is_header && size > MAX_HEADER_BYTES {
            return Err(damaged());
        }
        if header.kind == Moov::KIND {
            moov =
                Some(Moov::read_atom(&header, &mut (&mut file).take(size)).map_err(|_| damaged())?);
        } else if header.kind == Moof::KIND {
            let moof =
                Moof::read_atom(&header, &mut (&mut file).take(size)).map_err(|_| damaged())?;
            add(&mut fragments, &moof, moov.as_ref());
        } else if header.kind == mp4_atom::FourCC::new(b"mdat") {
            samples |= size > 0;
        }
        at = file.seek(SeekFrom::Start(end)).map_err(|_| damaged())?;
    }
    let moov = moov.ok_or_else(damaged)?;
    if !samples {
        return Err(unusable(
            "This film has no pictures in it. Record or cut it again.",
        ));
    }
    check(&moov, &fragments)
}

/// Adds the durations of a fragment's samples, in each track's own timescale.
fn add(fragments: &mut HashMap<u32, u64>, moof: &Moof, moov: Option<&Moov>) {
    for track in &moof.traf {
        let id = track.tfhd.track_id;
        let default = track.tfhd.default_sample_duration.or_else(|| {
            let mvex = moov?.mvex.as_ref()?;
            let trex = mvex.trex.iter().find(|trex| trex.track_id == id)?;
            Some(trex.default_sample_duration)
        });
        let default = u64::from(default.unwrap_or(0));
        let sum = fragments.entry(id).or_default();
        for run in &track.trun {
            let ticks = match &run.samples {
                mp4_atom::TrunSamples::Inherited { count, .. } => {
                    default.saturating_mul(u64::from(*count))
                }
                mp4_atom::TrunSamples::Explicit(samples) => {
                    samples.iter().fold(0, |sum: u64, sample| {
                        sum.saturating_add(sample.duration.map_or(default, u64::from))
                    })
                }
            };
            *sum = sum.saturating_add(ticks);
        }
    }
}

enum Track {
    /// Width and height in pixels as coded.
    Film(u32, u32),
    Sound,
    Other,
}

/// What browsers play in an MP4: AVC, VP8, VP9, AV1 (and HEVC where the machine can), with AAC, MP3, Opus or FLAC.
fn check_track(track: &Trak) -> Result<Track> {
    let Some(codec) = track.mdia.minf.stbl.stsd.codecs.first() else {
        return Ok(Track::Other);
    };
    let visual = match codec {
        Codec::Avc1(codec) => Some(&codec.visual),
        Codec::Vp08(codec) => Some(&codec.visual),
        Codec::Vp09(codec) => Some(&codec.visual),
        Codec::Av01(codec) => Some(&codec.visual),
        Codec::Hvc1(codec) => Some(&codec.visual),
        Codec::Hev1(codec) => Some(&codec.visual),
        _ => None,
    };
    if let Some(visual) = visual {
        return Ok(Track::Film(
            u32::from(visual.width),
            u32::from(visual.height),
        ));
    }
    let handler = track.mdia.hdlr.handler;
    match codec {
        Codec::Mp4a(_) | Codec::Mp3(_) | Codec::Opus(_) | Codec::Flac(_) => Ok(Track::Sound),
        _ if handler == mp4_atom::FourCC::new(b"vide") => Err(unusable(
            "Browsers cannot play the pictures of this film. Save it as MP4 with H.264, VP9 or AV1.",
        )),
        _ if handler == mp4_atom::FourCC::new(b"soun") => Err(unusable(
            "Browsers cannot play the sound of this film. Save it as MP4 with AAC or Opus, or without sound.",
        )),
        _ => Ok(Track::Other),
    }
}

fn ms(ticks: u64, timescale: u32) -> u64 {
    let ms = u128::from(ticks) * 1000 / u128::from(timescale.max(1));
    u64::try_from(ms).unwrap_or(u64::MAX)
}

fn check(moov: &Moov, fragments: &HashMap<u32, u64>) -> Result<Clip> {
    let mut film = None;
    for track in &moov.trak {
        if let Track::Film(width, height) = check_track(track)?
            && film.is_none()
        {
            film = Some((track, width, height));
        }
    }
    let (track, width, height) = film.ok_or_else(|| {
        unusable("There are no moving pictures in this file, only sound. Choose a film.")
    })?;
    if width == 0 || height == 0 || width > 8192 || height > 8192 {
        return Err(unusable(format!(
            "This film says it is {width} × {height} pixels. Save it with at most 8192 on a side."
        )));
    }
    let timescale = track.mdia.mdhd.timescale;
    let fragmented = fragments.get(&track.tkhd.track_id).copied().unwrap_or(0);
    let duration_ms = match track.mdia.mdhd.duration {
        // All ones means unknown (§8.4.2.3).
        0 | u64::MAX | 0xffff_ffff => ms(fragmented, timescale),
        ticks => ms(ticks.max(fragmented), timescale),
    };
    if duration_ms == 0 {
        return Err(unusable("This film has no length. Record or cut it again."));
    }
    if duration_ms > MAX_CLIP_MS {
        return Err(unusable(format!(
            "This film is {} seconds long; the most is {}. Cut it shorter.",
            duration_ms.div_ceil(1000),
            MAX_CLIP_MS / 1000
        )));
    }
    // Turned by a quarter: the matrix exchanges the axes (§6.2.2).
    let matrix = &track.tkhd.matrix;
    let turned = matrix.a == 0 && matrix.d == 0 && matrix.b != 0 && matrix.c != 0;
    let (width, height) = if turned {
        (height, width)
    } else {
        (width, height)
    };
    Ok(Clip {
        width,
        height,
        duration_ms: u32::try_from(duration_ms).map_err(Error::internal)?,
    })
}
