//! Encoders: which encoding this browser offers, and one that runs.

use std::rc::Rc;

use gloo::events::EventListener;
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{
    AudioData, AudioEncoder, AudioEncoderConfig, AudioEncoderInit, CodecState, EncodedAudioChunk,
    EncodedVideoChunk, LatencyMode, VideoEncoder, VideoEncoderConfig, VideoEncoderEncodeOptions,
    VideoEncoderInit, VideoFrame,
};

use super::{colour, count, field, settled, text};
use crate::{
    capture::codec,
    log::record::{AudioConfig, VideoConfig},
};

/// What a camera gives when it does not say.
pub(crate) const FRAMES_PER_S: f64 = 30.0;

/// An encoded chunk as it leaves an encoder; its payload is in [`EncodedChunk::bytes`].
pub(crate) struct EncodedChunk<C> {
    pub(crate) timestamp: i64,
    pub(crate) duration_us: u32,
    pub(crate) key: bool,
    pub(crate) bytes: Vec<u8>,
    /// Present when the decoder's configuration is new.
    pub(crate) config: Option<C>,
}

/// What an encoder calls.
pub(crate) struct EncoderOutput<C> {
    /// With each encoded chunk.
    pub(crate) chunk: Rc<dyn Fn(EncodedChunk<C>)>,
    /// When it failed and is closed.
    pub(crate) error: Rc<dyn Fn(JsValue)>,
    /// When it has taken something from its queue.
    pub(crate) dequeue: Rc<dyn Fn()>,
}

impl<C> Clone for EncoderOutput<C> {
    fn clone(&self) -> Self {
        Self {
            chunk: Rc::clone(&self.chunk),
            error: Rc::clone(&self.error),
            dequeue: Rc::clone(&self.dequeue),
        }
    }
}

fn duration(value: Option<f64>) -> u32 {
    u32::try_from(count(value.unwrap_or(0.0))).unwrap_or(0)
}

/// The bytes of an `ArrayBuffer` or a view of one.
fn bytes_of(value: &JsValue) -> Vec<u8> {
    if let Some(view) = value.dyn_ref::<js_sys::Uint8Array>() {
        return view.to_vec();
    }
    if let Some(buffer) = field(value, "buffer") {
        let at =
            |key: &str| count(field(value, key).and_then(|v| v.as_f64()).unwrap_or(0.0)) as u32;
        return js_sys::Uint8Array::new_with_byte_offset_and_length(
            &buffer,
            at("byteOffset"),
            at("byteLength"),
        )
        .to_vec();
    }
    js_sys::Uint8Array::new(value).to_vec()
}

/// A running video encoder; closed when dropped.
pub(crate) struct PictureEncoder {
    encoder: VideoEncoder,
    /// Even width and height it encodes at, pixels.
    pub(crate) size: (u32, u32),
    _dequeue: EventListener,
    _chunk: Closure<dyn FnMut(JsValue, JsValue)>,
    _error: Closure<dyn FnMut(JsValue)>,
}

fn video_config(
    choice: &codec::VideoCodec,
    (width, height): (u32, u32),
    frames_per_s: f64,
) -> VideoEncoderConfig {
    let config = VideoEncoderConfig::new(&choice.codec, height, width);
    config.set_bitrate_f64(codec::bitrate(width, height, frames_per_s));
    config.set_framerate(frames_per_s);
    config.set_latency_mode(LatencyMode::Realtime);
    if choice.avc {
        let avc = Object::new();
        let _ = Reflect::set(&avc, &"format".into(), &"avc".into());
        let _ = Reflect::set(&config, &"avc".into(), &avc);
    }
    config
}

async fn supported(promise: js_sys::Promise) -> bool {
    settled(promise)
        .await
        .is_ok_and(|answer| field(&answer, "supported").is_some_and(|yes| yes.is_truthy()))
}

