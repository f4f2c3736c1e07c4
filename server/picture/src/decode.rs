//! Decoding: what a file holds, upright, in sRGB.

use std::io::Cursor;

use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage,
    metadata::Orientation,
};

use crate::{
    Error, Limits, Result, avif,
    colour::{Channels, Conversion},
    jpeg,
    pixels::{self, Rows},
};

/// A kind of file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// ISO/IEC 10918-1.
    Jpeg,
    /// RFC 2083.
    Png,
    /// RFC 9649.
    Webp,
    /// AV1 Image File Format, <https://aomediacodec.github.io/av1-avif/>.
    Avif,
}

/// Decodes a whole picture within bounds that are checked by its head.
///
/// # Errors
/// [`Error`]; never [`Error::Encoder`].
pub fn decode(format: Format, bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        Format::Avif => avif::decode(bytes, limits),
        Format::Png => raster(ImageFormat::Png, bytes, limits),
        Format::Webp => {
            check_riff(bytes)?;
            raster(ImageFormat::WebP, bytes, limits)
        }
    }
}

/// The length that the head of a WebP promises (RFC 9649 §2.4); its decoder makes something of fewer bytes.
fn check_riff(bytes: &[u8]) -> Result<()> {
    let length = bytes
        .get(4..8)
        .and_then(|length| length.try_into().ok())
        .map(u32::from_le_bytes);
    match length {
        Some(length) if u64::from(length) + 8 <= bytes.len() as u64 => Ok(()),
        _ => Err(Error::Damaged("it ends early".to_owned())),
    }
}

fn failed(error: ImageError) -> Error {
    match error {
        ImageError::Unsupported(error) => Error::Unsupported(error.to_string()),
        error => Error::Damaged(error.to_string()),
    }
}

fn raster(format: ImageFormat, bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    let mut own = image::Limits::default();
    own.max_alloc = Some(limits.memory_bytes);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(own);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let rows = rows(decoder.color_type())?;
    // Beside the pixels: the planes of a lossy WebP, and a copy that is turned upright.
    limits.check(width, height, rows.pixel_bytes() as u64 + 3)?;
    let orientation = decoder.orientation().map_err(failed)?;
    let profile = decoder.icc_profile().map_err(failed)?;
    let length =
        usize::try_from(decoder.total_bytes()).map_err(|_| Error::TooLarge { width, height })?;
    let mut raw = vec![0; length];
    decoder.read_image(&mut raw).map_err(failed)?;
    let conversion = Conversion::by_profile(rows.channels, profile.as_deref());
    let picture = pixels::to_rgb(raw, (width, height), rows, &conversion)?;
    Ok(upright(picture, orientation))
}

fn rows(color: ColorType) -> Result<Rows> {
    let (channels, alpha, wide) = match color {
        ColorType::L8 => (Channels::Gray, false, false),
        ColorType::La8 => (Channels::Gray, true, false),
        ColorType::Rgb8 => (Channels::Rgb, false, false),
        ColorType::Rgba8 => (Channels::Rgb, true, false),
        ColorType::L16 => (Channels::Gray, false, true),
        ColorType::La16 => (Channels::Gray, true, true),
        ColorType::Rgb16 => (Channels::Rgb, false, true),
        ColorType::Rgba16 => (Channels::Rgb, true, true),
        other => return Err(Error::Unsupported(format!("{other:?}"))),
    };
    Ok(Rows {
        channels,
        alpha,
        wide,
    })
}

pub(crate) fn upright(picture: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return picture;
    }
    let mut turned = DynamicImage::ImageRgb8(picture);
    turned.apply_orientation(orientation);
    turned.into_rgb8()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn transparency_becomes_white() {
        let clear = sample::png(64, 64, [0, 0, 0, 0]);
        let picture = decode(Format::Png, &clear, &Limits::default()).expect("picture");
        sample::assert_near(&picture, 5, 5, [255, 255, 255], 0);
        let half = sample::png(64, 64, [0, 100, 200, 128]);
        let picture = decode(Format::Png, &half, &Limits::default()).expect("picture");
        sample::assert_near(&picture, 5, 5, [127, 177, 227], 1);
    }

    #[test]
    fn pictures_that_end_early_are_refused_in_every_format() {
        let noise = sample::noise(160, 120);
        let whole = [
            (Format::Png, sample::encoded(&noise, ImageFormat::Png)),
            (Format::Jpeg, sample::encoded(&noise, ImageFormat::Jpeg)),
            (
                Format::Webp,
                crate::encode::webp(&noise).expect("webp").bytes,
            ),
            (Format::Avif, crate::avif(&noise).expect("avif").bytes),
        ];
        for (format, bytes) in whole {
            assert!(
                decode(format, &bytes, &Limits::default()).is_ok(),
                "{format:?}"
            );
            for percent in [1, 5, 20, 55, 90, 99] {
                let cut = bytes.get(..bytes.len() * percent / 100).expect("a part");
                let refused = decode(format, cut, &Limits::default());
                assert!(
                    matches!(refused, Err(Error::Damaged(_))),
                    "{format:?} {percent} %: {refused:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_too_small_or_claims_too_much_is_refused_before_it_is_decoded() {
        let limits = Limits::default();
        assert_eq!(
            decode(Format::Png, &sample::png(4, 4, [0; 4]), &limits),
            Err(Error::TooSmall {
                width: 4,
                height: 4
            })
        );
        assert_eq!(
            decode(Format::Png, &sample::png_head(60_000, 60_000), &limits),
            Err(Error::TooLarge {
                width: 60_000,
                height: 60_000
            })
        );
        let little = Limits {
            memory_bytes: 20_000,
            ..limits
        };
        assert!(matches!(
            decode(Format::Png, &sample::png(100, 100, [0; 4]), &little),
            Err(Error::Memory { .. })
        ));
    }
}
