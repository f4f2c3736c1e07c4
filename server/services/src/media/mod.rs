//! Uploads, pictures and clips.

mod append;
pub(crate) mod avif;
mod clip;
mod complete;
pub(crate) mod delete;
#[cfg(test)]
mod fault;
mod file;
mod join;
pub(crate) mod orphan;
mod part;
mod photo;
pub(crate) mod poster;
pub(crate) mod process;
mod quota;
mod receive;
pub(crate) mod sql;
mod store;
mod upload;

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use domain::{
    event::Event,
    id::{MediaId, SessionId, ShopId},
    identity::Viewer,
    media::{Kind, Media},
};
use futures::stream::BoxStream;

pub use self::poster::find_ffmpeg;
use self::store::Key;
pub(crate) use self::{append::Appends, file::UploadDisk, part::Parts, store::Store};
use crate::{Error, Result, Services, capture::Claim, db::Write, event, identity::access::Right};

/// Uploads, pictures and clips.
pub struct Library<'a> {
    pub(crate) services: &'a Services,
    pub(crate) right: Option<&'a Right>,
}

impl<'a> Library<'a> {
    /// The same for whoever uploads by a right, which every transaction that takes something in looks at once more.
    #[must_use]
    pub fn by(self, right: &'a Right) -> Self {
        Self {
            right: Some(right),
            ..self
        }
    }

    /// Whether the right still stands, where there is one: the owner's own forms need none.
    async fn check_right(&self, write: &mut Write) -> Result<()> {
        match self.right {
            Some(right) => right.check(write, self.services.now()).await,
            None => Ok(()),
        }
    }
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
    /// What its sender says of it (tus' `Upload-Metadata`), to be given back as it is; may be empty.
    pub metadata: String,
    /// What it says it was made under.
    pub claim: Option<Claim>,
    /// How it comes to its end.
    pub form: Form,
}

/// How an upload comes to its end; by default when all bytes that were announced are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// The length comes later; until then room is kept for the longest file of its kind, and [`NewUpload::length`] is not read.
    pub is_deferred: bool,
    /// Its sender completes it by a request of its own, see [`Library::complete`].
    pub is_explicit: bool,
    /// It is one part of a file and becomes nothing alone, see [`Library::join`].
    pub is_partial: bool,
    /// tus' `Upload-Concat`, to be given back as it is; may be empty. What is joined of others says `final;…`.
    pub concat: String,
}

impl Form {
    const fn is_open(&self) -> bool {
        self.is_deferred || self.is_explicit || self.is_partial
    }

    /// Whether it is joined of others, so that all its bytes are there.
    fn is_final(&self) -> bool {
        self.concat.starts_with("final")
    }
}

impl NewUpload {
    /// Whether nothing is missing when it is created.
    fn is_complete(&self) -> bool {
        (self.length == 0 && !self.form.is_open()) || self.form.is_final()
    }
}

/// A checksum that a client sent with a piece (tus checksum extension).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-1, 20 bytes.
    Sha1([u8; 20]),
    /// SHA-256, 32 bytes.
    Sha256([u8; 32]),
    /// One of the others, known only once all bytes have come.
    Later(LaterChecksum),
}

/// A checksum that comes behind the bytes of its piece (a trailer). Without one when the piece ends, the piece is thrown away.
#[derive(Debug, Clone, Default)]
pub struct LaterChecksum(Arc<OnceLock<Checksum>>);

impl LaterChecksum {
    /// Says what it is; only the first one counts.
    pub fn set(&self, checksum: Checksum) {
        // A second one is no reason to believe it instead.
        let _ = self.0.set(checksum);
    }

    /// What it is, once it is known.
    #[must_use]
    pub fn get(&self) -> Option<&Checksum> {
        self.0.get()
    }
}

impl PartialEq for LaterChecksum {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for LaterChecksum {}

/// A stored rendition, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// MIME type.
    pub mime: String,
    /// Length in bytes.
    pub length: u64,
    /// Strong ETag with its quotes.
    pub etag: String,
    /// Part of a published product: anyone may see and shared caches may keep it. Otherwise only the viewer may.
    pub public: bool,
    key: Key,
}