impl PictureEncoder {
    /// Starts the best encoder there is for pictures of a size, turned by `rotation` degrees for display, about
    /// `frames_per_s` a second.
    ///
    /// # Errors
    /// A message for the creator when this browser encodes none.
    pub(crate) async fn start(
        width: u32,
        height: u32,
        rotation: u16,
        frames_per_s: f64,
        output: &EncoderOutput<VideoConfig>,
    ) -> Result<Self, String> {
        let size = codec::even(width, height);
        let mut last = String::from("it offers none of H.264, VP9, VP8 and AV1");
        for choice in codec::video(size.0, size.1, frames_per_s) {
            let config = video_config(&choice, size, frames_per_s);
            if !supported(VideoEncoder::is_config_supported(&config).unchecked_into()).await {
                continue;
            }
            match Self::run(&config, &choice, size, rotation, output.clone()) {
                Ok(pictures) => return Ok(pictures),
                Err(error) => last = super::describe(&error),
            }
        }
        Err(format!(
            "This browser cannot encode video of {width}×{height} pixels ({last}); use a current Chrome, Edge or Safari, or choose a smaller picture."
        ))
    }

    fn run(
        config: &VideoEncoderConfig,
        choice: &codec::VideoCodec,
        size: (u32, u32),
        rotation: u16,
        output: EncoderOutput<VideoConfig>,
    ) -> Result<Self, JsValue> {
        let name = choice.codec.clone();
        let EncoderOutput {
            chunk,
            error,
            dequeue,
        } = output;
        let on_chunk = Closure::<dyn FnMut(JsValue, JsValue)>::new(
            move |encoded: JsValue, metadata: JsValue| {
                let encoded: EncodedVideoChunk = encoded.unchecked_into();
                let mut bytes = vec![0; encoded.byte_length() as usize];
                if encoded.copy_to_with_u8_slice(&mut bytes).is_err() {
                    return;
                }
                let config = field(&metadata, "decoderConfig").map(|config| VideoConfig {
                    codec: text(&config, "codec").unwrap_or_else(|| name.clone()),
                    width: size.0,
                    height: size.1,
                    rotation,
                    description: field(&config, "description")
                        .map(|value| bytes_of(&value))
                        .unwrap_or_default(),
                    colour: field(&config, "colorSpace")
                        .and_then(|space| colour::from_browser(&space)),
                });
                chunk(EncodedChunk {
                    timestamp: encoded.timestamp() as i64,
                    duration_us: duration(encoded.duration()),
                    key: encoded.type_() == web_sys::EncodedVideoChunkType::Key,
                    bytes,
                    config,
                });
            },
        );
        let on_error = Closure::<dyn FnMut(JsValue)>::new(move |reason| error(reason));
        let encoded: &Function = on_chunk.as_ref().unchecked_ref();
        let failed: &Function = on_error.as_ref().unchecked_ref();
        let encoder = VideoEncoder::new(&VideoEncoderInit::new(failed, encoded))?;
        encoder.configure(config)?;
        Ok(Self {
            _dequeue: EventListener::new(&encoder, "dequeue", move |_| dequeue()),
            encoder,
            size,
            _chunk: on_chunk,
            _error: on_error,
        })
    }

    /// Frames it holds.
    pub(crate) fn queue(&self) -> u32 {
        self.encoder.encode_queue_size()
    }

    /// Encodes a frame.
    ///
    /// # Errors
    /// `InvalidStateError` when it was closed by an error or reclaimed.
    pub(crate) fn encode(&self, frame: &VideoFrame, key: bool) -> Result<(), JsValue> {
        let options = VideoEncoderEncodeOptions::new();
        options.set_key_frame(key);
        self.encoder.encode_with_options(frame, &options)
    }

    /// Waits until everything is out.
    ///
    /// # Errors
    /// What the encoder says.
    pub(crate) fn flush(&self) -> js_sys::Promise {
        self.encoder.flush().unchecked_into()
    }

    /// Whether it still runs.
    pub(crate) fn alive(&self) -> bool {
        self.encoder.state() == CodecState::Configured
    }
}

impl Drop for PictureEncoder {
    fn drop(&mut self) {
        if self.encoder.state() != CodecState::Closed {
            let _ = self.encoder.close();
        }
    }
}

