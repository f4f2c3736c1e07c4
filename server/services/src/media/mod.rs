//! Uploads, pictures and clips.

use std::ops::Range;

use bytes::Bytes;
use domain::{
    id::{MediaId, SessionId, UploadId},
    identity::Viewer,
    media::{Kind, Media, Upload},
};
use futures::{Stream, stream::BoxStream};

use crate::{Error, Result, Services};

/// Uploads, pictures and clips.
pub struct Library<'a> {
    pub(crate) services: &'a Services,
}

/// What an upload announces.
#[derive(Debug, Clone, PartialEq)]
pub struct NewUpload {
    /// What it says it is.
    pub kind: Kind,
    /// Bytes in all.
    pub length: u64,
    /// What can be seen, for those who cannot see it; may be empty.
    pub alt: String,
    /// The recording it was cut from.
    pub session: Option<SessionId>,
    /// Where in the recording, s (a still: start = end).
    pub span: Option<(f64, f64)>,
}

/// A checksum that a client sent with a piece (tus checksum extension).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-1, 20 bytes.
    Sha1([u8; 20]),
    /// SHA-256, 32 bytes.
    Sha256([u8; 32]),
}

/// A stored rendition, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// MIME type.
    pub mime: &'static str,
    /// Length in bytes.
    pub length: u64,
    /// Strong ETag with its quotes.
    pub etag: String,
    /// Part of a published product: anyone may see and shared caches may keep it. Otherwise only the viewer may.
    pub public: bool,
    pub(crate) key: String,
}

impl Library<'_> {
    /// Begins an upload.
    ///
    /// # Errors
    /// `Invalid`, `TooLarge`, `Full`.
    pub async fn create_upload(&self, viewer: &Viewer, new: NewUpload) -> Result<Upload> {
        Err(Error::internal("not built yet"))
    }

    /// Appends to an upload at `offset`. `Upload::received` of the answer is durable; the last byte starts processing.
    ///
    /// A stream that breaks off keeps what came (unless a checksum was announced): `received` then says how much.
    ///
    /// # Errors
    /// `NotFound`, `Gone`, `Conflict` (wrong offset), `Locked` (another append is running), `TooLarge` (more than announced),
    /// `Checksum` (the piece is thrown away), `Full` (what was stored stays).
    pub async fn append<S, E>(
        &self,
        viewer: &Viewer,
        id: &UploadId,
        offset: u64,
        checksum: Option<Checksum>,
        piece: S,
    ) -> Result<Upload>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send + Unpin,
        E: std::fmt::Display + Send,
    {
        Err(Error::internal("not built yet"))
    }

    /// Where an upload stands.
    ///
    /// # Errors
    /// `NotFound`, `Gone` once it expired.
    pub async fn upload(&self, viewer: &Viewer, id: &UploadId) -> Result<Upload> {
        Err(Error::internal("not built yet"))
    }

    /// Throws an unfinished upload away.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is already complete, `Locked`.
    pub async fn terminate(&self, viewer: &Viewer, id: &UploadId) -> Result<()> {
        Err(Error::internal("not built yet"))
    }

    /// Takes a whole file in and waits until it is ready: form uploads and seeds.
    ///
    /// # Errors
    /// `Invalid` with the reason the file cannot be used, `TooLarge`, `Full`.
    pub async fn take_in(
        &self,
        viewer: &Viewer,
        kind: Kind,
        alt: &str,
        file: Bytes,
    ) -> Result<Media> {
        Err(Error::internal("not built yet"))
    }

    /// One picture or clip of the viewer's shop.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn media(&self, viewer: &Viewer, id: &MediaId) -> Result<Media> {
        Err(Error::internal("not built yet"))
    }

    /// Everything ready in the viewer's shop, newest first.
    pub async fn all(&self, viewer: &Viewer) -> Result<Vec<Media>> {
        Err(Error::internal("not built yet"))
    }

    /// Changes the description of a picture or clip.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub async fn describe(&self, viewer: &Viewer, id: &MediaId, alt: &str) -> Result<Media> {
        Err(Error::internal("not built yet"))
    }

    /// Gives a clip the JPEG renditions of a still as its poster.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` when they are not a clip and a photo.
    pub async fn set_poster(
        &self,
        viewer: &Viewer,
        clip: &MediaId,
        still: &MediaId,
    ) -> Result<Media> {
        Err(Error::internal("not built yet"))
    }

    /// Finds `/media/{hash}/{file}`: public when a published product shows it, else only for a viewer of its shop.
    ///
    /// # Errors
    /// `NotFound` for everything else, so that nobody learns what exists.
    pub async fn rendition(
        &self,
        viewer: Option<&Viewer>,
        hash: &str,
        file: &str,
    ) -> Result<Rendition> {
        Err(Error::internal("not built yet"))
    }

    /// Streams `range` (bytes, end exclusive, inside the length) of a rendition.
    ///
    /// # Errors
    /// `Unavailable` when the store does not answer.
    pub async fn read(
        &self,
        rendition: &Rendition,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>> {
        Err(Error::internal("not built yet"))
    }
}
