//! What a picture may be, checked by its head before a pixel is decoded: a file of some kB can claim to be gigabytes.

use crate::{Error, Result};

/// Fewest pixels of a side.
const MIN_SIDE: u32 = 16;

/// Bounds of what is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most pixels of a side.
    pub side: u32,
    /// Most pixels.
    pub pixels: u64,
    /// Most bytes of memory at the peak.
    pub memory_bytes: u64,
}

impl Default for Limits {
    /// 100 megapixels, and the memory that a progressive JPEG of such a size takes.
    fn default() -> Self {
        Self {
            side: 30_000,
            pixels: 100_000_000,
            memory_bytes: 1280 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// Checks the size of a picture whose decoding takes `bytes_per_pixel` at its peak.
    pub(crate) fn check(&self, width: u32, height: u32, bytes_per_pixel: u64) -> Result<()> {
        let pixels = u64::from(width) * u64::from(height);
        if width > self.side || height > self.side || pixels > self.pixels {
            return Err(Error::TooLarge { width, height });
        }
        if width < MIN_SIDE || height < MIN_SIDE {
            return Err(Error::TooSmall { width, height });
        }
        let needed_bytes = pixels.saturating_mul(bytes_per_pixel);
        if needed_bytes > self.memory_bytes {
            return Err(Error::Memory {
                needed_bytes,
                limit_bytes: self.memory_bytes,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_passes_is_within_every_bound(width: u32, height: u32, bytes in 1_u64..40) {
            let limits = Limits::default();
            if limits.check(width, height, bytes).is_ok() {
                prop_assert!(width <= limits.side && height <= limits.side);
                prop_assert!(u64::from(width) * u64::from(height) * bytes <= limits.memory_bytes);
            }
        }
    }
}
