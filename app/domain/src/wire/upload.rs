//! Resumable uploads: tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), the draft of the same at the IETF
//! (draft-ietf-httpbis-resumable-upload), and what `GET` tells of one, which is of neither.

use serde::{Deserialize, Serialize};

use crate::media::{self, Media, UploadState};

/// The version of the protocol, in `Tus-Resumable`.
pub const VERSION: &str = "1.0.0";

/// The content type of a request with bytes of an upload.
pub const CONTENT_TYPE: &str = "application/offset+octet-stream";

/// The content type of a request with bytes of an upload, at the IETF.
pub const PARTIAL_CONTENT_TYPE: &str = "application/partial-upload";

/// The names of the protocols' headers.
pub mod header {
    /// The version that a side uses.
    pub const TUS_RESUMABLE: &str = "tus-resumable";
    /// Where the bytes of a request belong, or how many are durable.
    pub const UPLOAD_OFFSET: &str = "upload-offset";
    /// How many bytes there will be.
    pub const UPLOAD_LENGTH: &str = "upload-length";
    /// Pairs of a key and a value in base64, see [`super::metadata`].
    pub const UPLOAD_METADATA: &str = "upload-metadata";
    /// When an unfinished upload is thrown away.
    pub const UPLOAD_EXPIRES: &str = "upload-expires";
    /// `1` where the length comes later.
    pub const UPLOAD_DEFER_LENGTH: &str = "upload-defer-length";
    /// `partial`, or `final;` and the addresses of partial uploads.
    pub const UPLOAD_CONCAT: &str = "upload-concat";
    /// An algorithm and the base64 digest of a request's body; may come as a trailer.
    pub const UPLOAD_CHECKSUM: &str = "upload-checksum";
    /// IETF: whether a request ends the upload, or whether it has ended.
    pub const UPLOAD_COMPLETE: &str = "upload-complete";
    /// IETF: what an upload may be.
    pub const UPLOAD_LIMIT: &str = "upload-limit";
    /// IETF: the iteration of the draft that a side implements.
    pub const UPLOAD_DRAFT_INTEROP_VERSION: &str = "upload-draft-interop-version";
}

/// The keys of `Upload-Metadata` that the server reads.
pub mod metadata {
    /// `photo` or `clip`.
    pub const KIND: &str = "kind";
    /// The recording it comes from.
    pub const SESSION: &str = "session";
    /// What a person who downloads it sees as its name.
    pub const FILENAME: &str = "filename";
    /// Its media type, as other clients say it: it names the kind where [`KIND`] does not.
    pub const FILETYPE: &str = "filetype";
    /// First frame, seconds from the start of the session.
    pub const START: &str = "start";
    /// One past the last frame, seconds from the start of the session.
    pub const END: &str = "end";
    /// What can be seen, for those who cannot see it.
    pub const ALT: &str = "alt";
    /// The capture contract it was made under, as `id/version`.
    pub const CONTRACT: &str = "contract";
}

/// How far an upload is: the answer to `GET` at its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Status {
    /// Bytes are missing.
    Receiving {
        /// Bytes that are durable on the server.
        received: u64,
        /// Bytes in all.
        length: u64,
    },
    /// The server checks the file and makes its variants.
    Processing {},
    /// Done.
    Ready {
        /// What it became.
        media: Media,
    },
    /// The server cannot use it.
    Failed {
        /// Why, and what to do: a whole sentence.
        #[serde(default)]
        error: Option<String>,
    },
}

impl From<media::Upload> for Status {
    fn from(upload: media::Upload) -> Self {
        match (upload.state, upload.media) {
            (UploadState::Receiving, _) => Self::Receiving {
                received: upload.received,
                length: upload.length,
            },
            (UploadState::Ready, Some(media)) => Self::Ready { media },
            (UploadState::Processing | UploadState::Ready, _) => Self::Processing {},
            (UploadState::Failed, _) => Self::Failed {
                error: upload.error,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_an_upload_is_read() {
        let read = |json: &str| serde_json::from_str::<Status>(json).expect(json);
        assert_eq!(
            read(r#"{"state":"receiving","received":3,"length":9}"#),
            Status::Receiving {
                received: 3,
                length: 9
            }
        );
        assert_eq!(
            read(r#"{"state":"processing","received":9,"length":9}"#),
            Status::Processing {}
        );
        assert_eq!(
            read(
                r#"{"state":"failed","error":"This is not a picture. Choose another file.","media":null}"#
            ),
            Status::Failed {
                error: Some("This is not a picture. Choose another file.".into())
            }
        );
        let ready = read(
            r##"{"state":"ready","error":null,"media":{"id":"m1","kind":"photo","alt":"","width":3,"height":4,
                "duration_ms":0,"placeholder":"#aabbcc","variants":[]}}"##,
        );
        assert!(matches!(ready, Status::Ready { media } if media.id.as_str() == "m1"));
    }
}
