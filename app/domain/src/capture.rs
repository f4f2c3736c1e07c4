//! The words between the studio's page and its workers.
//!
//! Messages are JSON strings in the field `say` of a posted object; streams, ports and blobs travel beside it under
//! the names given at each message, because JSON cannot carry them.

mod keyframe;

pub use keyframe::Keyframes;
use serde::{Deserialize, Serialize};

use crate::{
    highlight::{Choice, Contract, Second, Span, Taste},
    id::SessionId,
};

/// Longest distance between two keyframes of a recording, s. Clips start on keyframes, so this bounds what a cut can lose.
pub const KEYFRAME_INTERVAL: f64 = 1.0;

/// The longest session, s: the bound on what the recorder keeps in memory about one.
pub const LONGEST: f64 = 2.0 * 60.0 * 60.0;

/// The first message to a worker: where its bundle lies and what it becomes.
///
/// The one message that is not under `say` but is the posted object itself, because the boot script reads `js` and
/// `wasm` before any Rust runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// URL of the bundle's script.
    pub js: String,
    /// URL of the bundle's WebAssembly.
    pub wasm: String,
    /// What the worker becomes.
    #[serde(flatten)]
    pub role: Role,
}

/// What a worker becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Role {
    /// Owns frames, encoders and the sessions on disk; takes [`Command`], answers [`Event`].
    Recorder,
    /// Runs the network; answers [`Condition`] to the page and [`Analysis`] over `port`, a `MessagePort` beside it whose
    /// other end the recorder gets.
    Inference {
        /// URL of the network's weights.
        weights: String,
        /// URL of those of TransNetV2, to judge beside it where the build runs on WebGPU.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        precise: Option<String>,
    },
}

/// What the inference worker tells the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Condition {
    /// It works, and where; again whenever that changes.
    Engine {
        /// Where.
        engine: Engine,
        /// Why it has no network, as a sentence for the creator.
        #[serde(default)]
        lacks: Option<String>,
    },
    /// It cannot work (no WebGPU adapter, a lost device that took the worker along). The page ends this worker, starts
    /// the CPU build with a new channel, and hands the recorder the other end with [`Command::Attach`].
    Unfit {
        /// Why, for a log line.
        reason: String,
    },
}

/// What the page asks of the recorder.
///
/// Beside any command may travel `inference`, a `MessagePort` to the inference worker; it replaces the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Command {
    /// Only hands over `inference`; without one beside it, the recorder goes on without a network. Frames that are not
    /// answered yet go to the new worker. Not answered.
    Attach,
    /// Lists the sessions kept on this device. Answered by [`Event::Sessions`].
    List,
    /// Records. Beside it travel `video` (a `ReadableStream` of `VideoFrame`, or null), `audio` (a `ReadableStream` of
    /// `AudioData`, or null) and `inference` (a `MessagePort` to the inference worker).
    Start {
        /// The session to create; must not exist.
        session: SessionId,
        /// What must come out.
        contract: Contract,
    },
    /// Ends the recording (or an import, keeping what is in): flushes the encoders, [`Event::Stopped`], waits for the
    /// analysis, final [`Event::Chosen`].
    Stop,
    /// Opens a kept session again (after a reload, a crash, or for another look). Answered like a stop.
    Open {
        /// Which one.
        session: SessionId,
    },
    /// Brings a film file into a new session, decoded, analysed and encoded like a recording. Beside it travels `file` (a `File`).
    Import {
        /// The session to create.
        session: SessionId,
        /// What must come out.
        contract: Contract,
    },
    /// Chooses again from the open session, after what a person said of its clips. Answered by [`Event::Chosen`].
    Choose {
        /// What they said.
        taste: Taste,
    },
    /// Cuts one MP4 from spans of the open session, shown in the order given: a clip from one, a reel from several.
    /// Answered by [`Event::Clip`] with the same `request`.
    Cut {
        /// The page's number for the answer.
        request: u32,
        /// Each is cut from the first keyframe not before its start.
        spans: Vec<Span>,
    },
    /// Takes one frame at full resolution as JPEG. Answered by [`Event::Picture`] with the same `request`.
    Still {
        /// The page's number for the answer.
        request: u32,
        /// Presentation time, s.
        t: f64,
    },
    /// Deletes a session from the device. Answered by [`Event::Sessions`].
    Delete {
        /// Which one.
        session: SessionId,
    },
}

/// A session kept on this device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
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

/// Where the network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// WebGPU, with TransNetV2 beside the network.
    Precise,
    /// WebGPU.
    Gpu,
    /// WebAssembly with SIMD.
    Cpu,
    /// No network (weights missing or damaged): plain frame differences.
    Plain,
}

/// Which weights a network has: the first six bytes of their BLAKE3, which tell versions apart. As text, twelve
/// hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weights(pub [u8; 6]);

impl From<Weights> for String {
    fn from(weights: Weights) -> Self {
        weights.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for Weights {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "weights are named by twelve hexadecimal digits";
        if text.len() != 12 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        let mut out = [0; 6];
        for (byte, at) in out.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| WRONG)?;
        }
        Ok(Self(out))
    }
}