/// A running audio encoder; closed when dropped.
pub(crate) struct SoundEncoder {
    encoder: AudioEncoder,
    /// Samples per second and channels of what it takes.
    pub(crate) format: (u32, u32),
    _dequeue: EventListener,
    _chunk: Closure<dyn FnMut(JsValue, JsValue)>,
    _error: Closure<dyn FnMut(JsValue)>,
}

impl SoundEncoder {
    /// Starts the best encoder there is for sound of a format.
    ///
    /// # Errors
    /// A message for the creator when this browser encodes none.
    pub(crate) async fn start(
        rate: u32,
        channels: u32,
        output: &EncoderOutput<AudioConfig>,
    ) -> Result<Self, String> {
        let mut last = String::from("it offers neither Opus nor AAC");
        for codec in codec::AUDIO {
            let config = AudioEncoderConfig::new(codec, channels, rate);
            config.set_bitrate_f64(codec::audio_bitrate(channels));
            if !supported(AudioEncoder::is_config_supported(&config).unchecked_into()).await {
                continue;
            }
            match Self::run(&config, codec, (rate, channels), output.clone()) {
                Ok(sound) => return Ok(sound),
                Err(error) => last = super::describe(&error),
            }
        }
        Err(format!(
            "This browser cannot encode sound ({last}); the film is recorded without it."
        ))
    }

    fn run(
        config: &AudioEncoderConfig,
        codec: &'static str,
        format: (u32, u32),
        output: EncoderOutput<AudioConfig>,
    ) -> Result<Self, JsValue> {
        let EncoderOutput {
            chunk,
            error,
            dequeue,
        } = output;
        let on_chunk = Closure::<dyn FnMut(JsValue, JsValue)>::new(
            move |encoded: JsValue, metadata: JsValue| {
                let encoded: EncodedAudioChunk = encoded.unchecked_into();
                let mut bytes = vec![0; encoded.byte_length() as usize];
                if encoded.copy_to_with_u8_slice(&mut bytes).is_err() {
                    return;
                }
                let config = field(&metadata, "decoderConfig").map(|config| AudioConfig {
                    codec: text(&config, "codec").unwrap_or_else(|| codec.to_owned()),
                    rate: format.0,
                    channels: format.1,
                    description: field(&config, "description")
                        .map(|value| bytes_of(&value))
                        .unwrap_or_default(),
                });
                chunk(EncodedChunk {
                    timestamp: encoded.timestamp() as i64,
                    duration_us: duration(encoded.duration()),
                    key: true,
                    bytes,
                    config,
                });
            },
        );
        let on_error = Closure::<dyn FnMut(JsValue)>::new(move |reason| error(reason));
        let encoded: &Function = on_chunk.as_ref().unchecked_ref();
        let failed: &Function = on_error.as_ref().unchecked_ref();
        let encoder = AudioEncoder::new(&AudioEncoderInit::new(failed, encoded))?;
        encoder.configure(config)?;
        Ok(Self {
            _dequeue: EventListener::new(&encoder, "dequeue", move |_| dequeue()),
            encoder,
            format,
            _chunk: on_chunk,
            _error: on_error,
        })
    }

    /// Stretches it holds.
    pub(crate) fn queue(&self) -> u32 {
        self.encoder.encode_queue_size()
    }

    /// Encodes a stretch.
    ///
    /// # Errors
    /// `InvalidStateError` when it was closed by an error or reclaimed.
    pub(crate) fn encode(&self, data: &AudioData) -> Result<(), JsValue> {
        self.encoder.encode(data)
    }

    /// Waits until everything is out.
    pub(crate) fn flush(&self) -> js_sys::Promise {
        self.encoder.flush().unchecked_into()
    }

    /// Whether it still runs.
    pub(crate) fn alive(&self) -> bool {
        self.encoder.state() == CodecState::Configured
    }
}

impl Drop for SoundEncoder {
    fn drop(&mut self) {
        if self.encoder.state() != CodecState::Closed {
            let _ = self.encoder.close();
        }
    }
}
