//! H.264 parameter sets (ITU-T H.264 §7.3.2.1, annex E): where a file says nothing of a picture's size, shape and colour,
//! these do; and some files have them in the stream only.

use crate::log::record::Colour;

/// What a sequence parameter set tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters {
    /// Profile, compatibility flags and level, as a codec string has them.
    pub(super) profile: [u8; 3],
    /// Width and height of what is seen, pixels as they are encoded.
    pub(super) size: (u32, u32),
    /// Width and height of a pixel's shape, where it is told.
    pub(super) aspect: Option<(u32, u32)>,
    /// Colour, where it is told.
    pub(super) colour: Option<Colour>,
}

/// Bits from the highest on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(u32::from(bit))
    }

    fn bits(&mut self, n: u32) -> Option<u32> {
        (0..n).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }

    /// An unsigned Exp-Golomb number (§9.1).
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.bits(zeros)?)
    }

    /// A signed one (§9.1.1).
    fn signed(&mut self) -> Option<i64> {
        let k = i64::from(self.number()?);
        Some(if k % 2 == 0 { -(k / 2) } else { k / 2 + 1 })
    }
}

/// The bytes of a unit without the ones that keep start codes out of it (§7.4.1.1).
fn unescaped(unit: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// The units of a byte stream (annex B), without start codes.
pub(super) fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts: Vec<usize> = stream
        .windows(3)
        .enumerate()
        .filter(|(_, w)| *w == [0, 0, 1])
        .map(|(at, _)| at)
        .collect();
    let mut ends = starts.clone();
    ends.push(stream.len());
    starts.into_iter().enumerate().filter_map(move |(n, at)| {
        let end = *ends.get(n + 1)?;
        let unit = stream.get(at + 3..end)?;
        // The zero before the next start code belongs to that.
        Some(
            unit.strip_suffix(&[0])
                .filter(|_| end < stream.len())
                .unwrap_or(unit),
        )
    })
}

/// The parameters in a picture of a byte stream (annex B), where it has any.
pub(super) fn in_stream(stream: &[u8]) -> Option<Parameters> {
    if !(stream.starts_with(&[0, 0, 1]) || stream.starts_with(&[0, 0, 0, 1])) {
        return None;
    }
    units(stream)
        .find(|unit| unit.first().is_some_and(|head| head & 0x1f == 7))
        .and_then(parameters)
}

/// The parameters in an AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3).
pub(super) fn in_record(avcc: &[u8]) -> Option<Parameters> {
    let count = avcc.get(5)? & 0x1f;
    if count == 0 {
        return None;
    }
    let len = usize::from(u16::from_be_bytes([*avcc.get(6)?, *avcc.get(7)?]));
    parameters(avcc.get(8..8 + len)?)
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.signed()? + 256).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

/// Shapes of a pixel by number (table E-1).
const ASPECTS: [(u32, u32); 17] = [
    (0, 0),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// From a sequence parameter set, its header byte included.
fn parameters(unit: &[u8]) -> Option<Parameters> {
    let bytes = unescaped(unit.get(1..)?);
    let profile = *bytes.first_chunk::<3>()?;
    let mut bits = Bits {
        bytes: &bytes,
        at: 24,
    };
    bits.number()?; // its number
    let mut chroma = 1;
    let mut separate = 0;
    if matches!(
        profile[0],
        100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
    ) {
        chroma = bits.number()?;
        if chroma == 3 {
            separate = bits.bit()?;
        }
        bits.number()?; // depth of luma
        bits.number()?; // and of chroma
        bits.bit()?; // lossless
        if bits.bit()? == 1 {
            for list in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.bit()? == 1 {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.number()?; // frame numbers
    match bits.number()? {
        0 => {
            bits.number()?;
        }
        1 => {
            bits.bit()?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.number()?.min(255) {
                bits.signed()?;
            }
        }
        _ => {}
    }
    bits.number()?; // reference frames
    bits.bit()?; // gaps
    let width = bits.number()?.checked_add(1)?.checked_mul(16)?;
    let units = bits.number()?.checked_add(1)?;
    let frames_only = bits.bit()?;
    let height = units.checked_mul(16)?.checked_mul(2 - frames_only)?;
    if frames_only == 0 {
        bits.bit()?;
    }
    bits.bit()?; // direct inference
    let mut crop = [0; 4];
    if bits.bit()? == 1 {
        for side in &mut crop {
            *side = bits.number()?;
        }
    }
    let chroma = if separate == 1 { 0 } else { chroma };
    let (x, y) = (
        if matches!(chroma, 1 | 2) { 2 } else { 1 },
        (if chroma == 1 { 2 } else { 1 }) * (2 - frames_only),
    );
    let cut = |a: u32, b: u32, by: u32| a.checked_add(b)?.checked_mul(by);
    let size = (
        width.checked_sub(cut(crop[0], crop[1], x)?)?,
        height.checked_sub(cut(crop[2], crop[3], y)?)?,
    );
    let (aspect, colour) = match bits.bit()? {
        1 => usability(&mut bits).unwrap_or_default(),
        _ => (None, None),
    };
    Some(Parameters {
        profile,
        size,
        aspect,
        colour,
    })
}

/// The shape of a pixel, and colour; each where it is told.
type Usability = (Option<(u32, u32)>, Option<Colour>);

/// Shape of a pixel and colour, from the beginning of the usability information (§E.1.1).
fn usability(bits: &mut Bits<'_>) -> Option<Usability> {
    let mut aspect = None;
    if bits.bit()? == 1 {
        aspect = match bits.bits(8)? {
            255 => Some((bits.bits(16)?, bits.bits(16)?)),
            known => ASPECTS.get(known as usize).copied(),
        }
        .filter(|&(w, h)| w > 0 && h > 0);
    }
    if bits.bit()? == 1 {
        bits.bit()?; // overscan
    }
    let mut colour = None;
    if bits.bit()? == 1 {
        bits.bits(3)?; // format
        let full = bits.bit()? == 1;
        let mut described = [2; 3];
        if bits.bit()? == 1 {
            for part in &mut described {
                *part = u8::try_from(bits.bits(8)?).ok()?;
            }
        }
        colour = Some(Colour {
            primaries: described[0],
            transfer: described[1],
            matrix: described[2],
            full,
        });
    }
    Some((aspect, colour))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_between_start_codes() {
        let stream = [
            0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 9,
        ];
        let found: Vec<&[u8]> = units(&stream).collect();
        assert_eq!(found, [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 9]]);
        assert_eq!(in_stream(&[0, 0, 0, 1, 0x67, 0x42]), None, "cut off");
        assert_eq!(in_stream(&[0, 0, 0, 9, 0x67, 0x42, 0, 0]), None, "lengths");
    }

    #[test]
    fn damaged_sets_tell_nothing() {
        for len in 0..24 {
            let _ = parameters(&vec![0xff; len]);
            let _ = parameters(&vec![0; len]);
        }
        assert_eq!(
            unescaped(&[1, 0, 0, 3, 1, 0, 0, 3, 3]),
            [1, 0, 0, 1, 0, 0, 3]
        );
    }
}
