//! A track's decoder configuration in WebCodecs' terms: codec string and description.

use mp4_atom::{Decode, Dops, Esds, Visual};

use super::{Look, avc, encoding, movie::Trak, pcm};
use crate::{
    log::record::{AudioConfig, Colour, VideoConfig},
    mp4::boxes::{Boxes, leaf},
};

/// How a video track is decoded and drawn; `None` for an encoding that is not known here.
pub(super) fn video(trak: &Trak) -> Option<(VideoConfig, Look)> {
    let (kind, mut rest) = entry(trak)?;
    let Visual { width, height, .. } = Visual::decode(&mut rest).ok()?;
    let child = |wanted: &[u8; 4]| child(rest, wanted);
    let (width, height) = (u32::from(width), u32::from(height));
    let mut colour = child(b"colr").and_then(colr);
    let mut aspect = child(b"pasp").and_then(pasp);
    let (codec, description) = match &kind {
        b"avc1" | b"avc3" => {
            let avcc = child(b"avcC")?;
            let told = avc::in_record(avcc);
            aspect = aspect.or(told.and_then(|told| told.aspect));
            colour = colour.or(told.and_then(|told| told.colour));
            colour = Some(Colour::settled(colour, height));
            (avc(avcc)?, avcc)
        }
        b"hvc1" | b"hev1" => {
            let hvcc = child(b"hvcC")?;
            (hevc(std::str::from_utf8(&kind).ok()?, hvcc)?, hvcc)
        }
        b"vp08" => {
            colour = Some(Colour::settled(colour, height));
            ("vp8".to_owned(), &[][..])
        }
        b"vp09" => {
            let vpcc = child(b"vpcC")?;
            colour = colour.or_else(|| vpcc_colour(vpcc));
            // What the stream itself says goes before this in a decoder.
            colour = Some(Colour::settled(colour, height));
            (vp9(vpcc)?, &[][..])
        }
        b"av01" => {
            let av1c = child(b"av1C")?;
            colour = Some(Colour::settled(colour, height));
            (av1(av1c)?, av1c)
        }
        _ => return None,
    };
    let (rotation, mirrored) = turn(trak);
    let config = VideoConfig {
        codec,
        width,
        height,
        rotation,
        description: description.to_vec(),
        colour,
    };
    let aspect = aspect.unwrap_or((1, 1));
    Some((config, Look { aspect, mirrored }))
}

/// What a track's encoding is called.
pub(super) fn name(trak: &Trak) -> String {
    let Some((kind, rest)) = entry(trak) else {
        return encoding::of_picture(&[0; 4], None);
    };
    if &trak.handler == b"soun" {
        let boxes = sound_entry(rest).map_or(&[][..], |about| about.boxes);
        return encoding::of_sound(&kind, esds(boxes).map(|esds| esds.0));
    }
    let boxes = rest.get(78..).unwrap_or_default();
    encoding::of_picture(&kind, esds(boxes).map(|esds| esds.0))
}

/// A `colr` box: MP4's with numbers, or QuickTime's without a range.
fn colr(body: &[u8]) -> Option<Colour> {
    let (kind, rest) = body.split_first_chunk::<4>()?;
    if !matches!(kind, b"nclx" | b"nclc") {
        return None;
    }
    let &[_, primaries, _, transfer, _, matrix, ref rest @ ..] = rest else {
        return None;
    };
    let told = [matrix, primaries, transfer] != [2; 3];
    told.then_some(Colour {
        primaries,
        transfer,
        matrix,
        full: kind == b"nclx" && rest.first().is_some_and(|flags| flags & 0x80 != 0),
    })
}

/// A `pasp` box.
fn pasp(body: &[u8]) -> Option<(u32, u32)> {
    let (x, rest) = body.split_first_chunk()?;
    let aspect = (
        u32::from_be_bytes(*x),
        u32::from_be_bytes(*rest.first_chunk()?),
    );
    (aspect.0 > 0 && aspect.1 > 0).then_some(aspect)
}

/// The colour in a VPCodecConfigurationBox.
fn vpcc_colour(vpcc: &[u8]) -> Option<Colour> {
    let &[_, _, _, _, _, _, depth, primaries, transfer, matrix, ..] = vpcc else {
        return None;
    };
    ([matrix, primaries, transfer] != [2; 3]).then_some(Colour {
        primaries,
        transfer,
        matrix,
        full: depth & 1 != 0,
    })
}

/// The fields of a sound's sample entry: ISO's, or one of QuickTime's three (QuickTime File Format, sound sample descriptions).
struct SoundEntry<'a> {
    rate: u32,
    channels: u32,
    bits: u32,
    /// How numbers are written; only the longest kind says so.
    flags: Option<u32>,
    boxes: &'a [u8],
}

