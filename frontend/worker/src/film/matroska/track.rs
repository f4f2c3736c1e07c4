//! A track entry (RFC 9559 §5.1.4) as what decodes it, in WebCodecs' terms (codec mappings: the Matroska codec registry and the WebCodecs codec registry).

use super::{
    super::{Look, avc, encoding, pcm, track},
    ebml,
};
use crate::log::record::{AudioConfig, Colour, VideoConfig};

const NUMBER: u32 = 0xd7;
const TYPE: u32 = 0x83;
const ENABLED: u32 = 0xb9;
const DEFAULT: u32 = 0x88;
const CODEC: u32 = 0x86;
const CODEC_PRIVATE: u32 = 0x63a2;
const CODEC_DELAY: u32 = 0x56aa;
const DEFAULT_DURATION: u32 = 0x23_e383;
const ENCODINGS: u32 = 0x6d80;
const VIDEO: u32 = 0xe0;
const WIDTH: u32 = 0xb0;
const HEIGHT: u32 = 0xba;
const CROPS: [u32; 4] = [0x54cc, 0x54dd, 0x54bb, 0x54aa];
const SHOWN_WIDTH: u32 = 0x54b0;
const SHOWN_HEIGHT: u32 = 0x54ba;
const SHOWN_UNIT: u32 = 0x54b2;
const COLOUR: u32 = 0x55b0;
const MATRIX: u32 = 0x55b1;
const RANGE: u32 = 0x55b9;
const TRANSFER: u32 = 0x55ba;
const PRIMARIES: u32 = 0x55bb;
const PROJECTION: u32 = 0x7670;
const PROJECTION_TYPE: u32 = 0x7671;
const YAW: u32 = 0x7673;
const ROLL: u32 = 0x7675;
const AUDIO: u32 = 0xe1;
const RATE: u32 = 0xb5;
const CHANNELS: u32 = 0x9f;
const BITS: u32 = 0x6264;

/// How it is decoded.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Video(VideoConfig),
    Audio(AudioConfig),
}

/// A track of picture or sound.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) is_video: bool,
    /// Whether it is the one to play where nobody chose.
    pub(super) is_main: bool,
    /// How it is decoded; `None` for what cannot be: an encoding that is not known here, compressed or encrypted samples.
    pub(super) kind: Option<Kind>,
    /// What its encoding is called.
    pub(super) name: String,
    pub(super) look: Look,
    /// What its times are late by, µs: decoders need it before the first sample that is heard.
    pub(super) delay_us: i64,
    /// Duration of a sample, µs; 0 where it is not told.
    pub(super) frame_us: u32,
    /// Its parameters are in its first picture only, which is still to be seen.
    pub(super) in_stream: bool,
}

impl Entry {
    /// `None` for what is neither picture nor sound.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let codec = std::str::from_utf8(ebml::child(body, CODEC)?).ok()?;
        let codec = codec.trim_end_matches('\0');
        let private = ebml::child(body, CODEC_PRIVATE).unwrap_or_default();
        let is_video = match ebml::number(body, TYPE)? {
            1 => true,
            2 => false,
            _ => return None,
        };
        let (mut kind, mut look, mut in_stream) = (None, Look::default(), false);
        if ebml::child(body, ENCODINGS).is_some() {
        } else if is_video {
            if let Some((config, drawn, waits)) = video(body, codec, private) {
                (kind, look, in_stream) = (Some(Kind::Video(config)), drawn, waits);
            }
        } else {
            kind = audio(body, codec, private).map(Kind::Audio);
        }
        let us = |id: u32| ebml::number(body, id).unwrap_or(0) / 1000;
        let mut frame_us = u32::try_from(us(DEFAULT_DURATION)).unwrap_or(0);
        if let (0, Some(Kind::Audio(config))) = (frame_us, &kind) {
            frame_us = packet_us(config);
        }
        Some(Self {
            number: ebml::number(body, NUMBER)?,
            is_video,
            is_main: ebml::number(body, DEFAULT) != Some(0)
                && ebml::number(body, ENABLED) != Some(0),
            kind,
            name: encoding::of_matroska(codec, private),
            look,
            delay_us: i64::try_from(us(CODEC_DELAY)).ok()?,
            frame_us,
            in_stream,
        })
    }

    /// Takes the parameters out of the first picture, or what is read of it.
    pub(super) fn look_into(&mut self, picture: &[u8]) {
        self.in_stream = false;
        let Some(Kind::Video(config)) = &mut self.kind else {
            return;
        };
        let Some(told) = avc::in_stream(picture) else {
            self.kind = None;
            return;
        };
        let [profile, compatibility, level] = told.profile;
        config.codec = format!("avc1.{profile:02x}{compatibility:02x}{level:02x}");
        if self.look.aspect == (1, 1) {
            self.look.aspect = told.aspect.unwrap_or((1, 1));
        }
        config.colour = Some(Colour::settled(
            config.colour.or(told.colour),
            config.height,
        ));
    }
}

