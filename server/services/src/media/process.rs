//! From a complete upload to media that can be shown, as a job: every step can be done twice.

use std::{io::Read, path::Path, time::Duration};

use bytes::Bytes;
use domain::{
    event::Event,
    id::{MediaId, ShopId, UploadId},
    media::{Format, Kind, SNIFF_BYTES, UploadState},
};

use super::{
    clip, delete, photo,
    sql::{self, Finished, NewVariant, Object, Stored},
    store::{Key, Store},
    upload::LIFE_MS,
};
use crate::{
    Error, Result, Services, capture,
    db::Write,
    disk, event,
    job::{Job, queue},
};

/// Processes an upload. A file that cannot be used ends the upload as failed, with the reason; a fault of ours (no room, no
/// store) is an error and leaves it to be tried again.
pub(crate) async fn run(services: &Services, shop: &ShopId, id: &UploadId) -> Result<()> {
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
            let original = (stored.kind == Kind::Photo).then(|| Object {
                hash: done.hash.clone(),
                file: format!("original.{}", done.extension),
            });
            delete::all_there(services, &mut write, shop, &done.variants, original).await?;
            if stored.kind == Kind::Photo {
                let job = Job::EncodeAvif {
                    shop: shop.clone(),
                    media: done.id.clone(),
                };
                queue::enqueue(services, &mut write, &job, now).await?;
            }
            let event = Event::MediaReady {
                media: done.id,
                media_kind: stored.kind,
                bytes: done.bytes,
            };
            event::write(&mut write, shop, event, now).await?;
        }
        Err(Error::Invalid { message, .. }) => {
            if !sql::end_upload(&mut write, id, None, Some(&message), keep_until).await? {
                return Ok(());
            }
        }
        Err(error) => return Err(error),
    }
    let job = Job::DeleteUploadParts {
        shop: shop.clone(),
        upload: id.clone(),
    };
    queue::enqueue(services, &mut write, &job, now).await?;
    write.commit().await
}

/// Ends an upload whose processing failed too often: whoever waits for it learns so. It can be tried again.
pub(crate) async fn give_up(services: &Services, write: &mut Write, id: &UploadId) -> Result<()> {
    let keep_until = services.now().plus_ms(LIFE_MS);
    let message = "The shop could not prepare this file. It is kept for a day; its owner finds it under “Failed work”.";
    sql::end_upload(write, id, None, Some(message), keep_until).await?;
    Ok(())
}

/// Makes an upload that was given up work for the server again.
pub(crate) async fn take_up_again(write: &mut Write, id: &UploadId) -> Result<()> {
    sql::reopen(write, id).await
}

/// The file of an upload while it is read; one that was put together for it is deleted with this.
struct Whole {
    path: std::path::PathBuf,
    scratch: std::path::PathBuf,
}

impl Drop for Whole {
    fn drop(&mut self) {
        if self.path == self.scratch {
            // Only room on the disk is at stake, and a start clears what is old.
            let _ = std::fs::remove_file(&self.scratch);
        }
    }
}

async fn whole(services: &Services, upload: &UploadId) -> Result<Whole> {
    let parts = sql::parts(&mut *services.inner.db.read().await?, upload).await?;
    let name: String = services.inner.random.id()?;
    let scratch = services.inner.scratch.join(name);
    // Deletes what a full disk leaves half-way, too.
    let mut whole = Whole {
        path: scratch.clone(),
        scratch,
    };
    whole.path = services
        .inner
        .parts
        .whole(upload, &parts, &whole.scratch)
        .await?;
    Ok(whole)
}

async fn make(services: &Services, stored: &Stored, media: MediaId) -> Result<Finished> {
    stored.kind.check_length(stored.length)?;
    let whole = whole(services, &stored.id).await?;
    let path = whole.path.clone();
    let store = &services.inner.store;
    let kind = stored.kind;
    let head = path.clone();
    let (format, hash) = on_a_thread(move || identify(&head, kind)).await?;
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
            let mut connection = services.inner.db.read().await?;
            let length = clip.duration_ms;
            capture::permit_length(&mut connection, &stored.shop, &stored.id, length).await?;
            drop(connection);
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
                variants: vec![NewVariant {
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
fn identify(path: &Path, kind: Kind) -> Result<(Format, String)> {
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

pub(super) async fn put(
    store: &Store,
    shop: &ShopId,
    made: picture::Rendition,
) -> Result<NewVariant> {
    let hash = blake3::hash(&made.bytes).to_hex().to_string();
    let bytes = made.bytes.len() as u64;
    store
        .put(&key(shop, &hash, &made.file)?, Bytes::from(made.bytes))
        .await?;
    Ok(NewVariant {
        hash,
        file: made.file,
        mime: made.mime,
        width: made.width,
        height: made.height,
        bytes,
    })
}

/// How long one piece of work on a file may take. A codec that does not come to an end must not hold up the files of everybody
/// else; its thread cannot be stopped and is left alone.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Runs blocking work on a thread. Decoders are other people's code fed with anybody's bytes: should one panic or not come to
/// an end, the file is refused and the server goes on.
pub(super) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let unreadable = || {
        Error::Invalid {
        field: "file",
        message: "This file could not be read. Save it again in an image or film program and try once more.".to_owned(),
    }
    };
    match tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) if error.is_panic() => Err(unreadable()),
        Ok(Err(error)) => Err(Error::internal(error)),
        Err(_) => {
            tracing::error!("work on a file did not come to an end and is left alone");
            Err(unreadable())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_does_not_come_to_an_end_is_given_up() {
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = tokio::spawn(on_a_thread(move || {
            begin
                .send(())
                .map_err(|()| Error::internal("nobody waits"))?;
            // Until the test lets it go.
            let _ = ended.recv();
            Ok(())
        }));
        begun.await.expect("it began");
        tokio::time::advance(PATIENCE - Duration::from_secs(1)).await;
        assert!(!work.is_finished(), "it may still end");
        tokio::time::advance(Duration::from_secs(2)).await;
        let given_up = work.await.expect("an answer");
        assert!(
            matches!(&given_up, Err(Error::Invalid { message, .. }) if message.contains("could not be read")),
            "{given_up:?}"
        );
        drop(end);
    }
}
