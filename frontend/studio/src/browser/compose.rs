//! One picture out of camera and screen.
//!
//! Frames are read, drawn and handed on by their arrival, not by the page's animation frames: while a person shares
//! another window this tab is hidden, and a hidden tab draws nothing.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{
    MediaStreamTrack, OffscreenCanvas, OffscreenCanvasRenderingContext2d, ReadableStream,
    VideoFrame, VideoFrameInit,
};

use super::{
    inset::{self, Rect},
    notify::Notify,
    source::{self, ChunkSource, Reader},
};

/// The picture to record: the camera, the screen, or the screen with the camera in its corner.
pub(crate) async fn picture(
    screen: Option<&MediaStreamTrack>,
    camera: Option<&MediaStreamTrack>,
) -> Result<Option<ReadableStream>, JsValue> {
    match (screen, camera) {
        (None, None) => Ok(None),
        (Some(only), None) | (None, Some(only)) if source::has_processor() => {
            source::processed(only).map(Some)
        }
        _ => {
            let compositor = Rc::new(Compositor::default());
            for (track, input) in [(screen, &compositor.screen), (camera, &compositor.camera)] {
                if let Some(track) = track {
                    read(
                        Reader::new(track).await?,
                        input.clone(),
                        compositor.changed.clone(),
                    );
                }
            }
            source::stream(compositor).map(Some)
        }
    }
}

/// The newest frame of one track.
#[derive(Default)]
struct Input {
    frame: RefCell<Option<VideoFrame>>,
    /// Frames that have come.
    count: Cell<u32>,
    /// Whether more may come.
    open: Cell<bool>,
    /// Nobody wants more.
    cancelled: Cell<bool>,
}

impl Input {
    fn put(&self, frame: Option<VideoFrame>) {
        if let Some(before) = self.frame.replace(frame) {
            before.close();
        }
        self.count.set(self.count.get().wrapping_add(1));
    }
}

fn read(reader: Reader, input: Rc<Input>, changed: Rc<Notify>) {
    input.open.set(true);
    spawn_local(async move {
        while !input.cancelled.get() {
            match reader.next().await {
                Some(frame) => input.put(Some(frame)),
                None => break,
            }
            changed.notify();
        }
        input.open.set(false);
        input.put(None);
        changed.notify();
        if let Reader::Processor(reader) = reader {
            let _ = reader.cancel();
        }
    });
}

/// Draws screen and camera into one picture.
#[derive(Default)]
struct Compositor {
    screen: Rc<Input>,
    camera: Rc<Input>,
    /// A frame has come, or a track has ended.
    changed: Rc<Notify>,
    /// The counts drawn last.
    drawn: Cell<(u32, u32)>,
    canvas: RefCell<Option<(OffscreenCanvas, OffscreenCanvasRenderingContext2d)>>,
}

impl Compositor {
    /// Draws what there is. The camera gives the pace while it is there, for a still screen sends no frames.
    fn draw(&self) -> Option<VideoFrame> {
        let counts = (self.screen.count.get(), self.camera.count.get());
        let drawn = self.drawn.get();
        let fresh = if self.camera.open.get() {
            counts.1 != drawn.1
        } else {
            counts.0 != drawn.0
        };
        if !fresh {
            return None;
        }
        let (screen, camera) = (self.screen.frame.borrow(), self.camera.frame.borrow());
        if self.screen.open.get() && screen.is_none() {
            return None;
        }
        let whole = screen.as_ref().or(camera.as_ref())?;
        let canvas = self.canvas(whole)?;
        let (width, height) = (f64::from(canvas.0.width()), f64::from(canvas.0.height()));
        let surface = &canvas.1;
        surface.set_fill_style_str("#000");
        surface.fill_rect(0.0, 0.0, width, height);
        place(surface, whole, inset::fit(size(whole), (width, height)))?;
        if let (Some(_), Some(camera)) = (screen.as_ref(), camera.as_ref()) {
            place(
                surface,
                camera,
                inset::corner(size(camera), (width, height)),
            )?;
        }
        let pace = camera.as_ref().unwrap_or(whole);
        let init = VideoFrameInit::new();
        init.set_timestamp_f64(pace.timestamp());
        let frame =
            VideoFrame::new_with_offscreen_canvas_and_video_frame_init(&canvas.0, &init).ok()?;
        self.drawn.set(counts);
        Some(frame)
    }

    /// The canvas, made at the size of the first picture and kept: an encoder takes one size only.
    fn canvas(
        &self,
        first: &VideoFrame,
    ) -> Option<(OffscreenCanvas, OffscreenCanvasRenderingContext2d)> {
        if self.canvas.borrow().is_none() {
            let (width, height) = inset::canvas(size(first));
            let canvas = OffscreenCanvas::new(width, height).ok()?;
            let surface = canvas.get_context("2d").ok()??.dyn_into().ok()?;
            self.canvas.replace(Some((canvas, surface)));
        }
        self.canvas.borrow().clone()
    }
}

fn size(frame: &VideoFrame) -> (f64, f64) {
    (
        f64::from(frame.display_width()),
        f64::from(frame.display_height()),
    )
}

fn place(surface: &OffscreenCanvasRenderingContext2d, frame: &VideoFrame, at: Rect) -> Option<()> {
    surface
        .draw_image_with_video_frame_and_dw_and_dh(frame, at.x, at.y, at.width, at.height)
        .ok()
}

impl ChunkSource for Compositor {
    async fn next(self: Rc<Self>) -> Option<JsValue> {
        loop {
            if let Some(frame) = self.draw() {
                return Some(frame.into());
            }
            if !self.screen.open.get() && !self.camera.open.get() {
                return None;
            }
            self.changed.notified().await;
        }
    }

    fn cancel(&self) {
        self.screen.cancelled.set(true);
        self.camera.cancelled.set(true);
    }
}