/// Who judged where shots begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Where it ran.
    pub engine: Engine,
    /// Which weights; `None` where frame differences judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Weights>,
}

impl Network {
    /// Frame differences.
    pub const PLAIN: Self = Self {
        engine: Engine::Plain,
        weights: None,
    };
}

/// What the recorder tells the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Event {
    /// The worker is ready for commands.
    Ready,
    /// Answer to [`Command::List`] and [`Command::Delete`].
    Sessions {
        /// Newest first.
        sessions: Vec<Kept>,
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
        /// Who judged to the end, once the choice stands: another than when the session was closed, where that one was lost.
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
        /// Who judged where shots begin.
        network: Network,
    },
    /// Answer to [`Command::Cut`]. Beside it travels `blob` (a `Blob`, `video/mp4`).
    Clip {
        /// The number of the command.
        request: u32,
        /// The true spans, after snapping.
        spans: Vec<Span>,
        /// Length of the file in bytes.
        bytes: u64,
    },
    /// Answer to [`Command::Still`]. Beside it travels `blob` (a `Blob`, `image/jpeg`).
    Picture {
        /// The number of the command.
        request: u32,
        /// Time of the frame taken, s.
        t: f64,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Something went wrong; what was captured stays.
    Failed {
        /// The command's number, where it had one.
        request: Option<u32>,
        /// A whole sentence: what happened and what to do next.
        sentence: String,
        /// Whether the recording ended by it (an [`Event::Stopped`] with what was kept follows if anything was).
        ended: bool,
    },
}

/// What the recorder sends the inference worker over their port, and what it answers.
///
/// Thumbnails travel beside [`Analysis::Frames`] as `pixels`: an `ArrayBuffer` of n × 27 × 48 × 3 bytes, RGB, row-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Analysis {
    /// Recorder → inference: a new session starts; forget the last.
    Begin,
    /// Recorder → inference: frames in order.
    Frames {
        /// Presentation times, s, one a frame.
        times: Vec<f64>,
    },
    /// Recorder → inference: no more frames; answer the rest, then [`Analysis::Done`].
    Finish,
    /// Inference → recorder: the network's answers, in order, each frame once.
    Boundaries {
        /// Pairs of presentation time (s) and probability.
        scores: Vec<(f64, f32)>,
    },
    /// Inference → recorder: who judges, once at the start and again when that changes.
    Network {
        /// Who.
        network: Network,
    },
    /// Inference → recorder: every frame since `Begin` is answered.
    Done,
    /// Inference → recorder: this worker ends; what is not answered must go to another.
    Gone {
        /// Why, for a log line.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_message_is_read_as_the_page_posts_it() {
        let posted = r#"{"js":"/pkg/w.js","wasm":"/pkg/w.wasm","role":"inference","weights":"/pkg/shots.bin","port":{}}"#;
        let boot: Boot = serde_json::from_str(posted).expect("a boot message");
        assert_eq!(
            boot.role,
            Role::Inference {
                weights: "/pkg/shots.bin".into(),
                precise: None,
            }
        );
        let boot: Boot = serde_json::from_str(r#"{"js":"a","wasm":"b","role":"recorder"}"#)
            .expect("a boot message");
        assert_eq!(boot.role, Role::Recorder);
        assert!(serde_json::from_str::<Boot>(r#"{"js":"a","wasm":"b","role":"cook"}"#).is_err());
    }

    #[test]
    fn weights_are_named_by_twelve_digits() {
        let weights = Weights([0xbe, 0x50, 0x99, 0x48, 0x00, 0x0f]);
        let json = serde_json::to_string(&weights).expect("is JSON");
        assert_eq!(json, r#""be509948000f""#);
        assert_eq!(serde_json::from_str::<Weights>(&json).ok(), Some(weights));
        for wrong in [r#""""#, r#""be50""#, r#""zz509948000f""#, r#""ééé509948""#] {
            assert!(serde_json::from_str::<Weights>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_between_page_and_recorder_keep_their_names() {
        let attach: Command = serde_json::from_str(r#"{"do":"attach"}"#).expect("a command");
        assert_eq!(attach, Command::Attach);
        let cut = r#"{"do":"cut","request":3,"spans":[{"start":1.5,"end":4}]}"#;
        assert_eq!(
            serde_json::from_str::<Command>(cut).expect("a command"),
            Command::Cut {
                request: 3,
                spans: vec![Span {
                    start: 1.5,
                    end: 4.0
                }]
            }
        );
        // boot.js writes these two itself, before any Rust runs.
        let failed: Event =
            serde_json::from_str(r#"{"is":"failed","request":null,"sentence":"No.","ended":true}"#)
                .expect("an event");
        assert_eq!(
            failed,
            Event::Failed {
                request: None,
                sentence: "No.".into(),
                ended: true
            }
        );
        let unfit: Condition =
            serde_json::from_str(r#"{"is":"unfit","reason":"no adapter"}"#).expect("a condition");
        assert_eq!(
            unfit,
            Condition::Unfit {
                reason: "no adapter".into()
            }
        );
    }
}
