//! Where originals and renditions are kept: a folder, or a bucket that speaks S3.
//!
//! Keys are content-addressed, so an object is written once, never changed, and writing it again is harmless.

use std::{
    fmt, io,
    ops::Range,
    path::{Path as FolderPath, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use domain::{id::ShopId, time::UnixMs};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart,
    local::LocalFileSystem, path::Path,
};
use webauthn_rs::prelude::Url;

use crate::{Error, Result};

/// The name of an object: `{shop}/{blake3}/{file}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    shop: ShopId,
    hash: String,
    file: String,
}

impl Key {
    /// `hash` is 64 hexadecimal digits and `file` 1–64 of `[a-z0-9._-]`; `None` for anything else.
    pub(crate) fn new(shop: &ShopId, hash: &str, file: &str) -> Option<Self> {
        let is_hash = hash.len() == 64
            && hash
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_file = (1..=64).contains(&file.len())
            && !file.starts_with('.')
            && file.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_')
            });
        (is_hash && is_file).then(|| Self {
            shop: shop.clone(),
            hash: hash.to_owned(),
            file: file.to_owned(),
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.shop, self.hash, self.file)
    }
}

/// A file in the store.
pub(super) struct Listed {
    /// Its name below the place of the store.
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) modified_at: UnixMs,
}

#[derive(Clone)]
pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    prefix: Path,
    /// Where it is a folder: which.
    folder: Option<PathBuf>,
}

/// Pieces of a large object that are in flight at once, each 5 MiB.
const PIECES: usize = 4;

impl Store {
    /// Opens a folder (made where it is missing) or an `s3://bucket/prefix` with the credentials of the environment.
    pub(crate) fn open(place: &str) -> Result<Self> {
        if let Some((scheme, _)) = place.split_once("://")
            && scheme != "file"
        {
            let url = Url::parse(place).map_err(|error| bad_address(place, &error))?;
            // The TLS of whatever this process asks elsewhere. An error says that one was chosen already, which is as good.
            drop(rustls::crypto::ring::default_provider().install_default());
            let settings = std::env::vars().filter_map(|(name, value)| {
                let name = name.to_ascii_lowercase();
                name.starts_with("aws_").then_some((name, value))
            });
            let (objects, prefix) = object_store::parse_url_opts(&url, settings)
                .map_err(|error| bad_address(place, &error))?;
            return Ok(Self {
                objects: Arc::from(objects),
                prefix,
                folder: None,
            });
        }
        let folder = FolderPath::new(place.strip_prefix("file://").unwrap_or(place));
        std::fs::create_dir_all(folder).map_err(|error| bad_address(place, &error))?;
        let objects =
            LocalFileSystem::new_with_prefix(folder).map_err(|error| bad_address(place, &error))?;
        Ok(Self {
            objects: Arc::new(objects.with_fsync(true)),
            prefix: Path::default(),
            folder: Some(folder.to_owned()),
        })
    }

    /// The folder it is, if it is one.
    pub(super) fn folder(&self) -> Option<&FolderPath> {
        self.folder.as_deref()
    }

    fn at(&self, name: &str) -> Path {
        name.split('/')
            .fold(self.prefix.clone(), |path, part| path.join(part))
    }

