//! Products.

mod edit;
mod page;
pub(crate) mod sql;
mod variant;
mod waitlist;

pub(crate) use self::sql::stock;
pub use self::variant::NotSaved;

use domain::{
    capture::contract::Reference,
    catalog::{Product, Slug, State},
    event::{Event, ProductChange},
    highlight::document::Document,
    id::{MediaId, ProductId, SessionId, ShopId},
    identity::{Shop, Viewer},
    time::UnixMs,
    wire::catalog::Poster,
};
use sqlx::AnyConnection;

use crate::{Error, Result, Services, capture, db::Write, event, identity, media};

/// Products.
pub struct Catalog<'a> {
    pub(crate) services: &'a Services,
}

/// What a new draft begins with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewProduct {
    /// What the device calls it, so that the same draft sent twice is one product; `None`: it is given a name here.
    pub id: Option<ProductId>,
    /// May be empty.
    pub title: String,
    /// Hero first; may be empty.
    pub media: Vec<MediaId>,
    /// The still that stands for a clip until it plays.
    pub posters: Vec<Poster>,
    /// The recording it came from.
    pub session: Option<SessionId>,
    /// What the device told of the recording, kept as it was.
    pub highlights: Option<Document>,
    /// The capture contract it was filmed under.
    pub contract: Option<Reference>,
}

/// The most JSON of a highlight document that is kept, bytes: some thousand shots.
const MAX_DOCUMENT_BYTES: usize = 512 * 1024;

/// How many slugs are tried that turn out to be taken at the same moment.
const MAX_SLUGS: u32 = 16;

/// What is said to shoppers of a product without a page.
pub(crate) fn not_for_sale() -> Error {
    Error::NotFound(
        "There is no such product here. It may have been taken off the shop.".to_owned(),
    )
}

fn missing() -> Error {
    Error::NotFound(
        "There is no such product in your shop. Open the list of products and choose one."
            .to_owned(),
    )
}

/// A free slug: the wished one, else with the first number that is free.
async fn free_slug(
    connection: &mut AnyConnection,
    preferred: Slug,
    product: &ProductId,
) -> Result<Slug> {
    let taken = sql::slug::taken(connection, preferred.as_str(), product).await?;
    let is_free = |slug: &Slug| !taken.iter().any(|taken| taken == slug.as_str());
    if is_free(&preferred) {
        return Ok(preferred);
    }
    // One more than are taken: one of them is free.
    let last = u32::try_from(taken.len())
        .unwrap_or(u32::MAX)
        .saturating_add(2);
    (2..=last)
        .map(|number| preferred.numbered(number))
        .find(is_free)
        .ok_or_else(too_many_alike)
}

fn too_many_alike() -> Error {
    Error::Conflict("Too many products have this title. Choose another one.".to_owned())
}

/// The slug of a title; a title that leaves nothing (another script, or none) gets one from the product's id.
fn slug_of(title: &str, product: &ProductId) -> Result<Slug> {
    match Slug::from_title(title) {
        Some(slug) => Ok(slug),
        None => {
            let end: String = product.as_str().chars().take(8).collect();
            Ok(format!("item-{end}").parse::<Slug>()?)
        }
    }
}

