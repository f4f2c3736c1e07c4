//! One append to an upload, to its end, in a task of its own: bytes become durable, then are acknowledged by one conditional
//! update that names the append's fencing number. A newer append, in whatever process, makes that update change nothing, and
//! the older append stops.

use std::{
    collections::{HashMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use domain::{id::UploadId, media::UploadState};
use tokio::sync::{Notify, mpsc, watch};

use super::{
    file::PartWrite,
    part::{Part, Parts},
    receive::{self, Append, Hash, Piece, Place},
    sql::{self, Stored},
    upload::LIFE_MS,
};
use crate::{
    Error, Result, Services,
    identity::access::Right,
    job::{Job, queue},
};

/// Bytes of an object that are held in memory until it is written.
const OBJECT_BYTES: usize = 8 * 1024 * 1024;
/// How long whoever asks where an upload stands waits for the append before.
const SETTLING: Duration = Duration::from_secs(5);

/// The most files of parts that stay open between two appends.
const MAX_OPEN: usize = 64;
/// How long one does.
const OPEN_FOR: Duration = Duration::from_secs(60);

/// Appends under way in this process: an upload's newest one, and how the one before is ended. And the files in which the next
/// ones may go on, so that a part is not as short as the pieces that a client sends.
#[derive(Clone, Default)]
pub(crate) struct Appends(Arc<Mutex<HashMap<UploadId, Newest>>>, OpenParts);

/// Files of parts that end with the last acknowledged byte. Whoever goes on in one takes it out, so nobody else writes to it; other
/// processes write parts of their own.
#[derive(Clone, Default)]
struct OpenParts(Arc<Mutex<VecDeque<OpenPart>>>);

struct OpenPart {
    upload: UploadId,
    part: Part,
    file: Box<dyn PartWrite>,
    since: Instant,
}

impl OpenParts {
    /// The file of the upload's part that ends at `offset`.
    fn take(&self, upload: &UploadId, offset: u64) -> Option<OpenPart> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| other.since.elapsed() < OPEN_FOR);
        let at = open.iter().position(|other| other.upload == *upload)?;
        let taken = open.remove(at)?;
        (taken.part.start + taken.part.length == offset).then_some(taken)
    }

    /// Closes what is open of an upload that is over, so that its bytes are gone with its files, and what was open for long.
    fn forget(&self, upload: Option<&UploadId>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| other.since.elapsed() < OPEN_FOR && Some(&other.upload) != upload);
    }

    fn put(&self, part: OpenPart) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| other.upload != part.upload);
        if open.len() >= MAX_OPEN {
            open.pop_front();
        }
        open.push_back(part);
    }
}

/// The newest append of an upload.
struct Newest {
    fence: i64,
    superseded: Arc<Notify>,
    settled: Arc<Notify>,
    /// Closed once the append has ended.
    over: watch::Receiver<()>,
}

/// Ends with its append.
pub(super) struct Turn {
    appends: Appends,
    upload: UploadId,
    fence: i64,
    /// Notified when a newer append of this process began.
    pub(super) superseded: Arc<Notify>,
    /// Notified when somebody asks where the upload stands: its sender has lost the connection.
    pub(super) settled: Arc<Notify>,
    _over: watch::Sender<()>,
}

impl Appends {
    pub(super) fn begin(&self, upload: &UploadId, fence: i64) -> Turn {
        let superseded = Arc::new(Notify::new());
        let settled = Arc::new(Notify::new());
        let (over, is_over) = watch::channel(());
        let mut appends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = appends.get(upload).is_none_or(|other| other.fence < fence);
        if newest {
            let own = Newest {
                fence,
                superseded: Arc::clone(&superseded),
                settled: Arc::clone(&settled),
                over: is_over,
            };
            if let Some(older) = appends.insert(upload.clone(), own) {
                older.superseded.notify_one();
            }
        } else {
            superseded.notify_one();
        }
        Turn {
            appends: self.clone(),
            upload: upload.clone(),
            fence,
            superseded,
            settled,
            _over: over,
        }
    }

