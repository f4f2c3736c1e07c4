//! Deleting pictures and clips, as a job: what no product shows any more goes with all its files, but for files that others of
//! the shop have in common with it.
//!
//! Files are named by their content, so the same photo uploaded twice is the same file. Rows that refer to files are written, and
//! files deleted, under the lock of their shop; whoever writes rows makes sure under it that the files are there
//! ([`all_there`]).

use domain::{
    event::Event,
    id::{MediaId, ShopId},
};
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    process,
    sql::{self, NewVariant, Object},
};
use crate::{
    Error, Result, Services,
    db::Write,
    event,
    job::{Job, queue},
};

/// Questions to the store at once.
const AT_ONCE: usize = 8;

/// Deletes a media in a moment, if nothing shows it then.
pub(crate) async fn enqueue(
    services: &Services,
    write: &mut Write,
    shop: &ShopId,
    media: &MediaId,
) -> Result<()> {
    let job = Job::DeleteMedia {
        shop: shop.clone(),
        media: media.clone(),
    };
    queue::enqueue(services, write, &job, services.now()).await
}

/// Deletes a media that nothing shows. One that is shown, or gone, is left alone.
pub(crate) async fn run(services: &Services, shop: &ShopId, media: &MediaId) -> Result<()> {
    let mut write = services.inner.db.write().await?;
    if sql::is_shown(&mut write, shop, media).await? {
        return Ok(());
    }
    sql::delete_answers(&mut write, shop, media).await?;
    if !sql::lock_media(&mut write, shop, media).await? {
        return Ok(());
    }
    sql::lock_shop(&mut write, shop).await?;
    // A product may have taken it meanwhile; from here on the reference of one that does waits for this to end.
    if sql::is_shown(&mut write, shop, media).await? {
        return Ok(());
    }
    let poster = sql::poster_of(&mut write, shop, media).await?;
    let objects = sql::objects_of(&mut write, shop, media).await?;
    sql::delete_media(&mut write, shop, media).await?;
    for object in &objects {
        if !sql::is_needed(&mut write, shop, object).await? {
            let key = process::key(shop, &object.hash, &object.file)?;
            services.inner.store.delete(&key).await?;
        }
    }
    if let Some(poster) = poster {
        enqueue(services, &mut write, shop, &poster).await?;
    }
    let event = Event::MediaDeleted {
        media: media.clone(),
    };
    event::write(&mut write, shop, event, services.now()).await?;
    write.commit().await
}

/// Makes sure, under the lock of the shop, that the files of new rows were not deleted between being written and being referred
/// to.
///
/// # Errors
/// `Unavailable` when one is missing: what made them is done again.
pub(super) async fn all_there(
    services: &Services,
    write: &mut Write,
    shop: &ShopId,
    variants: &[NewVariant],
    original: Option<Object>,
) -> Result<()> {
    sql::lock_shop(write, shop).await?;
    let variants = variants.iter().map(|made| Object {
        hash: made.hash.clone(),
        file: made.file.clone(),
    });
    let keys: Vec<_> = variants
        .chain(original)
        .map(|object| process::key(shop, &object.hash, &object.file))
        .collect::<Result<_>>()?;
    let store = &services.inner.store;
    let there: Vec<bool> = stream::iter(keys)
        .map(|key| async move { store.has(&key).await })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    if there.into_iter().all(|there| there) {
        Ok(())
    } else {
        Err(Error::Unavailable(
            "A file was cleared away while it was made. Try again in a moment.".to_owned(),
        ))
    }
}
