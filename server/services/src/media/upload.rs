//! Resumable uploads: create, append, look, throw away.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use domain::{
    id::UploadId,
    identity::Viewer,
    media::{Kind, Media, Upload, UploadState},
};
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::{
    Checksum, Library, NewUpload, process, receive,
    receive::{Append, Piece},
    sql,
};
use crate::{Error, Result, Services, disk};

/// How long an unfinished upload waits for its next byte, and a finished one for whoever asks what became of it, ms: a day.
pub(super) const LIFE_MS: i64 = 24 * 60 * 60 * 1000;
/// Room that must be left on the disk beside an upload, bytes: the database and the renditions need some.
const SPARE_BYTES: u64 = 32 * 1024 * 1024;
/// The longest recording a span can lie in, s: a day.
const MAX_SPAN_S: f64 = 86_400.0;

fn missing() -> Error {
    Error::NotFound("There is no such upload. Start it again.".to_owned())
}

/// Uploads that somebody is working on in this process, each by one at a time.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<Mutex<HashSet<UploadId>>>);

/// Ends with whoever works on the upload.
pub(super) struct Working {
    busy: Busy,
    id: UploadId,
}

impl Busy {
    pub(super) fn begin(&self, id: &UploadId) -> Option<Working> {
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(id.clone()).then(|| Working {
            busy: self.clone(),
            id: id.clone(),
        })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.busy
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.id);
    }
}

fn check(new: &mut NewUpload) -> Result<()> {
    if new.length > new.kind.max_bytes() {
        let sentence = new
            .kind
            .check_length(new.length)
            .err()
            .map(|invalid| invalid.sentence);
        return Err(Error::TooLarge(sentence.unwrap_or_default()));
    }
    new.kind.check_length(new.length)?;
    new.alt = domain::media::alt(&new.alt)?;
    let in_order = |(start, end): (f64, f64)| start >= 0.0 && end >= start && end <= MAX_SPAN_S;
    if new.span.is_some_and(|span| !in_order(span)) {
        return Err(Error::Invalid {
            field: "span",
            sentence: "The start and end of a clip are seconds of its recording, in this order."
                .to_owned(),
        });
    }
    Ok(())
}

