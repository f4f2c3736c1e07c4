//! Sessions on the device: the origin private file system, one folder a session, one log file in it.
//!
//! Beside them lies a folder of what waits to be sent, a file each.
//!
//! A log is open through a `FileSystemSyncAccessHandle`, which is exclusive: a second tab is refused by the browser.

use domain::{capture::Room, id::SessionId};
use js_sys::{AsyncIterator, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemRemoveOptions,
    FileSystemSyncAccessHandle, StorageEstimate,
};

use super::{count, name_of, scope, settled};

const LOG: &str = "log";

/// The folder of what waits to be sent.
const UPLOADS: &str = "uploads";

/// A file that only takes room, so that there is some to close a film and to keep its clips once a write has failed for want of it.
const RESERVE: &str = "reserve";
const RESERVE_BYTES: u64 = 64 << 20;

/// Bytes that are copied at a time.
const PIECE: u64 = 4 << 20;

/// The origin's private files.
async fn root() -> Result<FileSystemDirectoryHandle, JsValue> {
    settled(scope().navigator().storage().get_directory())
        .await?
        .dyn_into()
}

/// A folder of the origin's private files.
async fn top(name: &str) -> Result<FileSystemDirectoryHandle, JsValue> {
    folder(&root().await?, name, true).await
}

/// Holds the reserve. Returns whether there was room for it; another tab may be about to hold it, which is as well.
pub(crate) async fn hold_reserve() -> bool {
    let held = async {
        let mut reserve = LogFile::take(&file(&root().await?, RESERVE, true).await?).await?;
        if reserve.len() < RESERVE_BYTES {
            reserve.truncate(RESERVE_BYTES)?;
        }
        Ok::<_, JsValue>(())
    };
    match held.await {
        Err(error) if name_of(&error) == "QuotaExceededError" => {
            release_reserve().await;
            false
        }
        _ => true,
    }
}

/// Gives the reserve's room to what needs it now.
pub(crate) async fn release_reserve() {
    if let Ok(root) = root().await {
        let _ = settled(root.remove_entry(RESERVE)).await;
    }
}

/// The folder of all sessions.
async fn sessions() -> Result<FileSystemDirectoryHandle, JsValue> {
    top("sessions").await
}

/// What this site may keep and how much it keeps; `None` where the browser does not say.
pub(crate) async fn room() -> Option<Room> {
    let estimate: StorageEstimate = settled(scope().navigator().storage().estimate().ok()?)
        .await
        .ok()?
        .unchecked_into();
    Some(Room {
        used: count(estimate.get_usage()?),
        quota: count(estimate.get_quota()?),
    })
}

/// Keeps bytes under a name until the page deletes them. What is there already under that name is the same.
///
/// # Errors
/// `QuotaExceededError` on a full disk, others where the browser keeps no files. Nothing is left then.
pub(crate) async fn keep(name: &str, bytes: &Blob) -> Result<(), JsValue> {
    let folder = top(UPLOADS).await?;
    let kept = file(&folder, name, true).await?;
    let length = count(bytes.size());
    let there: File = settled(kept.get_file()).await?.dyn_into()?;
    if count(there.size()) == length {
        return Ok(());
    }
    let mut copy = LogFile::take(&kept).await?;
    let mut result = copy_into(&mut copy, bytes, length).await;
    if result
        .as_ref()
        .is_err_and(|error| name_of(error) == "QuotaExceededError")
    {
        release_reserve().await;
        result = copy_into(&mut copy, bytes, length).await;
    }
    drop(copy);
    if result.is_err() {
        let _ = settled(folder.remove_entry(name)).await;
    }
    result
}

async fn copy_into(copy: &mut LogFile, bytes: &Blob, length: u64) -> Result<(), JsValue> {
    copy.truncate(0)?;
    while copy.len() < length {
        let end = length.min(copy.len() + PIECE);
        let piece = bytes.slice_with_f64_and_f64(copy.len() as f64, end as f64)?;
        let piece = settled(piece.array_buffer().unchecked_into()).await?;
        copy.append(&Uint8Array::new(&piece).to_vec())?;
    }
    copy.flush()
}

async fn folder(
    within: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemDirectoryHandle, JsValue> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    settled(within.get_directory_handle_with_options(name, &options))
        .await?
        .dyn_into()
}

async fn file(
    within: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    settled(within.get_file_handle_with_options(name, &options))
        .await?
        .dyn_into()
}

