//! By what a clip or picture of a session is known as a file.

use domain::highlight::Span;
use serde::{Deserialize, Serialize};

use super::decision::{Clip, Picture, Source};

/// Which file. Times are compared by their bits: the same instant of another computation is another file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Key {
    /// A clip, by the bits of its start and end.
    Clip(u64, u64),
    /// A frame, by the bits of its time.
    Frame(u64),
    /// A photo, by its name.
    Photo(String),
}

impl Key {
    /// The file of a clip.
    #[must_use]
    pub fn clip(clip: &Clip) -> Self {
        Self::Clip(clip.start.to_bits(), clip.end.to_bits())
    }

    /// The file of a clip of this span.
    #[must_use]
    pub fn span(span: Span) -> Self {
        Self::Clip(span.start.to_bits(), span.end.to_bits())
    }

    /// The file of a picture.
    #[must_use]
    pub fn picture(picture: &Picture) -> Self {
        match &picture.source {
            Source::Frame(t) => Self::Frame(t.to_bits()),
            Source::Photo(name) => Self::Photo(name.clone()),
        }
    }
}