impl Library<'_> {
    pub(super) fn part(&self, id: &UploadId) -> PathBuf {
        part(self.services, id)
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// `Invalid`, `TooLarge`, `Full`.
    pub async fn create_upload(&self, viewer: &Viewer, mut new: NewUpload) -> Result<Upload> {
        check(&mut new)?;
        let folder = self.services.inner.uploads.clone();
        let free = disk::free_bytes(&folder).map_err(|error| disk::failed(&error))?;
        if free < new.length.saturating_add(SPARE_BYTES) {
            return Err(Error::Full(
                "The disk of this shop has no room for this file. Free some space and try again."
                    .to_owned(),
            ));
        }
        let now = self.services.now();
        let id: UploadId = self.services.inner.random.id()?;
        let path = self.part(&id);
        tokio::task::spawn_blocking(move || receive::create(&path))
            .await
            .map_err(Error::internal)?
            .map_err(|error| disk::failed(&error))?;
        let mut write = self.services.inner.db.write().await?;
        sql::insert_upload(
            &mut write,
            &viewer.shop.id,
            &id,
            &new,
            now,
            now.plus_ms(LIFE_MS),
        )
        .await?;
        write.commit().await?;
        self.upload(viewer, &id).await
    }

    /// Where an upload stands.
    ///
    /// # Errors
    /// `NotFound`, `Gone` once it expired.
    pub async fn upload(&self, viewer: &Viewer, id: &UploadId) -> Result<Upload> {
        let mut connection = self.services.inner.db.read().await?;
        let stored = sql::upload(&mut connection, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        if stored.state == UploadState::Receiving && stored.expires_at <= self.services.now() {
            return Err(Error::Gone(
                "This upload waited too long and was thrown away. Start it again.".to_owned(),
            ));
        }
        let media = match &stored.media {
            Some(media) => sql::one(&mut connection, &viewer.shop.id, media).await?,
            None => None,
        };
        Ok(stored.seen(media))
    }

    /// Appends to an upload at `offset`. `Upload::received` of the answer is durable; the last byte starts processing.
    ///
    /// A stream that breaks off keeps what came (unless a checksum was announced): `received` then says how much. The
    /// writing goes on to its end in a task of its own, so a caller that goes away loses nothing either.
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
        mut piece: S,
    ) -> Result<Upload>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Send + Unpin,
        E: std::fmt::Display + Send,
    {
        self.upload(viewer, id).await?;
        let working = self.services.inner.busy.begin(id).ok_or_else(|| {
            Error::Locked("This upload is being sent by another tab or an earlier connection. Wait a moment and go on.".to_owned())
        })?;
        // Read again: an append may have ended between the first look and the lock.
        let upload = self.upload(viewer, id).await?;
        if upload.state != UploadState::Receiving || upload.received != offset {
            return Err(Error::Conflict(format!(
                "The upload stands at byte {}. Ask where it stands and go on from there.",
                upload.received
            )));
        }
        let append = Append {
            path: self.part(id),
            offset,
            room: upload.length.saturating_sub(offset),
            checksum,
        };
        let (pieces, received) = mpsc::channel(4);
        let services = self.services.clone();
        let (shop, name) = (viewer.shop.id.clone(), id.clone());
        let keeping = tokio::spawn(async move {
            let ended = keep(&services, append, &name, received).await;
            drop(working);
            let stored = sql::upload(&mut *services.inner.db.read().await?, &shop, &name).await?;
            if stored.is_some_and(|stored| stored.state == UploadState::Processing) {
                process::start(&services, &shop, &name);
            }
            ended
        });
        loop {
            let next = match piece.next().await {
                Some(Ok(bytes)) => Piece::Bytes(bytes),
                Some(Err(error)) => {
                    tracing::debug!(%error, upload = %id, "the connection broke; what came is kept");
                    break;
                }
                None => Piece::End,
            };
            let ended = matches!(next, Piece::End);
            // Refused only when the writer stopped; why is in its answer.
            if pieces.send(next).await.is_err() || ended {
                break;
            }
        }
        drop(pieces);
        keeping.await.map_err(Error::internal)??;
        self.upload(viewer, id).await
    }

    /// Throws an unfinished upload away.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is already complete, `Locked`.
    pub async fn terminate(&self, viewer: &Viewer, id: &UploadId) -> Result<()> {
        let mut connection = self.services.inner.db.read().await?;
        let stored = sql::upload(&mut connection, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        drop(connection);
        if matches!(stored.state, UploadState::Processing | UploadState::Ready) {
            return Err(Error::Conflict(
                "This upload is already complete. Remove its picture or clip instead.".to_owned(),
            ));
        }
        let _working = self.services.inner.busy.begin(id).ok_or_else(|| {
            Error::Locked("This upload is still being sent. Stop sending and try again.".to_owned())
        })?;
        let mut write = self.services.inner.db.write().await?;
        sql::delete_upload(&mut write, id).await?;
        write.commit().await?;
        receive::remove(&self.part(id))
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
        let new = NewUpload {
            kind,
            length: file.len() as u64,
            alt: alt.to_owned(),
            session: None,
            span: None,
        };
        let upload = self.create_upload(viewer, new).await?;
        let append = Append {
            path: self.part(&upload.id),
            offset: 0,
            room: upload.length,
            checksum: None,
        };
        let _working = self
            .services
            .inner
            .busy
            .begin(&upload.id)
            .ok_or_else(|| Error::internal("a new upload is busy"))?;
        let (pieces, received) = mpsc::channel(2);
        // Two places, two messages: this cannot wait.
        for piece in [Piece::Bytes(file), Piece::End] {
            pieces.send(piece).await.map_err(Error::internal)?;
        }
        keep(self.services, append, &upload.id, received).await?;
        process::run(self.services, &viewer.shop.id, &upload.id).await?;
        let done = self.upload(viewer, &upload.id).await?;
        match (done.media, done.error) {
            (Some(media), _) => Ok(media),
            (None, Some(sentence)) => Err(Error::Invalid {
                field: "file",
                sentence,
            }),
            (None, None) => Err(Error::internal(
                "an upload ended without media and without a reason",
            )),
        }
    }

    /// Throws away what nobody continued.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let now = self.services.now();
        let stale = sql::stale(&mut *self.services.inner.db.read().await?, now).await?;
        for stored in stale {
            let Some(_working) = self.services.inner.busy.begin(&stored.id) else {
                continue;
            };
            let mut write = self.services.inner.db.write().await?;
            sql::delete_upload(&mut write, &stored.id).await?;
            write.commit().await?;
            receive::remove(&self.part(&stored.id))?;
        }
        Ok(())
    }
}

pub(super) fn part(services: &Services, id: &UploadId) -> PathBuf {
    services.inner.uploads.join(format!("{id}.part"))
}

/// Writes pieces to the file on a thread and notes in the database what is durable.
async fn keep(
    services: &Services,
    append: Append,
    id: &UploadId,
    pieces: mpsc::Receiver<Piece>,
) -> Result<()> {
    let offset = append.offset;
    let (durable, mut progress) = mpsc::unbounded_channel();
    let writing = tokio::task::spawn_blocking(move || receive::run(append, pieces, &durable));
    let mut unnoted = None;
    while let Some(bytes) = progress.recv().await {
        // The writer must be waited for in any case; the last note below repeats what this one missed.
        unnoted = note(services, id, bytes).await.err();
    }
    let (end, stopped) = writing.await.map_err(Error::internal)?;
    if end > offset {
        unnoted = note(services, id, end).await.err();
    }
    stopped.or(unnoted).map_or(Ok(()), Err)
}

async fn note(services: &Services, id: &UploadId, bytes: u64) -> Result<()> {
    let mut write = services.inner.db.write().await?;
    sql::received(&mut write, id, bytes, services.now().plus_ms(LIFE_MS)).await?;
    write.commit().await
}
