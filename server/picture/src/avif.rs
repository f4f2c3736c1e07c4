//! AVIF: the container by `zenavif-parse`, AV1 by `re_rav1d`, and here from its planes to RGB (ITU-T H.273 §8.3).

use std::borrow::Cow;

use image::{RgbImage, metadata::Orientation};
use re_rav1d::dav1d::{
    Decoder, Picture, PixelLayout, PlanarImageComponent, Plane, Settings, pixel,
};
use zenavif_parse::{AvifParser, ColorInformation, DecodeConfig};

use crate::{
    Error, Limits, Result,
    colour::{Channels, Conversion},
    decode::upright,
    jpeg::to_byte,
    pixels::over_white,
};

/// Most tiles of a picture that is put together of several; phones use some dozen.
const MOST_TILES: u32 = 256;

fn damaged(error: impl std::fmt::Display) -> Error {
    Error::Damaged(error.to_string())
}

pub(crate) fn decode(bytes: &[u8], limits: &Limits) -> Result<RgbImage> {
    let megapixels = u32::try_from(limits.pixels.div_ceil(1_000_000)).unwrap_or(u32::MAX);
    let config = DecodeConfig::default()
        .with_peak_memory_limit(limits.memory_bytes)
        .with_total_megapixels_limit(megapixels)
        .with_max_grid_tiles(MOST_TILES)
        .lenient(true);
    let file = AvifParser::from_bytes_with_config(bytes, &config, &zenavif_parse::Unstoppable)
        .map_err(damaged)?;
    let mut picture = match file.grid_config() {
        Some(grid) => {
            let columns = u32::from(grid.columns).max(1);
            let size = (grid.output_width, grid.output_height);
            check(size, limits)?;
            let mut whole = RgbImage::new(size.0, size.1);
            for (tile, index) in (0..file.grid_tile_count()).zip(0_u32..) {
                let data = file.tile_data(tile).map_err(damaged)?;
                let part = planes(data, limits)?;
                let part = to_rgb(&part, &file)?;
                let (x, y) = (
                    index % columns * part.width(),
                    index / columns * part.height(),
                );
                image::imageops::replace(&mut whole, &part, i64::from(x), i64::from(y));
            }
            whole
        }
        None => {
            let head = file.primary_metadata().map_err(damaged)?;
            check(
                (head.max_frame_width.get(), head.max_frame_height.get()),
                limits,
            )?;
            let part = planes(file.primary_data().map_err(damaged)?, limits)?;
            to_rgb(&part, &file)?
        }
    };
    if let Some(alpha) = file.alpha_data() {
        flatten(
            &mut picture,
            &planes(alpha.map_err(damaged)?, limits)?,
            file.premultiplied_alpha(),
        );
    }
    Ok(turned(picture, &file))
}

/// Planes of two bytes a value at most, the decoder's own, and RGB.
fn check((width, height): (u32, u32), limits: &Limits) -> Result<()> {
    limits.check(width, height, 9)
}

fn planes(data: Cow<'_, [u8]>, limits: &Limits) -> Result<Picture> {
    let mut settings = Settings::new();
    // A picture is one frame: more threads would wait for each other.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(u32::try_from(limits.pixels).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(damaged)?;
    decoder
        .send_data(data.into_owned(), None, None, None)
        .map_err(damaged)?;
    decoder.get_picture().map_err(damaged)
}

/// One plane with its geometry; values of 8 bits or, in two bytes, more.
struct Values {
    plane: Plane,
    stride: usize,
    /// Halvings of width and height against the picture.
    halved: (u32, u32),
    wide: bool,
    /// To bring a value to 0–255.
    scale: f32,
}

impl Values {
    fn of(picture: &Picture, component: PlanarImageComponent) -> Self {
        let halved = match (component, picture.pixel_layout()) {
            (PlanarImageComponent::Y, _) | (_, PixelLayout::I400 | PixelLayout::I444) => (0, 0),
            (_, PixelLayout::I420) => (1, 1),
            (_, PixelLayout::I422) => (1, 0),
        };
        let bits = picture.bits_per_component().map_or(8, |bits| bits.0);
        Self {
            stride: picture.stride(component) as usize,
            plane: picture.plane(component),
            halved,
            wide: bits > 8,
            scale: if bits > 8 {
                0.5_f32.powi(i32::try_from(bits).unwrap_or(8) - 8)
            } else {
                1.0
            },
        }
    }

    /// The value at a pixel of the picture, in 0–256.
    fn at(&self, x: u32, y: u32) -> f32 {
        let (x, y) = ((x >> self.halved.0) as usize, (y >> self.halved.1) as usize);
        if self.wide {
            let at = y * self.stride + x * 2;
            let low = self.plane.get(at).copied().unwrap_or_default();
            let high = self.plane.get(at + 1).copied().unwrap_or_default();
            f32::from(u16::from_le_bytes([low, high])) * self.scale
        } else {
            f32::from(
                self.plane
                    .get(y * self.stride + x)
                    .copied()
                    .unwrap_or_default(),
            )
        }
    }
}

/// The weights of red and blue in luma. What is not said is taken as BT.601, as browsers do.
fn weights(matrix: u16) -> (f32, f32) {
    match matrix {
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        7 => (0.212, 0.087),
        9 | 10 => (0.2627, 0.0593),
        _ => (0.299, 0.114),
    }
}

/// Identity: the planes are green, blue and red.
const IDENTITY: u16 = 0;

