//! The session that is open: clips are cut from it, and one asked for twice is cut once.

use domain::highlight::Span;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use web_sys::{Blob, BlobPropertyBag};

use super::{
    message::{self, StorageOperation},
    session::Session,
};
use crate::{
    browser::{describe, name_of},
    mp4::{
        cache::ClipCache,
        cut::{self, CutFailure},
    },
};

/// Bytes of clips that are kept to be given again: those that a page shows and sends, and a reel of them.
const CLIPS_BYTES: u64 = 64 << 20;

/// A clip or reel as a file.
#[derive(Debug, Clone)]
pub(super) struct ClipFile {
    pub(super) blob: Blob,
    /// The true spans, after snapping.
    pub(super) spans: Vec<Span>,
    /// Length of the file.
    pub(super) bytes: u64,
}

/// See the module.
pub(super) struct OpenSession {
    pub(super) session: Session,
    clips: ClipCache<ClipFile>,
}

impl OpenSession {
    pub(super) const fn new(session: Session) -> Self {
        Self {
            session,
            clips: ClipCache::new(CLIPS_BYTES),
        }
    }

    /// One MP4 of these spans; that of an earlier request for the same ones, where it is kept.
    ///
    /// # Errors
    /// A message for the creator.
    pub(super) fn clip(&mut self, spans: Vec<Span>) -> Result<ClipFile, String> {
        if let Some(clip) = self.clips.get(&spans) {
            return Ok(clip.clone());
        }
        let clip = self.cut(&spans)?;
        self.clips.put(spans, clip.bytes, clip.clone());
        Ok(clip)
    }

    fn cut(&self, spans: &[Span]) -> Result<ClipFile, String> {
        let session = &self.session;
        let read = |at: u64, buffer: &mut [u8]| session.read(at, buffer);
        let clip = cut::cut(&session.index, spans, read).map_err(|failure| match failure {
            CutFailure::Refused(error) => error.message().to_owned(),
            CutFailure::Read(error) => {
                let (name, detail) = (name_of(&error), describe(&error));
                message::storage(StorageOperation::Reading, &name, &detail)
            }
        })?;
        let blob = mp4(&clip.bytes).map_err(|error| {
            format!(
                "The clip is too large for this device's memory ({}); make it shorter.",
                describe(&error)
            )
        })?;
        Ok(ClipFile {
            blob,
            spans: clip.spans,
            bytes: clip.bytes.len() as u64,
        })
    }
}

fn mp4(bytes: &[u8]) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("video/mp4");
    let parts = Array::of1(&Uint8Array::from(bytes));
    Blob::new_with_u8_array_sequence_and_options(&parts, &options)
}
