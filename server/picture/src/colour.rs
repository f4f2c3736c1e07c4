//! From the colours of a file to sRGB. Browsers would read a profile; the renditions carry none, so their pixels are sRGB.
//!
//! A profile that is damaged, or of another colour space than the pixels, is ignored, as browsers do.

use std::sync::Arc;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients,
    RenderingIntent, TransferCharacteristics, Transform8BitExecutor, TransformOptions,
};

/// The channels of a pixel, each one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channels {
    Gray,
    Rgb,
    /// Ink: 0 is none of it.
    Cmyk,
}

impl Channels {
    pub(crate) const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }

    const fn space(self) -> DataColorSpace {
        match self {
            Self::Gray => DataColorSpace::Gray,
            Self::Rgb => DataColorSpace::Rgb,
            Self::Cmyk => DataColorSpace::Cmyk,
        }
    }

    /// moxcms passes four inks as it passes RGBA.
    const fn layout(self) -> Layout {
        match self {
            Self::Gray => Layout::Gray,
            Self::Rgb => Layout::Rgb,
            Self::Cmyk => Layout::Rgba,
        }
    }
}

/// How the pixels of one picture become sRGB.
pub(crate) struct Conversion {
    channels: Channels,
    /// Applied to each channel first.
    curve: Option<Box<[u8; 256]>>,
    transform: Option<Arc<Transform8BitExecutor>>,
}

impl Conversion {
    /// By the ICC profile of the file, if it has one that can be used.
    pub(crate) fn by_profile(channels: Channels, profile: Option<&[u8]>) -> Self {
        let transform = profile
            .and_then(|bytes| ColorProfile::new_from_slice(bytes).ok())
            .filter(|profile| profile.color_space == channels.space())
            .and_then(|profile| transform(&profile, channels));
        Self {
            channels,
            curve: None,
            transform,
        }
    }

    /// RGB by the code points of ITU-T H.273: primaries and transfer.
    pub(crate) fn by_code_points(primaries: u16, transfer: u16) -> Self {
        let primaries = u8::try_from(primaries)
            .ok()
            .and_then(|code| CicpColorPrimaries::try_from(code).ok())
            .filter(|code| {
                !matches!(
                    code,
                    CicpColorPrimaries::Bt709
                        | CicpColorPrimaries::Unspecified
                        | CicpColorPrimaries::Reserved
                )
            });
        let profile = primaries.map(|color_primaries| {
            ColorProfile::new_from_cicp(CicpProfile {
                color_primaries,
                // Screens show what says BT.709, BT.2020 or HLG as they show sRGB.
                transfer_characteristics: TransferCharacteristics::Srgb,
                matrix_coefficients: MatrixCoefficients::Identity,
                full_range: true,
            })
        });
        Self {
            channels: Channels::Rgb,
            curve: (transfer == PQ).then(pq_to_srgb),
            transform: profile.and_then(|profile| transform(&profile, Channels::Rgb)),
        }
    }

    /// Converts pixels of the file into as many of sRGB, three bytes each.
    pub(crate) fn convert(&self, from: &mut [u8], to: &mut [u8]) {
        if let Some(curve) = &self.curve {
            for value in from.iter_mut() {
                *value = curve[usize::from(*value)];
            }
        }
        if let Some(transform) = &self.transform
            && transform.transform(from, to).is_ok()
        {
            return;
        }
        match self.channels {
            Channels::Gray => {
                for (to, from) in to.chunks_exact_mut(3).zip(from) {
                    to.fill(*from);
                }
            }
            Channels::Rgb => to.copy_from_slice(from),
            Channels::Cmyk => {
                for (to, from) in to.chunks_exact_mut(3).zip(from.as_chunks::<4>().0) {
                    let [inks @ .., black] = from;
                    for (to, ink) in to.iter_mut().zip(inks) {
                        *to = scale(u8::MAX - ink, u8::MAX - black);
                    }
                }
            }
        }
    }
}

/// `a · b`, both in 0–1 as 0–255.
pub(crate) fn scale(a: u8, b: u8) -> u8 {
    let product = u16::from(a) * u16::from(b);
    u8::try_from((product + 127) / 255).unwrap_or(u8::MAX)
}

