//! From a complete upload to media that can be shown. Survives a restart: whatever is in state `processing` is begun anew, and
//! every step can be done twice.

use std::{io::Read, path::Path};

use bytes::Bytes;
use domain::{
    id::{MediaId, ShopId, UploadId},
    media::{Format, Kind, SNIFF_BYTES, UploadState},
};
use serde_json::json;

use super::{
    clip, photo, receive,
    sql::{self, Finished, Made, Stored},
    store::{Key, Store},
    upload::{LIFE_MS, part},
};
use crate::{Error, Result, Services, disk, event};

/// Processes an upload in a task of its own.
pub(super) fn start(services: &Services, shop: &ShopId, id: &UploadId) {
    let (own, shop, id) = (services.clone(), shop.clone(), id.clone());
    services.spawn(async move {
        // Somebody is at it already.
        let Some(_working) = own.inner.busy.begin(&id) else {
            return;
        };
        if let Err(error) = run(&own, &shop, &id).await {
            tracing::error!(%error, upload = %id, "an upload could not be processed yet; it will be tried again");
        }
    });
}

/// Takes up every upload that is complete and not made into media: after a start, and again now and then.
pub(crate) async fn resume(services: &Services) -> Result<()> {
    let waiting = sql::processing(&mut *services.inner.db.read().await?).await?;
    for stored in waiting {
        start(services, &stored.shop, &stored.id);
    }
    Ok(())
}

/// Processes an upload. A file that cannot be used ends the upload as failed, with the reason; a fault of ours (no room, no
/// store) is an error and leaves it to be tried again.
pub(super) async fn run(services: &Services, shop: &ShopId, id: &UploadId) -> Result<()> {
    let stored = sql::upload(&mut *services.inner.db.read().await?, shop, id).await?;
    let Some(stored) = stored.filter(|stored| stored.state == UploadState::Processing) else {
        return Ok(());
    };
    let now = services.now();
    let keep_until = now.plus_ms(LIFE_MS);
    let media: MediaId = services.inner.random.id()?;
    let made = {
        // One at a time: a photo of 100 megapixels takes most of a gigabyte.
        let _turn = services
            .inner
            .encoding
            .acquire()
            .await
            .map_err(Error::internal)?;
        make(services, &stored, media).await
    };
    let mut write = services.inner.db.write().await?;
    match made {
        Ok(done) => {
            sql::insert_media(&mut write, shop, &stored, &done, now).await?;
            if !sql::end_upload(&mut write, id, Some(&done.id), None, keep_until).await? {
                return Ok(());
            }
            let body = json!({ "kind": stored.kind, "bytes": done.bytes });
            event::write(
                &mut write,
                shop,
                "media.ready",
                done.id.as_str(),
                &body,
                now,
            )
            .await?;
        }
        Err(Error::Invalid { sentence, .. }) => {
            sql::end_upload(&mut write, id, None, Some(&sentence), keep_until).await?;
        }
        Err(error) => return Err(error),
    }
    write.commit().await?;
    services.inner.unrefined.notify_one();
    receive::remove(&part(services, id))
}

async fn make(services: &Services, stored: &Stored, media: MediaId) -> Result<Finished> {
    let path = part(services, &stored.id);
    let store = &services.inner.store;
    let kind = stored.kind;
    let head = path.clone();
    let (format, hash) = on_a_thread(move || judge(&head, kind)).await?;
    match kind {
        Kind::Photo => {
            let file = path.clone();
            let photo = on_a_thread(move || {
                let bytes = std::fs::read(&file).map_err(|error| disk::failed(&error))?;
                photo::make(format, &bytes)
            })
            .await?;
            let original = format!("original.{}", format.extension());
            store
                .put_file(&key(&stored.shop, &hash, &original)?, &path)
                .await?;
            let mut variants = Vec::with_capacity(photo.renditions.len());
            for made in photo.renditions {
                variants.push(put(store, &stored.shop, made).await?);
            }
            Ok(Finished {
                id: media,
                hash,
                extension: format.extension(),
                bytes: stored.length,
                width: photo.width,
                height: photo.height,
                duration_ms: 0,
                placeholder: photo.placeholder,
                variants,
            })
        }
        Kind::Clip => {
            let file = path.clone();
            let clip = on_a_thread(move || {
                let file = std::fs::File::open(&file).map_err(|error| disk::failed(&error))?;
                clip::read(std::io::BufReader::new(file))
            })
            .await?;
            let file = "clip.mp4".to_owned();
            store
                .put_file(&key(&stored.shop, &hash, &file)?, &path)
                .await?;
            Ok(Finished {
                id: media,
                hash: hash.clone(),
                extension: format.extension(),
                bytes: stored.length,
                width: clip.width,
                height: clip.height,
                duration_ms: clip.duration_ms,
                // No picture is decoded here; a poster brings its own colour.
                placeholder: "#808080".to_owned(),
                variants: vec![Made {
                    hash,
                    file,
                    mime: format.mime(),
                    width: clip.width,
                    height: clip.height,
                    bytes: stored.length,
                }],
            })
        }
    }
}

/// What the bytes are, and their BLAKE3.
fn judge(path: &Path, kind: Kind) -> Result<(Format, String)> {
    let failed = |error: std::io::Error| disk::failed(&error);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut head = Vec::with_capacity(SNIFF_BYTES);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        hasher.update(bytes);
        let missing = SNIFF_BYTES - head.len();
        head.extend(bytes.iter().take(missing));
    }
    Ok((
        Format::expect(&head, kind)?,
        hasher.finalize().to_hex().to_string(),
    ))
}

pub(super) fn key(shop: &ShopId, hash: &str, file: &str) -> Result<Key> {
    Key::new(shop, hash, file).ok_or_else(|| Error::internal("a key that is not well formed"))
}

pub(super) async fn put(store: &Store, shop: &ShopId, made: photo::Encoded) -> Result<Made> {
    let hash = blake3::hash(&made.bytes).to_hex().to_string();
    let bytes = made.bytes.len() as u64;
    store
        .put(&key(shop, &hash, &made.file)?, Bytes::from(made.bytes))
        .await?;
    Ok(Made {
        hash,
        file: made.file,
        mime: made.mime,
        width: made.width,
        height: made.height,
        bytes,
    })
}

/// Runs blocking work on a thread. Decoders are other people's code fed with anybody's bytes: should one panic, the file is
/// refused and the server goes on.
pub(super) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => Err(Error::Invalid {
            field: "file",
            sentence: "This file could not be read. Save it again in an image or film program and try once more.".to_owned(),
        }),
        Err(error) => Err(Error::internal(error)),
    }
}