fn sound_entry(body: &[u8]) -> Option<SoundEntry<'_>> {
    let two = |at: usize| {
        Some(u32::from(u16::from_be_bytes(
            body.get(at..at + 2)?.try_into().ok()?,
        )))
    };
    let four = |at: usize| Some(u32::from_be_bytes(body.get(at..at + 4)?.try_into().ok()?));
    let version = two(8)?;
    if version == 2 {
        let rate = f64::from_be_bytes(body.get(32..40)?.try_into().ok()?);
        return Some(SoundEntry {
            rate: rate as u32,
            channels: four(40)?,
            bits: four(48)?,
            flags: four(52),
            boxes: body.get(64..)?,
        });
    }
    Some(SoundEntry {
        rate: four(24)? >> 16,
        channels: two(16)?,
        bits: two(18)?,
        flags: None,
        boxes: body.get(if version == 1 { 44 } else { 28 }..)?,
    })
}

/// Object type and private data of a stream descriptor. MOV wraps it once more (QuickTime File Format, `siDecompressionParam`).
fn esds(boxes: &[u8]) -> Option<(u8, Vec<u8>)> {
    let found = child(boxes, b"esds").or_else(|| child(child(boxes, b"wave")?, b"esds"))?;
    let config = leaf::<Esds>(found)?.es_desc.dec_config;
    let own = config.dec_specific.map(|own| own.raw);
    Some((config.object_type_indication, own.unwrap_or_default()))
}

/// How the numbers of uncompressed sound are written.
fn uncompressed(kind: &[u8; 4], about: &SoundEntry<'_>) -> Option<pcm::Format> {
    let swapped =
        child(about.boxes, b"enda").or_else(|| child(child(about.boxes, b"wave")?, b"enda"));
    let big = swapped.is_none_or(|enda| enda.get(1) != Some(&1));
    // ISO/IEC 23003-5: flags, the lowest for little-endian, and the width.
    let iso = || {
        let &[_, _, _, _, flags, bits, ..] = child(about.boxes, b"pcmC")? else {
            return None;
        };
        Some((flags & 1 == 0, u32::from(bits)))
    };
    match kind {
        b"raw " | b"NONE" => pcm::Format::integer(about.bits, about.bits > 8, true),
        b"twos" => pcm::Format::integer(about.bits, true, true),
        b"sowt" => pcm::Format::integer(about.bits, true, false),
        b"in24" => pcm::Format::integer(24, true, big),
        b"in32" => pcm::Format::integer(32, true, big),
        b"fl32" => pcm::Format::float(32, big),
        b"fl64" => pcm::Format::float(64, big),
        b"ulaw" => Some(pcm::Format::g711(true)),
        b"alaw" => Some(pcm::Format::g711(false)),
        b"ipcm" => iso().and_then(|(big, bits)| pcm::Format::integer(bits, true, big)),
        b"fpcm" => iso().and_then(|(big, bits)| pcm::Format::float(bits, big)),
        b"lpcm" => {
            let flags = about.flags?;
            let big = flags & 2 != 0;
            if flags & 1 != 0 {
                pcm::Format::float(about.bits, big)
            } else {
                pcm::Format::integer(about.bits, flags & 4 != 0 || about.bits > 8, big)
            }
        }
        _ => None,
    }
}

/// Most channels of a sound: what a recorder for films has, and some.
const MOST_CHANNELS: u32 = 64;

/// How a sound track is decoded; `None` for an encoding that is not known here.
pub(super) fn audio(trak: &Trak) -> Option<AudioConfig> {
    let (kind, rest) = entry(trak)?;
    let about = sound_entry(rest)?;
    let rate = match about.rate {
        // Rates of 65 536 and more do not fit the field; the track counts in samples then.
        0 => trak.timescale,
        rate => rate,
    };
    let channels = about.channels.clamp(1, MOST_CHANNELS);
    let config = |codec: String, description: Vec<u8>| AudioConfig {
        codec,
        rate: rate.max(8000),
        channels,
        description,
    };
    if let Some(format) = uncompressed(&kind, &about) {
        return Some(AudioConfig {
            rate: rate.clamp(1000, 768_000),
            ..config(format.name(), Vec::new())
        });
    }
    match &kind {
        b"mp4a" => {
            let (object, description) = esds(about.boxes)?;
            match object {
                0x69 | 0x6b => return Some(config("mp3".into(), Vec::new())),
                0x40 | 0x66..=0x68 => {}
                _ => return None,
            }
            let object = description.first()? >> 3;
            Some(config(format!("mp4a.40.{object}"), description))
        }
        b"Opus" => {
            let dops: Dops = leaf(child(about.boxes, b"dOps")?)?;
            Some(AudioConfig {
                codec: "opus".into(),
                rate: 48_000,
                channels: u32::from(dops.output_channel_count).max(1),
                description: opus_head(&dops),
            })
        }
        b"fLaC" => {
            // The metadata blocks after version and flags, as in a file of its own.
            let blocks = child(about.boxes, b"dfLa")?.get(4..)?;
            Some(config("flac".into(), [b"fLaC", blocks].concat()))
        }
        b".mp3" | b"ms\0U" => Some(config("mp3".into(), Vec::new())),
        _ => None,
    }
}

