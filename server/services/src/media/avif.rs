//! AVIF renditions, as a job: made after a photo is ready, so that nobody waits for them. A page offers them once they are
//! there.

use domain::id::{MediaId, ShopId};
use futures::TryStreamExt;

use super::{
    delete, photo, process,
    sql::{self, NewVariant, Original},
};
use crate::{Error, Result, Services};

/// Makes the AVIF renditions of a photo that has none.
pub(crate) async fn run(services: &Services, shop: &ShopId, id: &MediaId) -> Result<()> {
    let photo = sql::without_avif(&mut *services.inner.db.read().await?, shop, id).await?;
    let Some(photo) = photo else { return Ok(()) };
    let made = match make(services, &photo).await {
        Ok(made) => made,
        // An original that can be read no more, or is lost, keeps the renditions it has: trying again would not help.
        Err(Error::Invalid { message, .. } | Error::NotFound(message)) => {
            tracing::warn!(media = %photo.id, reason = message, "a photo gets no AVIF");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let mut write = services.inner.db.write().await?;
    if sql::add_avif(&mut write, &photo, &made).await? {
        delete::all_there(services, &mut write, shop, &made, None).await?;
        let library = services.media();
        library.changed(&mut write, &photo.shop, &photo.id).await?;
    }
    write.commit().await
}

async fn make(services: &Services, photo: &Original) -> Result<Vec<NewVariant>> {
    let pictures = {
        // The whole photo is in memory only here, and only one at a time.
        let _turn = services
            .inner
            .encoding
            .acquire()
            .await
            .map_err(Error::internal)?;
        let bytes = original(services, &photo.shop, photo).await?;
        let format = photo.format;
        process::on_a_thread(move || photo::for_avif(format, &bytes)).await?
    };
    let mut made = Vec::with_capacity(pictures.len());
    for picture in pictures {
        let encoded = process::on_a_thread(move || photo::avif(&picture)).await?;
        made.push(process::put(&services.inner.store, &photo.shop, encoded).await?);
    }
    Ok(made)
}

async fn original(services: &Services, shop: &ShopId, photo: &Original) -> Result<Vec<u8>> {
    let file = format!("original.{}", photo.format.extension());
    let key = process::key(shop, &photo.hash, &file)?;
    let pieces = services.inner.store.read(&key, 0..photo.bytes).await?;
    let unread = |error: std::io::Error| {
        tracing::error!(%error, %key, "an original could not be read");
        Error::Unavailable("The media store does not answer. Try again in a moment.".to_owned())
    };
    pieces
        .try_fold(Vec::new(), |mut whole, piece| async move {
            whole.extend_from_slice(&piece);
            Ok(whole)
        })
        .await
        .map_err(unread)
}
