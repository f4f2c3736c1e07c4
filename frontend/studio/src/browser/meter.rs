//! Sound level and light of the preview, read on the page before a recording starts. While recording the worker
//! measures what is really encoded.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AnalyserNode, AudioContext, CanvasRenderingContext2d, HtmlCanvasElement, HtmlVideoElement,
    MediaStream, MediaStreamAudioSourceNode,
};

use super::{js, level};

/// Samples per reading: 43 ms at 48 kHz.
const WINDOW: usize = 2048;
/// The picture is measured at this size: light needs no detail.
const LIGHT: (u32, u32) = (32, 18);

/// Measures the loudness of a stream.
pub(crate) struct AudioMeter {
    context: AudioContext,
    // Chromium collects a source that nothing refers to, and the meter goes silent.
    _source: MediaStreamAudioSourceNode,
    analyser: AnalyserNode,
}

impl AudioMeter {
    /// Starts to measure.
    pub(crate) fn new(stream: &MediaStream) -> Result<Self, JsValue> {
        let context = AudioContext::new()?;
        let source = context.create_media_stream_source(stream)?;
        let analyser = context.create_analyser()?;
        analyser.set_fft_size(WINDOW as u32);
        source.connect_with_audio_node(&analyser)?;
        Ok(Self {
            context,
            _source: source,
            analyser,
        })
    }

    /// Loudness now, dB full scale.
    pub(crate) fn dbfs(&self) -> f32 {
        let mut samples = [0.0f32; WINDOW];
        self.analyser.get_float_time_domain_data(&mut samples);
        level::dbfs(&samples)
    }
}

impl Drop for AudioMeter {
    fn drop(&mut self) {
        let _ = self.context.close();
    }
}

/// Measures the light of a playing video.
pub(crate) struct LightMeter {
    surface: CanvasRenderingContext2d,
}

impl LightMeter {
    /// A small canvas that is never shown.
    pub(crate) fn new() -> Option<Self> {
        let canvas: HtmlCanvasElement = js::window()
            .document()?
            .create_element("canvas")
            .ok()?
            .dyn_into()
            .ok()?;
        canvas.set_width(LIGHT.0);
        canvas.set_height(LIGHT.1);
        let options = js::from_json(&serde_json::json!({ "willReadFrequently": true }));
        let surface = canvas
            .get_context_with_context_options("2d", &options)
            .ok()??
            .dyn_into()
            .ok()?;
        Some(Self { surface })
    }

    /// Mean luma (BT.601) of the picture shown now, 0–1; `None` before there is one.
    pub(crate) fn exposure(&self, video: &HtmlVideoElement) -> Option<f32> {
        if video.video_width() == 0 {
            return None;
        }
        let (width, height) = (f64::from(LIGHT.0), f64::from(LIGHT.1));
        self.surface
            .draw_image_with_html_video_element_and_dw_and_dh(video, 0.0, 0.0, width, height)
            .ok()?;
        let pixels = self
            .surface
            .get_image_data(0, 0, LIGHT.0 as i32, LIGHT.1 as i32)
            .ok()?
            .data();
        Some(level::luma(&pixels))
    }
}
