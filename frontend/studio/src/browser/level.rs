//! How loud samples are and how bright pixels are.

/// The root mean square of samples in dB full scale; −120 for silence and for nothing.
#[must_use]
pub fn dbfs(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return -120.0;
    }
    let energy: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    let rms = (energy / samples.len() as f64).sqrt();
    (20.0 * rms.max(1e-6).log10()) as f32
}

/// The mean luma (BT.601) of RGBA pixels, 0–1; 0 for nothing.
#[must_use]
pub fn luma(pixels: &[u8]) -> f32 {
    let count = pixels.len() / 4;
    let sum: f32 = pixels
        .chunks_exact(4)
        .map(|p| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]))
        .sum();
    sum / count.max(1) as f32 / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_reads_three_decibels_below() {
        let sine: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.05).sin()).collect();
        assert!((dbfs(&sine) + 3.01).abs() < 0.05);
        assert_eq!(dbfs(&[0.0; 64]), -120.0);
        assert_eq!(dbfs(&[]), -120.0);
    }

    #[test]
    fn white_is_one_and_green_is_brighter_than_blue() {
        assert!((luma(&[255; 8]) - 1.0).abs() < 1e-6);
        assert!(luma(&[0, 255, 0, 255]) > luma(&[0, 0, 255, 255]));
        assert!(luma(&[]) == 0.0);
    }
}