/// How long a packet is that says nothing of itself, µs; 0 where packets differ.
fn packet_us(config: &AudioConfig) -> u32 {
    let samples = match config.codec.as_str() {
        "mp3" if config.rate < 32_000 => 576,
        "mp3" => 1152,
        "mp4a.40.2" => 1024,
        _ => return 0,
    };
    samples * 1_000_000 / config.rate.max(1)
}

/// The configuration, how it is drawn, and whether the parameters are in the first picture.
fn video(body: &[u8], codec: &str, private: &[u8]) -> Option<(VideoConfig, Look, bool)> {
    let about = ebml::child(body, VIDEO)?;
    let side = |id: u32| u32::try_from(ebml::number(about, id)?).ok();
    let (width, height) = (side(WIDTH)?, side(HEIGHT)?);
    let mut colour = ebml::child(about, COLOUR).and_then(colour);
    let mut aspect = aspect(about, (width, height));
    let in_stream = codec == "V_MPEG4/ISO/AVC" && private.first() != Some(&1);
    // What the stream itself says goes before this in a decoder.
    if matches!(codec, "V_VP8" | "V_VP9" | "V_AV1") {
        colour = Some(Colour::settled(colour, height));
    }
    let (codec, description) = match codec {
        "V_VP8" => ("vp8".to_owned(), &[][..]),
        "V_VP9" => (vp9(private), &[][..]),
        "V_AV1" => (track::av1(private)?, private),
        "V_MPEG4/ISO/AVC" if in_stream => (String::new(), &[][..]),
        "V_MPEG4/ISO/AVC" => {
            let told = avc::in_record(private);
            aspect = aspect.or(told.and_then(|told| told.aspect));
            colour = Some(Colour::settled(
                colour.or(told.and_then(|told| told.colour)),
                height,
            ));
            (track::avc(private)?, private)
        }
        "V_MPEGH/ISO/HEVC" => (track::hevc("hvc1", private)?, private),
        _ => return None,
    };
    let (rotation, mirrored) = ebml::child(about, PROJECTION).map_or((0, false), turn);
    let config = VideoConfig {
        codec,
        width,
        height,
        rotation,
        description: description.to_vec(),
        colour,
    };
    let aspect = aspect.unwrap_or((1, 1));
    Some((config, Look { aspect, mirrored }, in_stream))
}

/// The shape of a pixel, from the size that the picture is shown at.
fn aspect(about: &[u8], (width, height): (u32, u32)) -> Option<(u32, u32)> {
    let side = |id: u32| u32::try_from(ebml::number(about, id)?).ok();
    // Pixels and lengths and ratios alike; 4 says that nobody knows.
    if side(SHOWN_UNIT) == Some(4) {
        return None;
    }
    let (shown_width, shown_height) = (side(SHOWN_WIDTH)?, side(SHOWN_HEIGHT)?);
    let [left, right, top, bottom] = CROPS.map(|id| side(id).unwrap_or(0));
    let width = width.checked_sub(left)?.checked_sub(right)?;
    let height = height.checked_sub(top)?.checked_sub(bottom)?;
    let aspect = (
        shown_width.checked_mul(height)?,
        shown_height.checked_mul(width)?,
    );
    (aspect.0 > 0 && aspect.1 > 0).then_some(aspect)
}

fn colour(about: &[u8]) -> Option<Colour> {
    let part = |id: u32| {
        ebml::number(about, id)
            .and_then(|n| u8::try_from(n).ok())
            .unwrap_or(2)
    };
    let colour = Colour {
        primaries: part(PRIMARIES),
        transfer: part(TRANSFER),
        matrix: part(MATRIX),
        full: ebml::number(about, RANGE) == Some(2),
    };
    let told = [colour.primaries, colour.transfer, colour.matrix]
        .iter()
        .any(|&part| part != 2);
    (told || colour.full).then_some(colour)
}

/// Clockwise quarter turns, degrees, and whether it is turned over before: a flat picture's roll, which counts the other way, and
/// a yaw of half a turn.
fn turn(projection: &[u8]) -> (u16, bool) {
    if ebml::number(projection, PROJECTION_TYPE).unwrap_or(0) != 0 {
        return (0, false);
    }
    let angle = |id: u32| {
        ebml::float(projection, id)
            .filter(|a| a.is_finite())
            .unwrap_or(0.0)
    };
    let quarters = (-angle(ROLL) / 90.0).round().rem_euclid(4.0) as u16;
    (quarters * 90, angle(YAW).abs() == 180.0)
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
    let bits = ebml::number(about, BITS)
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(16);
    let codec = match codec {
        "A_PCM/INT/LIT" => pcm::Format::integer(bits, bits > 8, false)?.name(),
        "A_PCM/INT/BIG" => pcm::Format::integer(bits, bits > 8, true)?.name(),
        "A_PCM/FLOAT/IEEE" => pcm::Format::float(bits, false)?.name(),
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
            .clamp(1, 64),
        codec,
        description: description.to_vec(),
    })
}
