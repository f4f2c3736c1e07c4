//! The disk: what its errors mean and how much is left.

use std::{io, path::Path};

use crate::Error;

/// ENOSPC, EDQUOT or EFBIG: no room for more.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

pub(crate) fn full() -> Error {
    Error::Full(
        "The disk of this shop is full. What was stored stays; free some space and go on."
            .to_owned(),
    )
}

pub(crate) fn failed(error: &io::Error) -> Error {
    if is_full(error) {
        full()
    } else {
        Error::internal(format!("file: {error}"))
    }
}

/// Bytes that can still be written below `folder`.
pub(crate) fn free_bytes(folder: &Path) -> io::Result<u64> {
    let answer = rustix::fs::statvfs(folder)?;
    Ok(answer.f_bavail.saturating_mul(answer.f_frsize))
}

/// Makes the names in a folder durable (a file's own fsync does not cover its name).
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}
