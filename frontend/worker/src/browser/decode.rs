//! Decoders whose output is pulled, frame by frame, so that never more than a few are held.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::{Future, pending},
    pin::pin,
    rc::Rc,
};

use futures::future::{Either, select};
use gloo::events::EventListener;
use js_sys::{Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{
    AudioData, AudioDecoder, AudioDecoderConfig, AudioDecoderInit, CodecState, EncodedAudioChunk,
    EncodedAudioChunkInit, EncodedAudioChunkType, EncodedVideoChunk, EncodedVideoChunkInit,
    EncodedVideoChunkType, VideoDecoder, VideoDecoderConfig, VideoDecoderInit, VideoFrame,
};

use super::{Closable, Owned, changed::Changed, colour, describe, field, settled, sound};
use crate::{
    film::{encoding, pcm::Format, sound::Stretch},
    log::record::{AudioConfig, VideoConfig},
};

/// What came out, and what went wrong.
struct Output<T: Closable> {
    ready: RefCell<VecDeque<Owned<T>>>,
    failed: RefCell<Option<String>>,
    /// Something came out, went wrong, or was taken from the decoder's queue.
    changed: Changed,
}

impl<T: Closable> Output<T> {
    /// The next value, if one is ready.
    fn take(&self) -> Result<Option<Owned<T>>, String> {
        match (self.ready.borrow_mut().pop_front(), &*self.failed.borrow()) {
            (Some(ready), _) => Ok(Some(ready)),
            (None, Some(reason)) => Err(reason.clone()),
            (None, None) => Ok(None),
        }
    }

    /// Why the decoder failed: what it said itself, else the error of the call.
    fn reason(&self, error: &JsValue) -> String {
        self.failed
            .borrow()
            .clone()
            .unwrap_or_else(|| describe(error))
    }
}

/// What a decoder calls; kept as long as it runs.
struct Callbacks {
    output: Closure<dyn FnMut(JsValue)>,
    error: Closure<dyn FnMut(JsValue)>,
}

fn callbacks<T: Closable + JsCast + 'static>() -> (Rc<Output<T>>, Callbacks) {
    let out = Rc::new(Output {
        ready: RefCell::default(),
        failed: RefCell::default(),
        changed: Changed::default(),
    });
    let (ready, failed) = (Rc::clone(&out), Rc::clone(&out));
    let output = Closure::new(move |value: JsValue| {
        let value = Owned(value.unchecked_into());
        ready.ready.borrow_mut().push_back(value);
        ready.changed.notify();
    });
    let error = Closure::new(move |reason: JsValue| {
        *failed.failed.borrow_mut() = Some(describe(&reason));
        failed.changed.notify();
    });
    (out, Callbacks { output, error })
}

/// Notifies those who wait whenever the decoder has taken something from its queue.
fn on_dequeue<T: Closable + 'static>(
    decoder: &web_sys::EventTarget,
    out: &Rc<Output<T>>,
) -> EventListener {
    let out = Rc::clone(out);
    EventListener::new(decoder, "dequeue", move |_| out.changed.notify())
}

/// A video decoder.
pub(crate) struct PictureDecoder {
    decoder: VideoDecoder,
    out: Rc<Output<VideoFrame>>,
    _callbacks: Callbacks,
    _dequeue: EventListener,
}

impl PictureDecoder {
    /// Starts a decoder.
    ///
    /// # Errors
    /// Why this browser cannot decode it, for the brackets in a message.
    pub(crate) async fn start(config: &VideoConfig) -> Result<Self, String> {
        let settings = VideoDecoderConfig::new(&config.codec);
        settings.set_coded_width(config.width);
        settings.set_coded_height(config.height);
        if !config.description.is_empty() {
            settings.set_description_u8_array(&Uint8Array::from(config.description.as_slice()));
        }
        if let Some(space) = config.colour.as_ref().and_then(colour::to_browser) {
            let _ = Reflect::set(&settings, &"colorSpace".into(), &space);
        }
        let answer = settled(VideoDecoder::is_config_supported(&settings).unchecked_into()).await;
        if !answer
            .is_ok_and(|answer| field(&answer, "supported").is_some_and(|yes| yes.is_truthy()))
        {
            return Err(format!(
                "{} is not decoded in this browser",
                encoding::of_codec(&config.codec)
            ));
        }
        let (out, callbacks) = callbacks();
        let failed: &Function = callbacks.error.as_ref().unchecked_ref();
        let output: &Function = callbacks.output.as_ref().unchecked_ref();
        let decoder =
            VideoDecoder::new(&VideoDecoderInit::new(failed, output)).map_err(|e| describe(&e))?;
        decoder.configure(&settings).map_err(|e| describe(&e))?;
        Ok(Self {
            _dequeue: on_dequeue(&decoder, &out),
            decoder,
            out,
            _callbacks: callbacks,
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
        self.decoder.decode(&chunk).map_err(|e| self.out.reason(&e))
    }

    /// Pictures handed over or decoded that nobody took yet.
    pub(crate) fn held(&self) -> usize {
        self.decoder.decode_queue_size() as usize + self.out.ready.borrow().len()
    }

    /// The next decoded picture, if one is ready.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) fn take(&self) -> Result<Option<Owned<VideoFrame>>, String> {
        self.out.take()
    }

    /// Waits until something came out, went wrong, or was taken from the queue; counts from this call.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        self.out.changed.next()
    }

