//! Taking the bytes of one append in: durable before acknowledged, whatever happens to the connection.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use bytes::Bytes;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::Checksum;
use crate::{Error, disk};

/// Bytes between two points where progress is made durable, so that a crash loses no more than this.
const SYNC_BYTES: u64 = 4 * 1024 * 1024;

/// What arrives from the connection.
pub(super) enum Piece {
    Bytes(Bytes),
    /// The body ended as it should.
    End,
}

/// One append: a part of its own.
#[derive(Clone)]
pub(super) struct Append {
    /// Where the upload stands: the part begins there.
    pub(super) offset: u64,
    /// Bytes that may still come.
    pub(super) room: u64,
    pub(super) checksum: Option<Checksum>,
}

pub(super) enum Hash {
    None,
    Sha1(Sha1, [u8; 20]),
    Sha256(Sha256, [u8; 32]),
}

impl Hash {
    pub(super) fn of(checksum: Option<&Checksum>) -> Self {
        match checksum {
            None => Self::None,
            Some(Checksum::Sha1(expected)) => Self::Sha1(Sha1::new(), *expected),
            Some(Checksum::Sha256(expected)) => Self::Sha256(Sha256::new(), *expected),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Sha1(hash, _) => hash.update(bytes),
            Self::Sha256(hash, _) => hash.update(bytes),
        }
    }

    pub(super) fn matches(self) -> bool {
        match self {
            Self::None => true,
            Self::Sha1(hash, expected) => hash.finalize()[..] == expected[..],
            Self::Sha256(hash, expected) => hash.finalize()[..] == expected[..],
        }
    }
}

/// Writes what comes into a new file until the end, a break or an error. Blocks; runs on a thread for such work.
///
/// Sends each durable offset on the way and stops when nobody takes it; answers with the last durable one and why it stopped,
/// if not by the end of the body.
pub(super) fn run(
    append: &Append,
    path: &Path,
    pieces: mpsc::Receiver<Piece>,
    durable: &mpsc::UnboundedSender<u64>,
) -> (u64, Option<Error>) {
    match open_new(path) {
        Ok(file) => write(append, file, pieces, durable),
        Err(error) => (append.offset, Some(disk::failed(&error))),
    }
}

fn write(
    append: &Append,
    mut file: File,
    mut pieces: mpsc::Receiver<Piece>,
    durable: &mpsc::UnboundedSender<u64>,
) -> (u64, Option<Error>) {
    let mut hash = Hash::of(append.checksum.as_ref());
    let checked = append.checksum.is_some();
    let mut written: u64 = 0;
    // How much of it is durable. A sync that failed may have lost whatever came after, and a later one that works does not
    // bring it back.
    let mut synced: u64 = 0;
    let mut stopped = None;
    let mut ended = false;
    while let Some(piece) = pieces.blocking_recv() {
        let Piece::Bytes(bytes) = piece else {
            ended = true;
            break;
        };
        let length = bytes.len() as u64;
        if length > append.room.saturating_sub(written) {
            stopped = Some(too_large());
            break;
        }
        if let Err(error) = file.write_all(&bytes) {
            stopped = Some(disk::failed(&error));
            break;
        }
        hash.update(&bytes);
        written += length;
        // With a checksum nothing counts before the whole piece was compared.
        if written - synced >= SYNC_BYTES && !checked {
            if let Err(error) = file.sync_data() {
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
    if checked && !(ended && stopped.is_none() && hash.matches()) {
        let kept = file.set_len(0).and_then(|()| file.sync_data());
        let error = match (stopped, kept) {
            (Some(error), _) => error,
            (None, Err(error)) => disk::failed(&error),
            (None, Ok(())) => wrong_checksum(),
        };
        return (append.offset, Some(error));
    }
    // A write that failed half-way may have left bytes behind the last whole one.
    match file.set_len(written).and_then(|()| file.sync_data()) {
        Ok(()) => (append.offset + written, stopped),
        Err(error) => (
            append.offset + synced,
            Some(stopped.unwrap_or_else(|| disk::failed(&error))),
        ),
    }
}

/// The file of a new part; its name is durable when this returns.
fn open_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    path.parent().map_or(Ok(()), disk::sync_folder)?;
    Ok(file)
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
    fn append_to_null(offset: u64, pieces: &[usize]) -> (u64, Option<Error>) {
        let file = OpenOptions::new()
            .write(true)
            .open("/dev/null")
            .expect("opens");
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
        write(&append, file, receive, &durable)
    }

    #[test]
    fn syncs_that_fail_one_after_another_make_nothing_durable() {
        let sync = SYNC_BYTES as usize;
        for offset in [0, 1, SYNC_BYTES, 3 * SYNC_BYTES] {
            for pieces in [&[1][..], &[sync], &[sync - 1, 1, 5], &[2 * sync, sync]] {
                let (end, error) = append_to_null(offset, pieces);
                assert_eq!(end, offset, "{pieces:?}");
                assert!(error.is_some(), "{pieces:?}");
            }
        }
    }
}