    /// Writes an object whole under a name of ours; durable when this returns.
    pub(super) async fn put_at(&self, name: &str, bytes: Bytes) -> Result<()> {
        self.objects
            .put(&self.at(name), PutPayload::from(bytes))
            .await
            .map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Copies an object of ours to another name; durable when this returns.
    ///
    /// # Errors
    /// `Invalid` when it is lost.
    pub(super) async fn copy_at(&self, from: &str, to: &str) -> Result<()> {
        match self.objects.copy(&self.at(from), &self.at(to)).await {
            Err(object_store::Error::NotFound { .. }) => Err(super::part::lost()),
            done => done.map_err(|error| failed(&error)),
        }
    }

    /// Deletes an object of ours; none is fine.
    pub(super) async fn delete_at(&self, name: &str) -> Result<()> {
        match self.objects.delete(&self.at(name)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => done.map_err(|error| failed(&error)),
        }
    }

    /// Copies exactly `length` bytes of an object into a file.
    ///
    /// # Errors
    /// `Invalid` when they are lost.
    pub(super) async fn read_into(
        &self,
        name: &str,
        length: u64,
        file: &mut tokio::fs::File,
    ) -> Result<()> {
        use tokio::io::AsyncWriteExt;
        let got = match self.objects.get(&self.at(name)).await {
            Err(object_store::Error::NotFound { .. }) => return Err(super::part::lost()),
            got => got.map_err(|error| failed(&error))?,
        };
        let mut pieces = got.into_stream();
        let mut copied = 0;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| failed(&error))?;
            copied += piece.len() as u64;
            file.write_all(&piece)
                .await
                .map_err(|error| crate::disk::failed(&error))?;
        }
        file.flush()
            .await
            .map_err(|error| crate::disk::failed(&error))?;
        if copied == length {
            Ok(())
        } else {
            Err(super::part::lost())
        }
    }

    /// Deletes every object whose name begins with `folder`; none is fine.
    pub(super) async fn delete_below(&self, folder: &str) -> Result<()> {
        let folder = self.at(folder);
        let names = self
            .objects
            .list(Some(&folder))
            .map_ok(|object| object.location)
            .boxed();
        self.objects
            .delete_stream(names)
            .try_for_each(|_| async { Ok(()) })
            .await
            .map_err(|error| failed(&error))
    }

    /// Every file in the store.
    pub(super) fn list(&self) -> BoxStream<'_, Result<Listed>> {
        let prefix = self.prefix.clone();
        self.objects
            .list(Some(&self.prefix).filter(|prefix| !prefix.as_ref().is_empty()))
            .map_err(|error| failed(&error))
            .map_ok(move |object| {
                let parts = object.location.prefix_match(&prefix);
                let parts: Vec<String> = parts
                    .into_iter()
                    .flatten()
                    .map(|part| part.as_ref().to_owned())
                    .collect();
                Listed {
                    name: parts.join("/"),
                    bytes: object.size,
                    modified_at: UnixMs(object.last_modified.timestamp_millis()),
                }
            })
            .boxed()
    }

    /// Whether there is such a file.
    pub(super) async fn has(&self, key: &Key) -> Result<bool> {
        match self.objects.head(&self.path(key)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Deletes a file; none is fine.
    pub(super) async fn delete(&self, key: &Key) -> Result<()> {
        self.delete_at(&key.to_string()).await?;
        if let Some(folder) = &self.folder {
            // Only where it is empty by now.
            let folder = folder.join(key.shop.as_str()).join(&key.hash);
            let _ = tokio::fs::remove_dir(folder).await;
        }
        Ok(())
    }

    fn path(&self, key: &Key) -> Path {
        self.at(&key.to_string())
    }

    /// Writes a file whole; durable when this returns.
    pub(crate) async fn put(&self, key: &Key, bytes: Bytes) -> Result<()> {
        self.put_at(&key.to_string(), bytes).await
    }

    /// Copies a file in without holding it in memory; durable when this returns.
    pub(crate) async fn put_file(&self, key: &Key, file: &FolderPath) -> Result<()> {
        use tokio::io::AsyncReadExt;
        let mut source = tokio::fs::File::open(file)
            .await
            .map_err(|error| crate::disk::failed(&error))?;
        let upload = self
            .objects
            .put_multipart(&self.path(key))
            .await
            .map_err(|error| failed(&error))?;
        let mut pieces = WriteMultipart::new(upload);
        let mut buffer = vec![0; 1024 * 1024];
        loop {
            let count = source
                .read(&mut buffer)
                .await
                .map_err(|error| crate::disk::failed(&error))?;
            if count == 0 {
                break;
            }
            pieces
                .wait_for_capacity(PIECES)
                .await
                .map_err(|error| failed(&error))?;
            pieces.write(buffer.get(..count).unwrap_or_default());
        }
        pieces.finish().await.map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Streams a range of an object.
    pub(crate) async fn read(
        &self,
        key: &Key,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>> {
        if range.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        let got = self
            .objects
            .get_opts(&self.path(key), options)
            .await
            .map_err(|error| failed(&error))?;
        Ok(got
            .into_stream()
            .map(|piece| piece.map_err(io::Error::other))
            .boxed())
    }

    /// Writes and deletes a small object, for `doctor`.
    pub(crate) async fn try_out(&self) -> Result<()> {
        let path = self.prefix.clone().join("doctor");
        self.objects
            .put(&path, PutPayload::from_static(b"written by vitrine doctor"))
            .await
            .map_err(|error| failed(&error))?;
        self.objects
            .delete(&path)
            .await
            .map_err(|error| failed(&error))
    }
}

fn bad_address(place: &str, error: &dyn fmt::Display) -> Error {
    Error::Unavailable(format!(
        "The media store {place} cannot be opened: {error}. Check VITRINE_MEDIA_URL and the rights of the folder."
    ))
}

fn failed(error: &object_store::Error) -> Error {
    if matches!(error, object_store::Error::NotFound { .. }) {
        tracing::error!(%error, "an object is lost from the media store");
        return Error::NotFound("This file is lost from the server. Upload it again.".to_owned());
    }
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if cause
            .downcast_ref::<io::Error>()
            .is_some_and(crate::disk::is_full)
        {
            return crate::disk::full();
        }
        source = cause.source();
    }
    tracing::error!(%error, "the media store failed");
    Error::Unavailable("The media store does not answer. Try again in a moment.".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shop() -> ShopId {
        "shop".parse().expect("id")
    }

    proptest! {
        #[test]
        fn no_key_leaves_its_place(hash: String, file: String) {
            if let Some(key) = Key::new(&shop(), &hash, &file) {
                let text = key.to_string();
                prop_assert!(!text.contains("..") || !file.starts_with('.'));
                prop_assert_eq!(text.split('/').count(), 3);
            }
        }
    }

    #[tokio::test]
    async fn objects_come_back_by_range() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::open(&folder.path().join("media").to_string_lossy()).expect("store");
        let key = Key::new(&shop(), &"a".repeat(64), "320.jpg").expect("key");
        store
            .put(&key, Bytes::from_static(b"0123456789"))
            .await
            .expect("put");
        let read = |range| {
            let (store, key) = (store.clone(), key.clone());
            async move {
                let pieces: Vec<_> = store.read(&key, range).await.expect("read").collect().await;
                pieces
                    .into_iter()
                    .map(|piece| piece.expect("piece"))
                    .collect::<Vec<_>>()
                    .concat()
            }
        };
        assert_eq!(read(0..10).await, b"0123456789");
        assert_eq!(read(3..5).await, b"34");
        assert_eq!(read(4..4).await, b"");
        store.try_out().await.expect("doctor");
        assert!(Store::open("gopher://x").is_err());
    }
}