/// Press profiles have a table for each intent they were made for; one of them is there.
fn transform(from: &ColorProfile, channels: Channels) -> Option<Arc<Transform8BitExecutor>> {
    let srgb = ColorProfile::new_srgb();
    [
        RenderingIntent::RelativeColorimetric,
        RenderingIntent::Perceptual,
        RenderingIntent::Saturation,
        RenderingIntent::AbsoluteColorimetric,
    ]
    .into_iter()
    .find_map(|rendering_intent| {
        let options = TransformOptions {
            rendering_intent,
            ..TransformOptions::default()
        };
        from.create_transform_8bit(channels.layout(), &srgb, Layout::Rgb, options)
            .ok()
    })
}

/// SMPTE ST 2084.
const PQ: u16 = 16;

/// The white of a picture in nits (ITU-R BT.2408); what is brighter is cut off.
const WHITE_NITS: f32 = 203.0;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a value in 0–1 becomes one in 0–255"
)]
fn pq_to_srgb() -> Box<[u8; 256]> {
    let mut curve = Box::new([0; 256]);
    for (value, to) in (0_u8..=255).zip(curve.iter_mut()) {
        // ST 2084 §5.1 and IEC 61966-2-1.
        let power = (f32::from(value) / 255.0).powf(1.0 / 78.843_75);
        let ratio = (power - 0.835_937_5).max(0.0) / (18.851_563 - 18.687_5 * power);
        let linear = (ratio.powf(1.0 / 0.159_301_76) * 10_000.0 / WHITE_NITS).min(1.0);
        let encoded = if linear <= 0.003_130_8 {
            linear * 12.92
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        *to = (encoded * 255.0).round() as u8;
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(conversion: &Conversion, mut pixel: Vec<u8>) -> Vec<u8> {
        let mut to = vec![0; 3];
        conversion.convert(&mut pixel, &mut to);
        to
    }

    #[test]
    fn without_a_usable_profile_the_numbers_are_what_they_say() {
        for broken in [None, Some(&b"not a profile"[..])] {
            let gray = Conversion::by_profile(Channels::Gray, broken);
            assert_eq!(one(&gray, vec![77]), [77, 77, 77]);
            let ink = Conversion::by_profile(Channels::Cmyk, broken);
            assert_eq!(one(&ink, vec![0, 0, 0, 0]), [255, 255, 255]);
            assert_eq!(one(&ink, vec![0, 255, 255, 0]), [255, 0, 0]);
            assert_eq!(one(&ink, vec![0, 0, 0, 255]), [0, 0, 0]);
        }
        let other = ColorProfile::new_display_p3().encode().expect("profile");
        let gray = Conversion::by_profile(Channels::Gray, Some(&other));
        assert_eq!(
            one(&gray, vec![77]),
            [77, 77, 77],
            "a profile for other pixels"
        );
    }

    #[test]
    fn a_gray_profile_is_applied() {
        let linear = ColorProfile::new_gray_with_gamma(1.0)
            .encode()
            .expect("profile");
        let gray = Conversion::by_profile(Channels::Gray, Some(&linear));
        let [r, g, b] = one(&gray, vec![55])[..] else {
            panic!("three")
        };
        // 55/255 of the light is 0.502 in sRGB's curve.
        assert!(r.abs_diff(128) < 4 && g == r && b == r, "{r} {g} {b}");
    }

    #[test]
    fn a_wide_gamut_is_brought_to_srgb() {
        let wide = ColorProfile::new_display_p3().encode().expect("profile");
        for conversion in [
            Conversion::by_profile(Channels::Rgb, Some(&wide)),
            // SMPTE EG 432-1 with the curve of sRGB: Display P3.
            Conversion::by_code_points(12, 13),
        ] {
            let [r, g, b] = one(&conversion, vec![200, 100, 50])[..] else {
                panic!("three")
            };
            // By the matrices of SMPTE EG 432-1 and IEC 61966-2-1.
            assert!(
                r.abs_diff(215) < 4 && g.abs_diff(93) < 4 && b.abs_diff(31) < 5,
                "{r} {g} {b}"
            );
        }
    }

    #[test]
    fn diffuse_white_of_pq_is_white() {
        let conversion = Conversion::by_code_points(1, PQ);
        // 203 nits are 0.58 of the signal.
        assert!(one(&conversion, vec![148, 148, 148])[0] > 250);
        assert_eq!(one(&conversion, vec![0, 0, 0]), [0, 0, 0]);
    }
}
