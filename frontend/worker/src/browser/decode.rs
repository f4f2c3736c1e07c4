//! Decoders whose output is pulled, frame by frame, so that never more than a few are held.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use js_sys::{Function, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{
    AudioData, AudioDecoder, AudioDecoderConfig, AudioDecoderInit, CodecState, EncodedAudioChunk,
    EncodedAudioChunkInit, EncodedAudioChunkType, EncodedVideoChunk, EncodedVideoChunkInit,
    EncodedVideoChunkType, VideoDecoder, VideoDecoderConfig, VideoDecoderInit, VideoFrame,
};

use super::{Closable, Owned, describe, field, settled, sleep};
use crate::record::{AudioConfig, VideoConfig};

/// What came out, and what went wrong.
struct Out<T: Closable> {
    ready: VecDeque<Owned<T>>,
    failed: Option<String>,
}

type Shared<T> = Rc<RefCell<Out<T>>>;

struct Ears {
    _output: Closure<dyn FnMut(JsValue)>,
    _error: Closure<dyn FnMut(JsValue)>,
}

fn ears<T: Closable + JsCast + 'static>() -> (Shared<T>, Ears) {
    let out: Shared<T> = Rc::new(RefCell::new(Out {
        ready: VecDeque::new(),
        failed: None,
    }));
    let (ready, failed) = (Rc::clone(&out), Rc::clone(&out));
    let output = Closure::new(move |value: JsValue| {
        ready
            .borrow_mut()
            .ready
            .push_back(Owned(value.unchecked_into()))
    });
    let error =
        Closure::new(move |reason: JsValue| failed.borrow_mut().failed = Some(describe(&reason)));
    (
        out,
        Ears {
            _output: output,
            _error: error,
        },
    )
}

fn taken<T: Closable>(out: &Shared<T>) -> Result<Option<Owned<T>>, String> {
    let mut out = out.borrow_mut();
    match (out.ready.pop_front(), &out.failed) {
        (Some(ready), _) => Ok(Some(ready)),
        (None, Some(reason)) => Err(reason.clone()),
        (None, None) => Ok(None),
    }
}

/// A video decoder.
pub(crate) struct Pictures {
    decoder: VideoDecoder,
    out: Shared<VideoFrame>,
    _ears: Ears,
}

impl Pictures {
    /// Starts a decoder.
    ///
    /// # Errors
    /// Why this browser cannot decode it, for a sentence's brackets.
    pub(crate) async fn start(config: &VideoConfig) -> Result<Self, String> {
        let settings = VideoDecoderConfig::new(&config.codec);
        settings.set_coded_width(config.width);
        settings.set_coded_height(config.height);
        if !config.description.is_empty() {
            settings.set_description_u8_array(&Uint8Array::from(config.description.as_slice()));
        }
        let answer = settled(VideoDecoder::is_config_supported(&settings).unchecked_into()).await;
        if !answer
            .is_ok_and(|answer| field(&answer, "supported").is_some_and(|yes| yes.is_truthy()))
        {
            return Err(format!("{} is not decoded here", config.codec));
        }
        let (out, ears) = ears();
        let failed: &Function = ears._error.as_ref().unchecked_ref();
        let output: &Function = ears._output.as_ref().unchecked_ref();
        let decoder =
            VideoDecoder::new(&VideoDecoderInit::new(failed, output)).map_err(|e| describe(&e))?;
        decoder.configure(&settings).map_err(|e| describe(&e))?;
        Ok(Self {
            decoder,
            out,
            _ears: ears,
        })
    }

