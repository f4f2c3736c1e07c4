//! Resumable uploads: create, append, look, throw away.

use bytes::Bytes;
use domain::{
    id::{ShopId, UploadId},
    identity::Viewer,
    media::{Kind, Media, Upload, UploadState},
};
use futures::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};

use super::{
    Checksum, Form, Library, NewUpload,
    append::{Writer, superseded},
    complete::stands_at,
    delete, process,
    receive::{Append, Piece},
    sql,
};
use crate::{
    Error, Result, capture,
    db::Write,
    disk,
    job::{Job, queue},
};

/// How long the job that processes an upload waits where its caller does so at once, ms.
const OWN_PROCESSING_MS: i64 = 10 * 60 * 1000;

/// How long a sender may send nothing until what came is made durable: whoever asks through another process learns of it.
const QUIET: std::time::Duration = std::time::Duration::from_secs(2);

/// How long an unfinished upload waits for its next byte, and a finished one for whoever asks what became of it, ms: a day.
pub(super) const LIFE_MS: i64 = 24 * 60 * 60 * 1000;
/// The most appends to an upload: the smallest piece that a client may send again and again is so bounded.
pub(super) const MOST_APPENDS: i64 = 10_000;
/// Room that must be left on the disk beside an upload, bytes: the database and the renditions need some.
const SPARE_BYTES: u64 = 32 * 1024 * 1024;
/// The longest recording a span can lie in, s: a day.
const MAX_SPAN_S: f64 = 86_400.0;

fn missing() -> Error {
    Error::NotFound("There is no such upload. Start it again.".to_owned())
}

/// Refuses what is too long for its kind. An empty file is not refused here.
pub(super) fn check_length(kind: Kind, length: u64) -> Result<()> {
    if length <= kind.max_bytes() {
        return Ok(());
    }
    let message = kind
        .check_length(length)
        .err()
        .map(|invalid| invalid.message);
    Err(Error::TooLarge(message.unwrap_or_default()))
}

pub(super) fn check(new: &mut NewUpload) -> Result<()> {
    new.alt = domain::media::alt(&new.alt)?;
    if new.form.is_deferred {
        new.length = new.kind.max_bytes();
    }
    check_length(new.kind, new.length)?;
    let in_order = |(start, end): (f64, f64)| start >= 0.0 && end >= start && end <= MAX_SPAN_S;
    if new.span.is_some_and(|span| !in_order(span)) {
        return Err(Error::Invalid {
            field: "span",
            message: "The start and end of a clip are seconds of its recording, in this order."
                .to_owned(),
        });
    }
    Ok(())
}

