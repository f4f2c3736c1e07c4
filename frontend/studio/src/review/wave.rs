//! The waveform and the marks of the timeline, as numbers an SVG can draw.

/// Quietest level drawn, dB full scale.
const FLOOR: f32 = -60.0;
/// Most points of a waveform: more than the widest timeline has pixels helps nobody.
const POINTS: usize = 1200;

/// The outline of a waveform as SVG path data in a box of `count` × 2 units, mirrored at 1; the count is the first
/// number. Long recordings are thinned by taking the loudest of each stretch, so that no shout is lost.
#[must_use]
pub fn outline(loudness: &[f32]) -> (usize, String) {
    use std::fmt::Write as _;
    let stretch = loudness.len().div_ceil(POINTS).max(1);
    let heights: Vec<f32> = loudness
        .chunks(stretch)
        .map(|part| {
            let loudest = part.iter().copied().fold(-120.0, f32::max);
            ((loudest - FLOOR) / -FLOOR).clamp(0.0, 1.0)
        })
        .collect();
    let mut path = String::from("M0 1");
    // Writing to a String cannot fail.
    for (i, height) in heights.iter().enumerate() {
        let _ = write!(
            path,
            "L{i} {:.2}L{} {:.2}",
            1.0 - height,
            i + 1,
            1.0 - height
        );
    }
    for (i, height) in heights.iter().enumerate().rev() {
        let _ = write!(
            path,
            "L{} {:.2}L{i} {:.2}",
            i + 1,
            1.0 + height,
            1.0 + height
        );
    }
    path.push('Z');
    (heights.len().max(1), path)
}

/// Times of about `wanted` marks at round distances over a recording, s.
#[must_use]
pub fn marks(duration: f64, wanted: f64) -> Vec<f64> {
    const ROUND: [f64; 11] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0,
    ];
    let ideal = duration / wanted.max(1.0);
    let step = ROUND
        .into_iter()
        .find(|step| *step >= ideal)
        .unwrap_or(3600.0);
    (0..)
        .map(|i| f64::from(i) * step)
        .take_while(|t| *t < duration)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_a_line_and_full_scale_fills_the_box() {
        assert_eq!(outline(&[-120.0]).1, "M0 1L0 1.00L1 1.00L1 1.00L0 1.00Z");
        assert_eq!(outline(&[0.0]).1, "M0 1L0 0.00L1 0.00L1 2.00L0 2.00Z");
        assert_eq!(outline(&[]), (1, "M0 1Z".into()));
    }

    #[test]
    fn thinning_keeps_the_loudest() {
        let mut long = vec![-60.0; 5000];
        long[4321] = 0.0;
        let (points, path) = outline(&long);
        assert!(points <= POINTS);
        assert!(path.contains(" 2.00"), "the shout is still there");
    }

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(marks(12.0, 6.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(marks(130.0, 6.0), [0.0, 30.0, 60.0, 90.0, 120.0]);
        assert!(marks(7200.0, 6.0).len() <= 7);
        assert_eq!(marks(0.0, 6.0), [0.0; 0]);
    }
}
