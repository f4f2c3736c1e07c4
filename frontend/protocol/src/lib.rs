//! The messages between the studio's page and its workers.
//!
//! A message is JSON text in the field `say` of a posted object. Streams, ports and blobs travel beside it in fields of their
//! own, named at each message, because JSON cannot carry them.
//!
//! | from | to | message |
//! | --- | --- | --- |
//! | page | a new worker | [`Boot`] |
//! | page | recorder | [`Request`] |
//! | recorder | page | [`Report`] |
//! | inference | page | [`InferenceStatus`] |
//! | recorder | inference | [`InferenceInput`] |
//! | inference | recorder | [`InferenceOutput`] |

mod boot;
mod inference;
mod report;
mod request;

pub use boot::{Boot, Role};
pub use inference::{FrameBatch, InferenceInput, InferenceOutput, InferenceStatus, Scores};
pub use report::{Report, StoredSession};
pub use request::Request;
