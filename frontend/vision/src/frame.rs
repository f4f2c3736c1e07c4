//! The one resampler: any camera frame to a 48×27 RGB thumbnail, with plain signals measured on the same pass.
//!
//! Browser and `eval` both come through here with the planes a decoder gives, so both see the same thumbnails.
//! Thumbnails are area averages (each source pixel counts by its overlap with the cell); the picture is stretched to
//! 48×27 whatever its aspect, and rotation metadata is ignored: a turned picture has the same cuts.
//!
//! One matrix for all: ITU-R BT.601. BT.709 content comes out with slightly other hues; cuts, motion and exposure do not depend
//! on it, and one matrix keeps native and browser equal whatever a container says. Not so the range: telephones and
//! web cameras film in the full one, and read as limited (Y 16–235, C 16–240) their darkest and lightest tones would be lost.

mod area;
mod layout;
mod planes;
mod signal;
mod stability;

pub use planes::{FrameError, Layout, Plane, Planes};

use area::Grid;
use domain::highlight::{ColourLayout, Moment};
use signal::{LUMA_HEIGHT, LUMA_WIDTH, Range};

/// Width of a thumbnail in pixels.
pub const WIDTH: usize = 48;
/// Height of a thumbnail in pixels.
pub const HEIGHT: usize = 27;
/// Bytes of a thumbnail.
pub const BYTES: usize = WIDTH * HEIGHT * 3;

/// A 48×27 picture, RGB, row-major, 8 bits a channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumb(Box<[u8; BYTES]>);

impl std::fmt::Debug for Thumb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Thumb(48×27)")
    }
}

impl Thumb {
    /// One colour all over.
    #[must_use]
    pub fn filled(rgb: [u8; 3]) -> Self {
        let mut bytes = Box::new([0; BYTES]);
        for pixel in bytes.chunks_exact_mut(3) {
            pixel.copy_from_slice(&rgb);
        }
        Self(bytes)
    }

    /// From exactly [`BYTES`] bytes; `None` for another length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; BYTES] = bytes.try_into().ok()?;
        Some(Self(Box::new(bytes)))
    }

    /// Its pixels.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// Its pixels, to change.
    pub fn as_bytes_mut(&mut self) -> &mut [u8; BYTES] {
        &mut self.0
    }
}

/// A frame, shrunk and measured. The signals have the meaning and range of `domain::highlight::Moment`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Presentation time, s.
    pub t: f64,
    /// What the network sees.
    pub thumb: Thumb,
    /// Mean absolute luma difference to the frame before at 48×27, 0–1; 0 for the first.
    pub motion: f32,
    /// Variance of the Laplacian of the luma at 160×90, in 8-bit units (Pech-Pacheco et al., ICPR 2000); ≥ 0.
    pub sharpness: f32,
    /// Mean luma, 0–1.
    pub exposure: f32,
    /// Share of the 160×90 luma within 2 % of black or white, 0–1.
    pub clipped: f32,
    /// Hasler & Süsstrunk (SPIE 2003) on the thumbnail, 8-bit units; 0 for grey, above 60 for vivid.
    pub colourfulness: f32,
    /// How steadily the camera is held, 0–1; `None` until three pictures of one shot were seen.
    pub stability: Option<f32>,
    /// Where which colours lie in the thumbnail.
    pub layout: ColourLayout,
}

impl Sample {
    /// The frame as highlights are chosen from it, with the probability that a new shot starts with it, 0–1.
    #[must_use]
    pub fn moment(&self, boundary: f32) -> Moment {
        Moment {
            t: self.t,
            boundary,
            motion: self.motion,
            sharpness: self.sharpness,
            exposure: self.exposure,
            clipped: self.clipped,
            colourfulness: self.colourfulness,
            stability: self.stability,
            layout: Some(self.layout),
        }
    }
}

/// Shrinks and measures frames one after the other. Keeps of the last what `motion` and `stability` need, and reuses its buffers.
#[derive(Debug, Default)]
pub struct Sampler {
    last: Option<Box<[u8; WIDTH * HEIGHT]>>,
    path: stability::Path,
    thumb: Grid,
    chroma: Grid,
    luma: Grid,
}

