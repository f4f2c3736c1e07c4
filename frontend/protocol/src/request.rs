//! What the page asks of the recorder.

use domain::{
    capture::Selection,
    highlight::{Span, Taste},
    id::SessionId,
};
use serde::{Deserialize, Serialize};

/// What the page asks of the recorder.
///
/// Beside any request may travel `inference`, a `MessagePort` to the inference worker; it replaces the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Request {
    /// Only hands over `inference`; without one beside it, the recorder goes on without a network. Frames that are not
    /// answered yet go to the new worker. Not answered.
    Attach,
    /// Lists the sessions kept on this device. Answered by [`Report::Sessions`](crate::Report::Sessions).
    List,
    /// Records. Beside it travel `video` (a `ReadableStream` of `VideoFrame`, or null), `audio` (a `ReadableStream` of
    /// `AudioData`, or null) and `inference` (a `MessagePort` to the inference worker).
    Start {
        /// The session to create; must not exist.
        session: SessionId,
        /// What must come out.
        selection: Selection,
    },
    /// Ends the recording (or an import, keeping what is in): flushes the encoders,
    /// [`Report::Stopped`](crate::Report::Stopped), waits for the analysis, final
    /// [`Report::Chosen`](crate::Report::Chosen).
    Stop,
    /// Opens a kept session again (after a reload, a crash, or for another look). Answered like a stop.
    Open {
        /// Which one.
        session: SessionId,
    },
    /// Imports a film file into a new session, decoded, analysed and encoded like a recording. Beside it travels `file` (a
    /// `File`).
    Import {
        /// The session to create.
        session: SessionId,
        /// What must come out.
        selection: Selection,
    },
    /// Chooses again from the open session, after what a person said of its clips. Answered by
    /// [`Report::Chosen`](crate::Report::Chosen).
    Choose {
        /// What they said.
        taste: Taste,
    },
    /// Cuts one MP4 from spans of the open session, shown in the order given: a clip from one, a reel from several.
    /// Answered by [`Report::Clip`](crate::Report::Clip) with the same `request`.
    Cut {
        /// The page's number for the answer.
        request: u32,
        /// Each is cut from the first keyframe not before its start.
        spans: Vec<Span>,
    },
    /// Takes one frame at full resolution as JPEG. Answered by [`Report::Picture`](crate::Report::Picture) with the same
    /// `request`.
    Still {
        /// The page's number for the answer.
        request: u32,
        /// Presentation time, s.
        t: f64,
    },
    /// Keeps the bytes of `blob`, which travels beside it, in the queue's folder on the device. Answered by
    /// [`Report::Kept`](crate::Report::Kept) with the same `request`, once they are durable.
    Keep {
        /// The page's number for the answer.
        request: u32,
        /// Under which name; the same name always has the same bytes.
        name: String,
    },
    /// Deletes a session from the device. Answered by [`Report::Sessions`](crate::Report::Sessions).
    Delete {
        /// Which one.
        session: SessionId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_their_names() {
        let attach: Request = serde_json::from_str(r#"{"do":"attach"}"#).expect("a request");
        assert_eq!(attach, Request::Attach);
        let cut = r#"{"do":"cut","request":3,"spans":[{"start":1.5,"end":4}]}"#;
        assert_eq!(
            serde_json::from_str::<Request>(cut).expect("a request"),
            Request::Cut {
                request: 3,
                spans: vec![Span {
                    start: 1.5,
                    end: 4.0
                }]
            }
        );
    }
}