    /// Closes the file of an upload that is over, and those that nobody went on in for a while.
    pub(super) fn close(&self, upload: Option<&UploadId>) {
        self.1.forget(upload);
    }

    /// Ends the append to an upload where it is, if there is one in this process, and waits until what came counts.
    pub(super) async fn settle(&self, upload: &UploadId) {
        let over = {
            let appends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            appends.get(upload).map(|newest| {
                newest.settled.notify_one();
                newest.over.clone()
            })
        };
        if let Some(mut over) = over {
            // Ends with an error when the sender is dropped, which is what is waited for.
            let ended = over.changed();
            if tokio::time::timeout(SETTLING, ended).await.is_err() {
                tracing::warn!(%upload, "an append does not end; its upload is where it was last acknowledged");
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut appends = self
            .appends
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if appends
            .get(&self.upload)
            .is_some_and(|newest| newest.fence == self.fence)
        {
            appends.remove(&self.upload);
        }
    }
}

pub(super) fn superseded() -> Error {
    Error::Conflict(
        "A newer connection goes on with this upload. Ask where it stands and go on from there."
            .to_owned(),
    )
}

/// An append and where its bytes go.
pub(super) struct Writer {
    pub(super) services: Services,
    /// As it was last acknowledged.
    pub(super) upload: Stored,
    pub(super) append: Append,
    pub(super) fence: i64,
    /// By what right they come; `None` for the owner's own forms.
    pub(super) right: Option<Right>,
    /// How long the job that processes the complete upload waits, ms: not 0 where the caller does that itself.
    pub(super) process_after_ms: i64,
}

impl Writer {
    /// Writes until the end, a break or an error. Answers with the upload as it is then.
    pub(super) async fn run(mut self, pieces: mpsc::Receiver<Piece>) -> Result<Stored> {
        match self.services.inner.parts.clone() {
            Parts::Folder(folder) => self.write_file(&folder, pieces).await?,
            Parts::Objects(_) => self.write_objects(pieces).await?,
        }
        Ok(self.upload)
    }

    async fn write_file(&mut self, folder: &Path, pieces: mpsc::Receiver<Piece>) -> Result<()> {
        let open_parts = self.services.inner.appends.1.clone();
        let id = self.upload.id.clone();
        let offset = self.append.offset;
        let (part, place) = match open_parts.take(&id, offset) {
            Some(open) => (open.part, Place::Open(open.file)),
            None => {
                let part = Part {
                    start: offset,
                    fence: self.fence,
                    length: 0,
                };
                (part, Place::New(Parts::file(folder, &id, &part)))
            }
        };
        let (durable, mut progress) = mpsc::unbounded_channel();
        let append = self.append.clone();
        let disk = self.services.inner.upload_disk.clone();
        let writing = tokio::spawn(receive::run(
            append,
            place,
            part.length,
            pieces,
            durable,
            disk,
        ));
        let until = |end: u64| Part {
            length: end.saturating_sub(part.start),
            ..part
        };
        let mut failed = None;
        while let Some(end) = progress.recv().await {
            if let Err(error) = self.acknowledge(&until(end)).await {
                failed = Some(error);
                break;
            }
        }
        // The writer stops when nobody takes its progress.
        drop(progress);
        let written = writing.await.map_err(Error::internal)?;
        if failed.is_none() && written.end > self.upload.received {
            failed = self.acknowledge(&until(written.end)).await.err();
        }
        if let Some(file) = written.file
            && failed.is_none()
            && self.upload.state == UploadState::Receiving
        {
            open_parts.put(OpenPart {
                upload: id,
                part: until(written.end),
                file,
                since: Instant::now(),
            });
        }
        failed.or(written.stopped).map_or(Ok(()), Err)
    }

    async fn write_objects(&mut self, mut pieces: mpsc::Receiver<Piece>) -> Result<()> {
        let mut hash = Hash::of(self.append.checksum.as_ref());
        let checked = self.append.checksum.is_some();
        let mut buffer = BytesMut::new();
        let mut written = Vec::new();
        let mut end = self.append.offset;
        let mut ended = false;
        let mut stopped = None;
        while let Some(piece) = pieces.recv().await {
            let bytes = match piece {
                Piece::Bytes(bytes) => bytes,
                // An object is written whole: what would be small is held until more comes.
                Piece::Quiet => continue,
                Piece::End => {
                    ended = true;
                    break;
                }
            };
            let taken = end - self.append.offset + buffer.len() as u64;
            if bytes.len() as u64 > self.append.room.saturating_sub(taken) {
                stopped = Some(receive::too_large());
                break;
            }
            hash.update(&bytes);
            buffer.extend_from_slice(&bytes);
            if buffer.len() >= OBJECT_BYTES {
                let part = self.put(end, buffer.split().freeze()).await?;
                end += part.length;
                if checked {
                    written.push(part);
                } else {
                    self.acknowledge_object(&part).await?;
                }
            }
        }
        // With a checksum nothing counts before the whole piece was compared.
        if checked && !(ended && stopped.is_none() && hash.matches()) {
            for part in &written {
                self.forget(part).await;
            }
            return Err(stopped.unwrap_or_else(receive::wrong_checksum));
        }
        if !buffer.is_empty() {
            let part = self.put(end, buffer.freeze()).await?;
            written.push(part);
        }
        for part in written {
            self.acknowledge_object(&part).await?;
        }
        stopped.map_or(Ok(()), Err)
    }

    async fn put(&self, start: u64, bytes: Bytes) -> Result<Part> {
        let part = Part {
            start,
            fence: self.fence,
            length: bytes.len() as u64,
        };
        let name = Parts::object(&self.upload.id, &part);
        self.services.inner.store.put_at(&name, bytes).await?;
        Ok(part)
    }

    /// Acknowledges an object, or deletes it where a newer append or the end of the upload came first: its row is gone or will
    /// never name it, so nobody else would.
    async fn acknowledge_object(&mut self, part: &Part) -> Result<()> {
        let acknowledged = self.acknowledge(part).await;
        // Any other failure may have been committed all the same.
        if matches!(acknowledged, Err(Error::Conflict(_))) {
            self.forget(part).await;
        }
        acknowledged
    }

    async fn forget(&self, part: &Part) {
        let name = Parts::object(&self.upload.id, part);
        if let Err(error) = self.services.inner.store.delete_at(&name).await {
            tracing::warn!(%error, name, "a part that does not count could not be deleted");
        }
    }

    /// Says that the bytes of a part are durable; the last byte makes the upload work for a job.
    async fn acknowledge(&mut self, part: &Part) -> Result<()> {
        let end = part.start + part.length;
        let services = &self.services;
        let now = services.now();
        let mut write = services.inner.db.write().await?;
        if let Some(right) = &self.right {
            right.check(&mut write, now).await?;
        }
        let step = sql::Step {
            fence: self.fence,
            from: self.upload.received,
            to: end,
            expires_at: now.plus_ms(LIFE_MS),
        };
        if !sql::acknowledge(&mut write, &self.upload.id, &step).await? {
            return Err(superseded());
        }
        sql::put_part(&mut write, &self.upload.shop, &self.upload.id, part).await?;
        let is_whole = end == self.upload.length && !self.upload.is_open();
        if is_whole {
            let job = Job::ProcessUpload {
                shop: self.upload.shop.clone(),
                upload: self.upload.id.clone(),
            };
            let due = now.plus_ms(self.process_after_ms);
            queue::enqueue(services, &mut write, &job, due).await?;
        }
        write.commit().await?;
        self.upload.received = end;
        self.upload.expires_at = step.expires_at;
        if is_whole {
            self.upload.state = UploadState::Processing;
        }
        Ok(())
    }
}
