//! Encoding what browsers load.

use image::{RgbImage, codecs::jpeg::JpegEncoder};
use ravif::{Encoder, Img, RGBA8};

use crate::{
    Error, Result,
    resize::{to_width, widths},
};

/// The longest side of a WebP, pixels (RFC 9649 §2.7).
const WEBP_SIDE: u32 = 16_383;
/// The longest side of a JPEG, pixels (ISO/IEC 10918-1 §B.2.2).
const JPEG_SIDE: u32 = 65_535;

/// A picture as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Its name: the width and the format's ending.
    pub file: String,
    /// MIME type.
    pub mime: &'static str,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// WebP and JPEG at the widths that pages ask for, narrowest first.
pub(crate) fn quick(whole: &RgbImage) -> Result<Vec<Rendition>> {
    let size = whole.dimensions();
    let (for_webp, for_jpeg) = (widths(size, WEBP_SIDE), widths(size, JPEG_SIDE));
    let mut all: Vec<u32> = for_webp.iter().chain(&for_jpeg).copied().collect();
    all.sort_unstable();
    all.dedup();
    let mut made = Vec::new();
    for width in all {
        let small = to_width(whole, width)?;
        if for_webp.contains(&width) {
            made.push(webp(&small)?);
        }
        if for_jpeg.contains(&width) {
            made.push(jpeg(&small)?);
        }
    }
    Ok(made)
}

fn rendition(picture: &RgbImage, extension: &str, mime: &'static str, bytes: Vec<u8>) -> Rendition {
    let (width, height) = picture.dimensions();
    Rendition {
        file: format!("{width}.{extension}"),
        mime,
        width,
        height,
        bytes,
    }
}

/// AVIF: seconds a megapixel on a small machine.
///
/// # Errors
/// [`Error::Encoder`].
pub fn avif(picture: &RgbImage) -> Result<Rendition> {
    let (width, height) = picture.dimensions();
    // The encoder for pictures with alpha leaves the alpha of an opaque one out, byte for byte as the other does. The other is
    // inlined, and with it the whole of rav1e would be compiled into this crate.
    let pixels: Vec<RGBA8> = picture
        .pixels()
        .map(|pixel| {
            let [r, g, b] = pixel.0;
            RGBA8::new(r, g, b, u8::MAX)
        })
        .collect();
    let made = Encoder::new()
        .with_quality(62.0)
        .with_speed(9)
        .encode_rgba(Img::new(&pixels, width as usize, height as usize))
        .map_err(|error| Error::Encoder(format!("AVIF: {error}")))?;
    Ok(rendition(picture, "avif", "image/avif", made.avif_file))
}

pub(crate) fn webp(picture: &RgbImage) -> Result<Rendition> {
    let (width, height) = picture.dimensions();
    let made = webp::Encoder::from_rgb(picture.as_raw(), width, height)
        .encode_simple(false, 78.0)
        .map_err(|error| Error::Encoder(format!("WebP: {error:?}")))?;
    Ok(rendition(picture, "webp", "image/webp", made.to_vec()))
}

fn jpeg(picture: &RgbImage) -> Result<Rendition> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 82)
        .encode_image(picture)
        .map_err(|error| Error::Encoder(format!("JPEG: {error}")))?;
    Ok(rendition(picture, "jpg", "image/jpeg", bytes))
}

/// The mean colour as `#rrggbb`.
pub(crate) fn mean(picture: &RgbImage) -> String {
    let mut sums = [0_u64; 3];
    for pixel in picture.pixels() {
        for (sum, channel) in sums.iter_mut().zip(pixel.0) {
            *sum += u64::from(channel);
        }
    }
    let count = (u64::from(picture.width()) * u64::from(picture.height())).max(1);
    let [r, g, b] = sums.map(|sum| sum / count);
    format!("#{r:02x}{g:02x}{b:02x}")
}
