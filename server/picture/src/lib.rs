//! Photos: from the bytes of a file to upright pixels in sRGB, and from those to what browsers load.
//!
//! No IO, no database, no words for people. It is a crate of its own because it is arithmetic by the megapixel: the everyday
//! profile builds it for speed. Everything blocks, and takes memory by the hundred megabytes.

mod avif;
mod bounds;
mod colour;
mod decode;
mod encode;
mod jpeg;
mod pixels;
mod resize;
#[cfg(test)]
mod sample;

pub use image::RgbImage;

pub use self::{
    bounds::Limits,
    decode::{Format, decode},
    encode::{Rendition, avif},
    resize::for_avif,
};

/// Why a photo cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end early, or are no picture of the kind they say they are.
    #[error("damaged: {0}")]
    Damaged(String),
    /// A kind of file that is right and cannot be read here, e.g. a JPEG with arithmetic coding.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// More pixels than are taken.
    #[error("{width} × {height} pixels are too many")]
    TooLarge {
        /// Pixels as stored.
        width: u32,
        /// Pixels as stored.
        height: u32,
    },
    /// Fewer pixels than are worth showing.
    #[error("{width} × {height} pixels are too few")]
    TooSmall {
        /// Pixels as stored.
        width: u32,
        /// Pixels as stored.
        height: u32,
    },
    /// It needs more memory than there is.
    #[error("takes {needed_bytes} bytes of memory; {limit_bytes} are allowed")]
    Memory {
        /// What decoding takes at its peak.
        needed_bytes: u64,
        /// What it may take.
        limit_bytes: u64,
    },
    /// A fault of ours: an encoder did not do its work.
    #[error("encoder: {0}")]
    Encoder(String),
}

/// What callers are answered with.
pub type Result<T> = std::result::Result<T, Error>;

/// A photo with the renditions that are quick to make.
#[derive(Debug)]
pub struct Photo {
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// `#rrggbb`, the mean.
    pub placeholder: String,
    /// WebP and JPEG, narrowest first.
    pub renditions: Vec<Rendition>,
}

/// Decodes, checks, and encodes what takes a fraction of a second.
///
/// # Errors
/// [`Error`].
pub fn make(format: Format, bytes: &[u8], limits: &Limits) -> Result<Photo> {
    let whole = decode(format, bytes, limits)?;
    Ok(Photo {
        width: whole.width(),
        height: whole.height(),
        placeholder: encode::mean(&resize::to_width(&whole, whole.width().min(64))?),
        renditions: encode::quick(&whole)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_gets_every_format_and_keeps_its_colour() {
        let bytes = sample::png(400, 300, [200, 100, 50, 255]);
        let limits = Limits::default();
        let mut photo = make(Format::Png, &bytes, &limits).expect("photo");
        for picture in
            for_avif(&decode(Format::Png, &bytes, &limits).expect("decoded")).expect("pictures")
        {
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
            let format = match made.mime {
                "image/avif" => Format::Avif,
                "image/webp" => Format::Webp,
                _ => Format::Jpeg,
            };
            let back = decode(format, &made.bytes, &limits).expect("decodes");
            assert_eq!(back.dimensions(), (made.width, made.height));
            sample::assert_near(&back, 10, 10, [200, 100, 50], 6);
        }
    }

    /// WebP ends at 16 383 pixels and JPEG at 65 535: a picture that is taller in one format is narrower there.
    #[test]
    fn a_tall_picture_gets_what_each_format_allows() {
        let whole = RgbImage::from_pixel(90, 20_000, image::Rgb([9, 90, 200]));
        let mut sizes = Vec::new();
        for made in encode::quick(&whole).expect("encoded") {
            sizes.push((made.mime, made.width, made.height));
        }
        assert_eq!(
            sizes,
            [("image/webp", 73, 16_222), ("image/jpeg", 90, 20_000)]
        );
        assert!(
            for_avif(&RgbImage::new(900, 20_000))
                .expect("none")
                .is_empty()
        );
    }
}
