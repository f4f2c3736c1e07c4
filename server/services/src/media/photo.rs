//! Making renditions of a photo: turned upright, in sRGB, without metadata, at several widths in three formats.
//!
//! WebP and JPEG take a fraction of a second and are made at once; AVIF, the smallest and slowest, when there is time.
//! Blocks and takes memory by the hundred megabytes; runs on a thread for such work, one at a time.

use std::io::Cursor;

use domain::{
    invalid::Invalid,
    media::{Format, MAX_PHOTO_PIXELS, MAX_PHOTO_SIDE},
};
use fast_image_resize::{PixelType, ResizeOptions, Resizer, images::Image};
use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage,
    codecs::jpeg::JpegEncoder,
};
use ravif::{Encoder, Img, RGBA8};

use crate::{Error, Result};

/// Widths that pages ask for, in pixels.
const WIDTHS: [u32; 5] = [320, 640, 960, 1280, 1600];
/// AVIF takes seconds a megapixel; above this width WebP is offered instead.
const MAX_AVIF_WIDTH: u32 = 1280;
/// Memory for decoding: 100 megapixels of RGBA and some room.
const MAX_DECODE_BYTES: u64 = 640 * 1024 * 1024;

/// One rendition.
pub(super) struct Encoded {
    pub(super) file: String,
    pub(super) mime: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: Vec<u8>,
}

/// A photo with its renditions.
pub(super) struct Photo {
    pub(super) width: u32,
    pub(super) height: u32,
    /// `#rrggbb`, the mean.
    pub(super) placeholder: String,
    pub(super) renditions: Vec<Encoded>,
}

fn unusable(message: impl Into<String>) -> Error {
    Invalid::new("file", message).into()
}

/// Decodes, checks, and encodes what can be encoded quickly.
pub(super) fn make(format: Format, bytes: &[u8]) -> Result<Photo> {
    let whole = decode(format, bytes)?;
    let (width, height) = whole.dimensions();
    let mut renditions = Vec::new();
    for width in widths(width) {
        let small = resize(&whole, width)?;
        renditions.push(webp(&small)?);
        renditions.push(jpeg(&small)?);
    }
    Ok(Photo {
        width,
        height,
        placeholder: mean(&resize(&whole, width.min(64))?),
        renditions,
    })
}

/// The pictures to be made into AVIF, narrowest first: small enough to be kept in memory while that is done.
pub(super) fn for_avif(format: Format, bytes: &[u8]) -> Result<Vec<RgbImage>> {
    let whole = decode(format, bytes)?;
    widths(whole.width())
        .into_iter()
        .filter(|width| *width <= MAX_AVIF_WIDTH)
        .map(|width| resize(&whole, width))
        .collect()
}

fn decode(format: Format, bytes: &[u8]) -> Result<RgbImage> {
    let format = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::Webp => ImageFormat::WebP,
        Format::Mp4 => {
            return Err(unusable(
                "This is a film, not a photo. Choose a JPEG, PNG or WebP picture.",
            ));
        }
    };
    let damaged = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => {
            unusable("This photo needs too much memory to open. Save it smaller and try again.")
        }
        error => {
            tracing::info!(%error, "a photo could not be decoded");
            unusable(
                "This photo is damaged or incomplete. Open it in an image program, save it again and try once more.",
            )
        }
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_PHOTO_SIDE);
    limits.max_image_height = Some(MAX_PHOTO_SIDE);
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PHOTO_PIXELS {
        return Err(unusable(format!(
            "This photo has {width} × {height} pixels; the most is 100 megapixels. Save it smaller and try again."
        )));
    }
    if width < 16 || height < 16 {
        return Err(unusable(format!(
            "This photo has only {width} × {height} pixels. Choose one that is at least 16 pixels on each side."
        )));
    }
    let orientation = decoder.orientation().map_err(damaged)?;
    let profile = decoder.icc_profile().map_err(damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    let mut rgb = flatten(picture);
    if let Some(profile) = profile {
        to_srgb(&mut rgb, &profile);
    }
    Ok(rgb)
}

