//! A track's decoder configuration in WebCodecs' terms: codec string and description.

use mp4_atom::{Audio, Decode, Dops, Esds, Visual};

use super::movie::Trak;
use crate::{
    log::record::{AudioConfig, VideoConfig},
    mp4::boxes::{Boxes, leaf},
};

/// How a video track is decoded; `None` for an encoding that is not known here.
pub(super) fn video(trak: &Trak) -> Option<VideoConfig> {
    let (kind, mut rest) = entry(trak)?;
    let Visual { width, height, .. } = Visual::decode(&mut rest).ok()?;
    let child = |wanted: &[u8; 4]| child(rest, wanted);
    let (codec, description) = match &kind {
        b"avc1" | b"avc3" => {
            let avcc = child(b"avcC")?;
            (avc(avcc)?, avcc)
        }
        b"hvc1" | b"hev1" => {
            let hvcc = child(b"hvcC")?;
            (hevc(std::str::from_utf8(&kind).ok()?, hvcc)?, hvcc)
        }
        b"vp08" => ("vp8".to_owned(), &[][..]),
        b"vp09" => (vp9(child(b"vpcC")?)?, &[][..]),
        b"av01" => {
            let av1c = child(b"av1C")?;
            (av1(av1c)?, av1c)
        }
        _ => return None,
    };
    Some(VideoConfig {
        codec,
        width: u32::from(width),
        height: u32::from(height),
        rotation: rotation(trak),
        description: description.to_vec(),
    })
}

/// How a sound track is decoded; `None` for an encoding that is not known here.
pub(super) fn audio(trak: &Trak) -> Option<AudioConfig> {
    let (kind, mut rest) = entry(trak)?;
    let audio = Audio::decode(&mut rest).ok()?;
    let rate = u32::from(audio.sample_rate.integer()).max(8000);
    let channels = u32::from(audio.channel_count).max(1);
    match &kind {
        b"mp4a" => {
            // MOV wraps it once more (QuickTime File Format, `siDecompressionParam`).
            let esds = child(rest, b"esds").or_else(|| child(child(rest, b"wave")?, b"esds"))?;
            let esds: Esds = leaf(esds)?;
            let description = esds.es_desc.dec_config.dec_specific?.raw;
            let object = description.first()? >> 3;
            Some(AudioConfig {
                codec: format!("mp4a.40.{object}"),
                rate,
                channels,
                description,
            })
        }
        b"Opus" => {
            let dops: Dops = leaf(child(rest, b"dOps")?)?;
            Some(AudioConfig {
                codec: "opus".into(),
                rate: 48_000,
                channels: u32::from(dops.output_channel_count).max(1),
                description: opus_head(&dops),
            })
        }
        b".mp3" => Some(AudioConfig {
            codec: "mp3".into(),
            rate,
            channels,
            description: Vec::new(),
        }),
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

/// The clockwise quarter turns of a track's matrix, degrees.
fn rotation(trak: &Trak) -> u16 {
    let m = &trak.tkhd.matrix;
    match (m.a.signum(), m.b.signum(), m.c.signum(), m.d.signum()) {
        (0, 1, -1, 0) => 90,
        (-1, 0, 0, -1) => 180,
        (0, -1, 1, 0) => 270,
        _ => 0,
    }
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
