//! Taking an upload's bytes in: durable before acknowledged, whatever happens to the connection.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::Checksum;
use crate::{Error, Result, disk};

/// Bytes between two points where progress is made durable, so that a crash loses no more than this.
const SYNC_BYTES: u64 = 4 * 1024 * 1024;

/// What arrives from the connection.
pub(super) enum Piece {
    Bytes(Bytes),
    /// The body ended as it should.
    End,
}

/// One append.
pub(super) struct Append {
    pub(super) path: PathBuf,
    pub(super) offset: u64,
    /// Bytes that may still come.
    pub(super) room: u64,
    pub(super) checksum: Option<Checksum>,
}

enum Hash {
    None,
    Sha1(Sha1, [u8; 20]),
    Sha256(Sha256, [u8; 32]),
}

impl Hash {
    fn of(checksum: Option<&Checksum>) -> Self {
        match checksum {
            None => Self::None,
            Some(Checksum::Sha1(expected)) => Self::Sha1(Sha1::new(), *expected),
            Some(Checksum::Sha256(expected)) => Self::Sha256(Sha256::new(), *expected),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Sha1(hash, _) => hash.update(bytes),
            Self::Sha256(hash, _) => hash.update(bytes),
        }
    }

    fn matches(self) -> bool {
        match self {
            Self::None => true,
            Self::Sha1(hash, expected) => hash.finalize()[..] == expected[..],
            Self::Sha256(hash, expected) => hash.finalize()[..] == expected[..],
        }
    }
}

/// Makes the file of a new upload; its name is durable when this returns.
pub(super) fn create(path: &Path) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?
        .sync_all()?;
    path.parent().map_or(Ok(()), disk::sync_folder)
}

/// Writes what comes until the end, a break or an error. Blocks; runs on a thread for such work.
///
/// Sends each durable offset on the way; answers with the last durable one and why it stopped, if not by the end of the body.
pub(super) fn run(
    append: Append,
    mut pieces: mpsc::Receiver<Piece>,
    durable: &mpsc::UnboundedSender<u64>,
) -> (u64, Option<Error>) {
    let mut file = match open_at(&append.path, append.offset) {
        Ok(file) => file,
        Err(error) => return (append.offset, Some(disk::failed(&error))),
    };
    let mut hash = Hash::of(append.checksum.as_ref());
    let checked = append.checksum.is_some();
    let mut written: u64 = 0;
    let mut unsynced: u64 = 0;
    let mut stopped = None;
    let mut ended = false;
    while let Some(piece) = pieces.blocking_recv() {
        let Piece::Bytes(bytes) = piece else {
            ended = true;
            break;
        };
        let length = bytes.len() as u64;
        if length > append.room.saturating_sub(written) {
            stopped = Some(Error::TooLarge(
                "More bytes came than the upload announced. Start it again with the right length."
                    .to_owned(),
            ));
            break;
        }
        if let Err(error) = file.write_all(&bytes) {
            stopped = Some(disk::failed(&error));
            break;
        }
        hash.update(&bytes);
        written += length;
        unsynced += length;
        // With a checksum nothing counts before the whole piece was compared.
        if unsynced >= SYNC_BYTES && !checked {
            if let Err(error) = file.sync_data() {
                stopped = Some(disk::failed(&error));
                written -= unsynced;
                break;
            }
            unsynced = 0;
            // The listener is gone only when the server is going down; the answer below still counts.
            let _ = durable.send(append.offset + written);
        }
    }
    if checked && !(ended && stopped.is_none() && hash.matches()) {
        let kept = file.set_len(append.offset).and_then(|()| file.sync_data());
        let error = match (stopped, kept) {
            (Some(error), _) => error,
            (None, Err(error)) => disk::failed(&error),
            (None, Ok(())) => {
                Error::Checksum("The bytes changed on the way. Send this piece again.".to_owned())
            }
        };
        return (append.offset, Some(error));
    }
    // A write that failed half-way may have left bytes behind the last whole one.
    let end = append.offset + written;
    match file.set_len(end).and_then(|()| file.sync_data()) {
        Ok(()) => (end, stopped),
        Err(error) => (
            end - unsynced,
            Some(stopped.unwrap_or_else(|| disk::failed(&error))),
        ),
    }
}

fn open_at(path: &Path, offset: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    // What was never acknowledged is not trusted.
    file.set_len(offset)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(file)
}

/// Deletes an upload's file; one that is gone already is fine.
pub(super) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(disk::failed(&error)),
    }
}
