//! The pictures and clips of a product, in the order of its page.

use domain::{
    catalog::{Direction, Product, reorder},
    event::Event,
    id::{MediaId, ProductId},
    identity::Viewer,
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::{Catalog, missing, sql};
use crate::{Error, Result, db::Write, media};

/// The most pictures and clips on one page.
const MOST: usize = 24;

fn not_on_the_page() -> Error {
    Error::NotFound(
        "This picture or clip is not on the page of this product. Reload the editor.".to_owned(),
    )
}

impl Catalog<'_> {
    /// Locks the product and reads the order of its page.
    async fn page(&self, viewer: &Viewer, id: &ProductId) -> Result<(Write, Vec<MediaId>, UnixMs)> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        sql::touch(&mut write, &viewer.shop.id, id, now)
            .await?
            .ok_or_else(missing)?;
        let product = sql::one(&mut write, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        let media = product.media.into_iter().map(|media| media.id).collect();
        Ok((write, media, now))
    }

    /// Checks that the media is the shop's and writes the order of the page; a media given twice stays once.
    pub(super) async fn put_media(
        &self,
        connection: &mut AnyConnection,
        viewer: &Viewer,
        id: &ProductId,
        media: &[MediaId],
    ) -> Result<()> {
        let mut page: Vec<MediaId> = Vec::with_capacity(media.len());
        for media in media {
            if !page.contains(media) {
                page.push(media.clone());
            }
        }
        if page.len() > MOST {
            return Err(Error::Conflict(format!(
                "A page shows at most {MOST} pictures and clips. Remove some first."
            )));
        }
        for media in &page {
            media::sql::one(connection, &viewer.shop.id, media)
                .await?
                .ok_or_else(|| {
                    Error::NotFound(
                        "There is no such picture or clip in your shop. Upload it again."
                            .to_owned(),
                    )
                })?;
        }
        sql::set_media(connection, &viewer.shop.id, id, &page).await
    }

    /// Adds ready media at the end.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when the page has too many.
    pub async fn add_media(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        media: &[MediaId],
    ) -> Result<Product> {
        let (mut write, mut page, now) = self.page(viewer, id).await?;
        page.extend_from_slice(media);
        self.put_media(&mut write, viewer, id, &page).await?;
        self.changed(write, viewer, id, Event::ProductChanged, now)
            .await
    }

    /// Moves one picture or clip.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` (field `publish`) when a published product would no longer begin with a photo.
    pub async fn move_media(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        media: &MediaId,
        direction: Direction,
    ) -> Result<Product> {
        let (mut write, mut page, now) = self.page(viewer, id).await?;
        let from = page
            .iter()
            .position(|known| known == media)
            .ok_or_else(not_on_the_page)?;
        reorder(&mut page, from, direction);
        self.put_media(&mut write, viewer, id, &page).await?;
        self.changed(write, viewer, id, Event::ProductChanged, now)
            .await
    }

    /// Takes one picture or clip off the page, and deletes it unless another page shows it.
    ///
    /// # Errors
    /// As [`Catalog::move_media`].
    pub async fn remove_media(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        media: &MediaId,
    ) -> Result<Product> {
        let (mut write, mut page, now) = self.page(viewer, id).await?;
        let from = page
            .iter()
            .position(|known| known == media)
            .ok_or_else(not_on_the_page)?;
        page.remove(from);
        self.put_media(&mut write, viewer, id, &page).await?;
        media::delete::enqueue(self.services, &mut write, &viewer.shop.id, media).await?;
        self.changed(write, viewer, id, Event::ProductChanged, now)
            .await
    }

    /// Puts `new` in the place of `old`, and deletes that unless another page shows it.
    ///
    /// # Errors
    /// As [`Catalog::move_media`].
    pub async fn replace_media(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        old: &MediaId,
        new: &MediaId,
    ) -> Result<Product> {
        let (mut write, mut page, now) = self.page(viewer, id).await?;
        let place = page
            .iter_mut()
            .find(|known| *known == old)
            .ok_or_else(not_on_the_page)?;
        *place = new.clone();
        self.put_media(&mut write, viewer, id, &page).await?;
        media::delete::enqueue(self.services, &mut write, &viewer.shop.id, old).await?;
        self.changed(write, viewer, id, Event::ProductChanged, now)
            .await
    }
}
