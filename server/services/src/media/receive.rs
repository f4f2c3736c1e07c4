//! Taking the bytes of one append in: durable before acknowledged, whatever happens to the connection.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Checksum, LaterChecksum,
    file::{PartWrite, UploadDisk},
};
use crate::{Error, disk};

/// Bytes between two points where progress is made durable, so that a crash loses no more than this.
const SYNC_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes that wait in memory for one write.
const WRITE_BYTES: u64 = 512 * 1024;

/// Pieces that wait for it at most: each has a cost of its own, however short it is.
const WRITE_PIECES: usize = 512;

/// What arrives from the connection.
pub(super) enum Piece {
    Bytes(Bytes),
    /// Nothing came for a while: what came becomes durable, so that whoever asks learns of it.
    Quiet,
    /// The body ended as it should.
    End,
}

/// One append.
#[derive(Clone)]
pub(super) struct Append {
    /// Where the upload stands.
    pub(super) offset: u64,
    /// Bytes that may still come.
    pub(super) room: u64,
    pub(super) checksum: Option<Checksum>,
}

pub(super) enum Hash {
    None,
    Sha1(Sha1, [u8; 20]),
    Sha256(Sha256, [u8; 32]),
    /// Both, until it is known which counts.
    Later(Sha1, Sha256, LaterChecksum),
}

impl Hash {
    pub(super) fn of(checksum: Option<&Checksum>) -> Self {
        match checksum {
            None => Self::None,
            Some(Checksum::Sha1(expected)) => Self::Sha1(Sha1::new(), *expected),
            Some(Checksum::Sha256(expected)) => Self::Sha256(Sha256::new(), *expected),
            Some(Checksum::Later(later)) => Self::Later(Sha1::new(), Sha256::new(), later.clone()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Sha1(hash, _) => hash.update(bytes),
            Self::Sha256(hash, _) => hash.update(bytes),
            Self::Later(sha1, sha256, _) => {
                sha1.update(bytes);
                sha256.update(bytes);
            }
        }
    }

    pub(super) fn matches(self) -> bool {
        match self {
            Self::None => true,
            Self::Sha1(hash, expected) => hash.finalize()[..] == expected[..],
            Self::Sha256(hash, expected) => hash.finalize()[..] == expected[..],
            Self::Later(sha1, sha256, later) => match later.get() {
                Some(Checksum::Sha1(expected)) => sha1.finalize()[..] == expected[..],
                Some(Checksum::Sha256(expected)) => sha256.finalize()[..] == expected[..],
                Some(Checksum::Later(_)) | None => false,
            },
        }
    }
}

/// A part's file while it is written. Each step is short work on a thread for such work, so that a slow sender holds none; how
/// many work at once is bounded, so that others find threads as well.
struct PartFile {
    /// `None` only while a step works on it.
    file: Option<Box<dyn PartWrite>>,
    /// Makes the file's name durable while bytes come; `None` once that was waited for.
    naming: Option<JoinHandle<io::Result<()>>>,
    disk: UploadDisk,
}

/// Where an append's bytes go.
pub(super) enum Place {
    /// A new part, in a file of this name.
    New(PathBuf),
    /// Behind the bytes of a part whose file is still open.
    Open(Box<dyn PartWrite>),
}

impl PartFile {
    async fn open(place: Place, disk: UploadDisk) -> io::Result<Self> {
        let path = match place {
            Place::New(path) => path,
            Place::Open(file) => {
                return Ok(Self {
                    file: Some(file),
                    naming: None,
                    disk,
                });
            }
        };
        let folder = path.parent().map(Path::to_owned);
        let file = disk.run(move |files| files.create(&path)).await?;
        let naming = folder.map(|folder| {
            let disk = disk.clone();
            tokio::spawn(async move { disk.run(move |files| files.sync_folder(&folder)).await })
        });
        Ok(Self {
            file: Some(file),
            naming,
            disk,
        })
    }

    async fn step<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut dyn PartWrite) -> T + Send + 'static,
    ) -> io::Result<T> {
        let Some(mut file) = self.file.take() else {
            return Err(io::Error::other("a step before this one did not end"));
        };
        let (file, done) = self
            .disk
            .run(move |_| {
                let done = work(&mut *file);
                Ok((file, done))
            })
            .await?;
        self.file = Some(file);
        Ok(done)
    }

    /// Writes pieces. Answers how many bytes of whole pieces are in the file, and why there are no more.
    async fn write(&mut self, pieces: Vec<Bytes>) -> (u64, io::Result<()>) {
        let written = self
            .step(move |file| {
                let mut written = 0;
                for piece in &pieces {
                    if let Err(error) = file.write_all(piece) {
                        return (written, Err(error));
                    }
                    written += piece.len() as u64;
                }
                (written, Ok(()))
            })
            .await;
        written.unwrap_or_else(|error| (0, Err(error)))
    }

    /// Makes name and bytes durable.
    async fn sync(&mut self) -> io::Result<()> {
        self.step(|file| file.sync_data()).await??;
        match self.naming.take() {
            Some(naming) => naming.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }

    /// Cuts the file to `length` and makes that durable.
    async fn cut(&mut self, length: u64) -> io::Result<()> {
        self.step(move |file| file.set_len(length)).await??;
        self.sync().await
    }
}

/// How an append ended.
pub(super) struct Written {
    /// The last durable offset.
    pub(super) end: u64,
    /// Why it stopped, if not by the end of the body.
    pub(super) stopped: Option<Error>,
    /// The file, where it ends with the last durable byte: the next append may go on in it.
    pub(super) file: Option<Box<dyn PartWrite>>,
}