    /// Waits until everything handed over is decoded, and gives each picture to `each` meanwhile: a decoder that runs out of
    /// pictures to decode into waits for one to be closed.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) async fn end(
        &self,
        mut each: impl AsyncFnMut(Owned<VideoFrame>),
    ) -> Result<(), String> {
        let mut flush = pin!(settled(self.decoder.flush().unchecked_into()));
        let mut flushed = None;
        loop {
            let changed = self.changed();
            while let Some(frame) = self.take()? {
                each(frame).await;
            }
            match flushed {
                Some(Ok(_)) => return Ok(()),
                Some(Err(error)) => return Err(self.out.reason(&error)),
                None => {}
            }
            if let Either::Left((result, _)) = select(flush.as_mut(), pin!(changed)).await {
                flushed = Some(result);
            }
        }
    }
}

impl Drop for PictureDecoder {
    fn drop(&mut self) {
        if self.decoder.state() != CodecState::Closed {
            let _ = self.decoder.close();
        }
    }
}

/// A decoder of sound: the browser's, or, of what is not compressed, our own.
pub(crate) enum SoundDecoder {
    Browser(BrowserSound),
    Plain {
        format: Format,
        rate: u32,
        channels: u32,
        ready: RefCell<VecDeque<Stretch>>,
    },
}

/// The browser's decoder of sound.
pub(crate) struct BrowserSound {
    decoder: AudioDecoder,
    out: Rc<Output<AudioData>>,
    /// Whether it is Opus, whose decoders may leave out the samples before the first that is meant to be heard.
    opus: bool,
    _callbacks: Callbacks,
    _dequeue: EventListener,
}

/// Times handed to the browser's decoders of sound begin so late, µs: some know no time before 0.
const LATE_US: f64 = 60e6;

impl SoundDecoder {
    /// Starts a decoder.
    ///
    /// # Errors
    /// Why this browser cannot decode it.
    pub(crate) async fn start(config: &AudioConfig) -> Result<Self, String> {
        if let Some(format) = Format::of(&config.codec) {
            return Ok(Self::Plain {
                format,
                rate: config.rate,
                channels: config.channels,
                ready: RefCell::default(),
            });
        }
        let settings = AudioDecoderConfig::new(&config.codec, config.channels, config.rate);
        if !config.description.is_empty() {
            settings.set_description_u8_array(&Uint8Array::from(config.description.as_slice()));
        }
        let answer = settled(AudioDecoder::is_config_supported(&settings).unchecked_into()).await;
        if !answer
            .is_ok_and(|answer| field(&answer, "supported").is_some_and(|yes| yes.is_truthy()))
        {
            return Err(format!(
                "{} is not decoded in this browser",
                encoding::of_codec(&config.codec)
            ));
        }
        let (out, callbacks) = callbacks();
        let failed: &Function = callbacks.error.as_ref().unchecked_ref();
        let output: &Function = callbacks.output.as_ref().unchecked_ref();
        let decoder =
            AudioDecoder::new(&AudioDecoderInit::new(failed, output)).map_err(|e| describe(&e))?;
        decoder.configure(&settings).map_err(|e| describe(&e))?;
        Ok(Self::Browser(BrowserSound {
            _dequeue: on_dequeue(&decoder, &out),
            decoder,
            out,
            opus: config.codec == "opus",
            _callbacks: callbacks,
        }))
    }

    /// Whether the first samples of a run may be missing from what it gives.
    pub(crate) fn may_swallow(&self) -> bool {
        matches!(self, Self::Browser(browser) if browser.opus)
    }

    /// Hands over one encoded stretch.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) fn feed(&self, bytes: &[u8], t_us: i64) -> Result<(), String> {
        match self {
            Self::Plain {
                format,
                rate,
                channels,
                ready,
            } => {
                ready.borrow_mut().push_back(Stretch {
                    rate: *rate,
                    planes: format.planes(bytes, *channels),
                });
                Ok(())
            }
            Self::Browser(browser) => {
                let init = EncodedAudioChunkInit::new_with_u8_array(
                    &Uint8Array::from(bytes),
                    0,
                    EncodedAudioChunkType::Key,
                );
                init.set_timestamp_f64((t_us as f64 + LATE_US).max(0.0));
                let chunk = EncodedAudioChunk::new(&init).map_err(|e| describe(&e))?;
                browser.decoder.decode(&chunk).map_err(|e| describe(&e))
            }
        }
    }

    /// Stretches handed over or decoded that nobody took yet.
    pub(crate) fn held(&self) -> usize {
        match self {
            Self::Plain { ready, .. } => ready.borrow().len(),
            Self::Browser(browser) => {
                browser.decoder.decode_queue_size() as usize + browser.out.ready.borrow().len()
            }
        }
    }

    /// The next decoded stretch, if one is ready.
    ///
    /// # Errors
    /// What the decoder says.
    pub(crate) fn take(&self) -> Result<Option<Stretch>, String> {
        match self {
            Self::Plain { ready, .. } => Ok(ready.borrow_mut().pop_front()),
            Self::Browser(browser) => match browser.out.take()? {
                Some(data) => sound::samples(&data).map(Some).map_err(|e| describe(&e)),
                None => Ok(None),
            },
        }
    }

    /// Waits until something came out, went wrong, or was taken from the queue; counts from this call. With sound that is not
    /// compressed nothing happens by itself, so that wait never ends: whoever waits for pictures beside it must not be woken
    /// in their place, or the browser never comes to decode them.
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + '_ {
        let changed = match self {
            Self::Plain { .. } => None,
            Self::Browser(browser) => Some(browser.out.changed.next()),
        };
        async move {
            match changed {
                Some(changed) => changed.await,
                None => pending().await,
            }
        }
    }

    /// Waits until everything handed over is decoded.
    pub(crate) async fn end(&self) {
        if let Self::Browser(browser) = self {
            let _ = settled(browser.decoder.flush().unchecked_into()).await;
        }
    }
}

impl Drop for BrowserSound {
    fn drop(&mut self) {
        if self.decoder.state() != CodecState::Closed {
            let _ = self.decoder.close();
        }
    }
}
