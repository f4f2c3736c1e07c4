//! What uploads ask of a file system, so that a test can cut its power: a name and bytes are durable once they were synced, and
//! not before.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::Semaphore;

use crate::disk;

/// A file system.
pub(crate) trait Files: Send + Sync {
    /// Makes a folder and those around it; one that is there is fine.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Makes an empty file. One that is there was never acknowledged: a power cut took its fencing number back.
    fn create(&self, path: &Path) -> io::Result<Box<dyn PartWrite>>;
    /// Gives a file a second name, or its bytes where it can have only one; they are durable then.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// A part's file while it is written.
pub(crate) trait PartWrite: Send {
    /// Writes all of `bytes` behind what there is.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes the bytes durable.
    fn sync_data(&mut self) -> io::Result<()>;
    /// Cuts the file.
    fn set_len(&mut self, length: u64) -> io::Result<()>;
}

impl PartWrite for File {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Write::write_all(self, bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        Self::set_len(self, length)
    }
}

/// The file system of this machine.
struct System;

impl Files for System {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn PartWrite>> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        Ok(Box::new(file))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        match std::fs::hard_link(from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                std::fs::copy(from, to)?;
                File::open(to)?.sync_all()
            }
            done => done,
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        disk::sync_folder(folder)
    }
}

/// The file system of uploads, and how many of them work on it at once.
#[derive(Clone)]
pub(crate) struct UploadDisk {
    /// A place each. Tokio has 512 threads for such work, and everything else needs some too.
    turns: Arc<Semaphore>,
    files: Arc<dyn Files>,
    /// Whether the name of the folder of all uploads is known to be durable.
    is_rooted: Arc<AtomicBool>,
}

impl UploadDisk {
    /// This machine's, where `at_once` may work.
    pub(crate) fn new(at_once: usize) -> Self {
        Self::of(Arc::new(System), at_once)
    }

    /// Another one.
    pub(crate) fn of(files: Arc<dyn Files>, at_once: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            files,
            is_rooted: Arc::default(),
        }
    }

    /// Makes the folder of an upload in the folder of all; both names are durable when this returns.
    pub(super) async fn make_folder(&self, all: PathBuf, own: PathBuf) -> io::Result<()> {
        let is_rooted = Arc::clone(&self.is_rooted);
        self.run(move |files| {
            files.make_folder(&own)?;
            files.sync_folder(&all)?;
            if !is_rooted.load(Ordering::Acquire) {
                all.parent()
                    .map_or(Ok(()), |store| files.sync_folder(store))?;
                is_rooted.store(true, Ordering::Release);
            }
            Ok(())
        })
        .await
    }

    /// Does short work on a thread for such work, when it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Files) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let files = Arc::clone(&self.files);
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&*files)
        })
        .await
        .map_err(io::Error::other)?
    }
}
