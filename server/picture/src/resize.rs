//! Which sizes a photo is offered in, and making them.

use fast_image_resize::{
    ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use image::RgbImage;

use crate::{Error, Result};

/// Widths that pages ask for, in pixels.
const WIDTHS: [u32; 5] = [320, 640, 960, 1280, 1600];
/// AVIF takes long to make; above this width WebP is offered instead.
const MAX_AVIF_WIDTH: u32 = 1280;
/// Most pixels of an AVIF: some four times as tall as wide at its widest.
const MAX_AVIF_PIXELS: u64 = 7_000_000;

/// The widths to make of a picture in a format whose sides end at `most_side`: never wider than it is, and the widest one that
/// the format allows where the next one down would lose much.
pub(crate) fn widths((width, height): (u32, u32), most_side: u32) -> Vec<u32> {
    let allowed = if height > most_side {
        let scaled = u64::from(width) * u64::from(most_side) / u64::from(height);
        u32::try_from(scaled).unwrap_or(width).max(1)
    } else {
        width
    };
    let mut widths: Vec<u32> = WIDTHS
        .into_iter()
        .filter(|width| *width <= allowed)
        .collect();
    let last = widths.last().copied().unwrap_or(0);
    let most = allowed.min(WIDTHS[WIDTHS.len() - 1]);
    // Within a tenth nobody sees a difference.
    if most > last + last / 10 {
        widths.push(most);
    }
    widths
}

/// The height that goes with a width.
pub(crate) fn height_at((width, height): (u32, u32), new_width: u32) -> u32 {
    let height = u64::from(height) * u64::from(new_width) / u64::from(width.max(1));
    u32::try_from(height.max(1)).unwrap_or(u32::MAX)
}

/// The pictures to be made into AVIF, narrowest first: small enough to be kept in memory while that is done. None of one so
/// tall that its widest AVIF would be too large: a browser takes the first format it knows, so a few narrow ones would be worse
/// than none.
///
/// # Errors
/// [`Error::Encoder`] when it cannot be resized.
pub fn for_avif(whole: &RgbImage) -> Result<Vec<RgbImage>> {
    let size = whole.dimensions();
    let widths = widths(size, u32::from(u16::MAX));
    let widths: Vec<u32> = widths
        .into_iter()
        .filter(|width| *width <= MAX_AVIF_WIDTH)
        .collect();
    let pixels = |width: u32| u64::from(width) * u64::from(height_at(size, width));
    if widths.iter().any(|width| pixels(*width) > MAX_AVIF_PIXELS) {
        return Ok(Vec::new());
    }
    widths
        .into_iter()
        .map(|width| to_width(whole, width))
        .collect()
}

/// The picture at a width, never larger than it is.
pub(crate) fn to_width(whole: &RgbImage, width: u32) -> Result<RgbImage> {
    let (from_width, from_height) = whole.dimensions();
    if width >= from_width {
        return Ok(whole.clone());
    }
    let height = height_at((from_width, from_height), width);
    let failed = |error: &dyn std::fmt::Display| Error::Encoder(error.to_string());
    // Typed, so that code for three bytes a pixel is compiled and not for all there are.
    let source = TypedImageRef::<U8x3>::from_buffer(from_width, from_height, whole.as_raw())
        .map_err(|error| failed(&error))?;
    let mut pixels = vec![0; width as usize * height as usize * 3];
    let mut small = TypedImage::<U8x3>::from_buffer(width, height, &mut pixels)
        .map_err(|error| failed(&error))?;
    // Lanczos with three lobes is the default of the options.
    Resizer::new()
        .resize_typed(&source, &mut small, &ResizeOptions::new())
        .map_err(|error| failed(&error))?;
    RgbImage::from_raw(width, height, pixels).ok_or_else(|| failed(&"a picture of the wrong size"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pictures_are_never_made_larger() {
        let widths = |width| widths((width, 100), 16_383);
        assert_eq!(widths(200), [200]);
        assert_eq!(widths(320), [320]);
        assert_eq!(widths(340), [320]);
        assert_eq!(widths(1000), [320, 640, 960]);
        assert_eq!(widths(1200), [320, 640, 960, 1200]);
        assert_eq!(widths(4000), WIDTHS);
    }

    proptest! {
        #[test]
        fn every_size_fits_its_format(width in 16_u32..=30_000, height in 16_u32..=30_000, most in prop::sample::select(vec![16_383_u32, 65_535])) {
            let made = widths((width, height), most);
            prop_assert!(!made.is_empty());
            for one in made {
                prop_assert!(one >= 1 && one <= width);
                prop_assert!(height_at((width, height), one) <= most);
            }
        }
    }
}
