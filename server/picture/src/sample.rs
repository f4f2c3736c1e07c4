//! Pictures for tests.

use std::io::Cursor;

use image::{ImageFormat, RgbImage, Rgba, RgbaImage};

pub(crate) fn png(width: u32, height: u32, pixel: [u8; 4]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbaImage::from_pixel(width, height, Rgba(pixel))
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("png");
    bytes.into_inner()
}

pub(crate) fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

/// Something that no format makes small.
pub(crate) fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(width, height, |_, _| {
        image::Rgb([(); 3].map(|()| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        }))
    })
}

pub(crate) fn assert_near(picture: &RgbImage, x: u32, y: u32, wanted: [u8; 3], by: u8) {
    let is = picture.get_pixel(x, y).0;
    let near = is
        .iter()
        .zip(wanted)
        .all(|(is, wanted)| is.abs_diff(wanted) <= by);
    assert!(near, "({x}, {y}) is {is:?} and not {wanted:?}");
}

/// The head of a PNG that claims a size, with a right CRC, and nothing behind it.
pub(crate) fn png_head(width: u32, height: u32) -> Vec<u8> {
    let mut body = b"IHDR".to_vec();
    body.extend(width.to_be_bytes());
    body.extend(height.to_be_bytes());
    body.extend([8, 2, 0, 0, 0]);
    let mut crc = 0xffff_ffff_u32;
    for byte in &body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            };
        }
    }
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\r".to_vec();
    bytes.extend(body);
    bytes.extend((!crc).to_be_bytes());
    bytes.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    bytes
}