fn missing() -> Error {
    Error::NotFound(
        "There is no such picture or clip. It may have been taken off the page.".to_owned(),
    )
}

impl Library<'_> {
    /// One picture or clip of the viewer's shop.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn media(&self, viewer: &Viewer, id: &MediaId) -> Result<Media> {
        sql::one(
            &mut *self.services.inner.db.read().await?,
            &viewer.shop.id,
            id,
        )
        .await?
        .ok_or_else(missing)
    }

    /// Everything ready in the viewer's shop, newest first.
    pub async fn all(&self, viewer: &Viewer) -> Result<Vec<Media>> {
        sql::all(&mut *self.services.inner.db.read().await?, &viewer.shop.id).await
    }

    /// Changes the description of a picture or clip.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub async fn describe(&self, viewer: &Viewer, id: &MediaId, alt: &str) -> Result<Media> {
        let alt = domain::media::alt(alt)?;
        let mut write = self.services.inner.db.write().await?;
        sql::set_alt(&mut write, &viewer.shop.id, id, &alt).await?;
        let media = sql::one(&mut write, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        self.changed(&mut write, &viewer.shop.id, id).await?;
        write.commit().await?;
        Ok(media)
    }

    /// Gives a clip the renditions of a still as its poster, in the place of an earlier one. The still lives as long as the clip.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` when they are not a clip and a photo.
    pub async fn set_poster(
        &self,
        viewer: &Viewer,
        clip: &MediaId,
        still: &MediaId,
    ) -> Result<Media> {
        let mut write = self.services.inner.db.write().await?;
        self.put_poster(&mut write, &viewer.shop.id, clip, still)
            .await?;
        let film = sql::one(&mut write, &viewer.shop.id, clip)
            .await?
            .ok_or_else(missing)?;
        self.changed(&mut write, &viewer.shop.id, clip).await?;
        write.commit().await?;
        Ok(film)
    }

    /// [`Library::set_poster`] in the caller's transaction.
    pub(crate) async fn put_poster(
        &self,
        write: &mut Write,
        shop: &ShopId,
        clip: &MediaId,
        still: &MediaId,
    ) -> Result<()> {
        let film = sql::one(write, shop, clip).await?.ok_or_else(missing)?;
        let photo = sql::one(write, shop, still).await?.ok_or_else(missing)?;
        if (film.kind, photo.kind) != (Kind::Clip, Kind::Photo) {
            return Err(Error::Invalid {
                field: "poster",
                message: "A poster is a photo, and only a clip has one.".to_owned(),
            });
        }
        let earlier = sql::poster_of(write, shop, clip).await?;
        sql::set_poster(write, shop, clip, still).await?;
        match earlier.filter(|earlier| earlier != still) {
            Some(earlier) => delete::enqueue(self.services, write, shop, &earlier).await,
            None => Ok(()),
        }
    }

    /// Says that a picture or clip looks different from now on, with the products that show it.
    async fn changed(&self, write: &mut Write, shop: &ShopId, id: &MediaId) -> Result<()> {
        let event = Event::MediaChanged {
            media: id.clone(),
            products: sql::shown_by(write, shop, id).await?,
        };
        event::write(write, shop, event, self.services.now()).await
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
        let shop = viewer.map(|viewer| &viewer.shop.id);
        let mut connection = self.services.inner.db.read().await?;
        let found = sql::rendition(&mut connection, shop, hash, file)
            .await?
            .ok_or_else(missing)?;
        Ok(Rendition {
            key: Key::new(&found.shop, hash, file).ok_or_else(missing)?,
            mime: found.mime,
            length: found.length,
            etag: format!("\"{hash}\""),
            public: found.public,
        })
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
        let end = range.end.min(rendition.length);
        self.services
            .inner
            .store
            .read(&rendition.key, range.start.min(end)..end)
            .await
    }
}
