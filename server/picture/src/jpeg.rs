//! JPEG (ISO/IEC 10918-1), with the four inks of Adobe's (Adobe Technical Note 5116).

use image::{RgbImage, metadata::Orientation};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use crate::{
    Error, Limits, Result,
    colour::{Channels, Conversion},
    decode::upright,
    pixels::{self, Rows},
};

/// What the markers of a file say without a look at its pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Markers {
    /// The end of the image was found.
    ended: bool,
    /// Coefficients of the whole picture are in memory at once: it is progressive, or comes in several scans.
    buffered: bool,
    scans: u32,
    /// Adobe's APP14: inks are stored inverted.
    adobe: bool,
}

/// Walks the segments (§B.1). Thumbnails lie inside segments, so the first end of image that is met is the picture's own.
fn markers(bytes: &[u8]) -> Markers {
    let mut found = Markers::default();
    let mut at = 2;
    while let Some(rest) = bytes.get(at..) {
        let Some(ff) = rest.iter().position(|byte| *byte == 0xff) else {
            break;
        };
        let code = at + ff + 1;
        let Some(marker) = bytes.get(code) else { break };
        match marker {
            // Fill bytes, stuffed bytes, restarts and markers without a segment.
            0xff => at = code,
            0x00 | 0x01 | 0xd0..=0xd8 => at = code + 1,
            0xd9 => {
                found.ended = true;
                break;
            }
            marker => {
                let length = bytes.get(code + 1..code + 3).map_or(2, |two| {
                    two.iter()
                        .fold(0, |length, byte| length * 256 + usize::from(*byte))
                });
                match marker {
                    0xda => found.scans += 1,
                    0xc2 | 0xc6 | 0xca | 0xce => found.buffered = true,
                    0xee => found.adobe |= bytes.get(code + 3..code + 8) == Some(b"Adobe"),
                    _ => {}
                }
                at = code + 1 + length.max(2);
            }
        }
    }
    found.buffered |= found.scans > 1;
    found
}

fn failed(error: DecodeErrors) -> Error {
    match error {
        DecodeErrors::Unsupported(what) => Error::Unsupported(format!("{what:?}")),
        error => Error::Damaged(format!("{error:?}")),
    }
}

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    let markers = markers(bytes);
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut head =
        JpegDecoder::new_with_options(ZCursor::new(bytes), options.set_strict_mode(false));
    head.decode_headers().map_err(failed)?;
    let info = head
        .info()
        .ok_or_else(|| Error::Damaged("no head".to_owned()))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let stored = head.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    let (wanted, channels) = match stored {
        ColorSpace::Luma => (ColorSpace::Luma, Channels::Gray),
        // As they are stored: what they become is decided below.
        ColorSpace::CMYK | ColorSpace::YCCK => (stored, Channels::Cmyk),
        _ => (ColorSpace::RGB, Channels::Rgb),
    };
    let per_pixel = channels.count() as u64;
    // A coefficient takes two bytes. The copy that is turned upright comes when those are gone.
    let peak = if markers.buffered {
        per_pixel * 3
    } else {
        per_pixel + 3
    };
    limits.check(width, height, peak.max(7))?;
    if !markers.ended {
        return Err(Error::Damaged("it ends early".to_owned()));
    }
    let orientation = head
        .exif()
        .and_then(|exif| Orientation::from_exif_chunk(exif))
        .unwrap_or(Orientation::NoTransforms);
    let profile = head.icc_profile();
    drop(head);

    let options = options.jpeg_set_out_colorspace(wanted);
    let mut raw = pixels(bytes, options)?;
    if channels == Channels::Cmyk {
        to_inks(&mut raw, stored == ColorSpace::YCCK, markers.adobe);
    }
    let rows = Rows {
        channels,
        alpha: false,
        wide: false,
    };
    let conversion = Conversion::by_profile(channels, profile.as_deref());
    let picture = pixels::to_rgb(raw, (width, height), rows, &conversion)?;
    Ok(upright(picture, orientation))
}

/// Strictly, so that data that cannot be read is an error and not a gray area. Only bytes between headers, which some cameras write, are
/// forgiven.
fn pixels(bytes: &[u8], options: DecoderOptions) -> Result<Vec<u8>> {
    let read = |strict| {
        JpegDecoder::new_with_options(ZCursor::new(bytes), options.set_strict_mode(strict)).decode()
    };
    match read(true) {
        Err(DecodeErrors::FormatStatic(why)) if why.contains("Extra bytes between headers") => {
            read(false).map_err(failed)
        }
        result => result.map_err(failed),
    }
}