impl Catalog<'_> {
    pub(super) async fn changed(
        &self,
        mut write: Write,
        viewer: &Viewer,
        id: &ProductId,
        event: fn(ProductChange) -> Event,
        now: UnixMs,
    ) -> Result<Product> {
        let product = sql::one(&mut write, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        if product.state == State::Published {
            let lacks = product.missing();
            if !lacks.is_empty() {
                return Err(Error::Invalid {
                    field: "publish",
                    message: format!(
                        "A published product needs everything its page shows. {}",
                        lacks.join(" ")
                    ),
                });
            }
        }
        let change = ProductChange {
            product: product.id.clone(),
            slug: product.slug.clone(),
            price_minor: product.price.map(|price| price.minor),
            sold_out: product.sold_out(),
        };
        event::write(&mut write, &viewer.shop.id, event(change), now).await?;
        write.commit().await?;
        Ok(product)
    }

    /// Makes a draft.
    ///
    /// # Errors
    /// `Invalid`, `NotFound` when media is not ready or not the shop's.
    pub async fn create(&self, viewer: &Viewer, new: NewProduct) -> Result<Product> {
        let now = self.services.now();
        let title = domain::catalog::title(&new.title)?;
        let highlights = match &new.highlights {
            None => None,
            Some(document) => Some(serde_json::to_string(document).map_err(Error::internal)?),
        };
        if highlights
            .as_ref()
            .is_some_and(|json| json.len() > MAX_DOCUMENT_BYTES)
        {
            return Err(Error::Invalid {
                field: "highlights",
                message: "This recording has too many shots for one product. Keep fewer highlights and try again.".to_owned(),
            });
        }
        let mut write = self.services.inner.db.write().await?;
        let id: ProductId = match &new.id {
            None => self.services.inner.random.id()?,
            Some(id) => {
                if sql::is_of_another(&mut write, &viewer.shop.id, id).await? {
                    return Err(Error::Conflict(
                        "Another shop has a product of this identifier. Make the page once more from its session.".to_owned(),
                    ));
                }
                id.clone()
            }
        };
        if let Some(contract) = &new.contract {
            let told = new.highlights.as_ref();
            capture::permit_document(&mut write, &viewer.shop.id, contract, told).await?;
        }
        let wished = slug_of(&title, &id)?;
        // Whoever took a slug, or made the same draft, at the same moment has committed it by the next look.
        for _ in 0..MAX_SLUGS {
            if new.id.is_some()
                && let Some(made) = sql::one(&mut write, &viewer.shop.id, &id).await?
            {
                return Ok(made);
            }
            let slug = free_slug(&mut write, wished.clone(), &id).await?;
            let draft = sql::Draft {
                id: &id,
                slug: slug.as_str(),
                title: &title,
                currency: &viewer.shop.currency,
                session: new.session.as_ref().map(SessionId::as_str),
                highlights: highlights.as_deref(),
                contract: new.contract.as_ref(),
            };
            if sql::insert(&mut write, &viewer.shop.id, &draft, now).await? {
                return self.furnish(write, viewer, &id, &new, now).await;
            }
        }
        Err(too_many_alike())
    }

    /// Gives a new draft what it is sold as and its pictures.
    async fn furnish(
        &self,
        mut write: Write,
        viewer: &Viewer,
        id: &ProductId,
        new: &NewProduct,
        now: UnixMs,
    ) -> Result<Product> {
        let variant = self.services.inner.random.id()?;
        let only = sql::variant::Place {
            position: 0,
            values: &[],
        };
        sql::variant::insert(&mut write, &viewer.shop.id, id, &variant, &only, now).await?;
        self.put_media(&mut write, viewer, id, &new.media).await?;
        for poster in &new.posters {
            let media = self.services.media();
            media
                .put_poster(&mut write, &viewer.shop.id, &poster.clip, &poster.still)
                .await?;
        }
        self.changed(write, viewer, id, Event::ProductCreated, now)
            .await
    }

    /// Every product of the shop, last changed first.
    pub async fn products(&self, viewer: &Viewer) -> Result<Vec<Product>> {
        sql::all(&mut *self.services.inner.db.read().await?, &viewer.shop.id).await
    }

    /// One product of the shop.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn product(&self, viewer: &Viewer, id: &ProductId) -> Result<Product> {
        sql::one(
            &mut *self.services.inner.db.read().await?,
            &viewer.shop.id,
            id,
        )
        .await?
        .ok_or_else(missing)
    }

    /// Gives it its page.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` (field `publish`) whose sentence lists what is missing.
    pub async fn publish(&self, viewer: &Viewer, id: &ProductId) -> Result<Product> {
        self.set_state(viewer, id, true).await
    }

    /// Takes its page away; orders stay.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn unpublish(&self, viewer: &Viewer, id: &ProductId) -> Result<Product> {
        self.set_state(viewer, id, false).await
    }

    async fn set_state(&self, viewer: &Viewer, id: &ProductId, published: bool) -> Result<Product> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        sql::touch(&mut write, &viewer.shop.id, id, now)
            .await?
            .ok_or_else(missing)?;
        let product = sql::one(&mut write, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        let lacks = product.missing();
        if published && !lacks.is_empty() {
            return Err(Error::Invalid {
                field: "publish",
                message: format!("Before this can be published: {}", lacks.join(" ")),
            });
        }
        if (product.state == State::Published) == published {
            return Ok(product);
        }
        sql::set_state(&mut write, &viewer.shop.id, id, published, now).await?;
        let event = if published {
            Event::ProductPublished
        } else {
            Event::ProductUnpublished
        };
        self.changed(write, viewer, id, event, now).await
    }

    /// Deletes a draft, and its pictures and clips unless another page shows them.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` while it is published or an order is open.
    pub async fn delete(&self, viewer: &Viewer, id: &ProductId) -> Result<()> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        sql::touch(&mut write, &viewer.shop.id, id, now)
            .await?
            .ok_or_else(missing)?;
        let product = sql::one(&mut write, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        if !sql::delete(&mut write, &viewer.shop.id, id).await? {
            return Err(Error::Conflict(
                "This product is published or has an open order. Unpublish it, wait for the order, and try again.".to_owned(),
            ));
        }
        for media in &product.media {
            media::delete::enqueue(self.services, &mut write, &viewer.shop.id, &media.id).await?;
        }
        let event = Event::ProductDeleted {
            product: id.clone(),
        };
        event::write(&mut write, &viewer.shop.id, event, now).await?;
        write.commit().await
    }

    /// The published products of a shop, newest first. Anonymous.
    pub async fn front(&self, shop: &ShopId) -> Result<Vec<Product>> {
        sql::front(&mut *self.services.inner.db.read().await?, shop).await
    }

    /// A published product with its shop. Anonymous.
    ///
    /// # Errors
    /// `NotFound` for drafts too.
    pub async fn by_slug(&self, slug: &str) -> Result<(Shop, Product)> {
        let slug: Slug = slug.parse().map_err(|_| not_for_sale())?;
        let mut connection = self.services.inner.db.read().await?;
        let (shop, product) = sql::published_by_slug(&mut connection, slug.as_str())
            .await?
            .ok_or_else(not_for_sale)?;
        let shop = identity::sql::shop_by_id(&mut connection, &shop)
            .await?
            .ok_or_else(not_for_sale)?;
        Ok((shop, product))
    }

    /// Where the page of a published product is that was at `slug` before; `None` when there is none. Anonymous.
    pub async fn moved(&self, slug: &str) -> Result<Option<String>> {
        sql::slug::current(&mut *self.services.inner.db.read().await?, slug).await
    }

    /// Slug and last change of every published product, for the sitemap.
    pub async fn published(&self) -> Result<Vec<(String, UnixMs)>> {
        sql::published(&mut *self.services.inner.db.read().await?).await
    }
}
