//! A track entry (RFC 9559 §5.1.4) as what decodes it, in WebCodecs' terms (codec mappings: the Matroska codec registry and the WebCodecs codec registry).

use super::{super::track, ebml};
use crate::log::record::{AudioConfig, VideoConfig};

const NUMBER: u32 = 0xd7;
const TYPE: u32 = 0x83;
const CODEC: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63a2;
const CODEC_DELAY: u32 = 0x56aa;
const DEFAULT_DURATION: u32 = 0x23_e383;
const ENCODINGS: u32 = 0x6d80;
const VIDEO: u32 = 0xe0;
const WIDTH: u32 = 0xb0;
const HEIGHT: u32 = 0xba;
const AUDIO: u32 = 0xe1;
const RATE: u32 = 0xb5;
const CHANNELS: u32 = 0x9f;

/// How it is decoded.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Video(VideoConfig),
    Audio(AudioConfig),
}

/// A track that can be decoded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) kind: Kind,
    /// What its times are late by, µs: decoders need it before the first sample that is heard.
    pub(super) delay_us: i64,
    /// Duration of a sample, µs; 0 where it is not told.
    pub(super) frame_us: u32,
}

/// Whether it is sound, of whatever encoding.
pub(super) fn is_sound(body: &[u8]) -> bool {
    ebml::number(body, TYPE) == Some(2)
}

impl Entry {
    /// `None` for what cannot be decoded: an encoding that is not known here, compressed or encrypted samples, subtitles.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        if ebml::child(body, ENCODINGS).is_some() {
            return None;
        }
        let codec = std::str::from_utf8(ebml::child(body, CODEC)?).ok()?;
        let codec = codec.trim_end_matches('\0');
        let private = ebml::child(body, CODEC_PRIVATE).unwrap_or_default();
        let kind = match ebml::number(body, TYPE)? {
            1 => Kind::Video(video(body, codec, private)?),
            2 => Kind::Audio(audio(body, codec, private)?),
            _ => return None,
        };
        let us = |id: u32| ebml::number(body, id).unwrap_or(0) / 1000;
        Some(Self {
            number: ebml::number(body, NUMBER)?,
            kind,
            delay_us: i64::try_from(us(CODEC_DELAY)).ok()?,
            frame_us: u32::try_from(us(DEFAULT_DURATION)).unwrap_or(0),
        })
    }

    pub(super) fn is_video(&self) -> bool {
        matches!(self.kind, Kind::Video(_))
    }
}

fn video(body: &[u8], codec: &str, private: &[u8]) -> Option<VideoConfig> {
    let size = ebml::child(body, VIDEO)?;
    let side = |id: u32| u32::try_from(ebml::number(size, id)?).ok();
    let (codec, description) = match codec {
        "V_VP8" => ("vp8".to_owned(), &[][..]),
        "V_VP9" => (vp9(private), &[][..]),
        "V_AV1" => (track::av1(private)?, private),
        "V_MPEG4/ISO/AVC" => (track::avc(private)?, private),
        "V_MPEGH/ISO/HEVC" => (track::hevc("hvc1", private)?, private),
        _ => return None,
    };
    Some(VideoConfig {
        codec,
        width: side(WIDTH)?,
        height: side(HEIGHT)?,
        rotation: 0,
        description: description.to_vec(),
    })
}

/// Profile, level and depth as WebM's codec features tell them, each a number, a length of 1 and a value; the common
/// ones where they do not.
fn vp9(private: &[u8]) -> String {
    let feature = |id: u8| {
        let found = private.chunks_exact(3).find(|f| f[0] == id && f[1] == 1);
        found.map(|f| f[2])
    };
    let (profile, level) = (feature(1).unwrap_or(0), feature(2).unwrap_or(10));
    format!(
        "vp09.{profile:02}.{level:02}.{:02}",
        feature(3).unwrap_or(8)
    )
}

fn audio(body: &[u8], codec: &str, private: &[u8]) -> Option<AudioConfig> {
    let about = ebml::child(body, AUDIO).unwrap_or_default();
    let rate = ebml::float(about, RATE).unwrap_or(8000.0) as u32;
    let codec = match codec {
        "A_OPUS" => "opus".to_owned(),
        "A_VORBIS" => "vorbis".to_owned(),
        "A_MPEG/L3" => "mp3".to_owned(),
        "A_FLAC" => "flac".to_owned(),
        // An AudioSpecificConfig begins with the object's type; 31 says that it is longer.
        "A_AAC" => format!(
            "mp4a.40.{}",
            Some(private.first()? >> 3).filter(|&o| o < 31)?
        ),
        _ => return None,
    };
    let description = if codec == "mp3" { &[][..] } else { private };
    Some(AudioConfig {
        rate: if codec == "opus" {
            48_000
        } else {
            rate.max(8000)
        },
        channels: u32::try_from(ebml::number(about, CHANNELS).unwrap_or(1))
            .ok()?
            .max(1),
        codec,
        description: description.to_vec(),
    })
}