/// The identification header of RFC 7845 §5.1, which decoders take as their description.
fn opus_head(dops: &Dops) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(dops.output_channel_count);
    head.extend_from_slice(&dops.pre_skip.to_le_bytes());
    head.extend_from_slice(&dops.input_sample_rate.to_le_bytes());
    head.extend_from_slice(&dops.output_gain.to_le_bytes());
    match &dops.channel_mapping {
        None => head.push(0),
        Some(mapping) => {
            head.extend_from_slice(&[mapping.family, mapping.stream_count, mapping.coupled_count]);
            head.extend_from_slice(&mapping.channel_mapping);
        }
    }
    head
}

fn entry(trak: &Trak) -> Option<([u8; 4], &[u8])> {
    trak.entry
        .as_ref()
        .map(|(kind, body)| (*kind, body.as_slice()))
}

/// The body of the first box named `wanted`.
fn child<'a>(boxes: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    Boxes(boxes)
        .find(|(kind, _)| kind == wanted)
        .map(|(_, body)| body)
}

/// RFC 6381 §3.3 from the first bytes of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3).
pub(super) fn avc(avcc: &[u8]) -> Option<String> {
    let &[1, profile, compatibility, level, ..] = avcc else {
        return None;
    };
    Some(format!("avc1.{profile:02x}{compatibility:02x}{level:02x}"))
}

/// ISO/IEC 14496-15 annex E.3: profile, compatibility flags in reverse bit order, tier and level, constraints; from
/// an HEVCDecoderConfigurationRecord (§8.3.3).
pub(super) fn hevc(name: &str, hvcc: &[u8]) -> Option<String> {
    let (&[_, profile], rest) = hvcc.split_first_chunk()?;
    let (compatibility, rest) = rest.split_first_chunk()?;
    let (constraints, rest) = rest.split_first_chunk::<6>()?;
    let level = rest.first()?;
    let space = ["", "A", "B", "C"][usize::from(profile >> 6)];
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let compatibility = u32::from_be_bytes(*compatibility).reverse_bits();
    let mut out = format!(
        "{name}.{space}{}.{compatibility:X}.{tier}{level}",
        profile & 0x1f
    );
    let used = constraints
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        out.push_str(&format!(".{byte:X}"));
    }
    Some(out)
}

/// VP codec ISO media file format binding §2.2, from a VPCodecConfigurationBox, a FullBox.
fn vp9(vpcc: &[u8]) -> Option<String> {
    let &[_, _, _, _, profile, level, depth, ..] = vpcc else {
        return None;
    };
    Some(format!(
        "vp09.{profile:02}.{:02}.{:02}",
        level.max(10),
        depth >> 4
    ))
}

/// AV1 ISO media file format binding §5, from an AV1CodecConfigurationRecord (§2.3).
pub(super) fn av1(av1c: &[u8]) -> Option<String> {
    let &[_, profile_level, flags, ..] = av1c else {
        return None;
    };
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
        (_, true) => 12,
        (true, false) => 10,
        (false, false) => 8,
    };
    Some(format!(
        "av01.{}.{:02}{tier}.{depth:02}",
        profile_level >> 5,
        profile_level & 0x1f
    ))
}

/// The clockwise quarter turns of a track's matrix, degrees, and whether it is turned over before, left for right.
fn turn(trak: &Trak) -> (u16, bool) {
    let m = &trak.tkhd.matrix;
    let (a, b, c, d) = (m.a.signum(), m.b.signum(), m.c.signum(), m.d.signum());
    // A turn does not change which way round a picture is.
    let mirrored = a * d - b * c < 0;
    let turned = if mirrored {
        (-a, -b, c, d)
    } else {
        (a, b, c, d)
    };
    let rotation = match turned {
        (0, 1, -1, 0) => 90,
        (-1, 0, 0, -1) => 180,
        (0, -1, 1, 0) => 270,
        _ => 0,
    };
    (rotation, mirrored)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn records_become_codec_strings() {
        assert_eq!(
            avc(&[1, 0x64, 0, 0x1f, 0xff]).as_deref(),
            Some("avc1.64001f")
        );
        assert_eq!(avc(&[2, 0x64, 0, 0x1f, 0xff]), None);
        // Main profile, level 3.1, progressive and frame-only: the example of annex E.3.
        let hvcc = [1, 1, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93];
        assert_eq!(hevc("hvc1", &hvcc).as_deref(), Some("hvc1.1.6.L93.B0"));
        assert_eq!(hevc("hvc1", &hvcc[..12]), None);
        let vpcc = [1, 0, 0, 0, 2, 31, 0xa2];
        assert_eq!(vp9(&vpcc).as_deref(), Some("vp09.02.31.10"));
        assert_eq!(av1(&[0x81, 0x05, 0x0c]).as_deref(), Some("av01.0.05M.08"));
        assert_eq!(av1(&[0x81, 0x2d, 0xe0]).as_deref(), Some("av01.1.13H.12"));
    }
}
