//! Where the camera sits in a recording of the screen. The preview's style sheet uses the same share.

/// Share of the picture's width the camera gets.
pub const SHARE: f64 = 0.26;
/// Share of the picture's width between the camera and the edges.
pub const MARGIN: f64 = 0.02;
/// Most pixels a side of the recording has.
pub const LARGEST: f64 = 1920.0;

/// A place on a canvas, pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// The size of the canvas for a first picture of this size: no side above [`LARGEST`], both even, as encoders of 4:2:0 want.
#[must_use]
pub fn canvas((width, height): (f64, f64)) -> (u32, u32) {
    let scale = (LARGEST / width.max(height).max(1.0)).min(1.0);
    let even = |side: f64| (((side * scale / 2.0).round() as u32) * 2).max(2);
    (even(width), even(height))
}

/// The largest centred place with the picture's proportions.
#[must_use]
pub fn fit((width, height): (f64, f64), canvas: (f64, f64)) -> Rect {
    let scale = (canvas.0 / width.max(1.0)).min(canvas.1 / height.max(1.0));
    let (width, height) = (width * scale, height * scale);
    Rect {
        x: (canvas.0 - width) / 2.0,
        y: (canvas.1 - height) / 2.0,
        width,
        height,
    }
}

/// The camera's place in the lower right corner, with its own proportions.
#[must_use]
pub fn corner((width, height): (f64, f64), canvas: (f64, f64)) -> Rect {
    let scale = (canvas.0 * SHARE / width.max(1.0)).min(canvas.1 / 2.0 / height.max(1.0));
    let (width, height) = (width * scale, height * scale);
    let margin = canvas.0 * MARGIN;
    Rect {
        x: canvas.0 - width - margin,
        y: canvas.1 - height - margin,
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canvases_are_even_and_bounded() {
        assert_eq!(canvas((1279.0, 719.0)), (1280, 720));
        assert_eq!(canvas((3840.0, 2160.0)), (1920, 1080));
        assert_eq!(canvas((1080.0, 2400.0)), (864, 1920));
        assert_eq!(canvas((0.0, 0.0)), (2, 2));
    }

    #[test]
    fn a_window_of_another_shape_is_shown_whole() {
        let at = fit((800.0, 800.0), (1280.0, 720.0));
        assert_eq!(
            (at.x, at.y, at.width, at.height),
            (280.0, 0.0, 720.0, 720.0)
        );
    }

    #[test]
    fn the_camera_stays_inside_and_keeps_its_shape() {
        for camera in [(1280.0, 720.0), (720.0, 1280.0), (640.0, 640.0)] {
            let at = corner(camera, (1280.0, 720.0));
            assert!(at.x > 640.0 && at.y > 300.0, "{at:?}");
            assert!(
                at.x + at.width < 1280.0 && at.y + at.height < 720.0,
                "{at:?}"
            );
            assert!((at.width / at.height - camera.0 / camera.1).abs() < 1e-9);
        }
    }
}
