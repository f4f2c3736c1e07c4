//! Decodes encoded tracks in step, as fast as the device allows and a few frames at a time: an import plays a file, recovery
//! a session's log, a still the pictures before it.

use std::{iter::Peekable, ops::Range, pin::pin, slice};

use futures::future::select;
use wasm_bindgen::JsValue;
use web_sys::VideoFrame;

use crate::{
    browser::{
        Owned,
        decode::{PictureDecoder, SoundDecoder},
        describe,
    },
    film::{
        Run, Sample,
        sound::{Placer, Stretch},
    },
};

/// Frames that may be decoded ahead; each is some megabytes.
const PICTURES_AHEAD: usize = 6;

/// Stretches of sound that may be decoded ahead; each is some kilobytes.
const SOUND_AHEAD: usize = 32;

/// Where the bytes of samples are read.
pub(super) trait Source {
    /// The bytes of a sample.
    ///
    /// # Errors
    /// What the browser says, or that there are none.
    async fn read(&mut self, sample: &Sample) -> Result<&[u8], JsValue>;
}

/// What takes the decoded pictures and sound.
pub(super) trait Sink {
    /// Whether it takes no more.
    fn stopped(&self) -> bool;
    /// Takes a picture, with its presentation time as timestamp.
    async fn picture(&mut self, frame: Owned<VideoFrame>);
    /// Takes a stretch of sound that is due at `t_us`.
    async fn sound(&mut self, t_us: i64, stretch: Stretch);
}

/// A track on its way through a decoder, run by run.
pub(super) struct Track<'a, D, S> {
    decoder: D,
    all: &'a [Sample],
    runs: slice::Iter<'a, Run>,
    samples: Peekable<slice::Iter<'a, Sample>>,
    /// What is shown of the run, µs.
    shown: Range<i64>,
    source: S,
    placer: Placer,
    /// Length of the packet that the next sound comes from, where the decoder may swallow some of it.
    owed: Option<u32>,
}

impl<'a, D, S: Source> Track<'a, D, S> {
    /// A track from its first sample on, in decoding order.
    pub(super) fn new(decoder: D, samples: &'a [Sample], source: S) -> Self {
        Self {
            decoder,
            all: samples,
            runs: [].iter(),
            samples: samples.iter().peekable(),
            shown: i64::MIN..i64::MAX,
            source,
            placer: Placer::default(),
            owed: None,
        }
    }

    /// A track of several runs.
    pub(super) fn of_runs(decoder: D, samples: &'a [Sample], runs: &'a [Run], source: S) -> Self {
        let mut track = Self::new(decoder, samples, source);
        track.runs = runs.iter();
        track.samples = [].iter().peekable();
        track.next_run();
        track
    }

    /// Goes on with the next run; false after the last.
    fn next_run(&mut self) -> bool {
        let Some(run) = self.runs.next() else {
            return false;
        };
        let samples = self.all.get(run.samples.clone()).unwrap_or_default();
        self.samples = samples.iter().peekable();
        self.shown = run.shown.clone();
        if let Some(first) = samples.first() {
            self.placer.begin(first.t_us, run.shown.clone());
            self.owed = Some(first.duration_us);
        }
        true
    }

    /// Whether anything is left to be decoded.
    fn is_left(&mut self) -> bool {
        self.samples.peek().is_some() || !self.runs.as_slice().is_empty()
    }
}

/// Why a track was not played to its end.
pub(super) enum PlaybackError {
    /// The decoder for pictures failed.
    Decoder(String),
    /// The bytes could not be read.
    Source(JsValue),
}

impl PlaybackError {
    /// The reason, for the brackets in a message.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Decoder(reason) => reason.clone(),
            Self::Source(error) => describe(error),
        }
    }
}

