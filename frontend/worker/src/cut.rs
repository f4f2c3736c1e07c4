//! Cuts a span of a session into a clip, or several into a reel, without encoding anything again: which chunks, shown when.

use domain::highlight;

use crate::{
    index::{Chunk, Index, micros, seconds},
    mp4,
};

/// Sound decoded before a clip's first sample, so that the decoder has converged: 80 ms (RFC 7845 §4.6).
const PREROLL_US: i64 = 80_000;

/// Why a span cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The end is not after the start, or they are no numbers.
    Empty,
    /// No keyframe lies within the span.
    NoKeyframe,
    /// Nothing was recorded there.
    Nothing,
    /// The encoding does not fit an MP4.
    Encoding,
    /// The spans were encoded in different ways, which players take for one.
    Mixed,
}

impl Refused {
    /// What to tell the creator.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "The clip would be empty; move its end behind its start.",
            Self::NoKeyframe => {
                "A clip can only start at a keyframe and there is none in this span; make the clip at least a second long."
            }
            Self::Nothing => {
                "Nothing was recorded in this span; choose another part of the session."
            }
            Self::Encoding => {
                "This recording's encoding does not fit into an MP4; record again in another browser, such as Chrome or Edge."
            }
            Self::Mixed => {
                "The camera changed between these clips, so one film cannot hold them all; drop those from before or those from after the change."
            }
        }
    }
}

/// The chunks of a clip and what is shown of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span<'a> {
    /// Pictures; the first is a keyframe. Empty for a session without pictures.
    pub video: &'a [Chunk],
    /// Sound that overlaps, with some before the start for the decoder.
    pub audio: &'a [Chunk],
    /// First instant shown, µs.
    pub start_us: i64,
    /// One past the last instant shown, µs.
    pub end_us: i64,
}

/// Picks the chunks of `start..end` (presentation s): from the first keyframe not before `start`, to the last picture
/// before `end`, all of one encoder configuration.
///
/// # Errors
/// [`Refused`] when there is nothing to show.
pub fn span(index: &Index, start: f64, end: f64) -> Result<Span<'_>, Refused> {
    if !start.is_finite() || !end.is_finite() || start >= end {
        return Err(Refused::Empty);
    }
    let (start_us, end_us) = (micros(start), micros(end));
    if index.video.is_empty() {
        return sound_only(index, start_us, end_us);
    }
    let from = index.video.partition_point(|chunk| chunk.t_us < start_us);
    let to = index.video.partition_point(|chunk| chunk.t_us < end_us);
    if from >= to {
        return Err(Refused::Nothing);
    }
    let first = index.video[from..to]
        .iter()
        .position(|chunk| chunk.key)
        .ok_or(Refused::NoKeyframe)?
        + from;
    let config = index.video[first].config;
    let last = index.video[first..to]
        .iter()
        .position(|chunk| chunk.config != config)
        .map_or(to, |n| first + n);
    let video = &index.video[first..last];
    let start_us = video.first().ok_or(Refused::Nothing)?.t_us;
    let end_us = shown_until(index, last, end_us);
    Ok(Span {
        video,
        audio: sound(index, start_us, end_us),
        start_us,
        end_us,
    })
}

/// When the last picture before `next` stops being shown.
fn shown_until(index: &Index, next: usize, end_us: i64) -> i64 {
    if let Some(next) = index.video.get(next) {
        return next.t_us.min(end_us);
    }
    // The session's last picture: as long as its encoder said, else as long as the one before it.
    let Some(last) = index.video.last() else {
        return end_us;
    };
    let before = index
        .video
        .len()
        .checked_sub(2)
        .and_then(|i| index.video.get(i));
    let length = match (last.duration_us, before) {
        (0, Some(before)) => last.t_us - before.t_us,
        (0, None) => 33_333,
        (length, _) => i64::from(length),
    };
    (last.t_us + length.max(1)).min(end_us)
}

