//! Video frames as bytes, for analysis.

use js_sys::{Array, Reflect, Uint8Array};
use vision::frame::{Layout, Plane, Planes, Sample, Sampler};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    OffscreenCanvas, OffscreenCanvasRenderingContext2d, VideoFrame, VideoFrameCopyToOptions,
    VideoPixelFormat,
};

use super::{count, field, settled};

/// Size that frames of a layout nobody can read are drawn at: enough for every signal (sharpness is measured at 160×90).
const DRAWN: (u32, u32) = (320, 180);

/// Shrinks and measures frames, whatever their layout, with buffers that are kept.
pub(crate) struct FrameSampler {
    sampler: Sampler,
    bytes: Vec<u8>,
    shared: Option<Uint8Array>,
    canvas: Option<OffscreenCanvasRenderingContext2d>,
}

impl FrameSampler {
    pub(crate) fn new() -> Self {
        Self {
            sampler: Sampler::new(),
            bytes: Vec::new(),
            shared: None,
            canvas: None,
        }
    }

    /// Shrinks and measures `frame`, shown at `t` (s).
    ///
    /// # Errors
    /// What the browser or the sampler says; the frame then goes without analysis.
    pub(crate) async fn sample(&mut self, frame: &VideoFrame, t: f64) -> Result<Sample, JsValue> {
        let (width, height) = visible(frame);
        let known = match frame.format() {
            Some(VideoPixelFormat::I420 | VideoPixelFormat::I420a) => Some(Layout::I420),
            Some(VideoPixelFormat::Nv12) => Some(Layout::Nv12),
            Some(VideoPixelFormat::Rgba | VideoPixelFormat::Rgbx) => Some(Layout::Rgba),
            Some(VideoPixelFormat::Bgra | VideoPixelFormat::Bgrx) => Some(Layout::Bgra),
            _ => None,
        };
        let options = VideoFrameCopyToOptions::new();
        if let Some(layout) = known {
            return self
                .copied(frame, &options, layout, (width, height), t)
                .await;
        }
        if frame.format().is_some() {
            options.set_format(VideoPixelFormat::Rgba);
            if let Ok(sample) = self
                .copied(frame, &options, Layout::Rgba, (width, height), t)
                .await
            {
                return Ok(sample);
            }
        }
        self.drawn(frame, t)
    }

    async fn copied(
        &mut self,
        frame: &VideoFrame,
        options: &VideoFrameCopyToOptions,
        layout: Layout,
        (width, height): (u32, u32),
        t: f64,
    ) -> Result<Sample, JsValue> {
        let size = frame.allocation_size_with_options(options)?;
        // Copied by way of JavaScript's memory: while the copy is under way this module's memory may grow and move.
        let shared = match self.shared.take() {
            Some(shared) if shared.length() == size => shared,
            _ => Uint8Array::new_with_length(size),
        };
        let layouts = settled(
            frame
                .copy_to_with_u8_array_and_options(&shared, options)
                .unchecked_into(),
        )
        .await?;
        self.bytes.resize(size as usize, 0);
        shared.copy_to(&mut self.bytes);
        self.shared = Some(shared);
        let planes: Vec<Plane<'_>> = Array::from(&layouts)
            .iter()
            .filter_map(|plane| {
                let offset = count(
                    field(&plane, "offset")
                        .and_then(|v| v.as_f64())
                        .unwrap_or(0.0),
                ) as usize;
                let stride = count(field(&plane, "stride")?.as_f64()?) as usize;
                Some(Plane {
                    data: self.bytes.get(offset..)?,
                    stride,
                })
            })
            .collect();
        let full = frame.color_space().full_range().unwrap_or(false);
        let planes = Planes::new(layout, width as usize, height as usize, &planes)
            .map_err(|e| JsValue::from(e.to_string()))?
            .full_range(full);
        Ok(self.sampler.sample(t, &planes))
    }

    fn drawn(&mut self, frame: &VideoFrame, t: f64) -> Result<Sample, JsValue> {
        let (width, height) = DRAWN;
        let canvas = match self.canvas.take() {
            Some(canvas) => canvas,
            None => {
                let options = js_sys::Object::new();
                Reflect::set(&options, &"willReadFrequently".into(), &true.into())?;
                context(&OffscreenCanvas::new(width, height)?, &options)?
            }
        };
        canvas.draw_image_with_video_frame_and_dw_and_dh(
            frame,
            0.0,
            0.0,
            width.into(),
            height.into(),
        )?;
        let data = canvas
            .get_image_data(0, 0, DRAWN.0 as i32, DRAWN.1 as i32)?
            .data()
            .0;
        self.canvas = Some(canvas);
        let plane = Plane {
            data: &data,
            stride: width as usize * 4,
        };
        let planes = Planes::new(Layout::Rgba, width as usize, height as usize, &[plane])
            .map_err(|e| JsValue::from(e.to_string()))?;
        Ok(self.sampler.sample(t, &planes))
    }
}

/// A canvas' drawing context.
///
/// # Errors
/// What the browser says, or that it has none.
pub(crate) fn context(
    canvas: &OffscreenCanvas,
    options: &JsValue,
) -> Result<OffscreenCanvasRenderingContext2d, JsValue> {
    canvas
        .get_context_with_context_options("2d", options)?
        .ok_or_else(|| JsValue::from("this browser cannot draw in a worker"))?
        .dyn_into()
        .map_err(JsValue::from)
}

/// Width and height of what is seen of a frame, before any turning, pixels.
pub(crate) fn visible(frame: &VideoFrame) -> (u32, u32) {
    match frame.visible_rect() {
        Some(rect) => (rect.width() as u32, rect.height() as u32),
        None => (frame.display_width(), frame.display_height()),
    }
}

/// The clockwise turn a camera asks for, degrees; browsers without the property say nothing.
pub(crate) fn rotation(frame: &VideoFrame) -> u16 {
    match field(frame, "rotation").and_then(|value| value.as_f64()) {
        Some(90.0) => 90,
        Some(180.0) => 180,
        Some(270.0) => 270,
        _ => 0,
    }
}