/// Plays tracks into a sink, until it stops or they end. Sound whose decoder fails ends early, and the pictures go on.
///
/// # Errors
/// [`PlaybackError`]; what came before has gone into the sink.
pub(super) async fn play<S: Source>(
    mut video: Option<Track<'_, PictureDecoder, S>>,
    mut audio: Option<Track<'_, SoundDecoder, S>>,
    sink: &mut impl Sink,
) -> Result<(), PlaybackError> {
    if let Some(track) = &mut video {
        // Decoders start at a keyframe.
        while track.samples.next_if(|sample| !sample.key).is_some() {}
    }
    loop {
        if sink.stopped() {
            return Ok(());
        }
        let mut idle = true;
        let mut pictures_at_us = i64::MAX;
        if let Some(track) = &mut video {
            idle &= !pictures(track, sink).await?;
            if let Some(next) = track.samples.peek() {
                // What is decoded before a run is due when the run is.
                pictures_at_us = next.t_us.max(track.shown.start);
            }
        }
        if let Some(track) = &mut audio {
            match sound(track, pictures_at_us, sink).await? {
                Played::Some => idle = false,
                Played::Nothing => {}
                Played::Failed => audio = None,
            }
        }
        let more = match (&mut video, &mut audio) {
            (Some(track), _) => track.is_left(),
            (None, Some(track)) => track.is_left(),
            (None, None) => false,
        };
        if !more {
            break;
        }
        if idle {
            // Nothing was awaited since the decoders were looked at, so no change of theirs is missed.
            match (&video, &audio) {
                (Some(video), Some(audio)) => {
                    let changes = (video.decoder.changed(), audio.decoder.changed());
                    select(pin!(changes.0), pin!(changes.1)).await;
                }
                (Some(track), None) => track.decoder.changed().await,
                (None, Some(track)) => track.decoder.changed().await,
                (None, None) => {}
            }
        }
    }
    if let Some(mut track) = audio {
        // The rest of it, and what the decoder still holds.
        loop {
            match sound(&mut track, i64::MAX, sink).await? {
                Played::Some => {}
                Played::Failed => break,
                Played::Nothing if track.is_left() => track.decoder.changed().await,
                Played::Nothing => {
                    track.decoder.end().await;
                    drain_sound(&mut track, sink).await;
                    break;
                }
            }
        }
    }
    if let Some(track) = video {
        let shown = track.shown.clone();
        let rest = track.decoder.end(async |frame| {
            if shown.contains(&(frame.timestamp() as i64)) {
                sink.picture(frame).await;
            }
        });
        rest.await.map_err(PlaybackError::Decoder)?;
    }
    Ok(())
}

/// Feeds the decoder and empties it. Returns whether there was anything to do.
async fn pictures<S: Source>(
    track: &mut Track<'_, PictureDecoder, S>,
    sink: &mut impl Sink,
) -> Result<bool, PlaybackError> {
    let mut any = false;
    if track.samples.peek().is_none() && !track.runs.as_slice().is_empty() {
        // Times of one run mean nothing in the next, so the decoder gives out all of it first.
        let shown = track.shown.clone();
        let rest = track.decoder.end(async |frame| {
            if shown.contains(&(frame.timestamp() as i64)) {
                sink.picture(frame).await;
            }
        });
        rest.await.map_err(PlaybackError::Decoder)?;
        any = track.next_run();
        while track.samples.next_if(|sample| !sample.key).is_some() {}
    }
    while track.decoder.held() < PICTURES_AHEAD {
        let Some(sample) = track.samples.next() else {
            break;
        };
        let bytes = track.source.read(sample).await;
        let bytes = bytes.map_err(PlaybackError::Source)?;
        track
            .decoder
            .feed(bytes, sample.t_us, sample.key)
            .map_err(PlaybackError::Decoder)?;
        any = true;
    }
    while let Some(frame) = track.decoder.take().map_err(PlaybackError::Decoder)? {
        if track.shown.contains(&(frame.timestamp() as i64)) {
            sink.picture(frame).await;
        }
        any = true;
    }
    Ok(any)
}

/// What became of a turn at the sound.
enum Played {
    /// Something was decoded or fed.
    Some,
    /// There was nothing to do.
    Nothing,
    /// The decoder failed.
    Failed,
}

/// Feeds the decoder with what is due up to `until_us` and empties it.
async fn sound<S: Source>(
    track: &mut Track<'_, SoundDecoder, S>,
    until_us: i64,
    sink: &mut impl Sink,
) -> Result<Played, PlaybackError> {
    let mut played = Played::Nothing;
    if track.samples.peek().is_none() && !track.runs.as_slice().is_empty() {
        track.decoder.end().await;
        drain_sound(track, sink).await;
        track.next_run();
        played = Played::Some;
    }
    while track.decoder.held() < SOUND_AHEAD {
        let Some(sample) = track.samples.next_if(|sample| sample.t_us <= until_us) else {
            break;
        };
        let bytes = track.source.read(sample).await;
        let bytes = bytes.map_err(PlaybackError::Source)?;
        if track.decoder.feed(bytes, sample.t_us).is_err() {
            return Ok(Played::Failed);
        }
        played = Played::Some;
    }
    if drain_sound(track, sink).await {
        played = Played::Some;
    }
    Ok(played)
}

/// Hands on what the decoder has ready. Answers whether that was anything.
async fn drain_sound<S: Source>(
    track: &mut Track<'_, SoundDecoder, S>,
    sink: &mut impl Sink,
) -> bool {
    let mut any = false;
    while let Ok(Some(stretch)) = track.decoder.take() {
        any = true;
        let owed = track.owed.take().filter(|_| track.decoder.may_swallow());
        for (t_us, piece) in track.placer.place(stretch.mixed_down(), owed) {
            sink.sound(t_us, piece).await;
        }
    }
    any
}
