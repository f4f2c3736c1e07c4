//! What the recorder tells the page.

use domain::{
    capture::{Engine, Network},
    highlight::{Choice, Second, Span},
    id::SessionId,
};
use serde::{Deserialize, Serialize};

/// A session kept on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredSession {
    /// Its identifier.
    pub session: SessionId,
    /// Length, s.
    pub duration: f64,
    /// Bytes on the device.
    pub bytes: u64,
    /// When it began, unix ms.
    pub started_at: i64,
    /// Whether the recording ended in good order; `false` after a crash (what was written is kept and can be opened).
    pub complete: bool,
}

/// What the recorder tells the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Report {
    /// The worker is ready for requests.
    Ready,
    /// Answer to [`Request::List`](crate::Request::List) and [`Request::Delete`](crate::Request::Delete).
    Sessions {
        /// Newest first.
        sessions: Vec<StoredSession>,
    },
    /// About four times a second while recording or importing.
    Progress {
        /// Recorded (or imported) so far, s.
        seconds: f64,
        /// Written so far, bytes.
        bytes: u64,
        /// Frames the camera gave and the encoder got.
        frames: u64,
        /// Frames given up because the encoder could not follow.
        dropped: u64,
        /// Analysed so far, s.
        analysed: f64,
        /// Loudness of the last stretch, dB full scale; −120 without sound.
        dbfs: f32,
        /// Mean luma of the last frame, 0–1.
        exposure: f32,
        /// Where the network runs.
        engine: Engine,
        /// Import only: share done, 0–1.
        share: Option<f32>,
    },
    /// The choice so far while recording, and the final one after a stop.
    Chosen {
        /// Shots, clips, stills and a notice.
        choice: Choice,
        /// Whether the session has ended and this stands.
        last: bool,
        /// How it looked and sounded, a row a second; empty until the session has ended.
        #[serde(default)]
        signals: Vec<Second>,
        /// Which network scored to the end, once the choice stands: another than when the session was closed, where that one was lost.
        #[serde(default)]
        network: Option<Network>,
    },
    /// The session is closed on disk and can be cut.
    Stopped {
        /// Which one.
        session: SessionId,
        /// Length, s.
        duration: f64,
        /// Bytes on the device.
        bytes: u64,
        /// Frame width in pixels (0 without video).
        width: u32,
        /// Frame height in pixels (0 without video).
        height: u32,
        /// Times of keyframes, s; trimming snaps to them.
        keyframes: Vec<f64>,
        /// Loudness over the session for the waveform: one value per 0.1 s, dB full scale.
        loudness: Vec<f32>,
        /// Which network found where shots begin.
        network: Network,
    },
    /// Answer to [`Request::Cut`](crate::Request::Cut). Beside it travels `blob` (a `Blob`, `video/mp4`).
    Clip {
        /// The number of the request.
        request: u32,
        /// The true spans, after snapping.
        spans: Vec<Span>,
        /// Length of the file in bytes.
        bytes: u64,
    },
    /// Answer to [`Request::Still`](crate::Request::Still). Beside it travels `blob` (a `Blob`, `image/jpeg`).
    Picture {
        /// The number of the request.
        request: u32,
        /// Time of the frame taken, s.
        t: f64,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Answer to [`Request::Keep`](crate::Request::Keep): the bytes are durable on the device.
    Kept {
        /// The number of the request.
        request: u32,
    },
    /// What was lost or left out when the session was made, all of it: told when it happens and whenever the session is opened.
    Notes {
        /// Whole sentences for the creator.
        notes: Vec<String>,
    },
    /// Something went wrong; what was captured stays.
    Failed {
        /// The request's number, where it had one.
        request: Option<u32>,
        /// What happened and what to do next, for the creator.
        message: String,
        /// Whether the recording ended by it (a [`Report::Stopped`] with what was kept follows if anything was).
        ended: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_script_can_report_a_failure() {
        // boot.js writes this itself, before any Rust runs.
        let failed: Report =
            serde_json::from_str(r#"{"is":"failed","request":null,"message":"No.","ended":true}"#)
                .expect("a report");
        assert_eq!(
            failed,
            Report::Failed {
                request: None,
                message: "No.".into(),
                ended: true
            }
        );
    }
}
