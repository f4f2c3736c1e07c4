//! A track's decoder configuration in WebCodecs' terms: codec string and description.

use mp4_atom::{Atom, Codec, Hvcc, Trak, Visual};

use crate::record::{AudioConfig, VideoConfig};

/// How a video track is decoded; `None` for an encoding that is not known here.
pub(super) fn video(trak: &Trak) -> Option<VideoConfig> {
    let (visual, codec, description) = match trak.mdia.minf.stbl.stsd.codecs.first()? {
        Codec::Avc1(avc1) => (&avc1.visual, avc(&avc1.avcc), body(&avc1.avcc)?),
        Codec::Avc3(avc3) => (&avc3.visual, avc(&avc3.avcc), body(&avc3.avcc)?),
        Codec::Hvc1(hvc1) => (&hvc1.visual, hevc("hvc1", &hvc1.hvcc), body(&hvc1.hvcc)?),
        Codec::Hev1(hev1) => (&hev1.visual, hevc("hev1", &hev1.hvcc), body(&hev1.hvcc)?),
        Codec::Vp08(vp08) => (&vp08.visual, "vp8".to_owned(), Vec::new()),
        Codec::Vp09(vp09) => {
            let c = &vp09.vpcc;
            (
                &vp09.visual,
                format!(
                    "vp09.{:02}.{:02}.{:02}",
                    c.profile,
                    c.level.max(10),
                    c.bit_depth
                ),
                Vec::new(),
            )
        }
        Codec::Av01(av01) => {
            let c = &av01.av1c;
            let depth = if c.twelve_bit {
                12
            } else if c.high_bitdepth {
                10
            } else {
                8
            };
            let tier = if c.seq_tier_0 { 'H' } else { 'M' };
            (
                &av01.visual,
                format!(
                    "av01.{}.{:02}{tier}.{depth:02}",
                    c.seq_profile, c.seq_level_idx_0
                ),
                body(c)?,
            )
        }
        _ => return None,
    };
    let Visual { width, height, .. } = visual;
    Some(VideoConfig {
        codec,
        width: u32::from(*width),
        height: u32::from(*height),
        rotation: rotation(trak),
        description,
    })
}

/// How a sound track is decoded; `None` for an encoding that is not known here.
pub(super) fn audio(trak: &Trak) -> Option<AudioConfig> {
    match trak.mdia.minf.stbl.stsd.codecs.first()? {
        Codec::Mp4a(mp4a) => {
            let config = &mp4a.esds.es_desc.dec_config;
            let description = config.dec_specific.as_ref()?.raw.clone();
            let object = description.first()? >> 3;
            Some(AudioConfig {
                codec: format!("mp4a.40.{object}"),
                rate: u32::from(mp4a.audio.sample_rate.integer()).max(8000),
                channels: u32::from(mp4a.audio.channel_count).max(1),
                description,
            })
        }
        Codec::Opus(opus) => {
            let dops = &opus.dops;
            // The identification header of RFC 7845 §5.1, which decoders take as their description.
            let mut head = b"OpusHead\x01".to_vec();
            head.push(dops.output_channel_count);
            head.extend_from_slice(&dops.pre_skip.to_le_bytes());
            head.extend_from_slice(&dops.input_sample_rate.to_le_bytes());
            head.extend_from_slice(&dops.output_gain.to_le_bytes());
            match &dops.channel_mapping {
                None => head.push(0),
                Some(mapping) => {
                    head.extend_from_slice(&[
                        mapping.family,
                        mapping.stream_count,
                        mapping.coupled_count,
                    ]);
                    head.extend_from_slice(&mapping.channel_mapping);
                }
            }
            Some(AudioConfig {
                codec: "opus".into(),
                rate: 48_000,
                channels: u32::from(dops.output_channel_count).max(1),
                description: head,
            })
        }
        Codec::Mp3(mp3) => Some(AudioConfig {
            codec: "mp3".into(),
            rate: u32::from(mp3.audio.sample_rate.integer()).max(8000),
            channels: u32::from(mp3.audio.channel_count).max(1),
            description: Vec::new(),
        }),
        _ => None,
    }
}

fn body(atom: &impl Atom) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    atom.encode_body(&mut out).ok()?;
    Some(out)
}

fn avc(avcc: &mp4_atom::Avcc) -> String {
    format!(
        "avc1.{:02x}{:02x}{:02x}",
        avcc.avc_profile_indication, avcc.profile_compatibility, avcc.avc_level_indication
    )
}

/// ISO/IEC 14496-15 annex E.3: profile, compatibility flags in reverse bit order, tier and level, constraints.
fn hevc(name: &str, hvcc: &Hvcc) -> String {
    let space = ["", "A", "B", "C"]
        .get(usize::from(hvcc.general_profile_space))
        .copied()
        .unwrap_or("");
    let compatibility = u32::from_be_bytes(hvcc.general_profile_compatibility_flags).reverse_bits();
    let tier = if hvcc.general_tier_flag { 'H' } else { 'L' };
    let mut out = format!(
        "{name}.{space}{}.{compatibility:X}.{tier}{}",
        hvcc.general_profile_idc, hvcc.general_level_idc
    );
    let constraints = &hvcc.general_constraint_indicator_flags;
    let used = constraints
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    for byte in &constraints[..used] {
        out.push_str(&format!(".{byte:X}"));
    }
    out
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
