//! Pictures of a film as an encoder takes them: upright pixels that are square, eight bits deep, in the colours of common screens.

use js_sys::Object;
use wasm_bindgen::JsValue;
use web_sys::{
    OffscreenCanvas, OffscreenCanvasRenderingContext2d, VideoFrame, VideoFrameInit,
    VideoPixelFormat,
};

use super::{Owned, sampler};
use crate::{
    film::Look,
    log::record::{Colour, VideoConfig},
};

/// Draws pictures that an encoder does not take as they are, and hands on the others.
pub(crate) struct Drawer {
    look: Look,
    /// Whether colours are brought into those of common screens, by the browser's own tone mapping.
    colours: bool,
    canvas: Option<(OffscreenCanvas, OffscreenCanvasRenderingContext2d)>,
}

impl Drawer {
    /// For a film's pictures.
    pub(crate) fn new(config: &VideoConfig, look: Look) -> Self {
        let bright = |colour: Colour| colour.is_hdr() || colour.is_wide();
        Self {
            look,
            colours: config.colour.is_some_and(bright) || is_deep(&config.codec),
            canvas: None,
        }
    }

    /// The frame as it is encoded, shown at `t_us` for `duration_us`.
    ///
    /// # Errors
    /// What the browser says.
    pub(crate) fn draw(
        &mut self,
        frame: Owned<VideoFrame>,
        t_us: i64,
        duration_us: u32,
    ) -> Result<Owned<VideoFrame>, JsValue> {
        let init = VideoFrameInit::new();
        init.set_timestamp_f64(t_us as f64);
        init.set_duration_f64(f64::from(duration_us));
        let (width, height) = sampler::visible(&frame);
        let (w, h) = self.look.squared(width, height);
        if !self.colours && !self.look.mirrored && (w, h) == (width, height) && is_common(&frame) {
            // Its own size is told anew: a shape of pixels in the stream would be applied twice.
            init.set_display_width(width);
            init.set_display_height(height);
            return VideoFrame::new_with_video_frame_and_video_frame_init(&frame, &init).map(Owned);
        }
        let (canvas, context) = match self.canvas.take() {
            Some((canvas, context)) if (canvas.width(), canvas.height()) == (w, h) => {
                (canvas, context)
            }
            _ => {
                let canvas = OffscreenCanvas::new(w, h)?;
                let context = sampler::context(&canvas, &Object::new())?;
                if self.look.mirrored {
                    context.translate(f64::from(w), 0.0)?;
                    context.scale(-1.0, 1.0)?;
                }
                (canvas, context)
            }
        };
        context.draw_image_with_video_frame_and_dw_and_dh(
            &frame,
            0.0,
            0.0,
            f64::from(w),
            f64::from(h),
        )?;
        let drawn = VideoFrame::new_with_offscreen_canvas_and_video_frame_init(&canvas, &init)?;
        self.canvas = Some((canvas, context));
        Ok(Owned(drawn))
    }
}

/// Whether a codec string says more than eight bits: the third part of VP9's, the fourth of AV1's; H.264's and HEVC's profiles
/// only allow them, and what comes out says so itself.
fn is_deep(codec: &str) -> bool {
    let depth = match codec.split('.').collect::<Vec<_>>().as_slice() {
        ["vp09", _, _, depth, ..] | ["av01", _, _, depth, ..] => depth.parse().unwrap_or(8),
        ["hvc1" | "hev1", profile, ..] if *profile == "2" => 10,
        _ => 8,
    };
    depth > 8
}

/// Whether encoders take a frame's layout. One without a name lies on the graphics chip, in a layout of its own.
fn is_common(frame: &VideoFrame) -> bool {
    matches!(
        frame.format(),
        None | Some(
            VideoPixelFormat::I420
                | VideoPixelFormat::Nv12
                | VideoPixelFormat::Rgba
                | VideoPixelFormat::Rgbx
                | VideoPixelFormat::Bgra
                | VideoPixelFormat::Bgrx
        )
    )
}
