//! What a crash left without analysis: the pictures in a session's log are decoded and measured as those of an import are.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use web_sys::VideoFrame;

use super::{
    playback::{self, PlaybackError, Sink, Source, Track},
    recording::FRAMES_BEHIND,
    session::Session,
};
use crate::{
    analysis::Analysis,
    browser::{
        Owned,
        decode::{PictureDecoder, SoundDecoder},
        sampler::FrameSampler,
    },
    film::{Sample, sound::Stretch},
    log::index::{Chunk, micros, seconds},
};

/// The bytes of a session's chunks, from its log.
pub(super) struct LogSource<'a> {
    session: &'a Session,
    bytes: Vec<u8>,
}

impl<'a> LogSource<'a> {
    pub(super) const fn new(session: &'a Session) -> Self {
        Self {
            session,
            bytes: Vec::new(),
        }
    }
}

impl Source for LogSource<'_> {
    async fn read(&mut self, sample: &Sample) -> Result<&[u8], JsValue> {
        self.bytes.resize(sample.len as usize, 0);
        self.session.read(sample.at, &mut self.bytes)?;
        Ok(&self.bytes)
    }
}

/// Plays pictures of a session that were encoded alike.
///
/// # Errors
/// Why they cannot be decoded or read, for the brackets in a message.
pub(super) async fn play(
    session: &Session,
    chunks: &[Chunk],
    sink: &mut impl Sink,
) -> Result<(), String> {
    let first = chunks.first().ok_or("nothing was recorded there")?;
    let config = session
        .index
        .video_configs
        .get(usize::from(first.config))
        .ok_or("its encoding is not known")?;
    let samples: Vec<Sample> = chunks.iter().map(Sample::from).collect();
    let decoder = PictureDecoder::start(config).await?;
    let video = Track::new(decoder, &samples, LogSource::new(session));
    let audio: Option<Track<'_, SoundDecoder, LogSource<'_>>> = None;
    playback::play(Some(video), audio, sink)
        .await
        .map_err(|error: PlaybackError| error.reason())
}

/// Measures the pictures of a session's log that the crash left without analysis.
///
/// # Errors
/// Why some are left out, for the brackets in a message.
pub(super) async fn analyse(session: &Session, analysis: &Rc<Analysis>) -> Result<(), String> {
    let Some(missing) = session.index.unanalysed() else {
        return Ok(());
    };
    let moments = &session.index.measurements.moments;
    let mut sink = AnalysisSink {
        analysis,
        sampler: FrameSampler::new(),
        known_us: moments.last().map_or(-1, |moment| micros(moment.t)),
    };
    for part in missing.chunk_by(|a, b| a.config == b.config) {
        play(session, part, &mut sink).await?;
    }
    Ok(())
}

/// Measures pictures, and leaves sound alone: its loudness is in the log as far as the sound itself is.
struct AnalysisSink<'a> {
    analysis: &'a Rc<Analysis>,
    sampler: FrameSampler,
    /// Time of the last picture that was analysed, µs.
    known_us: i64,
}

impl Sink for AnalysisSink<'_> {
    fn stopped(&self) -> bool {
        false
    }

    async fn picture(&mut self, frame: Owned<VideoFrame>) {
        let t_us = frame.timestamp() as i64;
        if t_us <= self.known_us {
            return;
        }
        let t = seconds(t_us);
        if let Ok(sample) = self.sampler.sample(&frame, t).await {
            self.analysis.push(&sample, false);
            self.analysis.pump(t, false).await;
            self.analysis.catch_up(t, FRAMES_BEHIND, || false).await;
        }
    }

    async fn sound(&mut self, _: i64, _: Stretch) {}
}
