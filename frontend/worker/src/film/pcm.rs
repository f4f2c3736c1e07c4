//! Sound that is not compressed: what its bytes are, and its samples out of them.

/// How one sample of one channel is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Unsigned8,
    /// So many bytes, two's complement.
    Signed(u8),
    /// Four or eight bytes, IEEE 754.
    Float(u8),
    /// G.711.
    MuLaw,
    ALaw,
}

/// How uncompressed sound is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    number: Number,
    big: bool,
}

impl Format {
    /// Whole numbers of so many bits; `None` for widths that nobody writes.
    #[must_use]
    pub fn integer(bits: u32, signed: bool, big: bool) -> Option<Self> {
        let number = match (bits, signed) {
            (8, false) => Number::Unsigned8,
            (8 | 16 | 24 | 32, true) => Number::Signed((bits / 8) as u8),
            _ => return None,
        };
        Some(Self { number, big })
    }

    /// Floating point of so many bits.
    #[must_use]
    pub fn float(bits: u32, big: bool) -> Option<Self> {
        let number = match bits {
            32 | 64 => Number::Float((bits / 8) as u8),
            _ => return None,
        };
        Some(Self { number, big })
    }

    /// G.711, by its law.
    #[must_use]
    pub fn g711(mu: bool) -> Self {
        Self {
            number: if mu { Number::MuLaw } else { Number::ALaw },
            big: false,
        }
    }

    /// Bytes of one sample of one channel.
    #[must_use]
    pub fn bytes(self) -> u32 {
        u32::from(match self.number {
            Number::Unsigned8 | Number::MuLaw | Number::ALaw => 1,
            Number::Signed(bytes) | Number::Float(bytes) => bytes,
        })
    }

    /// Its name in a track's configuration: as in the WebCodecs codec registry, with the order of bytes.
    #[must_use]
    pub fn name(self) -> String {
        let end = if self.big { "be" } else { "le" };
        match self.number {
            Number::Unsigned8 => "pcm-u8".to_owned(),
            Number::Signed(bytes) => format!("pcm-s{}{end}", bytes * 8),
            Number::Float(bytes) => format!("pcm-f{}{end}", bytes * 8),
            Number::MuLaw => "ulaw".to_owned(),
            Number::ALaw => "alaw".to_owned(),
        }
    }

    /// By its name; `None` for other encodings.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "ulaw" => return Some(Self::g711(true)),
            "alaw" => return Some(Self::g711(false)),
            "pcm-u8" => return Self::integer(8, false, false),
            _ => {}
        }
        let rest = name.strip_prefix("pcm-")?;
        let (rest, big) = match rest.strip_suffix("be") {
            Some(rest) => (rest, true),
            None => (rest.strip_suffix("le")?, false),
        };
        match rest.strip_prefix('s') {
            Some(bits) => Self::integer(bits.parse().ok()?, true, big),
            None => Self::float(rest.strip_prefix('f')?.parse().ok()?, big),
        }
    }

    fn sample(self, bytes: &[u8]) -> f32 {
        let value = match self.number {
            Number::Unsigned8 => {
                return (f32::from(bytes.first().copied().unwrap_or(128)) - 128.0) / 128.0;
            }
            Number::MuLaw => return mu_law(bytes.first().copied().unwrap_or(0xff)),
            Number::ALaw => return a_law(bytes.first().copied().unwrap_or(0xd5)),
            Number::Float(8) => {
                let bytes: [u8; 8] = bytes.try_into().unwrap_or_default();
                (if self.big {
                    f64::from_be_bytes(bytes)
                } else {
                    f64::from_le_bytes(bytes)
                }) as f32
            }
            Number::Float(_) => {
                let bytes: [u8; 4] = bytes.try_into().unwrap_or_default();
                if self.big {
                    f32::from_be_bytes(bytes)
                } else {
                    f32::from_le_bytes(bytes)
                }
            }
            Number::Signed(_) => {
                // Into the highest bytes of a word, so that its sign is the word's.
                let mut word = [0; 4];
                for (n, byte) in bytes.iter().take(4).enumerate() {
                    let at = if self.big {
                        n
                    } else {
                        4 - bytes.len().min(4) + n
                    };
                    if let Some(place) = word.get_mut(at) {
                        *place = *byte;
                    }
                }
                let word = if self.big {
                    i32::from_be_bytes(word)
                } else {
                    i32::from_le_bytes(word)
                };
                return (f64::from(word) / 2_147_483_648.0) as f32;
            }
        };
        if value.is_finite() {
            value.clamp(-1.0, 1.0)
        } else {
            0.0
        }
    }

    /// The channels of interleaved samples; a frame that is not whole is left out.
    #[must_use]
    pub fn planes(self, bytes: &[u8], channels: u32) -> Vec<Vec<f32>> {
        let width = self.bytes() as usize;
        let channels = channels.max(1) as usize;
        let frames = bytes.len() / (width * channels);
        let mut planes = vec![Vec::with_capacity(frames); channels];
        for frame in bytes.chunks_exact(width * channels) {
            for (plane, sample) in planes.iter_mut().zip(frame.chunks_exact(width)) {
                plane.push(self.sample(sample));
            }
        }
        planes
    }
}