fn to_rgb(picture: &Picture, file: &AvifParser<'_>) -> Result<RgbImage> {
    // What the container says counts before what the bitstream says.
    let (conversion, matrix, full) = match file.color_info() {
        Some(ColorInformation::Nclx {
            color_primaries,
            transfer_characteristics,
            matrix_coefficients,
            full_range,
        }) => (
            Conversion::by_code_points(*color_primaries, *transfer_characteristics),
            *matrix_coefficients,
            *full_range,
        ),
        other => {
            let profile = match other {
                Some(ColorInformation::IccProfile(profile)) => Some(profile.as_slice()),
                _ => None,
            };
            (
                Conversion::by_profile(Channels::Rgb, profile),
                picture.matrix_coefficients() as u16,
                picture.color_range() == pixel::YUVRange::Full,
            )
        }
    };
    let gray = picture.pixel_layout() == PixelLayout::I400;
    let luma = Values::of(picture, PlanarImageComponent::Y);
    let chroma = (!gray).then(|| {
        [PlanarImageComponent::U, PlanarImageComponent::V]
            .map(|component| Values::of(picture, component))
    });
    let (red, blue) = weights(matrix);
    let green = 1.0 - red - blue;
    // Studio range: luma 16–235, chroma 16–240.
    let (black, luma_gain, chroma_gain) = if full {
        (0.0, 1.0, 1.0)
    } else {
        (16.0, 255.0 / 219.0, 255.0 / 224.0)
    };
    let (width, height) = (picture.width(), picture.height());
    let mut made = RgbImage::new(width, height);
    let mut row = vec![0; width as usize * 3];
    for (y, to) in (0..height).zip(made.chunks_exact_mut(width as usize * 3)) {
        for (x, pixel) in (0..width).zip(row.as_chunks_mut::<3>().0) {
            let value = (luma.at(x, y) - black) * luma_gain;
            *pixel = match &chroma {
                None => [to_byte(value); 3],
                Some([u, v]) if matrix == IDENTITY => [v.at(x, y), luma.at(x, y), u.at(x, y)]
                    .map(|value| to_byte((value - black) * luma_gain)),
                Some([u, v]) => {
                    let cb = (u.at(x, y) - 128.0) * chroma_gain;
                    let cr = (v.at(x, y) - 128.0) * chroma_gain;
                    let r = value + 2.0 * (1.0 - red) * cr;
                    let b = value + 2.0 * (1.0 - blue) * cb;
                    let g = (value - red * r - blue * b) / green;
                    [r, g, b].map(to_byte)
                }
            };
        }
        conversion.convert(&mut row, to);
    }
    Ok(made)
}

/// Lays the picture on white. Premultiplied colours have lost what shows through already.
fn flatten(picture: &mut RgbImage, alpha: &Picture, premultiplied: bool) {
    let values = Values::of(alpha, PlanarImageComponent::Y);
    if (alpha.width(), alpha.height()) != picture.dimensions() {
        return;
    }
    let width = picture.width();
    for (y, row) in (0_u32..).zip(picture.chunks_exact_mut(width as usize * 3)) {
        let alphas: Vec<u8> = (0..width).map(|x| to_byte(values.at(x, y))).collect();
        if premultiplied {
            for (pixel, alpha) in row.chunks_exact_mut(3).zip(&alphas) {
                for channel in pixel {
                    *channel = channel.saturating_add(u8::MAX - alpha);
                }
            }
        } else {
            over_white(row, &alphas);
        }
    }
}

/// Rotates anticlockwise, then mirrors, as the container says (MIAF §7.3.6.7); EXIF in an AVIF does not count.
fn turned(picture: RgbImage, file: &AvifParser<'_>) -> RgbImage {
    let picture = match file.rotation().map(|rotation| rotation.angle) {
        Some(90) => upright(picture, Orientation::Rotate270),
        Some(180) => upright(picture, Orientation::Rotate180),
        Some(270) => upright(picture, Orientation::Rotate90),
        _ => picture,
    };
    match file.mirror().map(|mirror| mirror.axis) {
        Some(0) => upright(picture, Orientation::FlipVertical),
        Some(_) => upright(picture, Orientation::FlipHorizontal),
        None => picture,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn what_was_encoded_is_decoded() {
        let mut whole = RgbImage::from_pixel(101, 67, image::Rgb([200, 60, 30]));
        for x in 50..101 {
            for y in 0..67 {
                whole.put_pixel(x, y, image::Rgb([20, 90, 220]));
            }
        }
        let bytes = crate::avif(&whole).expect("avif").bytes;
        let back = decode(&bytes, &Limits::default()).expect("picture");
        assert_eq!(back.dimensions(), (101, 67));
        sample::assert_near(&back, 10, 60, [200, 60, 30], 8);
        sample::assert_near(&back, 95, 5, [20, 90, 220], 8);
    }

    #[test]
    fn transparency_becomes_white() {
        let pixels = vec![ravif::RGBA8::new(200, 0, 0, 0); 64 * 64];
        let bytes = ravif::Encoder::new()
            .with_speed(9)
            .encode_rgba(ravif::Img::new(&pixels, 64, 64))
            .expect("avif")
            .avif_file;
        let back = decode(&bytes, &Limits::default()).expect("picture");
        sample::assert_near(&back, 30, 30, [255, 255, 255], 3);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
        #[test]
        fn a_changed_byte_is_survived(at in 0_usize..900, value: u8) {
            let mut bytes = crate::avif(&sample::noise(32, 32)).expect("avif").bytes;
            let at = at % bytes.len();
            bytes[at] = value;
            let _ = decode(&bytes, &Limits::default());
        }
    }
}
