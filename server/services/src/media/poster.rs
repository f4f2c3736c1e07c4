//! Posters of clips that came without one, as a job: a still of the clip, made by `ffmpeg` where the machine has it. Elsewhere
//! pages show a placeholder.
//!
//! A device sends the poster together with its clip, so only clips that have been here for a while are looked at.

mod still;

use std::path::{Path, PathBuf};

use domain::{
    event::Event,
    id::{MediaId, ShopId},
    media::{Format, Kind},
};
use futures::TryStreamExt;
use tokio::io::AsyncWriteExt;

pub use self::still::find_ffmpeg;
use super::{
    delete, photo, process,
    sql::{self, Finished, Object, PosterlessClip},
};
use crate::{
    Error, Result, Services, disk, event,
    job::{Job, queue},
};

/// How long a clip is left to the device that sent it, ms: an hour.
const GRACE_MS: i64 = 60 * 60 * 1000;

/// Where in a clip its still is taken: the beginning is often somebody pressing a button.
const PART_OF_CLIP: u32 = 3;

/// Enqueues a job for each clip that a page shows without a poster. Clips whose job failed for good are left to a person.
pub(crate) async fn find(services: &Services) -> Result<()> {
    if services.inner.config.ffmpeg.is_none() {
        return Ok(());
    }
    let now = services.now();
    let before = now.plus_ms(-GRACE_MS);
    let clips = sql::clips_without_poster(&mut *services.inner.db.read().await?, before).await?;
    if clips.is_empty() {
        return Ok(());
    }
    let mut write = services.inner.db.write().await?;
    for (shop, media) in clips {
        queue::enqueue(services, &mut write, &Job::MakePoster { shop, media }, now).await?;
    }
    write.commit().await
}

/// Makes the poster of a clip that has none. Without `ffmpeg` nothing happens: a machine that has it finds the clip again.
///
/// # Errors
/// `Invalid` when `ffmpeg` gets no picture out of the clip.
pub(crate) async fn run(services: &Services, shop: &ShopId, id: &MediaId) -> Result<()> {
    let Some(ffmpeg) = &services.inner.config.ffmpeg else {
        return Ok(());
    };
    let clip = sql::without_poster(&mut *services.inner.db.read().await?, shop, id).await?;
    let Some(clip) = clip else { return Ok(()) };
    let done = {
        // The still is decoded like a photo, and photos one at a time.
        let _turn = services
            .inner
            .encoding
            .acquire()
            .await
            .map_err(Error::internal)?;
        make(services, shop, &clip, ffmpeg).await?
    };
    let now = services.now();
    let mut write = services.inner.db.write().await?;
    // Locked before it is looked at once more: its device may have sent a poster meanwhile.
    if !sql::lock_media(&mut write, shop, id).await?
        || sql::poster_of(&mut write, shop, id).await?.is_some()
    {
        return Ok(());
    }
    sql::insert_poster(&mut write, shop, id, &done, now).await?;
    let original = Object {
        hash: done.hash.clone(),
        file: format!("original.{}", done.extension),
    };
    delete::all_there(services, &mut write, shop, &done.variants, Some(original)).await?;
    let library = services.media();
    library.put_poster(&mut write, shop, id, &done.id).await?;
    let job = Job::EncodeAvif {
        shop: shop.clone(),
        media: done.id.clone(),
    };
    queue::enqueue(services, &mut write, &job, now).await?;
    let event = Event::MediaReady {
        media: done.id,
        media_kind: Kind::Photo,
        bytes: done.bytes,
    };
    event::write(&mut write, shop, event, now).await?;
    library.changed(&mut write, shop, id).await?;
    write.commit().await
}

/// Takes the still and stores it as a photo with its renditions.
async fn make(
    services: &Services,
    shop: &ShopId,
    clip: &PosterlessClip,
    ffmpeg: &Path,
) -> Result<Finished> {
    let name: String = services.inner.random.id()?;
    let film = Scratch(services.inner.scratch.join(format!("{name}.mp4")));
    copy_out(services, shop, clip, &film.0).await?;
    let at_ms = clip.duration_ms / PART_OF_CLIP;
    let bytes = still::take(ffmpeg, &film.0, at_ms, still::PATIENCE).await?;
    drop(film);
    let png = bytes.clone();
    let photo = process::on_a_thread(move || photo::make(Format::Png, &png)).await?;
    let hash = blake3::hash(&bytes).to_hex().to_string();
    let length = bytes.len() as u64;
    let extension = Format::Png.extension();
    let store = &services.inner.store;
    let original = process::key(shop, &hash, &format!("original.{extension}"))?;
    store.put(&original, bytes).await?;
    let mut variants = Vec::with_capacity(photo.renditions.len());
    for made in photo.renditions {
        variants.push(process::put(store, shop, made).await?);
    }
    Ok(Finished {
        id: services.inner.random.id()?,
        hash,
        extension,
        bytes: length,
        width: photo.width,
        height: photo.height,
        duration_ms: 0,
        placeholder: photo.placeholder,
        variants,
    })
}

/// A file that goes with this.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // Only room on the disk is at stake, and a start clears what is old.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Copies a clip out of the store: `ffmpeg` jumps about in it.
async fn copy_out(
    services: &Services,
    shop: &ShopId,
    clip: &PosterlessClip,
    path: &Path,
) -> Result<()> {
    let key = process::key(shop, &clip.hash, &clip.file)?;
    let mut pieces = services.inner.store.read(&key, 0..clip.bytes).await?;
    let mut file = tokio::fs::File::create(path)
        .await
        .map_err(|error| disk::failed(&error))?;
    let unread = |error: std::io::Error| {
        tracing::error!(%error, %key, "a clip could not be read");
        Error::Unavailable("The media store does not answer. Try again in a moment.".to_owned())
    };
    while let Some(piece) = pieces.try_next().await.map_err(unread)? {
        file.write_all(&piece)
            .await
            .map_err(|error| disk::failed(&error))?;
    }
    file.flush().await.map_err(|error| disk::failed(&error))
}