/// Every session's log: its identifier and the file as it is now.
///
/// # Errors
/// What the browser says when it keeps no files for this site.
pub(crate) async fn list() -> Result<Vec<(SessionId, File)>, JsValue> {
    let all = sessions().await?;
    let keys: AsyncIterator = all.keys();
    let mut out = Vec::new();
    loop {
        let next = settled(keys.next()?).await?;
        if Reflect::get(&next, &"done".into())?.is_truthy() {
            return Ok(out);
        }
        let Some(session) = Reflect::get(&next, &"value".into())?
            .as_string()
            .and_then(|name| name.parse::<SessionId>().ok())
        else {
            continue;
        };
        // A session that is being deleted by another tab is passed over.
        let Ok(folder) = folder(&all, session.as_str(), false).await else {
            continue;
        };
        let Ok(handle) = file(&folder, LOG, false).await else {
            continue;
        };
        if let Ok(file) = settled(handle.get_file()).await {
            out.push((session, file.dyn_into()?));
        }
    }
}

/// Deletes a session.
///
/// # Errors
/// `NotFoundError`; `NoModificationAllowedError` while it is open in another tab.
pub(crate) async fn remove(session: &SessionId) -> Result<(), JsValue> {
    let options = FileSystemRemoveOptions::new();
    options.set_recursive(true);
    settled(
        sessions()
            .await?
            .remove_entry_with_options(session.as_str(), &options),
    )
    .await?;
    Ok(())
}

/// A session's log, open for reading and appending; closed when dropped.
pub(crate) struct LogFile {
    handle: FileSystemSyncAccessHandle,
    len: u64,
}

impl LogFile {
    /// Whether a session of this name is kept.
    pub(crate) async fn exists(session: &SessionId) -> Result<bool, JsValue> {
        Ok(folder(&sessions().await?, session.as_str(), false)
            .await
            .is_ok())
    }

    /// Opens a session's log, or makes an empty one.
    ///
    /// # Errors
    /// `NotFoundError` (when not to be made), `NoModificationAllowedError` while another tab has it open, others where
    /// the browser keeps no files.
    pub(crate) async fn open(session: &SessionId, create: bool) -> Result<Self, JsValue> {
        let folder = folder(&sessions().await?, session.as_str(), create).await?;
        Self::take(&file(&folder, LOG, create).await?).await
    }

    /// Opens a file for this worker alone.
    async fn take(file: &FileSystemFileHandle) -> Result<Self, JsValue> {
        let handle: FileSystemSyncAccessHandle = settled(file.create_sync_access_handle())
            .await?
            .dyn_into()?;
        let len = count(handle.get_size()?);
        Ok(Self { handle, len })
    }

    /// Length, bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buffer` from an offset as far as the file goes.
    ///
    /// # Errors
    /// What the browser says.
    pub(crate) fn read(&self, at: u64, buffer: &mut [u8]) -> Result<usize, JsValue> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at_f64(at as f64);
        Ok(count(
            self.handle
                .read_with_u8_array_and_options(buffer, &options)?,
        ) as usize)
    }

    /// Fills all of `buffer` from an offset.
    ///
    /// # Errors
    /// What the browser says, or that the file is shorter.
    pub(crate) fn read_exact(&self, at: u64, buffer: &mut [u8]) -> Result<(), JsValue> {
        if self.read(at, buffer)? == buffer.len() {
            Ok(())
        } else {
            Err(js_sys::Error::new("the session's file is shorter than expected").into())
        }
    }

    /// Appends; all of it or, on an error, nothing.
    ///
    /// # Errors
    /// `QuotaExceededError` on a full disk, also where fewer bytes than given were taken.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        let options = FileSystemReadWriteOptions::new();
        options.set_at_f64(self.len as f64);
        let result = self.handle.write_with_u8_array_and_options(bytes, &options);
        match result {
            Ok(written) if count(written) as usize == bytes.len() => {
                self.len += bytes.len() as u64;
                Ok(())
            }
            other => {
                let _ = self.handle.truncate_with_f64(self.len as f64);
                match other {
                    Err(error) => Err(error),
                    Ok(_) => {
                        let error =
                            js_sys::Error::new("the disk took only part of what was written");
                        error.set_name("QuotaExceededError");
                        Err(error.into())
                    }
                }
            }
        }
    }

    /// Cuts the file to `len` bytes.
    ///
    /// # Errors
    /// What the browser says.
    pub(crate) fn truncate(&mut self, len: u64) -> Result<(), JsValue> {
        self.handle.truncate_with_f64(len as f64)?;
        self.len = len;
        Ok(())
    }

    /// Makes what was written durable.
    ///
    /// # Errors
    /// What the browser says.
    pub(crate) fn flush(&self) -> Result<(), JsValue> {
        self.handle.flush()
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        self.handle.close();
    }
}
