//! How far the person is, and the numbers and messages of that moment.

use domain::capture::Network;

/// What the person is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Choosing devices, looking at the picture.
    Setup,
    /// Filming.
    Recording,
    /// A film file is being imported.
    Importing,
    /// The recording has ended; the rest is being analysed.
    Finishing,
    /// A session kept on the device is being opened.
    Opening,
    /// Looking at what was found.
    Review,
    /// Uploading what was kept.
    Uploading,
}

/// Something the person should read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// A whole sentence.
    pub(crate) text: String,
    /// Whether something failed, as opposed to being worth knowing.
    pub(crate) is_error: bool,
}

/// How the recording goes: the numbers of [`protocol::Report::Progress`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Progress {
    /// Recorded so far, s.
    pub(crate) seconds: f64,
    /// On the device so far, bytes.
    pub(crate) bytes: u64,
    /// Frames given up.
    pub(crate) dropped: u64,
    /// Analysed so far, s.
    pub(crate) analysed: f64,
    /// Import: share done, 0–1.
    pub(crate) share: Option<f32>,
}

/// A recording that has ended: what [`protocol::Report::Stopped`] said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recording {
    /// Length, s.
    pub(crate) duration: f64,
    /// On the device, bytes.
    pub(crate) bytes: u64,
    /// Width and height in pixels.
    pub(crate) size: (u32, u32),
    /// Keyframes, s.
    pub(crate) keyframes: Vec<f64>,
    /// Loudness per 0.1 s, dB full scale.
    pub(crate) loudness: Vec<f32>,
    /// Who judged where shots begin.
    pub(crate) network: Network,
}