impl Library<'_> {
    /// Begins an upload.
    ///
    /// # Errors
    /// `Invalid`, `TooLarge`, `Full`, `Revoked`. An empty file is taken, as the protocol says, and fails when it is processed.
    pub async fn create_upload(&self, viewer: &Viewer, mut new: NewUpload) -> Result<Upload> {
        check(&mut new)?;
        self.services.inner.appends.close(None);
        // Looked at first without holding up who writes, since whoever is refused may go on asking.
        self.check_unfinished(&mut *self.services.inner.db.read().await?, viewer)
            .await?;
        // What a contract says never changes, so this holds; a length that comes later is bounded by it.
        let mut read = self.services.inner.db.read().await?;
        capture::permit(&mut read, &viewer.shop.id, &mut new).await?;
        drop(read);
        let free =
            disk::free_bytes(&self.services.inner.scratch).map_err(|error| disk::failed(&error))?;
        if free < new.length.saturating_add(SPARE_BYTES) {
            return Err(Error::Full(
                "The disk of this shop has no room for this file. Free some space and try again."
                    .to_owned(),
            ));
        }
        let now = self.services.now();
        let id: UploadId = self.services.inner.random.id()?;
        let mut write = self.services.inner.db.write().await?;
        self.check_right(&mut write).await?;
        self.check_quota(&mut write, viewer, new.length).await?;
        self.check_unfinished(&mut write, viewer).await?;
        sql::insert_upload(
            &mut write,
            &viewer.shop.id,
            &id,
            &new,
            now,
            now.plus_ms(LIFE_MS),
        )
        .await?;
        let disk = &self.services.inner.upload_disk;
        self.services.inner.parts.create(disk, &id).await?;
        if new.is_complete() {
            // Nothing is missing, so it is complete; that an empty file cannot be used is said like of any other file.
            let job = Job::ProcessUpload {
                shop: viewer.shop.id.clone(),
                upload: id.clone(),
            };
            queue::enqueue(self.services, &mut write, &job, now).await?;
        }
        write.commit().await?;
        self.upload(viewer, &id).await
    }

    /// Where an upload stands once the append that may still be under way has ended. Its sender asks because it lost the
    /// connection, and goes on from there: nothing is sent twice.
    ///
    /// # Errors
    /// As [`Library::upload`].
    pub async fn settle(&self, viewer: &Viewer, id: &UploadId) -> Result<Upload> {
        // Whose it is, is checked first.
        self.upload(viewer, id).await?;
        self.services.inner.appends.settle(id).await;
        self.upload(viewer, id).await
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

    /// Appends to an upload at `offset`. `Upload::received` of the answer is durable; the last byte enqueues its processing.
    ///
    /// A stream that breaks off keeps what came (unless a checksum was announced): `received` then says how much. The
    /// writing goes on to its end in a task of its own, so a caller that goes away loses nothing either. Of two appends to
    /// one upload, in whatever processes, the newer one goes on and the older one ends.
    ///
    /// # Errors
    /// `NotFound`, `Gone`, `Conflict` (wrong offset, or a newer append began), `TooLarge` (more than announced), `Checksum`
    /// (the piece is thrown away), `Full` (what was stored stays), `Revoked` (what was acknowledged stays).
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
        let writer = self.begin_append(viewer, id, offset, checksum).await?;
        let turn = self.services.inner.appends.begin(id, writer.fence);
        let newer = std::sync::Arc::clone(&turn.superseded);
        let settled = std::sync::Arc::clone(&turn.settled);
        let (pieces, received) = mpsc::channel(4);
        let (done, writing) = oneshot::channel();
        // Closing waits for it.
        self.services.spawn(async move {
            let ended = writer.run(received).await;
            drop(turn);
            // Nobody listens when the caller has gone away.
            let _ = done.send(ended);
        });
        let mut is_quiet = false;
        loop {
            let next = tokio::select! {
                next = piece.next() => next,
                () = newer.notified() => return Err(superseded()),
                () = settled.notified() => break,
                () = tokio::time::sleep(QUIET), if !is_quiet => {
                    is_quiet = true;
                    if pieces.send(Piece::Quiet).await.is_err() {
                        break;
                    }
                    continue;
                }
            };
            is_quiet = false;
            let next = match next {
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
        let upload = writing.await.map_err(Error::internal)??;
        Ok(upload.seen(None))
    }

    /// Takes a fencing number for an append at `offset`.
    async fn begin_append(
        &self,
        viewer: &Viewer,
        id: &UploadId,
        offset: u64,
        checksum: Option<Checksum>,
    ) -> Result<Writer> {
        let now = self.services.now();
        // Nothing is promised by it: whatever is acknowledged under this number comes later and is durable with it.
        let mut write = self.services.inner.db.write_unsynced().await?;
        let begun = sql::begin_append(&mut write, &viewer.shop.id, id, offset, now).await?;
        let Some((fence, upload)) = begun else {
            drop(write);
            return Err(stands_at(self.upload(viewer, id).await?.received));
        };
        if fence > MOST_APPENDS {
            return Err(Error::Conflict(
                "This upload came in too many small pieces. Start it again with larger ones."
                    .to_owned(),
            ));
        }
        write.commit().await?;
        let append = Append {
            offset,
            room: upload.length.saturating_sub(offset),
            checksum,
        };
        Ok(Writer {
            services: self.services.clone(),
            upload,
            append,
            fence,
            right: self.right.cloned(),
            process_after_ms: 0,
        })
    }

    /// Throws an upload away, complete or not. An append that is under way ends; what became of it goes too, unless a product
    /// shows it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn terminate(&self, viewer: &Viewer, id: &UploadId) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        self.check_right(&mut write).await?;
        let stored = sql::upload(&mut write, &viewer.shop.id, id).await?;
        let stored = stored.ok_or_else(missing)?;
        if !sql::delete_upload(&mut write, &viewer.shop.id, id).await? {
            return Err(missing());
        }
        if let Some(media) = &stored.media {
            delete::enqueue(self.services, &mut write, &viewer.shop.id, media).await?;
        }
        self.delete_parts(&mut write, &viewer.shop.id, id).await?;
        write.commit().await?;
        self.services.inner.appends.close(Some(id));
        Ok(())
    }

    /// Enqueues the deletion of an upload's parts.
    pub(super) async fn delete_parts(
        &self,
        write: &mut Write,
        shop: &ShopId,
        id: &UploadId,
    ) -> Result<()> {
        let job = Job::DeleteUploadParts {
            shop: shop.clone(),
            upload: id.clone(),
        };
        queue::enqueue(self.services, write, &job, self.services.now()).await
    }

    /// Takes a whole file and waits until it is ready: form uploads and seeds.
    ///
    /// # Errors
    /// `Invalid` with the reason the file cannot be used, `TooLarge`, `Full`.
    pub async fn add_file(
        &self,
        viewer: &Viewer,
        kind: Kind,
        alt: &str,
        file: Bytes,
    ) -> Result<Media> {
        kind.check_length(file.len() as u64)?;
        let new = NewUpload {
            kind,
            length: file.len() as u64,
            alt: alt.to_owned(),
            session: None,
            span: None,
            metadata: String::new(),
            claim: None,
            form: Form::default(),
        };
        let upload = self.create_upload(viewer, new).await?;
        let mut writer = self.begin_append(viewer, &upload.id, 0, None).await?;
        // Processed below; the job only takes over should this process die.
        writer.process_after_ms = OWN_PROCESSING_MS;
        let (pieces, received) = mpsc::channel(2);
        // Two places, two messages: this cannot wait.
        for piece in [Piece::Bytes(file), Piece::End] {
            pieces.send(piece).await.map_err(Error::internal)?;
        }
        writer.run(received).await?;
        let processed = process::run(self.services, &viewer.shop.id, &upload.id).await;
        let mut write = self.services.inner.db.write().await?;
        if processed.is_err() {
            // Whoever waits learns so now and sends it again; it must not turn up later besides.
            process::give_up(self.services, &mut write, &upload.id).await?;
        }
        let job = Job::ProcessUpload {
            shop: viewer.shop.id.clone(),
            upload: upload.id.clone(),
        };
        queue::remove(&mut write, &job).await?;
        write.commit().await?;
        processed?;
        let done = self.upload(viewer, &upload.id).await?;
        match (done.media, done.error) {
            (Some(media), _) => Ok(media),
            (None, Some(message)) => Err(Error::Invalid {
                field: "file",
                message,
            }),
            (None, None) => Err(Error::internal(
                "an upload ended without media and without a reason",
            )),
        }
    }

    /// Throws away what nobody continued.
    pub(crate) async fn sweep(&self) -> Result<()> {
        self.services.inner.appends.close(None);
        let now = self.services.now();
        let stale = sql::stale(&mut *self.services.inner.db.read().await?, now).await?;
        for stored in stale {
            let mut write = self.services.inner.db.write().await?;
            // Somebody may have gone on since it was chosen.
            if sql::delete_stale(&mut write, &stored.id, now).await? {
                self.delete_parts(&mut write, &stored.shop, &stored.id)
                    .await?;
            }
            write.commit().await?;
        }
        Ok(())
    }
}
