//! Frames and samples of a track as streams that can be handed to the recorder.
//!
//! Chromium has `MediaStreamTrackProcessor` on the page, and its stream can be transferred as it is. Elsewhere frames are
//! taken from a video element and samples from the audio graph.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{
    AudioContext, AudioData, AudioDataInit, AudioProcessingEvent, AudioSampleFormat,
    HtmlVideoElement, MediaStream, MediaStreamTrack, MediaStreamTrackProcessor,
    MediaStreamTrackProcessorInit, MediaStreamTrackState, ReadableStream,
    ReadableStreamDefaultController, ReadableStreamDefaultReader, VideoFrame, VideoFrameInit,
};

use super::{js, notify::Notify};

/// Milliseconds between two frames where they are taken on a timer.
const TICK: u32 = 33;
/// Samples per block of the audio graph: 85 ms at 48 kHz, few enough calls for the page's thread.
const BLOCK: u32 = 4096;

/// Whether this browser gives frames to the page as a stream.
pub(crate) fn has_processor() -> bool {
    js::global("MediaStreamTrackProcessor").is_some()
}

/// Whether this browser can make frames at all.
pub(crate) fn has_frames() -> bool {
    js::global("VideoFrame").is_some() && js::global("VideoEncoder").is_some()
}

/// The stream of a track by the browser's own processor.
pub(crate) fn processed(track: &MediaStreamTrack) -> Result<ReadableStream, JsValue> {
    Ok(MediaStreamTrackProcessor::new(&MediaStreamTrackProcessorInit::new(track))?.readable())
}

/// Gives the frames of one track one after the other.
pub(crate) enum Reader {
    /// By the browser's processor.
    Processor(ReadableStreamDefaultReader),
    /// From a playing element, on a timer. A hidden tab is woken once a second only.
    Element {
        /// Plays the track, never shown.
        video: HtmlVideoElement,
        /// Ends when this ends.
        track: MediaStreamTrack,
    },
}

impl Reader {
    /// Starts reading.
    pub(crate) async fn new(track: &MediaStreamTrack) -> Result<Self, JsValue> {
        if has_processor() {
            return Ok(Self::Processor(ReadableStreamDefaultReader::new(
                &processed(track)?,
            )?));
        }
        let document = js::window().document().ok_or(JsValue::NULL)?;
        let video: HtmlVideoElement = document.create_element("video")?.dyn_into()?;
        video.set_muted(true);
        let stream = MediaStream::new()?;
        stream.add_track(track);
        video.set_src_object(Some(&stream));
        JsFuture::from(video.play()?).await?;
        Ok(Self::Element {
            video,
            track: track.clone(),
        })
    }

    /// The next frame, whose owner closes it; `None` when the track has ended.
    pub(crate) async fn next(&self) -> Option<VideoFrame> {
        match self {
            Self::Processor(reader) => {
                let read = JsFuture::from(reader.read()).await.ok()?;
                js::get(&read, "value").dyn_into().ok()
            }
            Self::Element { video, track } => loop {
                js::sleep(TICK).await;
                if has_ended(track) {
                    return None;
                }
                if video.ready_state() < 2 {
                    continue;
                }
                let init = VideoFrameInit::new();
                init.set_timestamp_f64(js::now() * 1000.0);
                if let Ok(frame) =
                    VideoFrame::new_with_html_video_element_and_video_frame_init(video, &init)
                {
                    return Some(frame);
                }
            },
        }
    }
}

/// What makes a stream's chunks: asked for one at a time, `None` at the end.
pub(crate) trait ChunkSource: 'static {
    /// The next chunk.
    fn next(self: Rc<Self>) -> impl Future<Output = Option<JsValue>>;
    /// The reader went away.
    fn cancel(&self);
}

/// A stream that asks its source for a chunk only when the reader wants one.
///
/// Chunks that cross to a worker are cloned, so each one's original is closed when the next is asked for: by then it is sent.
pub(crate) fn stream(source: Rc<impl ChunkSource>) -> Result<ReadableStream, JsValue> {
    let last: Rc<RefCell<Option<JsValue>>> = Rc::default();
    let pull = {
        let (source, last) = (source.clone(), last.clone());
        Closure::<dyn FnMut(ReadableStreamDefaultController) -> Promise>::new(
            move |controller: ReadableStreamDefaultController| {
                let (source, last) = (source.clone(), last.clone());
                future_to_promise(async move {
                    close(last.take());
                    match source.next().await {
                        Some(chunk) => {
                            controller.enqueue_with_chunk(&chunk)?;
                            last.replace(Some(chunk));
                        }
                        None => controller.close()?,
                    }
                    Ok(JsValue::UNDEFINED)
                })
            },
        )
    };
    let cancel = Closure::<dyn FnMut()>::new(move || {
        close(last.take());
        source.cancel();
    });
    let underlying = js_sys::Object::new();
    js::set(&underlying, "pull", &pull.into_js_value());
    js::set(&underlying, "cancel", &cancel.into_js_value());
    let strategy = js::from_json(&serde_json::json!({ "highWaterMark": 0 }));
    ReadableStream::new_with_underlying_source_and_strategy(&underlying, strategy.unchecked_ref())
}