impl Sampler {
    /// A sampler that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shrinks and measures the frame at presentation time `t` (s).
    pub fn sample(&mut self, t: f64, planes: &Planes<'_>) -> Sample {
        let mut rgb = Box::new([0_u8; BYTES]);
        let mut luma = vec![0_u8; LUMA_WIDTH * LUMA_HEIGHT];
        match planes.layout() {
            Layout::I420 | Layout::Nv12 => self.yuv(planes, &mut rgb, &mut luma),
            Layout::Rgba | Layout::Bgra => self.rgba(planes, &mut rgb, &mut luma),
        }
        let thumb = Thumb(rgb);
        let grey = signal::grey(&thumb);
        let motion = self
            .last
            .as_ref()
            .map_or(0.0, |last| signal::mean_difference(&last[..], &grey[..]));
        let out = Sample {
            t,
            motion,
            sharpness: signal::sharpness(&luma),
            exposure: signal::exposure(&luma),
            clipped: signal::clipped(&luma),
            colourfulness: signal::colourfulness(&thumb),
            stability: self.path.push(t, &luma),
            layout: layout::of(&thumb),
            thumb,
        };
        self.last = Some(grey);
        out
    }

    fn yuv(&mut self, planes: &Planes<'_>, rgb: &mut [u8; BYTES], luma: &mut [u8]) {
        let (w, h) = planes.size();
        let y = planes.plane(0);
        let step = area::row_step(h);
        self.thumb.begin(w, h, WIDTH, HEIGHT, 1);
        self.luma.begin(w, h, LUMA_WIDTH, LUMA_HEIGHT, 1);
        for row in (0..h).step_by(step) {
            let line = y.row(row, w);
            let weight = step.min(h - row);
            self.thumb.add(row, weight, line);
            self.luma.add(row, weight, line);
        }
        let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
        let step = area::row_step(ch);
        self.chroma.begin(cw, ch, WIDTH, HEIGHT, 2);
        for row in (0..ch).step_by(step) {
            let weight = step.min(ch - row);
            if planes.layout() == Layout::I420 {
                self.chroma
                    .add_strided(row, weight, planes.plane(1).row(row, cw), 1, 0);
                self.chroma
                    .add_strided(row, weight, planes.plane(2).row(row, cw), 1, 1);
            } else {
                let uv = planes.plane(1).row(row, cw * 2);
                self.chroma.add_strided(row, weight, uv, 2, 0);
                self.chroma
                    .add_strided(row, weight, uv.get(1..).unwrap_or(&[]), 2, 1);
            }
        }
        let range = Range::of(planes);
        for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
            let out = signal::rgb_from_yuv(
                self.thumb.mean(i, 0),
                self.chroma.mean(i, 0),
                self.chroma.mean(i, 1),
                range,
            );
            pixel.copy_from_slice(&out);
        }
        for (i, out) in luma.iter_mut().enumerate() {
            *out = signal::full_range(self.luma.mean(i, 0), range);
        }
    }

    fn rgba(&mut self, planes: &Planes<'_>, rgb: &mut [u8; BYTES], luma: &mut [u8]) {
        let (w, h) = planes.size();
        let order = if planes.layout() == Layout::Rgba {
            [0, 1, 2]
        } else {
            [2, 1, 0]
        };
        let step = area::row_step(h);
        self.thumb.begin(w, h, WIDTH, HEIGHT, 3);
        self.luma.begin(w, h, LUMA_WIDTH, LUMA_HEIGHT, 3);
        for row in (0..h).step_by(step) {
            let line = planes.plane(0).row(row, w * 4);
            let weight = step.min(h - row);
            for (channel, &at) in order.iter().enumerate() {
                let part = line.get(at..).unwrap_or(&[]);
                self.thumb.add_strided(row, weight, part, 4, channel);
                self.luma.add_strided(row, weight, part, 4, channel);
            }
        }
        for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
            for (channel, out) in pixel.iter_mut().enumerate() {
                *out = signal::round(self.thumb.mean(i, channel));
            }
        }
        for (i, out) in luma.iter_mut().enumerate() {
            *out = signal::round(signal::luma(
                self.luma.mean(i, 0),
                self.luma.mean(i, 1),
                self.luma.mean(i, 2),
            ));
        }
    }
}

#[cfg(test)]
mod test;