/// Turns stored values into inks, 0 being none. With luma and chroma (YCCK) the first three are brought to C, M and Y first.
fn to_inks(raw: &mut [u8], is_ycck: bool, inverted: bool) {
    for pixel in raw.as_chunks_mut::<4>().0 {
        if is_ycck {
            let [y, cb, cr, _] = pixel.map(f32::from);
            let (cb, cr) = (cb - 128.0, cr - 128.0);
            // JFIF gives R, G and B, and the stored inks are what is missing of them.
            let rgb = [
                y + 1.402 * cr,
                y - 0.344_136 * cb - 0.714_136 * cr,
                y + 1.772 * cb,
            ];
            for (ink, light) in pixel.iter_mut().zip(rgb) {
                *ink = u8::MAX - to_byte(light);
            }
        }
        if inverted {
            for ink in pixel {
                *ink = u8::MAX - *ink;
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of a byte"
)]
pub(crate) fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;

    use super::*;
    use crate::sample;

    #[test]
    fn a_photo_is_turned_upright_and_loses_its_metadata() {
        // An EXIF orientation of 6 (turn right by 90°): APP1 put in after SOI.
        let mut jpeg = Vec::new();
        JpegEncoder::new(&mut jpeg)
            .encode_image(&RgbImage::from_pixel(80, 40, image::Rgb([9, 9, 9])))
            .expect("jpeg");
        let app1 = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        jpeg.splice(2..2, app1.iter().copied());
        let picture = decode(&jpeg, &Limits::default()).expect("picture");
        assert_eq!(picture.dimensions(), (40, 80));
        for made in crate::encode::quick(&picture).expect("renditions") {
            assert!(!made.bytes.windows(4).any(|window| window == b"Exif"));
        }
    }

    #[test]
    fn inks_are_read_as_they_are_stored() {
        // Paper, cyan, and black as Adobe writes them, and as the standard has them.
        let inks = |mut raw: Vec<u8>, is_ycck, inverted| {
            to_inks(&mut raw, is_ycck, inverted);
            raw
        };
        assert_eq!(inks(vec![255; 4], false, true), [0; 4]);
        assert_eq!(inks(vec![255, 0, 0, 0], false, false), [255, 0, 0, 0]);
        // Stored luma 0 is stored ink 255, which inverted is none.
        assert_eq!(inks(vec![0, 128, 128, 255], true, true), [0, 0, 0, 0]);
        assert_eq!(
            inks(vec![255, 128, 128, 0], true, true),
            [255, 255, 255, 255]
        );
        assert_eq!(inks(vec![255, 128, 128, 9], true, false), [0, 0, 0, 9]);
    }

    #[test]
    fn a_file_of_four_inks_is_read() {
        for (file, bytes) in [
            ("cmyk", &include_bytes!("../sample/cmyk.jpg")[..]),
            ("ycck", include_bytes!("../sample/ycck.jpg")),
        ] {
            let picture = decode(bytes, &Limits::default()).expect(file);
            assert_eq!(picture.dimensions(), (64, 48));
            // Left half: 100 % magenta and yellow. Right half: half black.
            sample::assert_near(&picture, 10, 20, [255, 0, 0], 8);
            sample::assert_near(&picture, 55, 20, [127, 127, 127], 8);
        }
    }

    #[test]
    fn the_end_of_a_thumbnail_is_not_the_end_of_the_picture() {
        let mut jpeg = Vec::new();
        JpegEncoder::new(&mut jpeg)
            .encode_image(&sample::noise(64, 64))
            .expect("jpeg");
        let thumbnail = b"\xff\xe1\x00\x08\xff\xd8\xff\xda\xff\xd9";
        jpeg.splice(2..2, thumbnail.iter().copied());
        assert!(markers(&jpeg).ended);
        assert!(!markers(&jpeg[..jpeg.len() - 2]).ended);
        jpeg.extend_from_slice(b"anything behind the picture");
        assert!(decode(&jpeg, &Limits::default()).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = decode(&bytes, &Limits::default());
            let _ = markers(&bytes);
        }
    }
}
