//! Plain signals of one small picture, each by its published definition.

use super::{BYTES, HEIGHT, Planes, Thumb, WIDTH};

/// The middle-sized luma that sharpness is measured on: fine enough for blur, coarse enough to ignore sensor noise.
pub(super) const LUMA_WIDTH: usize = 160;
pub(super) const LUMA_HEIGHT: usize = 90;

/// To the nearest 8-bit value.
pub(super) fn round(x: f32) -> u8 {
    // `as` saturates and turns what is no number into 0.
    (x + 0.5) as u8
}

/// What the numbers of a YCbCr picture mean: the luma of black, and what luma and chroma are stretched by to fill 8 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    black: f32,
    luma: f32,
    chroma: f32,
}

impl Range {
    /// Luma 16–235, chroma 16–240 (ITU-R BT.601-7 §2.5.3).
    const LIMITED: Self = Self {
        black: 16.0,
        luma: 255.0 / 219.0,
        chroma: 255.0 / 224.0,
    };
    /// 0–255 (ITU-T T.871, JFIF).
    const FULL: Self = Self {
        black: 0.0,
        luma: 1.0,
        chroma: 1.0,
    };

    pub(super) const fn of(planes: &Planes<'_>) -> Self {
        if planes.is_full_range() {
            Self::FULL
        } else {
            Self::LIMITED
        }
    }

    fn luma(self, y: f32) -> f32 {
        (y - self.black) * self.luma
    }
}

/// Luma to 0–255.
pub(super) fn full_range(y: f32, range: Range) -> u8 {
    round(range.luma(y))
}

/// BT.601 luma of full-range RGB.
pub(super) fn luma(r: f32, g: f32, b: f32) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// BT.601 YCbCr to full-range RGB (ITU-R BT.601-7 §2.5.3).
pub(super) fn rgb_from_yuv(y: f32, u: f32, v: f32, range: Range) -> [u8; 3] {
    let y = range.luma(y);
    let u = (u - 128.0) * range.chroma;
    let v = (v - 128.0) * range.chroma;
    [
        round(y + 1.402 * v),
        round(y - 0.344_136 * u - 0.714_136 * v),
        round(y + 1.772 * u),
    ]
}

/// Luma of a thumbnail.
pub(super) fn grey(thumb: &Thumb) -> Box<[u8; WIDTH * HEIGHT]> {
    let mut out = Box::new([0; WIDTH * HEIGHT]);
    for (y, p) in out.iter_mut().zip(thumb.as_bytes().chunks_exact(3)) {
        *y = round(luma(f32::from(p[0]), f32::from(p[1]), f32::from(p[2])));
    }
    out
}

/// Mean absolute difference, 0–1.
pub(super) fn mean_difference(a: &[u8], b: &[u8]) -> f32 {
    let sum: u64 = a
        .iter()
        .zip(b)
        .map(|(&a, &b)| u64::from(a.abs_diff(b)))
        .sum();
    sum as f32 / (255.0 * a.len().max(1) as f32)
}

/// Mean luma, 0–1.
pub(super) fn exposure(luma: &[u8]) -> f32 {
    let sum: u64 = luma.iter().map(|&x| u64::from(x)).sum();
    sum as f32 / (255.0 * luma.len().max(1) as f32)
}

/// Share of pixels within 2 % (5/255) of black or white.
pub(super) fn clipped(luma: &[u8]) -> f32 {
    let n = luma.iter().filter(|&&x| x <= 5 || x >= 250).count();
    n as f32 / luma.len().max(1) as f32
}

/// Variance of the 4-neighbour Laplacian (Pech-Pacheco, Cristóbal, Chamorro-Martínez, Fernández-Valdivia: "Diatom
/// autofocusing in brightfield microscopy", ICPR 2000). In squared 8-bit units.
pub(super) fn sharpness(luma: &[u8]) -> f32 {
    let (w, h) = (LUMA_WIDTH, LUMA_HEIGHT);
    let (mut sum, mut squares, mut n) = (0_i64, 0_i64, 0_i64);
    for y in 1..h - 1 {
        let rows = (
            luma.get((y - 1) * w..y * w),
            luma.get(y * w..(y + 1) * w),
            luma.get((y + 1) * w..(y + 2) * w),
        );
        let (Some(up), Some(mid), Some(down)) = rows else {
            return 0.0;
        };
        let (mut line, mut line_squares) = (0_i32, 0_i32);
        for x in 1..w - 1 {
            let v = 4 * i32::from(mid[x])
                - i32::from(mid[x - 1])
                - i32::from(mid[x + 1])
                - i32::from(up[x])
                - i32::from(down[x]);
            line += v;
            line_squares += v * v;
        }
        sum += i64::from(line);
        squares += i64::from(line_squares);
        n += (w - 2) as i64;
    }
    let mean = sum as f64 / n as f64;
    (squares as f64 / n as f64 - mean * mean) as f32
}

/// Colourfulness M(3) of Hasler & Süsstrunk ("Measuring colourfulness in natural images", SPIE 5007, 2003).
pub(super) fn colourfulness(thumb: &Thumb) -> f32 {
    let n = (BYTES / 3) as f32;
    let (mut rg, mut yb, mut rg2, mut yb2) = (0.0_f32, 0.0, 0.0, 0.0);
    for p in thumb.as_bytes().chunks_exact(3) {
        let (r, g, b) = (f32::from(p[0]), f32::from(p[1]), f32::from(p[2]));
        let (x, y) = (r - g, 0.5 * (r + g) - b);
        rg += x;
        yb += y;
        rg2 += x * x;
        yb2 += y * y;
    }
    let (rg, yb) = (rg / n, yb / n);
    let variance = (rg2 / n - rg * rg).max(0.0) + (yb2 / n - yb * yb).max(0.0);
    variance.sqrt() + 0.3 * (rg * rg + yb * yb).sqrt()
}
