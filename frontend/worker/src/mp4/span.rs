//! Which chunks of a session a span holds, and when they are shown.

use crate::log::index::{Chunk, Index, micros};

/// The longest that an Opus decoder's output lags its input, µs (RFC 7845 recommends up to 80 ms of pre-skip; encoders
/// in browsers use 6.5 ms).
pub const OPUS_DELAY_US: i64 = 20_000;

/// Sound decoded before a clip's first sample, so that the decoder has converged: 80 ms (RFC 7845 §4.6).
const PREROLL_US: i64 = 80_000;

/// Why a span cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutError {
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

impl CutError {
    /// What to tell the creator.
    #[must_use]
    pub const fn message(self) -> &'static str {
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
pub struct SpanChunks<'a> {
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
/// [`CutError`] when there is nothing to show.
pub fn span(index: &Index, start: f64, end: f64) -> Result<SpanChunks<'_>, CutError> {
    if !start.is_finite() || !end.is_finite() || start >= end {
        return Err(CutError::Empty);
    }
    let (start_us, end_us) = (micros(start), micros(end));
    if index.video.is_empty() {
        return sound_only(index, start_us, end_us);
    }
    let from = index.video.partition_point(|chunk| chunk.t_us < start_us);
    let to = index.video.partition_point(|chunk| chunk.t_us < end_us);
    if from >= to {
        return Err(CutError::Nothing);
    }
    let first = index.video[from..to]
        .iter()
        .position(|chunk| chunk.key)
        .ok_or(CutError::NoKeyframe)?
        + from;
    let config = index.video[first].config;
    let last = index.video[first..to]
        .iter()
        .position(|chunk| chunk.config != config)
        .map_or(to, |n| first + n);
    let video = &index.video[first..last];
    let start_us = video.first().ok_or(CutError::Nothing)?.t_us;
    let end_us = shown_until(index, last, end_us);
    Ok(SpanChunks {
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

fn sound_only(index: &Index, start_us: i64, end_us: i64) -> Result<SpanChunks<'_>, CutError> {
    let first = index.audio.first().ok_or(CutError::Nothing)?;
    let last = index.audio.last().ok_or(CutError::Nothing)?;
    let start_us = start_us.max(first.t_us);
    let end_us = end_us.min(last.t_us + i64::from(last.duration_us));
    let audio = sound(index, start_us, end_us);
    if audio.is_empty() || start_us >= end_us {
        return Err(CutError::Nothing);
    }
    Ok(SpanChunks {
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
        .partition_point(|chunk| chunk.t_us < end_us + OPUS_DELAY_US)
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
