//! Sessions on the device: the origin private file system, one folder a session, one log file in it.
//!
//! A log is open through a `FileSystemSyncAccessHandle`, which is exclusive: a second tab is refused by the browser.

use domain::id::SessionId;
use js_sys::{AsyncIterator, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemRemoveOptions,
    FileSystemSyncAccessHandle,
};

use super::{count, scope, settled};

const LOG: &str = "log";

/// The folder of all sessions.
async fn sessions() -> Result<FileSystemDirectoryHandle, JsValue> {
    let root: FileSystemDirectoryHandle = settled(scope().navigator().storage().get_directory())
        .await?
        .dyn_into()?;
    folder(&root, "sessions", true).await
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
    create: bool,
) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    settled(within.get_file_handle_with_options(LOG, &options))
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
        let Ok(handle) = file(&folder, false).await else {
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
        let file = file(&folder, create).await?;
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