fn sound_only(index: &Index, start_us: i64, end_us: i64) -> Result<Span<'_>, Refused> {
    let first = index.audio.first().ok_or(Refused::Nothing)?;
    let last = index.audio.last().ok_or(Refused::Nothing)?;
    let start_us = start_us.max(first.t_us);
    let end_us = end_us.min(last.t_us + i64::from(last.duration_us));
    let audio = sound(index, start_us, end_us);
    if audio.is_empty() || start_us >= end_us {
        return Err(Refused::Nothing);
    }
    Ok(Span {
        video: &[],
        audio,
        start_us,
        end_us,
    })
}

/// The sound heard in `start_us..end_us`, of one encoder configuration: that of the most of it.
fn sound(index: &Index, start_us: i64, end_us: i64) -> &[Chunk] {
    let heard = |chunk: &Chunk| chunk.t_us + i64::from(chunk.duration_us);
    let from = index
        .audio
        .partition_point(|chunk| heard(chunk) <= start_us - PREROLL_US);
    // The decoder answers late by its pre-skip, so the packet after the end holds the last samples.
    let to = index
        .audio
        .partition_point(|chunk| chunk.t_us < end_us + mp4::OPUS_DELAY_US)
        .max(from);
    let all = &index.audio[from..to];
    let Some(config) = all.get(all.len() / 2).map(|chunk| chunk.config) else {
        return all;
    };
    let a = all.partition_point(|chunk| chunk.config < config);
    let b = all.partition_point(|chunk| chunk.config <= config);
    let all = &all[a..b];
    if all
        .iter()
        .any(|chunk| heard(chunk) > start_us && chunk.t_us < end_us)
    {
        all
    } else {
        &[]
    }
}

/// Whether all were encoded alike: an MP4 can hold several encodings in a track, but players set up their decoder once.
fn alike(index: &Index, spans: &[Span<'_>]) -> bool {
    let videos = spans.iter().filter_map(|span| span.video.first());
    let mut videos = videos.map(|chunk| index.video_configs.get(usize::from(chunk.config)));
    let audios = spans.iter().filter_map(|span| span.audio.first());
    let mut audios = audios.map(|chunk| {
        let config = index.audio_configs.get(usize::from(chunk.config));
        // Each packet of Opus says itself how it is encoded (RFC 6716 §3.1).
        config.filter(|config| config.codec != "opus")
    });
    let (video, audio) = (videos.next(), audios.next());
    videos.all(|other| Some(other) == video) && audios.all(|other| Some(other) == audio)
}

/// A finished clip or reel.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// The MP4.
    pub bytes: Vec<u8>,
    /// What it shows, presentation s: the spans asked for, each from its first keyframe.
    pub spans: Vec<highlight::Span>,
}

/// Why a clip was not made.
#[derive(Debug, Clone, PartialEq)]
pub enum Failed<E> {
    /// The span cannot be cut.
    Refused(Refused),
    /// The log could not be read.
    Read(E),
}

/// Cuts spans (presentation s) into one MP4 that shows them in the order given. `read(offset, buffer)` fills the buffer
/// from the log.
///
/// # Errors
/// [`Failed`].
pub fn cut<E>(
    index: &Index,
    spans: &[highlight::Span],
    mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
) -> Result<Clip, Failed<E>> {
    let spans = spans
        .iter()
        .map(|wanted| span(index, wanted.start, wanted.end))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failed::Refused)?;
    if spans.is_empty() {
        return Err(Failed::Refused(Refused::Empty));
    }
    if !alike(index, &spans) {
        return Err(Failed::Refused(Refused::Mixed));
    }
    let layout = mp4::Layout::new(index, &spans).ok_or(Failed::Refused(Refused::Encoding))?;
    let mut media = layout.media();
    for piece in layout.pieces() {
        if let Some(place) = media.get_mut(piece.to.clone()) {
            read(piece.from, place).map_err(Failed::Read)?;
        }
    }
    let bytes = layout
        .file(media)
        .ok_or(Failed::Refused(Refused::Encoding))?;
    let spans = spans
        .iter()
        .map(|span| highlight::Span {
            start: seconds(span.start_us),
            end: seconds(span.end_us),
        })
        .collect();
    Ok(Clip { bytes, spans })
}