/// Drops transparency onto white, as paper would.
fn flatten(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, a] = from.0;
        let over = |c: u8| {
            let mixed = u16::from(c) * u16::from(a) + 255 * (255 - u16::from(a));
            u8::try_from((mixed + 127) / 255).unwrap_or(u8::MAX)
        };
        to.0 = [over(r), over(g), over(b)];
    }
    rgb
}

/// Browsers would read the profile; the renditions carry none, so the pixels are brought to sRGB. A profile that is damaged or
/// not for RGB is ignored, as browsers do.
fn to_srgb(picture: &mut RgbImage, profile: &[u8]) {
    use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
    let Ok(from) = ColorProfile::new_from_slice(profile) else {
        return;
    };
    if from.color_space != DataColorSpace::Rgb {
        return;
    }
    let options = TransformOptions::default();
    let Ok(transform) =
        from.create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, options)
    else {
        return;
    };
    let row_bytes = picture.width() as usize * 3;
    let mut row = vec![0; row_bytes];
    for pixels in picture.chunks_exact_mut(row_bytes) {
        if transform.transform(pixels, &mut row).is_err() {
            return;
        }
        pixels.copy_from_slice(&row);
    }
}

/// The widths to make of a picture this wide: never wider, and its own where the next one down would lose much.
fn widths(own: u32) -> Vec<u32> {
    let mut widths: Vec<u32> = WIDTHS.into_iter().filter(|width| *width <= own).collect();
    let last = widths.last().copied().unwrap_or(0);
    let most = own.min(WIDTHS[WIDTHS.len() - 1]);
    // Within a tenth nobody sees a difference.
    if most > last + last / 10 {
        widths.push(most);
    }
    widths
}

fn resize(whole: &RgbImage, width: u32) -> Result<RgbImage> {
    let (from_width, from_height) = whole.dimensions();
    if width >= from_width {
        return Ok(whole.clone());
    }
    let height = u64::from(from_height) * u64::from(width) / u64::from(from_width.max(1));
    let height = u32::try_from(height.max(1)).map_err(Error::internal)?;
    let source = fast_image_resize::images::ImageRef::new(
        from_width,
        from_height,
        whole.as_raw(),
        PixelType::U8x3,
    )
    .map_err(Error::internal)?;
    let mut small = Image::new(width, height, PixelType::U8x3);
    // Lanczos with three lobes is the default of the options.
    Resizer::new()
        .resize(&source, &mut small, &ResizeOptions::new())
        .map_err(Error::internal)?;
    RgbImage::from_raw(width, height, small.into_vec())
        .ok_or_else(|| Error::internal("a picture of the wrong size"))
}

fn encoded(picture: &RgbImage, extension: &str, mime: &'static str, bytes: Vec<u8>) -> Encoded {
    let (width, height) = picture.dimensions();
    Encoded {
        file: format!("{width}.{extension}"),
        mime,
        width,
        height,
        bytes,
    }
}

/// Seconds a megapixel.
pub(super) fn avif(picture: &RgbImage) -> Result<Encoded> {
    let (width, height) = picture.dimensions();
    // The encoder for pictures with alpha leaves the alpha of an opaque one out, byte for byte as the other does. The other is inlined, and
    // with it the whole of rav1e would be compiled into this crate, in the everyday profile without optimisation.
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
        .map_err(Error::internal)?;
    Ok(encoded(picture, "avif", "image/avif", made.avif_file))
}

fn webp(picture: &RgbImage) -> Result<Encoded> {
    let (width, height) = picture.dimensions();
    let made = webp::Encoder::from_rgb(picture.as_raw(), width, height)
        .encode_simple(false, 78.0)
        .map_err(|error| Error::internal(format!("WebP: {error:?}")))?;
    Ok(encoded(picture, "webp", "image/webp", made.to_vec()))
}

fn jpeg(picture: &RgbImage) -> Result<Encoded> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 82)
        .encode_image(picture)
        .map_err(Error::internal)?;
    Ok(encoded(picture, "jpg", "image/jpeg", bytes))
}

