//! A film file as if it had been filmed: decoded, then on the path of a recording, as fast as the device allows.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

use super::take::Take;
use crate::{
    browser::{decode, describe, picture::Eye, settled, sleep},
    film::{Film, Reader, Refused, Sample},
};

/// Bytes read from the file at once.
const BLOCK: u64 = 4 << 20;

/// Frames that may be decoded ahead; each is some megabytes.
const AHEAD: usize = 6;

/// The file, read in blocks.
struct Source {
    file: File,
    at: u64,
    block: Vec<u8>,
}

impl Source {
    fn new(file: File) -> Self {
        Self {
            file,
            at: 0,
            block: Vec::new(),
        }
    }

    async fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, JsValue> {
        let slice = self
            .file
            .slice_with_f64_and_f64(at as f64, (at + len) as f64)?;
        Ok(Uint8Array::new(&settled(slice.array_buffer().unchecked_into()).await?).to_vec())
    }

    /// The bytes of a sample.
    async fn sample(&mut self, sample: &Sample) -> Result<&[u8], JsValue> {
        let len = u64::from(sample.len);
        let inside = sample.at >= self.at && sample.at + len <= self.at + self.block.len() as u64;
        if !inside {
            self.block = self.read(sample.at, len.max(BLOCK)).await?;
            self.at = sample.at;
        }
        let from = (sample.at - self.at) as usize;
        self.block
            .get(from..from + sample.len as usize)
            .ok_or_else(|| JsValue::from("the file ended early"))
    }
}

/// Reads a file's index.
///
/// # Errors
/// A sentence.
pub(super) async fn open(file: &File) -> Result<Film, String> {
    let source = Source::new(file.clone());
    let unreadable = |error: JsValue| {
        format!(
            "This file could not be read ({}); choose it again, or copy it to this device first.",
            describe(&error)
        )
    };
    let refused = |refused: Refused| refused.sentence().to_owned();
    let mut reader = Reader::new(file.size() as u64);
    while let Some((at, len)) = reader.wants() {
        let bytes = source.read(at, len).await.map_err(unreadable)?;
        if bytes.len() as u64 != len {
            return Err(refused(Refused::Damaged));
        }
        reader.take(&bytes).map_err(refused)?;
    }
    reader.finish().map_err(refused)
}

/// Feeds a film to a take, and says where it ended early.
///
/// # Errors
/// A sentence; what came before is in the take.
pub(super) async fn run(take: &Rc<Take>, file: File, film: Film) -> Result<(), String> {
    // Two readers, because picture and sound may lie far apart in the file.
    let (mut pictures_from, mut sound_from) = (Source::new(file.clone()), Source::new(file));
    let mut eye = Eye::new();
    let undecodable = |reason: String| {
        format!(
            "This film cannot be decoded in this browser ({reason}); export it as MP4 with H.264 and choose that."
        )
    };
    let unreadable = |error: JsValue| {
        format!(
            "The film could not be read to its end ({}); what came before is kept.",
            describe(&error)
        )
    };

    let mut video = None;
    if let Some(track) = &film.video {
        take.turned(track.config.rotation);
        let decoder = decode::Pictures::start(&track.config)
            .await
            .map_err(undecodable)?;
        video = Some((decoder, track.samples.iter().peekable()));
    }
    let mut audio = None;
    if let Some(track) = &film.audio {
        match decode::Sound::start(&track.config).await {
            Ok(decoder) => audio = Some((decoder, track.samples.iter().peekable())),
            Err(reason) => take.tell(format!("The film's sound cannot be decoded in this browser ({reason}); it is brought in without sound.")),
        }
    } else if film.sound_lost {
        take.tell("The film's sound is in an encoding that is not known here; it is brought in without sound.".to_owned());
    }

    if film.cut_short {
        take.tell("The film is damaged further on; what came before is brought in.".to_owned());
    }

    // Decoders start at a keyframe.
    if let Some((_, samples)) = &mut video {
        while samples.next_if(|sample| !sample.key).is_some() {}
    }
    loop {
        if take.stopping.get() {
            return Ok(());
        }
        let mut idle = true;
        let mut at_us = i64::MAX;
        if let Some((decoder, samples)) = &mut video {
            while decoder.held() < AHEAD {
                let Some(sample) = samples.next() else { break };
                let bytes = pictures_from.sample(sample).await.map_err(unreadable)?;
                decoder
                    .feed(bytes, sample.t_us, sample.key)
                    .map_err(undecodable)?;
                idle = false;
            }
            while let Some(frame) = decoder.take().map_err(undecodable)? {
                let t_us = frame.timestamp() as i64;
                show(take, frame, t_us, film.duration, &mut eye).await;
                idle = false;
            }
            if let Some(next) = samples.peek() {
                at_us = next.t_us;
            }
        }
        if let Some((decoder, samples)) = &mut audio {
            while decoder.held() < 32 {
                let Some(sample) = samples.next_if(|sample| sample.t_us <= at_us) else {
                    break;
                };
                let bytes = sound_from.sample(sample).await.map_err(unreadable)?;
                if decoder.feed(bytes, sample.t_us).is_err() {
                    break;
                }
                idle = false;
            }
            while let Ok(Some(data)) = decoder.take() {
                take.heard(data, 0.0).await;
                idle = false;
            }
        }
        let more = video
            .as_mut()
            .is_some_and(|(_, samples)| samples.peek().is_some())
            || (video.is_none()
                && audio
                    .as_mut()
                    .is_some_and(|(_, samples)| samples.peek().is_some()));
        if !more {
            break;
        }
        if idle {
            sleep(2).await;
        }
    }
    if let Some((decoder, mut samples)) = audio {
        for sample in samples.by_ref() {
            let bytes = sound_from.sample(sample).await.map_err(unreadable)?;
            if decoder.feed(bytes, sample.t_us).is_err() {
                break;
            }
        }
        decoder.end().await;
        while let Ok(Some(data)) = decoder.take() {
            take.heard(data, 0.0).await;
        }
    }
    if let Some((decoder, _)) = video {
        // The last frames: few enough to hold, because the decoder's queue was kept short.
        let mut rest = Vec::new();
        decoder
            .end(|frame| rest.push(frame))
            .await
            .map_err(undecodable)?;
        for frame in rest {
            let t_us = frame.timestamp() as i64;
            show(take, frame, t_us, film.duration, &mut eye).await;
        }
    }
    Ok(())
}

async fn show(
    take: &Rc<Take>,
    frame: crate::browser::Owned<web_sys::VideoFrame>,
    t_us: i64,
    duration: f64,
    eye: &mut Eye,
) {
    // Before the film's own start there is only what decoders need.
    if t_us < 0 {
        return;
    }
    if duration > 0.0 {
        take.state.borrow_mut().share = Some((t_us as f64 / 1e6 / duration).clamp(0.0, 1.0) as f32);
    }
    take.show(frame, t_us, true, eye).await;
}
