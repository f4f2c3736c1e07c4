//! Sample entries: how an MP4 names a codec and carries its configuration.

use mp4_atom::{
    Audio, Av1c, Avcc, Compressor, Dops, Encode, Esds, Visual, VpcC,
    esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig},
};

use super::boxes::{leaf, put, put_leaf};
use crate::log::record::{AudioConfig, VideoConfig};

/// Opus always counts in 48 kHz (RFC 7845 §5.1).
const OPUS_RATE: u32 = 48_000;

/// What libopus' encoder asks a decoder to drop, in 48 kHz samples, where no header says so.
const OPUS_PRE_SKIP: u16 = 312;

/// A picture track's entry.
#[derive(Debug, Clone)]
pub struct VideoEntry {
    /// The sample entry, a whole box.
    pub entry: Vec<u8>,
    /// The brand that a file with it should name, beside those of all files.
    pub brand: Option<[u8; 4]>,
}

/// A sound track's entry.
#[derive(Debug, Clone)]
pub struct AudioEntry {
    /// The sample entry, a whole box.
    pub entry: Vec<u8>,
    /// Ticks per second.
    pub rate: u32,
    /// Ticks by which the decoder's output lags.
    pub pre_skip: u16,
    /// A packet of 20 ms of silence after which a decoder owes nothing to what was before, where the codec has one.
    pub silence: Option<[u8; SILENCE]>,
}

/// Length of [`AudioEntry::silence`], bytes.
pub const SILENCE: usize = 3;

/// The entry of a video track. `first` is its first encoded picture.
///
/// `None` where the codec is none of H.264, VP8, VP9, AV1, or the configuration is damaged.
#[must_use]
pub fn video(config: &VideoConfig, first: &[u8]) -> Option<VideoEntry> {
    let visual = Visual {
        data_reference_index: 1,
        width: u16::try_from(config.width).ok()?,
        height: u16::try_from(config.height).ok()?,
        compressor: Compressor::default(),
        ..Visual::default()
    };
    let mut parts = config.codec.split('.');
    let family = parts.next()?;
    let kind = match family {
        "avc1" | "avc3" => b"avc1",
        "vp09" => b"vp09",
        "vp8" | "vp08" => b"vp08",
        "av01" => b"av01",
        _ => return None,
    };
    let mut entry = Vec::new();
    put(&mut entry, kind, |out| {
        visual.encode(out).ok()?;
        let own = match kind {
            b"avc1" => put_leaf(out, &leaf::<Avcc>(&config.description)?),
            b"vp09" => {
                // vp09.PP.LL.DD[.CC.cp.tc.mc.FF] (VP codec ISO media file format binding)
                let mut number = || parts.next()?.parse::<u8>().ok();
                put_leaf(
                    out,
                    &VpcC {
                        profile: number()?,
                        level: number()?,
                        bit_depth: number().unwrap_or(8),
                        chroma_subsampling: number().unwrap_or(1),
                        ..VpcC::default()
                    },
                )
            }
            b"vp08" => put_leaf(
                out,
                &VpcC {
                    chroma_subsampling: 1,
                    ..VpcC::default()
                },
            ),
            _ if config.description.is_empty() => put_leaf(out, &av1c(parts, first)?),
            _ => put_leaf(out, &leaf::<Av1c>(&config.description)?),
        };
        own?;
        // Without it, players guess by the size of the picture.
        match config.colour {
            Some(colour) => put(out, b"colr", |out| {
                out.extend_from_slice(b"nclx");
                for part in [colour.primaries, colour.transfer, colour.matrix] {
                    out.extend_from_slice(&[0, part]);
                }
                out.push(if colour.full { 0x80 } else { 0 });
                Some(())
            }),
            None => Some(()),
        }
    })?;
    let brand = matches!(kind, b"avc1" | b"av01").then_some(*kind);
    Some(VideoEntry { entry, brand })
}

