//! Cuts a span of a session into a clip, or several into a reel, without encoding anything again.

use domain::highlight;

use super::{
    file::ClipLayout,
    span::{CutError, SpanChunks, span},
};
use crate::log::index::{Index, seconds};

/// Whether all were encoded alike: an MP4 can hold several encodings in a track, but players set up their decoder once.
fn alike(index: &Index, spans: &[SpanChunks<'_>]) -> bool {
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
pub enum CutFailure<E> {
    /// The span cannot be cut.
    Refused(CutError),
    /// The log could not be read.
    Read(E),
}

/// Cuts spans (presentation s) into one MP4 that shows them in the order given. `read(offset, buffer)` fills the buffer
/// from the log.
///
/// # Errors
/// [`CutFailure`].
pub fn cut<E>(
    index: &Index,
    spans: &[highlight::Span],
    mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
) -> Result<Clip, CutFailure<E>> {
    let spans = spans
        .iter()
        .map(|wanted| span(index, wanted.start, wanted.end))
        .collect::<Result<Vec<_>, _>>()
        .map_err(CutFailure::Refused)?;
    if spans.is_empty() {
        return Err(CutFailure::Refused(CutError::Empty));
    }
    if !alike(index, &spans) {
        return Err(CutFailure::Refused(CutError::Mixed));
    }
    let layout = ClipLayout::new(index, &spans).ok_or(CutFailure::Refused(CutError::Encoding))?;
    let mut media = layout.media();
    for piece in layout.pieces() {
        if let Some(place) = media.get_mut(piece.to.clone()) {
            read(piece.from, place).map_err(CutFailure::Read)?;
        }
    }
    let bytes = layout
        .file(media)
        .ok_or(CutFailure::Refused(CutError::Encoding))?;
    let spans = spans
        .iter()
        .map(|span| highlight::Span {
            start: seconds(span.start_us),
            end: seconds(span.end_us),
        })
        .collect();
    Ok(Clip { bytes, spans })
}
