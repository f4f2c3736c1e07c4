//! Photos: what the crate `picture` makes of them, within the memory there is, and its refusals in words.

use domain::{
    invalid::Invalid,
    media::{Format, MAX_PHOTO_PIXELS, MAX_PHOTO_SIDE},
};
use picture::{Limits, Photo, Rendition, RgbImage};

use crate::{Error, Result, memory};

/// Memory for one photo, bytes: a progressive JPEG of 100 megapixels and some room.
const MAX_DECODE_BYTES: u64 = 1280 * 1024 * 1024;

fn limits() -> Limits {
    // A quarter is left to everything else.
    let free = memory::available_bytes().map_or(MAX_DECODE_BYTES, |bytes| bytes / 4 * 3);
    Limits {
        side: MAX_PHOTO_SIDE,
        pixels: MAX_PHOTO_PIXELS,
        memory_bytes: free.min(MAX_DECODE_BYTES),
    }
}

/// Decodes, checks, and encodes what can be encoded quickly.
pub(super) fn make(format: Format, bytes: &[u8]) -> Result<Photo> {
    picture::make(readable(format)?, bytes, &limits()).map_err(refused)
}

/// The pictures to be made into AVIF, narrowest first.
pub(super) fn for_avif(format: Format, bytes: &[u8]) -> Result<Vec<RgbImage>> {
    let whole = picture::decode(readable(format)?, bytes, &limits()).map_err(refused)?;
    picture::for_avif(&whole).map_err(refused)
}

/// Seconds a megapixel on a small machine.
pub(super) fn avif(picture: &RgbImage) -> Result<Rendition> {
    picture::avif(picture).map_err(refused)
}

fn unusable(message: impl Into<String>) -> Error {
    Invalid::new("file", message).into()
}

fn readable(format: Format) -> Result<picture::Format> {
    match format {
        Format::Jpeg => Ok(picture::Format::Jpeg),
        Format::Png => Ok(picture::Format::Png),
        Format::Webp => Ok(picture::Format::Webp),
        Format::Avif => Ok(picture::Format::Avif),
        Format::Mp4 => Err(unusable(
            "This is a film, not a photo. Choose a JPEG, PNG, WebP or AVIF picture.",
        )),
    }
}

/// None of these goes away by trying again, an encoder's included: the same pixels would fail the same way.
fn refused(error: picture::Error) -> Error {
    use picture::Error as Why;
    tracing::info!(%error, "a photo cannot be used");
    let megapixels =
        |width: u32, height: u32| u64::from(width) * u64::from(height) > MAX_PHOTO_PIXELS;
    unusable(match error {
        Why::Damaged(_) => {
            "This photo is damaged or incomplete. Open it in an image program, save it again and try once more.".to_owned()
        }
        Why::Unsupported(_) => {
            "This photo is coded in a way that few programs read. Save it as an ordinary JPEG or PNG and try again.".to_owned()
        }
        Why::TooLarge { width, height } if megapixels(width, height) => format!(
            "This photo has {width} × {height} pixels; the most is 100 megapixels. Save it smaller and try again."
        ),
        Why::TooLarge { width, height } => format!(
            "This photo has {width} × {height} pixels; the longest side may have {MAX_PHOTO_SIDE}. Save it smaller and try again."
        ),
        Why::TooSmall { width, height } => format!(
            "This photo has only {width} × {height} pixels. Choose one that is at least 16 pixels on each side."
        ),
        Why::Memory { .. } => {
            "This photo needs more memory than the server has to open it. Save it smaller and try again.".to_owned()
        }
        Why::Encoder(_) => {
            "This photo could not be made ready for the shop. Save it in another size or format and try again.".to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_to_do() {
        for error in [
            picture::Error::Damaged(String::new()),
            picture::Error::Unsupported(String::new()),
            picture::Error::TooLarge {
                width: 40_000,
                height: 100,
            },
            picture::Error::TooLarge {
                width: 20_000,
                height: 20_000,
            },
            picture::Error::TooSmall {
                width: 1,
                height: 1,
            },
            picture::Error::Memory {
                needed_bytes: 2,
                limit_bytes: 1,
            },
            picture::Error::Encoder(String::new()),
        ] {
            let Error::Invalid {
                field: "file",
                message,
            } = refused(error)
            else {
                panic!("it would be tried again");
            };
            assert!(
                message.contains("ave it") || message.contains("Choose"),
                "{message}"
            );
        }
    }
}