fn mean(picture: &RgbImage) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, pixel: [u8; 4]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbaImage::from_pixel(width, height, image::Rgba(pixel))
            .write_to(&mut bytes, ImageFormat::Png)
            .expect("png");
        bytes.into_inner()
    }

    #[test]
    fn pictures_are_never_made_larger() {
        assert_eq!(widths(200), [200]);
        assert_eq!(widths(320), [320]);
        assert_eq!(widths(340), [320]);
        assert_eq!(widths(1000), [320, 640, 960]);
        assert_eq!(widths(1200), [320, 640, 960, 1200]);
        assert_eq!(widths(4000), WIDTHS);
    }

    #[test]
    fn a_photo_gets_every_format_and_keeps_its_colour() {
        let bytes = png(400, 300, [200, 100, 50, 255]);
        let mut photo = make(Format::Png, &bytes).expect("photo");
        for picture in for_avif(Format::Png, &bytes).expect("pictures") {
            photo.renditions.push(avif(&picture).expect("avif"));
        }
        assert_eq!((photo.width, photo.height), (400, 300));
        assert_eq!(photo.placeholder, "#c86432");
        let files: Vec<&str> = photo
            .renditions
            .iter()
            .map(|made| made.file.as_str())
            .collect();
        assert_eq!(
            files,
            [
                "320.webp", "320.jpg", "400.webp", "400.jpg", "320.avif", "400.avif"
            ]
        );
        for made in &photo.renditions {
            if made.mime == "image/avif" {
                assert_eq!(made.bytes.get(4..12), Some(&b"ftypavif"[..]));
                continue;
            }
            let back = image::load_from_memory(&made.bytes)
                .expect("decodes")
                .into_rgb8();
            assert_eq!(back.dimensions(), (made.width, made.height));
            let [r, g, b] = back.get_pixel(10, 10).0;
            assert!(
                r.abs_diff(200) < 6 && g.abs_diff(100) < 6 && b.abs_diff(50) < 6,
                "{r} {g} {b}"
            );
        }
    }

    #[test]
    fn transparency_becomes_white() {
        let photo = make(Format::Png, &png(64, 64, [0, 0, 0, 0])).expect("photo");
        assert_eq!(photo.placeholder, "#ffffff");
    }

    #[test]
    fn a_photo_is_turned_upright_and_loses_its_metadata() {
        // A JPEG with an EXIF orientation of 6 (turn right by 90°): APP1 put in after SOI.
        let mut jpeg = Vec::new();
        JpegEncoder::new(&mut jpeg)
            .encode_image(&RgbImage::from_pixel(80, 40, image::Rgb([9, 9, 9])))
            .expect("jpeg");
        let mut app1 = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        app1.truncate(2 + 0x22);
        jpeg.splice(2..2, app1);
        let photo = make(Format::Jpeg, &jpeg).expect("photo");
        assert_eq!((photo.width, photo.height), (40, 80));
        for made in &photo.renditions {
            assert!(!made.bytes.windows(4).any(|window| window == b"Exif"));
        }
    }

    #[test]
    fn damaged_and_tiny_pictures_are_refused() {
        let whole = png(64, 64, [1, 2, 3, 255]);
        let cut = whole.get(..whole.len() / 2).expect("half");
        for (bytes, words) in [
            (cut, "damaged"),
            (&png(4, 4, [0; 4])[..], "only 4 × 4"),
            (&b"\x89PNG"[..], "damaged"),
        ] {
            let error = make(Format::Png, bytes).err().expect("refused").to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_picture_that_claims_too_much_is_refused_before_it_is_decoded() {
        // The head of a PNG that says 60 000 × 60 000 pixels, with a right CRC.
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        let body = [0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0];
        bytes.extend(body);
        let mut crc = 0xffff_ffff_u32;
        for byte in b"IHDR".iter().chain(&body) {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 {
                    (crc >> 1) ^ 0xedb8_8320
                } else {
                    crc >> 1
                };
            }
        }
        bytes.extend((!crc).to_be_bytes());
        bytes.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
        let error = make(Format::Png, &bytes)
            .err()
            .expect("refused")
            .to_string();
        assert!(
            error.contains("too much memory") || error.contains("megapixels"),
            "{error}"
        );
    }
}