fn close(chunk: Option<JsValue>) {
    if let Some(chunk) = chunk
        && let Ok(function) = js::get(&chunk, "close").dyn_into::<Function>()
    {
        let _ = function.call0(&chunk);
    }
}

/// The samples of a track as a stream of `AudioData`.
pub(crate) fn samples(track: &MediaStreamTrack) -> Result<ReadableStream, JsValue> {
    if has_processor() {
        processed(track)
    } else {
        stream(Rc::new(AudioTap::new(track)?))
    }
}

/// Blocks of samples from the audio graph. A `ScriptProcessorNode` is old, but needs no script of its own (which the page's
/// policy would have to allow) and exists wherever the processor does not.
struct AudioTap {
    context: AudioContext,
    track: MediaStreamTrack,
    blocks: Rc<Blocks>,
    _nodes: (
        web_sys::MediaStreamAudioSourceNode,
        web_sys::ScriptProcessorNode,
    ),
    _callback: Closure<dyn FnMut(AudioProcessingEvent)>,
}

/// Blocks that nobody has read yet.
#[derive(Default)]
struct Blocks {
    queue: RefCell<VecDeque<JsValue>>,
    /// Says that the graph has run, with or without a new block.
    ran: Notify,
}

/// Blocks kept for a reader that is late, about 5 s; older ones go first.
const MAX_BLOCKS: usize = 60;

fn has_ended(track: &MediaStreamTrack) -> bool {
    track.ready_state() == MediaStreamTrackState::Ended
}

impl AudioTap {
    fn new(track: &MediaStreamTrack) -> Result<Self, JsValue> {
        let context = AudioContext::new()?;
        let stream = MediaStream::new()?;
        stream.add_track(track);
        let source = context.create_media_stream_source(&stream)?;
        let node = context
            .create_script_processor_with_buffer_size_and_number_of_input_channels_and_number_of_output_channels(
                BLOCK, 1, 1,
            )?;
        let blocks = Rc::<Blocks>::default();
        let callback = {
            let (blocks, track) = (blocks.clone(), track.clone());
            let mut elapsed: Option<f64> = None;
            Closure::<dyn FnMut(AudioProcessingEvent)>::new(move |event: AudioProcessingEvent| {
                // Whoever waits runs after this, when the block is in the queue.
                blocks.ran.notify();
                // The graph runs on after its track, with silence.
                if has_ended(&track) {
                    return;
                }
                let Ok(buffer) = event.input_buffer() else {
                    return;
                };
                let Ok(samples) = buffer.get_channel_data(0) else {
                    return;
                };
                let rate = buffer.sample_rate();
                let start = *elapsed.get_or_insert_with(|| js::now() * 1000.0);
                elapsed = Some(start + samples.len() as f64 / f64::from(rate) * 1e6);
                let block = js_sys::Float32Array::from(samples.as_slice());
                let init = AudioDataInit::new(
                    &block,
                    AudioSampleFormat::F32Planar,
                    1,
                    samples.len() as u32,
                    rate,
                    0,
                );
                init.set_timestamp_f64(start);
                if let Ok(data) = AudioData::new(&init) {
                    let mut queue = blocks.queue.borrow_mut();
                    if queue.len() >= MAX_BLOCKS {
                        close(queue.pop_front());
                    }
                    queue.push_back(data.into());
                }
            })
        };
        node.set_onaudioprocess(Some(callback.as_ref().unchecked_ref()));
        source.connect_with_audio_node(&node)?;
        // A node that leads nowhere is never run; this one puts out silence.
        node.connect_with_audio_node(&context.destination())?;
        Ok(Self {
            context,
            track: track.clone(),
            blocks,
            _nodes: (source, node),
            _callback: callback,
        })
    }
}

impl ChunkSource for AudioTap {
    async fn next(self: Rc<Self>) -> Option<JsValue> {
        loop {
            let next = self.blocks.queue.borrow_mut().pop_front();
            if next.is_some() {
                return next;
            }
            if has_ended(&self.track) {
                return None;
            }
            self.blocks.ran.notified().await;
        }
    }

    fn cancel(&self) {
        let _ = self.context.close();
    }
}
