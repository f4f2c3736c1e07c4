//! How a worker starts.

use serde::{Deserialize, Serialize};

/// The first message to a worker: where its bundle lies and what it becomes.
///
/// The one message that is not JSON text in a field but the posted object itself, because the boot script reads `js` and
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
    /// Owns frames, encoders and the sessions on disk; takes [`Request`](crate::Request), answers
    /// [`Report`](crate::Report).
    Recorder,
    /// Runs the network; answers [`InferenceStatus`](crate::InferenceStatus) to the page and talks to the recorder over
    /// `port`, a `MessagePort` beside this message whose other end the recorder gets.
    Inference {
        /// URL of the network's weights.
        weights: String,
        /// URL of those of TransNetV2, to run beside it where the build runs on WebGPU.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        precise: Option<String>,
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
}