    /// Hands over one encoded picture.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) fn feed(&self, bytes: &[u8], t_us: i64, key: bool) -> Result<(), String> {
        let kind = if key {
            EncodedVideoChunkType::Key
        } else {
            EncodedVideoChunkType::Delta
        };
        let init = EncodedVideoChunkInit::new_with_u8_array(&Uint8Array::from(bytes), 0, kind);
        init.set_timestamp_f64(t_us as f64);
        let chunk = EncodedVideoChunk::new(&init).map_err(|e| describe(&e))?;
        self.decoder.decode(&chunk).map_err(|e| self.reason(&e))
    }

    fn reason(&self, error: &JsValue) -> String {
        self.out
            .borrow()
            .failed
            .clone()
            .unwrap_or_else(|| describe(error))
    }

    /// Pictures handed over or decoded that nobody took yet.
    pub(crate) fn held(&self) -> usize {
        self.decoder.decode_queue_size() as usize + self.out.borrow().ready.len()
    }

    /// The next decoded picture, if one is ready.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) fn take(&self) -> Result<Option<Owned<VideoFrame>>, String> {
        taken(&self.out)
    }

    /// Waits until everything handed over is decoded. Frames must be taken meanwhile: a decoder has few.
    pub(crate) async fn end(&self, mut each: impl FnMut(Owned<VideoFrame>)) -> Result<(), String> {
        let done = Rc::new(RefCell::new(None));
        let flush: js_sys::Promise = self.decoder.flush().unchecked_into();
        let seen = Rc::clone(&done);
        wasm_bindgen_futures::spawn_local(async move {
            let result = settled(flush).await;
            *seen.borrow_mut() = Some(result);
        });
        loop {
            let over = done.borrow_mut().take();
            while let Some(frame) = self.take()? {
                each(frame);
            }
            match over {
                Some(Ok(_)) => return Ok(()),
                Some(Err(error)) => return Err(self.reason(&error)),
                None => sleep(2).await,
            }
        }
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        if self.decoder.state() != CodecState::Closed {
            let _ = self.decoder.close();
        }
    }
}

/// An audio decoder.
pub(crate) struct Sound {
    decoder: AudioDecoder,
    out: Shared<AudioData>,
    _ears: Ears,
}

impl Sound {
    /// Starts a decoder.
    ///
    /// # Errors
    /// Why this browser cannot decode it.
    pub(crate) async fn start(config: &AudioConfig) -> Result<Self, String> {
        let settings = AudioDecoderConfig::new(&config.codec, config.channels, config.rate);
        if !config.description.is_empty() {
            settings.set_description_u8_array(&Uint8Array::from(config.description.as_slice()));
        }
        let answer = settled(AudioDecoder::is_config_supported(&settings).unchecked_into()).await;
        if !answer
            .is_ok_and(|answer| field(&answer, "supported").is_some_and(|yes| yes.is_truthy()))
        {
            return Err(format!("{} is not decoded here", config.codec));
        }
        let (out, ears) = ears();
        let failed: &Function = ears._error.as_ref().unchecked_ref();
        let output: &Function = ears._output.as_ref().unchecked_ref();
        let decoder =
            AudioDecoder::new(&AudioDecoderInit::new(failed, output)).map_err(|e| describe(&e))?;
        decoder.configure(&settings).map_err(|e| describe(&e))?;
        Ok(Self {
            decoder,
            out,
            _ears: ears,
        })
    }

    /// Hands over one encoded stretch.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) fn feed(&self, bytes: &[u8], t_us: i64) -> Result<(), String> {
        let init = EncodedAudioChunkInit::new_with_u8_array(
            &Uint8Array::from(bytes),
            0,
            EncodedAudioChunkType::Key,
        );
        init.set_timestamp_f64(t_us as f64);
        let chunk = EncodedAudioChunk::new(&init).map_err(|e| describe(&e))?;
        self.decoder.decode(&chunk).map_err(|e| describe(&e))
    }

    /// Stretches handed over or decoded that nobody took yet.
    pub(crate) fn held(&self) -> usize {
        self.decoder.decode_queue_size() as usize + self.out.borrow().ready.len()
    }

    /// The next decoded stretch, if one is ready.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) fn take(&self) -> Result<Option<Owned<AudioData>>, String> {
        taken(&self.out)
    }

    /// Waits until everything handed over is decoded.
    pub(crate) async fn end(&self) {
        let _ = settled(self.decoder.flush().unchecked_into()).await;
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        if self.decoder.state() != CodecState::Closed {
            let _ = self.decoder.close();
        }
    }
}
