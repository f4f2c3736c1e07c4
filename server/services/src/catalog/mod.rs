//! Products.

use domain::{
    catalog::{Direction, EditForm, Product},
    highlight::Choice,
    id::{MediaId, ProductId, SessionId, ShopId},
    identity::{Shop, Viewer},
    time::UnixMs,
};

use crate::{Error, Result, Services};

/// Products.
pub struct Catalog<'a> {
    pub(crate) services: &'a Services,
}

/// What a new draft begins with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewProduct {
    /// May be empty.
    pub title: String,
    /// Hero first; may be empty.
    pub media: Vec<MediaId>,
    /// The recording it came from.
    pub session: Option<SessionId>,
    /// What was chosen from the recording, kept as it was.
    pub highlights: Option<Choice>,
}

impl Catalog<'_> {
    /// Makes a draft.
    ///
    /// # Errors
    /// `Invalid`, `NotFound` when media is not ready or not the shop's.
    pub async fn create(&self, viewer: &Viewer, new: NewProduct) -> Result<Product> {
        Err(Error::internal("not built yet"))
    }

    /// Every product of the shop, last changed first.
    pub async fn products(&self, viewer: &Viewer) -> Result<Vec<Product>> {
        Err(Error::internal("not built yet"))
    }

    /// One product of the shop.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn product(&self, viewer: &Viewer, id: &ProductId) -> Result<Product> {
        Err(Error::internal("not built yet"))
    }

    /// Saves the editor's fields.
    ///
    /// # Errors
    /// `Invalid` for the first wrong field, `Conflict` when the slug is taken or stock would be below what is held,
    /// `Invalid` when a published product would lack something.
    pub async fn update(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        form: &EditForm,
    ) -> Result<Product> {
        Err(Error::internal("not built yet"))
    }

    /// Gives it its page.
    ///
    /// # Errors
    /// `Invalid` whose sentence lists what is missing.
    pub async fn publish(&self, viewer: &Viewer, id: &ProductId) -> Result<Product> {
        Err(Error::internal("not built yet"))
    }

    /// Takes its page away; orders stay.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn unpublish(&self, viewer: &Viewer, id: &ProductId) -> Result<Product> {
        Err(Error::internal("not built yet"))
    }

    /// Deletes a draft.
    ///
    /// # Errors
    /// `Conflict` while it is published or an order is open.
    pub async fn delete(&self, viewer: &Viewer, id: &ProductId) -> Result<()> {
        Err(Error::internal("not built yet"))
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
        Err(Error::internal("not built yet"))
    }

    /// Moves one picture or clip.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when a published product would no longer begin with a photo.
    pub async fn move_media(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        media: &MediaId,
        direction: Direction,
    ) -> Result<Product> {
        Err(Error::internal("not built yet"))
    }

    /// Takes one picture or clip off the page.
    ///
    /// # Errors
    /// As [`Catalog::move_media`].
    pub async fn remove_media(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        media: &MediaId,
    ) -> Result<Product> {
        Err(Error::internal("not built yet"))
    }

    /// Puts `new` in the place of `old`.
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
        Err(Error::internal("not built yet"))
    }

    /// The published products of a shop, newest first. Anonymous.
    pub async fn front(&self, shop: &ShopId) -> Result<Vec<Product>> {
        Err(Error::internal("not built yet"))
    }

    /// A published product with its shop. Anonymous.
    ///
    /// # Errors
    /// `NotFound` for drafts too.
    pub async fn by_slug(&self, slug: &str) -> Result<(Shop, Product)> {
        Err(Error::internal("not built yet"))
    }

    /// Slug and last change of every published product, for the sitemap.
    pub async fn published(&self) -> Result<Vec<(String, UnixMs)>> {
        Err(Error::internal("not built yet"))
    }
}
