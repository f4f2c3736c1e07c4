//! What the inference worker is told and what it answers.

use domain::capture::{Engine, Network};
use serde::{Deserialize, Serialize};

/// What the inference worker tells the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum InferenceStatus {
    /// It works, and where; again whenever that changes.
    #[serde(rename = "engine")]
    Running {
        /// Where.
        engine: Engine,
        /// Why it runs without a network, for the creator.
        #[serde(default)]
        no_network: Option<String>,
    },
    /// It cannot work (no WebGPU adapter, a lost device that took the worker along). The page ends this worker, starts
    /// the CPU build with a new channel, and hands the recorder the other end with
    /// [`Request::Attach`](crate::Request::Attach).
    Unusable {
        /// Why, for a log line.
        reason: String,
    },
}

/// What the recorder sends the inference worker over their port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum InferenceInput {
    /// A new session starts; forget the last.
    Begin,
    /// Frames in order.
    Frames(FrameBatch),
    /// No more frames; answer the rest, then [`InferenceOutput::Done`].
    Finish,
}

/// Frames to score. Their thumbnails travel beside the message as `pixels`: an `ArrayBuffer` of n × 27 × 48 × 3 bytes, RGB,
/// row-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameBatch {
    /// Presentation times, s, one a frame.
    pub times: Vec<f64>,
}

/// What the inference worker answers the recorder over their port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum InferenceOutput {
    /// The network's answers, in order, each frame once.
    #[serde(rename = "boundaries")]
    Scores(Scores),
    /// Which network runs, once at the start and again when that changes.
    Network {
        /// Which.
        network: Network,
    },
    /// Every frame since [`InferenceInput::Begin`] is answered.
    Done,
    /// This worker ends; what is not answered must go to another.
    Gone {
        /// Why, for a log line.
        reason: String,
    },
}

/// Scores of frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Pairs of presentation time, s, and probability that a shot begins there.
    pub scores: Vec<(f64, f32)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_script_can_report_an_unusable_worker() {
        // boot.js writes this itself, before any Rust runs.
        let status: InferenceStatus =
            serde_json::from_str(r#"{"is":"unusable","reason":"no adapter"}"#).expect("a status");
        assert_eq!(
            status,
            InferenceStatus::Unusable {
                reason: "no adapter".into()
            }
        );
    }

    #[test]
    fn batches_and_scores_are_flat_on_the_wire() {
        let batch = InferenceInput::Frames(FrameBatch {
            times: vec![0.0, 0.5],
        });
        assert_eq!(
            serde_json::to_string(&batch).expect("is JSON"),
            r#"{"is":"frames","times":[0.0,0.5]}"#
        );
        let scores = r#"{"is":"boundaries","scores":[[0.5,0.25]]}"#;
        assert_eq!(
            serde_json::from_str::<InferenceOutput>(scores).expect("scores"),
            InferenceOutput::Scores(Scores {
                scores: vec![(0.5, 0.25)]
            })
        );
    }
}