/// AV1's configuration from its codec string `av01.P.LLT.DD` (AV1 ISO media file format binding §5) and the sequence
/// header in the first picture.
fn av1c<'a>(mut parts: impl Iterator<Item = &'a str>, first: &[u8]) -> Option<Av1c> {
    let seq_profile = parts.next()?.parse().ok()?;
    let level = parts.next()?;
    let (digits, tier) = level.split_at_checked(level.len().checked_sub(1)?)?;
    let depth: u8 = parts
        .next()
        .and_then(|depth| depth.parse().ok())
        .unwrap_or(8);
    Some(Av1c {
        seq_profile,
        seq_level_idx_0: digits.parse().ok()?,
        seq_tier_0: tier == "H",
        high_bitdepth: depth > 8,
        twelve_bit: depth > 10,
        chroma_subsampling_x: true,
        chroma_subsampling_y: true,
        config_obus: sequence_header(first).unwrap_or_default().to_vec(),
        ..Av1c::default()
    })
}

/// The sequence header OBU, with its header, of an AV1 temporal unit (AV1 specification §5.3).
fn sequence_header(unit: &[u8]) -> Option<&[u8]> {
    const SEQUENCE_HEADER: u8 = 1;
    let mut at = 0;
    loop {
        let head = *unit.get(at)?;
        let extended = usize::from(head >> 2 & 1);
        if head & 2 == 0 {
            return None; // without a size it would run to the end of the unit
        }
        let (size, bytes) = leb128(unit.get(at + 1 + extended..)?)?;
        let end = (at + 1 + extended + bytes).checked_add(size)?;
        let whole = unit.get(at..end)?;
        if head >> 3 & 15 == SEQUENCE_HEADER {
            return Some(whole);
        }
        at = end;
    }
}

fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (i, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, i + 1));
        }
    }
    None
}

