//! What is announced to the server, held against a contract before it is taken.

use std::collections::BTreeSet;

use super::Contract;
use crate::{
    highlight::document::Document,
    invalid::{Invalid, isolated},
    media::{Kind, size},
    wire::upload::metadata as key,
};

/// How much longer a clip may be than the contract has it, s: a cut begins at the keyframe before, and ends with a frame.
const SLACK_S: f64 = super::super::KEYFRAME_INTERVAL + 0.5;

/// The keys that an upload may always have.
const ALWAYS: [&str; 6] = [
    key::KIND,
    key::SESSION,
    key::FILENAME,
    key::FILETYPE,
    key::ALT,
    key::CONTRACT,
];

/// What an upload says of itself before its bytes come.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    /// Photo or clip.
    pub kind: Kind,
    /// Bytes; `None` where that comes later.
    pub bytes: Option<u64>,
    /// Where it was in its recording, s.
    pub span: Option<(f64, f64)>,
    /// The keys of its metadata.
    pub keys: &'a BTreeSet<String>,
}

/// Why an upload is not taken, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// More bytes, or a longer clip, than the contract takes.
    TooLarge(String),
    /// Something that the contract does not take at all.
    NotAllowed(String),
}

impl Contract {
    /// The most bytes of a file of a kind; 0 where the kind is not taken.
    #[must_use]
    pub const fn most_bytes(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Photo => self.limits.photo_bytes,
            Kind::Clip => self.limits.clip_bytes,
        }
    }

    /// Whether an upload may be taken.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(&self, announced: &Announced<'_>) -> Result<(), Refusal> {
        let name = isolated(&self.name);
        let most = self.most_bytes(announced.kind);
        if most == 0 {
            let what = match announced.kind {
                Kind::Photo => "photos",
                Kind::Clip => "clips",
            };
            return Err(Refusal::NotAllowed(format!(
                "The contract {name} takes no {what}. Leave it out, or film under another contract."
            )));
        }
        if announced.bytes.is_some_and(|bytes| bytes > most) {
            return Err(Refusal::TooLarge(format!(
                "The contract {name} takes at most {} here. Trim it or leave it out.",
                size(most)
            )));
        }
        let may_leave = |key: &str| match key {
            key::START | key::END => self.metadata.times,
            key => ALWAYS.contains(&key),
        };
        let unknown = announced.keys.iter().find(|key| !may_leave(key));
        if let Some(unknown) = unknown {
            return Err(Refusal::NotAllowed(format!(
                "The contract {name} keeps {} on the device. Send the file without it.",
                isolated(unknown)
            )));
        }
        match announced.span.map(|(start, end)| end - start) {
            Some(length) if announced.kind == Kind::Clip => self.permit_length(length),
            _ => Ok(()),
        }
    }

    /// Whether a clip of so many seconds may be taken.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`].
    pub fn permit_length(&self, length_s: f64) -> Result<(), Refusal> {
        let longest = f64::from(self.limits.clip_ms) / 1000.0;
        if length_s <= longest + SLACK_S {
            return Ok(());
        }
        Err(Refusal::TooLarge(format!(
            "The contract {} takes clips of at most {longest} s, and this one has {length_s:.1} s. Trim it, then send it again.",
            isolated(&self.name)
        )))
    }

    /// Whether what is told of a session may be told.
    ///
    /// # Errors
    /// What the contract keeps on the device.
    pub fn permit_document(&self, document: &Document) -> Result<(), Invalid> {
        if document.clone().filtered(&self.metadata) == *document {
            return Ok(());
        }
        Err(Invalid::new(
            "highlights",
            format!(
                "More is told of this session than the contract {} lets leave the device. Load the studio again and make the page once more.",
                isolated(&self.name)
            ),
        ))
    }
}
