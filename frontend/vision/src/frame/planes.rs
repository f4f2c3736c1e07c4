//! Borrowed pictures as decoders and cameras hand them over, checked once so that reading them cannot fail.

/// How the pixels of a picture lie in memory. The names are those of WebCodecs' `VideoPixelFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Planes Y, U, V; chroma halved both ways (rounded up).
    I420,
    /// Planes Y and interleaved UV; chroma halved both ways (rounded up).
    Nv12,
    /// One plane, four bytes a pixel: red, green, blue, ignored (also `RGBX`).
    Rgba,
    /// One plane, four bytes a pixel: blue, green, red, ignored (also `BGRX`).
    Bgra,
}

/// One plane: bytes and the distance between the starts of two rows.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    /// From the first byte of the first row.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

impl<'a> Plane<'a> {
    /// `len` bytes of a row; empty where [`Planes::new`] was not asked first.
    pub(super) fn row(&self, row: usize, len: usize) -> &'a [u8] {
        let start = row.saturating_mul(self.stride);
        self.data
            .get(start..start.saturating_add(len))
            .unwrap_or(&[])
    }
}

/// Why a picture cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// Width or height is 0, or above 16 384.
    Size,
    /// Fewer planes than the layout has.
    Missing,
    /// A stride is shorter than its row.
    Stride,
    /// A plane holds fewer bytes than its size and stride ask for.
    Short,
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Size => "A video frame has no size that can be read; it was left out of the analysis.",
            Self::Missing => "A video frame lacks a colour plane; it was left out of the analysis.",
            Self::Stride => "A video frame has rows shorter than its width; it was left out of the analysis.",
            Self::Short => "A video frame holds fewer bytes than its size needs; it was left out of the analysis.",
        })
    }
}

impl std::error::Error for FrameError {}

/// A picture that was checked.
#[derive(Debug, Clone, Copy)]
pub struct Planes<'a> {
    layout: Layout,
    width: usize,
    height: usize,
    planes: [Plane<'a>; 3],
    full_range: bool,
}

/// Larger than any camera; keeps sums within 64 bits and strides within `usize` on wasm32.
const SIDE_MAX: usize = 16_384;

impl<'a> Planes<'a> {
    /// Checks a picture of `width`×`height` pixels: planes in the layout's order, further ones ignored.
    ///
    /// # Errors
    /// [`FrameError`] where reading would run out of the planes.
    pub fn new(
        layout: Layout,
        width: usize,
        height: usize,
        planes: &[Plane<'a>],
    ) -> Result<Self, FrameError> {
        if width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX {
            return Err(FrameError::Size);
        }
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let wanted: &[(usize, usize)] = match layout {
            Layout::I420 => &[(width, height), (cw, ch), (cw, ch)],
            Layout::Nv12 => &[(width, height), (cw * 2, ch)],
            Layout::Rgba | Layout::Bgra => &[(width * 4, height)],
        };
        let mut kept = [Plane {
            data: &[],
            stride: 0,
        }; 3];
        for (i, &(row, rows)) in wanted.iter().enumerate() {
            let plane = planes.get(i).ok_or(FrameError::Missing)?;
            if plane.stride < row {
                return Err(FrameError::Stride);
            }
            // The last row may end without its padding.
            let need = plane
                .stride
                .checked_mul(rows - 1)
                .and_then(|n| n.checked_add(row))
                .ok_or(FrameError::Stride)?;
            if plane.data.len() < need {
                return Err(FrameError::Short);
            }
            kept[i] = *plane;
        }
        Ok(Self {
            layout,
            width,
            height,
            planes: kept,
            full_range: false,
        })
    }

    /// The same with YCbCr that means 0–255 (WebCodecs' `fullRange`), where it means the limited range unless this is said.
    #[must_use]
    pub const fn full_range(mut self, full: bool) -> Self {
        self.full_range = full;
        self
    }

    /// I420 or NV12 whose planes lie without gaps in one buffer, as `ffmpeg -f rawvideo` writes them.
    ///
    /// # Errors
    /// As [`Planes::new`].
    pub fn packed(
        layout: Layout,
        width: usize,
        height: usize,
        data: &'a [u8],
    ) -> Result<Self, FrameError> {
        if width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX {
            return Err(FrameError::Size);
        }
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        let from = |at: usize, stride: usize| Plane {
            data: data.get(at..).unwrap_or(&[]),
            stride,
        };
        let y = width * height;
        match layout {
            Layout::I420 => Self::new(
                layout,
                width,
                height,
                &[from(0, width), from(y, cw), from(y + cw * ch, cw)],
            ),
            Layout::Nv12 => Self::new(layout, width, height, &[from(0, width), from(y, cw * 2)]),
            Layout::Rgba | Layout::Bgra => Self::new(layout, width, height, &[from(0, width * 4)]),
        }
    }

    pub(super) const fn is_full_range(&self) -> bool {
        self.full_range
    }

    pub(super) const fn layout(&self) -> Layout {
        self.layout
    }

    pub(super) const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    pub(super) const fn plane(&self, i: usize) -> Plane<'a> {
        self.planes[i]
    }
}