/// The entry of a sound track; `None` where the codec is neither Opus nor AAC.
#[must_use]
pub fn audio(config: &AudioConfig) -> Option<AudioEntry> {
    let channel_count = u16::try_from(config.channels).ok()?.max(1);
    if config.codec == "opus" {
        // An identification header (RFC 7845 §5.1): "OpusHead", version, channels, pre-skip (LE), …
        let pre_skip = match config.description.get(..12) {
            Some(head) if head.starts_with(b"OpusHead") => u16::from_le_bytes([head[10], head[11]]),
            _ => OPUS_PRE_SKIP,
        };
        let audio = Audio {
            data_reference_index: 1,
            channel_count,
            sample_size: 16,
            sample_rate: (OPUS_RATE as u16).into(),
        };
        let dops = Dops {
            output_channel_count: u8::try_from(channel_count)
                .ok()
                .filter(|count| *count <= 2)?,
            pre_skip,
            input_sample_rate: config.rate,
            output_gain: 0,
            channel_mapping: None,
        };
        let mut entry = Vec::new();
        put(&mut entry, b"Opus", |out| {
            audio.encode(out).ok()?;
            put_leaf(out, &dops)
        })?;
        return Some(AudioEntry {
            entry,
            rate: OPUS_RATE,
            pre_skip,
            // One frame of 20 ms, CELT over the full band (RFC 6716 §3.1: configuration 31, then whether it is stereo), whose
            // first bit says that it is silent (§4.3).
            silence: Some([if channel_count == 2 { 0xfc } else { 0xf8 }, 0xff, 0xfe]),
        });
    }
    if !config.codec.starts_with("mp4a.40") || config.description.is_empty() || config.rate == 0 {
        return None;
    }
    let audio = Audio {
        data_reference_index: 1,
        channel_count,
        sample_size: 16,
        sample_rate: u16::try_from(config.rate).unwrap_or(0).into(),
    };
    let es_desc = EsDescriptor {
        es_id: 0,
        depends_on_es_id: None,
        url: None,
        ocr_es_id: None,
        stream_priority: 0,
        dec_config: DecoderConfig {
            object_type_indication: 0x40, // ISO/IEC 14496-3
            stream_type: 5,               // audio
            up_stream: 0,
            buffer_size_db: [0; 3].into(),
            max_bitrate: 0,
            avg_bitrate: 0,
            dec_specific: Some(DecoderSpecific {
                raw: config.description.clone(),
                ..DecoderSpecific::default()
            }),
        },
        sl_config: SLConfig::default(),
    };
    let mut entry = Vec::new();
    put(&mut entry, b"mp4a", |out| {
        audio.encode(out).ok()?;
        put_leaf(out, &Esds { es_desc })
    })?;
    Some(AudioEntry {
        entry,
        rate: config.rate,
        pre_skip: 0,
        silence: None,
    })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use mp4_atom::{Codec, Decode};

    use super::*;

    /// The entry as mp4_atom, which knows them all, reads it.
    fn read(picture: Option<VideoEntry>) -> Codec {
        Codec::decode(&mut picture.expect("an entry").entry.as_slice()).expect("a whole entry")
    }

    fn config(codec: &str, description: &[u8]) -> VideoConfig {
        VideoConfig {
            codec: codec.into(),
            width: 640,
            height: 360,
            rotation: 0,
            description: description.into(),
            colour: None,
        }
    }

    #[test]
    fn codec_strings_become_entries() {
        let Codec::Vp09(vp09) = read(video(&config("vp09.00.31.08", &[]), &[])) else {
            panic!("VP9")
        };
        assert_eq!(
            (vp09.vpcc.profile, vp09.vpcc.level, vp09.vpcc.bit_depth),
            (0, 31, 8)
        );
        // temporal delimiter (empty), sequence header of two bytes, a frame
        let unit = [0x12, 0, 0x0a, 2, 0xaa, 0xbb, 0x32, 1, 9];
        let Codec::Av01(av01) = read(video(&config("av01.0.05M.08", &[]), &unit)) else {
            panic!("AV1")
        };
        assert_eq!(
            (av01.av1c.seq_level_idx_0, av01.av1c.seq_tier_0),
            (5, false)
        );
        assert_eq!(av01.av1c.config_obus, [0x0a, 2, 0xaa, 0xbb]);
        assert!(matches!(
            read(video(&config("vp8", &[]), &[])),
            Codec::Vp08(_)
        ));
        assert!(video(&config("hev1.1.6.L93", &[]), &[]).is_none());
        assert!(
            video(&config("avc1.42e01e", &[1, 2]), &[]).is_none(),
            "a damaged record"
        );
        assert!(
            video(
                &VideoConfig {
                    width: 70_000,
                    ..config("vp8", &[])
                },
                &[]
            )
            .is_none()
        );
    }

    #[test]
    fn damaged_units_have_no_sequence_header() {
        for unit in [
            &[][..],
            &[0x0a],
            &[0x0a, 200, 1],
            &[0x08, 1, 1],
            &[0x0a, 0x80, 0x80, 0x80, 0x80, 1],
        ] {
            assert_eq!(sequence_header(unit), None);
        }
    }

    #[test]
    fn sound_keeps_its_delay() {
        let mut head = b"OpusHead\x01\x02".to_vec();
        head.extend_from_slice(&[0x00, 0x0f]);
        let opus = AudioConfig {
            codec: "opus".into(),
            rate: 44_100,
            channels: 2,
            description: head,
        };
        assert_eq!(
            audio(&opus).map(|s| (s.rate, s.pre_skip)),
            Some((48_000, 3840))
        );
        let bare = AudioConfig {
            description: Vec::new(),
            ..opus
        };
        assert_eq!(audio(&bare).map(|s| s.pre_skip), Some(312));
        let aac = AudioConfig {
            codec: "mp4a.40.2".into(),
            rate: 44_100,
            channels: 1,
            description: vec![0x12, 0x08],
        };
        assert_eq!(audio(&aac).map(|s| s.rate), Some(44_100));
        assert!(
            audio(&AudioConfig {
                codec: "flac".into(),
                ..aac
            })
            .is_none()
        );
    }
}
