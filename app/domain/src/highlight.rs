//! Highlights: from measured moments to shots, chosen clips and stills, each with its reasons.
//!
//! Pure: the same recording and contract always give the same choice.
//!
//! [`boundaries`] decides where shots change, [`shots`] lists the stretches between, [`choose`] picks clips and stills,
//! [`choose_again`] does so after a person said what they like, [`reel`] fits the clips into one film of the contract's length,
//! and [`seconds`] tells how a recording looked and sounded second by second. None of them panics, whatever the numbers.

mod boundary;
mod choice;
pub mod document;
mod look;
mod measure;
mod notice;
mod reel;
mod relevance;
mod second;
mod still;
mod taste;
#[cfg(test)]
mod test;

pub use boundary::{Boundary, boundaries, shots};
pub use choice::{choose, choose_again};
use document::Histograms;
pub use look::{COEFFICIENTS, ColourLayout};
pub use reel::{Offer, Part, reel};
pub use second::{Second, seconds};
pub use taste::{Span, Taste};

use serde::{Deserialize, Serialize};

/// One analysed video frame. Times are presentation seconds from the start of the session, never frame numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Presentation time, s.
    pub t: f64,
    /// Probability that a new shot starts with this frame, 0–1, by the network.
    pub boundary: f32,
    /// Mean absolute luma difference to the frame before at 48×27, 0–1.
    pub motion: f32,
    /// Energy of the Laplacian of the luma, larger is sharper; ≥ 0.
    pub sharpness: f32,
    /// Mean luma, 0–1.
    pub exposure: f32,
    /// Share of pixels that are crushed to black or clipped to white, 0–1.
    pub clipped: f32,
    /// Hasler–Süsstrunk colourfulness, ≥ 0.
    pub colourfulness: f32,
    /// How steadily the camera is held, 0–1: 1 on a tripod or in an even pan, 0.5 where it shakes by two picture widths per
    /// s². `None` where it is not known: at the start of a shot, and in sessions filmed before it was measured.
    #[serde(default)]
    pub stability: Option<f32>,
    /// Where which colours lie in the picture. `None` in sessions filmed before it was measured.
    #[serde(default)]
    pub layout: Option<ColourLayout>,
}

/// Loudness of one stretch of sound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Loudness {
    /// Start, presentation s.
    pub t: f64,
    /// Root mean square in dB relative to full scale; silence is −120.
    pub dbfs: f32,
    /// Share of samples at full scale, 0–1: louder than could be recorded. 0 in sessions filmed before it was measured.
    #[serde(default)]
    pub clipped: f32,
}

/// Everything known about a session when highlights are chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// Length, s.
    pub duration: f64,
    /// Analysed frames by time.
    pub moments: Vec<Moment>,
    /// Loudness by time; empty without a microphone.
    pub loudness: Vec<Loudness>,
    /// Times of the keyframes of the encoded video, s, ascending.
    pub keyframes: Vec<f64>,
    /// Frames that were recorded; of these [`Measurements::moments`] are analysed. 0 where it is not known.
    #[serde(default)]
    pub frames: usize,
}

/// How many of a session's frames were looked at: all, where the device can follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frames {
    /// Frames of the recording.
    pub recorded: usize,
    /// Of these, analysed.
    pub analysed: usize,
}

/// How many scores fell into each tenth from 0 to 1; what lies outside counts at the end it passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram(pub [u32; 10]);

impl Histogram {
    /// Counts scores; what is no number is left out.
    #[must_use]
    pub fn of(scores: impl IntoIterator<Item = f32>) -> Self {
        let mut out = Self::default();
        for score in scores.into_iter().filter(|score| score.is_finite()) {
            let tenth = (score.clamp(0.0, 1.0) * 10.0) as usize;
            let count = &mut out.0[tenth.min(9)];
            *count = count.saturating_add(1);
        }
        out
    }
}

/// A stretch between two boundaries: `start` is its first frame, `end` the first frame that is no longer clean of the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// First clean frame, s.
    pub start: f64,
    /// One past the last clean frame, s.
    pub end: f64,
}

/// Why something was chosen, in words and with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// A short phrase a creator understands, e.g. `sharp`, `steady hands`, `voice gets louder`.
    pub words: String,
    /// What it added to the score.
    pub weight: f32,
}

/// A chosen span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Highlight {
    /// First frame: a keyframe inside the shot, s.
    pub start: f64,
    /// One past the last frame, inside the shot, s.
    pub end: f64,
    /// Index into [`Choice::shots`].
    pub shot: usize,
    /// Relevance, larger is better.
    pub score: f32,
    /// Strongest reason first; never empty.
    pub reasons: Vec<Reason>,
}

/// A chosen frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Still {
    /// Presentation time of the frame, s.
    pub t: f64,
    /// Larger is better.
    pub score: f32,
    /// Strongest reason first; never empty.
    pub reasons: Vec<Reason>,
}

/// What was chosen from a session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// All shots, by time.
    pub shots: Vec<Shot>,
    /// The clips, by time.
    pub highlights: Vec<Highlight>,
    /// The stills, best first; the first is the proposed hero.
    pub stills: Vec<Still>,
    /// What the creator should know, e.g. that the picture was black throughout. A whole sentence.
    pub notice: Option<String>,
    /// How often which score was given.
    #[serde(default)]
    pub histograms: Histograms,
    /// Of how many frames all this is known.
    #[serde(default)]
    pub frames: Frames,
}
