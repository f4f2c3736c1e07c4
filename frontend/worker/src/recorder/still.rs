//! One frame of a session as a picture at full resolution.

use js_sys::Object;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ImageEncodeOptions, OffscreenCanvas, VideoFrame};

use super::{playback::Sink, recovery, session::Session};
use crate::{
    browser::{Owned, describe, sampler, settled},
    film::sound::Stretch,
    log::index::{Chunk, seconds},
};

/// JPEG quality: the server makes smaller pictures of it, so little may be lost here.
const QUALITY: f64 = 0.92;

/// A still.
pub(super) struct Still {
    pub(super) blob: Blob,
    /// Time of the frame, presentation s.
    pub(super) t: f64,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// Takes the frame shown at `t` (s).
///
/// # Errors
/// A message for the creator.
pub(super) async fn take(session: &Session, t: f64) -> Result<Still, String> {
    let t = if t.is_finite() { t } else { 0.0 };
    let Some(chunks) = session.index.to_decode(t) else {
        return Err(
            "This session has no pictures to take a still from; record with a camera or a screen."
                .to_owned(),
        );
    };
    let last = chunks.last().copied();
    let (frame, rotation) = decode(session, chunks).await.map_err(|reason| {
        format!(
            "This still could not be taken ({reason}); choose another moment, or reload the page."
        )
    })?;
    let t = last.map_or(t, |chunk| seconds(chunk.t_us));
    draw(&frame, rotation, t).await.map_err(|error| {
        format!(
            "This still could not be drawn ({}); reload the page and try again.",
            describe(&error)
        )
    })
}

/// Keeps the last picture that was decoded; those before it are closed as they come.
#[derive(Default)]
struct LastPicture(Option<Owned<VideoFrame>>);

impl Sink for LastPicture {
    fn stopped(&self) -> bool {
        false
    }

    async fn picture(&mut self, frame: Owned<VideoFrame>) {
        self.0 = Some(frame);
    }

    async fn sound(&mut self, _: i64, _: Stretch) {}
}

async fn decode(session: &Session, chunks: &[Chunk]) -> Result<(Owned<VideoFrame>, u16), String> {
    let mut last = LastPicture::default();
    recovery::play(session, chunks, &mut last).await?;
    let config = chunks.first().map(|chunk| usize::from(chunk.config));
    let config = config.and_then(|config| session.index.video_configs.get(config));
    let rotation = config.map_or(0, |config| config.rotation);
    Ok((last.0.ok_or("nothing was decoded")?, rotation))
}

async fn draw(frame: &VideoFrame, rotation: u16, t: f64) -> Result<Still, JsValue> {
    let (w, h) = sampler::visible(frame);
    let (width, height) = if matches!(rotation, 90 | 270) {
        (h, w)
    } else {
        (w, h)
    };
    let canvas = OffscreenCanvas::new(width, height)?;
    let context = sampler::context(&canvas, &Object::new())?;
    context.translate(f64::from(width) / 2.0, f64::from(height) / 2.0)?;
    context.rotate(f64::from(rotation).to_radians())?;
    context.draw_image_with_video_frame_and_dw_and_dh(
        frame,
        -f64::from(w) / 2.0,
        -f64::from(h) / 2.0,
        f64::from(w),
        f64::from(h),
    )?;
    let options = ImageEncodeOptions::new();
    options.set_type("image/jpeg");
    options.set_quality(QUALITY);
    let blob: Blob = settled(canvas.convert_to_blob_with_options(&options)?)
        .await?
        .dyn_into()?;
    Ok(Still {
        blob,
        t,
        width,
        height,
    })
}
