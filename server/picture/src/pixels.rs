//! From decoded rows to RGB with a byte a channel: sixteen bits become eight, colours sRGB, and transparency white.

use image::RgbImage;

use crate::{
    Error, Result,
    colour::{Channels, Conversion, scale},
};

/// How rows of pixels lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) channels: Channels,
    pub(crate) alpha: bool,
    /// Two bytes a channel, of the machine's order, instead of one.
    pub(crate) wide: bool,
}

impl Rows {
    pub(crate) const fn pixel_bytes(self) -> usize {
        let channels = self.channels.count() + self.alpha as usize;
        if self.wide { channels * 2 } else { channels }
    }
}

/// Converts in place where a pixel of the file takes at least as many bytes as one of ours, so that a large photo is in memory
/// once.
pub(crate) fn to_rgb(
    mut raw: Vec<u8>,
    (width, height): (u32, u32),
    rows: Rows,
    conversion: &Conversion,
) -> Result<RgbImage> {
    let pixels = width as usize;
    let from_bytes = pixels * rows.pixel_bytes();
    let to_bytes = pixels * 3;
    let mut grown = Vec::new();
    if from_bytes < to_bytes {
        grown.reserve_exact(to_bytes * height as usize);
    }
    let mut colours = vec![0; pixels * rows.channels.count()];
    let mut alphas = vec![u8::MAX; pixels];
    let mut row = vec![0; to_bytes];
    for y in 0..height as usize {
        let from = raw
            .get(y * from_bytes..(y + 1) * from_bytes)
            .ok_or_else(|| Error::Damaged("fewer rows than it says".to_owned()))?;
        take_apart(from, rows, &mut colours, &mut alphas);
        conversion.convert(&mut colours, &mut row);
        if rows.alpha {
            over_white(&mut row, &alphas);
        }
        if from_bytes < to_bytes {
            grown.extend_from_slice(&row);
        } else if let Some(to) = raw.get_mut(y * to_bytes..(y + 1) * to_bytes) {
            to.copy_from_slice(&row);
        }
    }
    let mut made = if from_bytes < to_bytes { grown } else { raw };
    made.truncate(to_bytes * height as usize);
    made.shrink_to_fit();
    RgbImage::from_raw(width, height, made)
        .ok_or_else(|| Error::Damaged("fewer pixels than it says".to_owned()))
}

/// The colours and the alpha of a row, a byte each.
fn take_apart(from: &[u8], rows: Rows, colours: &mut [u8], alphas: &mut [u8]) {
    let count = rows.channels.count();
    if !rows.alpha && !rows.wide {
        colours.copy_from_slice(from);
        return;
    }
    let pixels = from
        .chunks_exact(rows.pixel_bytes())
        .zip(colours.chunks_exact_mut(count))
        .zip(alphas);
    for ((pixel, colour), alpha) in pixels {
        if rows.wide {
            let mut values = pixel
                .as_chunks::<2>()
                .0
                .iter()
                .map(|two| narrow(u16::from_ne_bytes(*two)));
            for to in colour {
                *to = values.next().unwrap_or_default();
            }
            *alpha = values.next().unwrap_or(u8::MAX);
        } else {
            for (to, from) in colour.iter_mut().zip(pixel) {
                *to = *from;
            }
            *alpha = pixel.get(count).copied().unwrap_or(u8::MAX);
        }
    }
}

/// Sixteen bits to the nearest of eight.
fn narrow(value: u16) -> u8 {
    u8::try_from((u32::from(value) + 128) / 257).unwrap_or(u8::MAX)
}

/// Drops transparency onto white, as paper would.
pub(crate) fn over_white(row: &mut [u8], alphas: &[u8]) {
    for (pixel, alpha) in row.chunks_exact_mut(3).zip(alphas) {
        for channel in pixel {
            *channel = scale(*channel, *alpha).saturating_add(u8::MAX - alpha);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_width_become_rgb() {
        let plain = Conversion::by_profile(Channels::Rgb, None);
        let gray = Conversion::by_profile(Channels::Gray, None);
        let made = |raw: &[u8], channels, alpha, wide, conversion| {
            let rows = Rows {
                channels,
                alpha,
                wide,
            };
            to_rgb(raw.to_vec(), (1, 2), rows, conversion).map(RgbImage::into_raw)
        };
        assert_eq!(
            made(&[7, 9], Channels::Gray, false, false, &gray),
            Ok(vec![7, 7, 7, 9, 9, 9])
        );
        assert_eq!(
            made(&[7, 255, 9, 0], Channels::Gray, true, false, &gray),
            Ok(vec![7, 7, 7, 255, 255, 255])
        );
        assert_eq!(
            made(
                &[1, 2, 3, 255, 4, 5, 6, 0],
                Channels::Rgb,
                true,
                false,
                &plain
            ),
            Ok(vec![1, 2, 3, 255, 255, 255])
        );
        let wide: Vec<u8> = [257_u16, 514, 771, 65_535, 0, 128]
            .iter()
            .flat_map(|value| value.to_ne_bytes())
            .collect();
        assert_eq!(
            made(&wide, Channels::Rgb, false, true, &plain),
            Ok(vec![1, 2, 3, 255, 0, 0])
        );
        assert!(
            made(&[1, 2, 3], Channels::Rgb, false, false, &plain).is_err(),
            "a row is missing"
        );
    }
}