/// ITU-T G.711, table 2.
fn mu_law(byte: u8) -> f32 {
    let byte = !byte;
    let exponent = byte >> 4 & 7;
    let magnitude = (((i32::from(byte & 0xf) << 3) + 0x84) << exponent) - 0x84;
    let value = if byte & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    };
    value as f32 / 32_768.0
}

/// ITU-T G.711, table 1.
fn a_law(byte: u8) -> f32 {
    let byte = byte ^ 0x55;
    let exponent = byte >> 4 & 7;
    let mantissa = (i32::from(byte & 0xf) << 4) + 8;
    let magnitude = match exponent {
        0 => mantissa,
        _ => (mantissa + 0x100) << (exponent - 1),
    };
    let value = if byte & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    };
    value as f32 / 32_768.0
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_names() {
        for big in [false, true] {
            for bits in [16, 24, 32] {
                let format = Format::integer(bits, true, big).expect("written");
                assert_eq!(Format::of(&format.name()), Some(format));
                assert_eq!(format.bytes() * 8, bits);
            }
            for bits in [32, 64] {
                let format = Format::float(bits, big).expect("written");
                assert_eq!(Format::of(&format.name()), Some(format));
            }
        }
        assert_eq!(
            Format::of("pcm-u8"),
            Format::integer(8, false, true).map(|f| Format { big: false, ..f })
        );
        assert_eq!(
            (
                Format::of("opus"),
                Format::of("pcm-s12le"),
                Format::of("pcm-")
            ),
            (None, None, None)
        );
    }

    #[test]
    fn bytes_become_samples() {
        let of =
            |name: &str, bytes: &[u8]| Format::of(name).expect("known").planes(bytes, 1)[0].clone();
        assert_eq!(of("pcm-s16le", &[0, 0x40, 0, 0x80, 7]), [0.5, -1.0]);
        assert_eq!(of("pcm-s16be", &[0x40, 0, 0x80, 0]), [0.5, -1.0]);
        assert_eq!(of("pcm-s24le", &[0, 0, 0xc0]), [-0.5]);
        assert_eq!(of("pcm-s24be", &[0x20, 0, 0]), [0.25]);
        assert_eq!(of("pcm-s32be", &[0xe0, 0, 0, 0]), [-0.25]);
        assert_eq!(of("pcm-u8", &[128, 192, 0]), [0.0, 0.5, -1.0]);
        assert_eq!(of("pcm-f32le", &0.25_f32.to_le_bytes()), [0.25]);
        assert_eq!(of("pcm-f64be", &(-0.25_f64).to_be_bytes()), [-0.25]);
        assert_eq!(of("pcm-f32le", &f32::NAN.to_le_bytes()), [0.0]);
        assert_eq!(of("ulaw", &[0xff, 0x80])[0], 0.0);
        assert!((of("ulaw", &[0x80])[0] - 0.9803).abs() < 1e-3);
        assert!((of("alaw", &[0xd5])[0] - 0.000_244).abs() < 1e-5);
        let two = Format::of("pcm-s16le")
            .expect("known")
            .planes(&[0, 0x40, 0, 0xc0, 0, 0x20, 0, 0xe0], 2);
        assert_eq!(two, [[0.5, 0.25], [-0.5, -0.25]]);
    }
}