/// Writes what comes to `place`, which holds `before` bytes of the part, until the end, a break or an error. Sends each durable
/// offset on the way and stops when nobody takes it.
pub(super) async fn run(
    append: Append,
    place: Place,
    before: u64,
    pieces: mpsc::Receiver<Piece>,
    durable: mpsc::UnboundedSender<u64>,
    disk: UploadDisk,
) -> Written {
    match PartFile::open(place, disk).await {
        Ok(mut file) => {
            let (end, stopped) = write(&append, &mut file, before, pieces, durable).await;
            let file = file.file.filter(|_| stopped.is_none());
            Written { end, stopped, file }
        }
        Err(error) => Written {
            end: append.offset,
            stopped: Some(disk::failed(&error)),
            file: None,
        },
    }
}

async fn write(
    append: &Append,
    file: &mut PartFile,
    before: u64,
    mut pieces: mpsc::Receiver<Piece>,
    durable: mpsc::UnboundedSender<u64>,
) -> (u64, Option<Error>) {
    let mut hash = Hash::of(append.checksum.as_ref());
    let checked = append.checksum.is_some();
    // Bytes that came, that are in the file, and that are durable in it. A sync that failed may have lost whatever came after the
    // one before, and a later one that works does not bring it back.
    let (mut taken, mut written, mut synced) = (0_u64, 0_u64, 0_u64);
    let mut waiting = Vec::new();
    let mut stopped = None;
    let mut ended = false;
    while let Some(piece) = pieces.recv().await {
        let quiet = match piece {
            Piece::End => {
                ended = true;
                break;
            }
            Piece::Quiet => true,
            Piece::Bytes(bytes) => {
                let length = bytes.len() as u64;
                if length > append.room.saturating_sub(taken) {
                    stopped = Some(too_large());
                    break;
                }
                hash.update(&bytes);
                taken += length;
                waiting.push(bytes);
                false
            }
        };
        let is_much = taken - written >= WRITE_BYTES || waiting.len() >= WRITE_PIECES;
        if is_much || (quiet && taken > written) {
            let (bytes, done) = file.write(std::mem::take(&mut waiting)).await;
            written += bytes;
            if let Err(error) = done {
                stopped = Some(disk::failed(&error));
                break;
            }
        }
        // With a checksum nothing counts before the whole piece was compared.
        if !checked && (written - synced >= SYNC_BYTES || (quiet && written > synced)) {
            if let Err(error) = file.sync().await {
                stopped = Some(disk::failed(&error));
                written = synced;
                break;
            }
            synced = written;
            if durable.send(append.offset + written).is_err() {
                break;
            }
        }
    }
    if !waiting.is_empty() {
        let (bytes, done) = file.write(waiting).await;
        written += bytes;
        if let Err(error) = done {
            stopped = Some(stopped.unwrap_or_else(|| disk::failed(&error)));
        }
    }
    if checked && !(ended && stopped.is_none() && hash.matches()) {
        let kept = file.cut(before).await;
        let error = match (stopped, kept) {
            (Some(error), _) => error,
            (None, Err(error)) => disk::failed(&error),
            (None, Ok(())) => wrong_checksum(),
        };
        return (append.offset, Some(error));
    }
    // A write that failed half-way may have left bytes behind the last whole one.
    let kept = match &stopped {
        None => file.sync().await,
        Some(_) => file.cut(before + written).await,
    };
    match kept {
        Ok(()) => (append.offset + written, stopped),
        Err(error) => (
            append.offset + synced,
            Some(stopped.unwrap_or_else(|| disk::failed(&error))),
        ),
    }
}

pub(super) fn too_large() -> Error {
    Error::TooLarge(
        "More bytes came than the upload announced. Start it again with the right length."
            .to_owned(),
    )
}

pub(super) fn wrong_checksum() -> Error {
    Error::Checksum("The bytes changed on the way. Send this piece again.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `/dev/null` takes every byte and refuses to be synced or cut: each sync of an append fails, the one after the pieces as
    /// well.
    async fn append_to_null(offset: u64, pieces: &[usize]) -> (u64, Option<Error>) {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/null")
            .expect("opens");
        let mut file = PartFile {
            file: Some(Box::new(file)),
            naming: None,
            disk: UploadDisk::new(1),
        };
        let append = Append {
            offset,
            room: 1 << 30,
            checksum: None,
        };
        let (send, receive) = mpsc::channel(pieces.len() + 1);
        for length in pieces {
            let piece = Piece::Bytes(Bytes::from(vec![7; *length]));
            assert!(send.try_send(piece).is_ok(), "room for each piece");
        }
        assert!(send.try_send(Piece::End).is_ok(), "room for the end");
        let (durable, _progress) = mpsc::unbounded_channel();
        write(&append, &mut file, 0, receive, durable).await
    }

    #[tokio::test]
    async fn syncs_that_fail_one_after_another_make_nothing_durable() {
        let sync = SYNC_BYTES as usize;
        for offset in [0, 1, SYNC_BYTES, 3 * SYNC_BYTES] {
            for pieces in [&[1][..], &[sync], &[sync - 1, 1, 5], &[2 * sync, sync]] {
                let (end, error) = append_to_null(offset, pieces).await;
                assert_eq!(end, offset, "{pieces:?}");
                assert!(error.is_some(), "{pieces:?}");
            }
        }
    }
}
