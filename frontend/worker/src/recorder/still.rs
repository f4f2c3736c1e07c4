//! One frame of a session as a picture at full resolution.

use js_sys::Object;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ImageEncodeOptions, OffscreenCanvas, VideoFrame};

use super::session::Session;
use crate::{
    browser::{Owned, decode::Pictures, describe, picture, settled},
    index::{Chunk, seconds},
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
/// A sentence.
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

async fn decode(session: &Session, chunks: &[Chunk]) -> Result<(Owned<VideoFrame>, u16), String> {
    let first = chunks.first().ok_or("nothing was recorded there")?;
    let config = session
        .index
        .video_configs
        .get(usize::from(first.config))
        .ok_or("its encoding is not known")?;
    let decoder = Pictures::start(config).await?;
    let mut bytes = Vec::new();
    let mut shown: Option<Owned<VideoFrame>> = None;
    for chunk in chunks {
        bytes.resize(chunk.len as usize, 0);
        session
            .read(chunk.at, &mut bytes)
            .map_err(|e| describe(&e))?;
        decoder.feed(&bytes, chunk.t_us, chunk.key)?;
        // Frames before the wanted one are closed as they come.
        while let Some(frame) = decoder.take()? {
            shown = Some(frame);
        }
    }
    decoder.end(|frame| shown = Some(frame)).await?;
    Ok((shown.ok_or("nothing was decoded")?, config.rotation))
}

async fn draw(frame: &VideoFrame, rotation: u16, t: f64) -> Result<Still, JsValue> {
    let (w, h) = picture::visible(frame);
    let (width, height) = if matches!(rotation, 90 | 270) {
        (h, w)
    } else {
        (w, h)
    };
    let canvas = OffscreenCanvas::new(width, height)?;
    let context = picture::context(&canvas, &Object::new())?;
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
