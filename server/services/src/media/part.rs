//! The bytes of uploads that are not complete: parts in the shared media store, each written by one append.
//!
//! A part is named by upload, offset and fencing number, so two appends never write one object, whatever processes they run
//! in. What counts is what the rows of `upload_part` acknowledge; anything else is deleted with the upload.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use domain::id::UploadId;

use super::{file::UploadDisk, store::Store};
use crate::{Error, Result, disk};

/// The folder of parts beside the shops' folders: no shop's identifier has a dot.
pub(super) const FOLDER: &str = ".uploads";

/// Where parts are.
#[derive(Clone)]
pub(crate) enum Parts {
    /// Files of a folder, written as the bytes come.
    Folder(PathBuf),
    /// Objects of a bucket, written whole.
    Objects(Store),
}

/// One part: the bytes of an upload from `start` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: u64,
    pub(super) fence: i64,
    pub(super) length: u64,
}

impl Part {
    fn file(&self) -> String {
        format!("{}-{}", self.start, self.fence)
    }
}

impl Parts {
    /// The parts that belong to a store.
    pub(crate) fn of(store: &Store) -> Self {
        match store.folder() {
            Some(folder) => Self::Folder(folder.join(FOLDER)),
            None => Self::Objects(store.clone()),
        }
    }

    /// The path of an object.
    pub(super) fn object(upload: &UploadId, part: &Part) -> String {
        format!("{FOLDER}/{upload}/{}", part.file())
    }

    /// The file of a part in a folder.
    pub(super) fn file(folder: &Path, upload: &UploadId, part: &Part) -> PathBuf {
        folder.join(upload.as_str()).join(part.file())
    }

    /// Makes room for the parts of a new upload; its name is durable when this returns.
    pub(super) async fn create(&self, disk: &UploadDisk, upload: &UploadId) -> Result<()> {
        let Self::Folder(folder) = self else {
            return Ok(());
        };
        let (folder, name) = (folder.clone(), folder.join(upload.as_str()));
        let made = disk.make_folder(folder, name);
        made.await.map_err(|error| disk::failed(&error))
    }

    /// Deletes whatever there is of an upload; nothing is fine.
    pub(crate) async fn delete(&self, upload: &UploadId) -> Result<()> {
        match self {
            Self::Folder(folder) => {
                let name = folder.join(upload.as_str());
                blocking(move || match std::fs::remove_dir_all(&name) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                })
                .await
            }
            Self::Objects(store) => store.delete_below(&format!("{FOLDER}/{upload}")).await,
        }
    }

    /// A file that holds the whole upload: the only part where there is one, else `scratch`, which the caller deletes.
    pub(super) async fn whole(
        &self,
        upload: &UploadId,
        parts: &[Part],
        scratch: &Path,
    ) -> Result<PathBuf> {
        match self {
            Self::Folder(folder) => {
                let files: Vec<(PathBuf, u64)> = parts
                    .iter()
                    .map(|part| (Self::file(folder, upload, part), part.length))
                    .collect();
                let scratch = scratch.to_owned();
                let own = folder.join(upload.as_str());
                let put_together = move || {
                    if let [(file, length)] = files.as_slice()
                        && std::fs::metadata(file)?.len() == *length
                    {
                        return Ok(file.clone());
                    }
                    let mut whole = std::fs::File::create(&scratch)?;
                    for (file, length) in files {
                        copy(
                            &mut std::fs::File::open(file)?.take(length),
                            &mut whole,
                            length,
                        )?;
                    }
                    Ok(scratch)
                };
                let made = tokio::task::spawn_blocking(put_together)
                    .await
                    .map_err(Error::internal)?;
                made.map_err(|error: io::Error| match error.kind() {
                    // Without the folder around it, it may be a disk that is not mounted.
                    io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof if own.is_dir() => {
                        lost()
                    }
                    _ => disk::failed(&error),
                })
            }
            Self::Objects(store) => {
                let mut whole = tokio::fs::File::create(scratch)
                    .await
                    .map_err(|error| disk::failed(&error))?;
                for part in parts {
                    store
                        .read_into(&Self::object(upload, part), part.length, &mut whole)
                        .await?;
                }
                Ok(scratch.to_owned())
            }
        }
    }
}

/// Bytes that were acknowledged are gone, and stay gone however often they are looked for.
pub(super) fn lost() -> Error {
    tracing::error!("a part of an upload is lost from the media store");
    Error::Invalid {
        field: "file",
        message: "The server lost a part of this file. Send it again.".to_owned(),
    }
}

/// Copies exactly `length` bytes; fewer mean that a part was lost.
fn copy(from: &mut impl Read, to: &mut impl Write, length: u64) -> io::Result<()> {
    if io::copy(from, to)? == length {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "a part of an upload is shorter than it was",
        ))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
        .map_err(|error| disk::failed(&error))
}
