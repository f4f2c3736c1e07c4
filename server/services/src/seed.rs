//! Filling a demo shop from a description and files, through the same ways a creator's own uploads take.

use std::io;

use bytes::Bytes;
use domain::{
    catalog::{
        EditForm, ProductOption, State,
        variant::{OptionsForm, VariantForm},
    },
    id::{MediaId, ProductId},
    identity::{SetupForm, Shop, Viewer},
    media::Kind,
    money::{Currency, Money},
};
use serde::Deserialize;

use crate::{
    Error, Result, Services,
    catalog::{NewProduct, NotSaved},
};

/// A shop and what it sells: `server/seed/seed.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The shop.
    pub shop: Front,
    /// Its products, first on the front page first.
    pub products: Vec<Item>,
}

/// The shop itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// Its name.
    pub name: String,
    /// Its handle.
    pub handle: String,
    /// ISO 4217 code of what it sells in.
    pub currency: String,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name in addresses; empty: made from the title.
    #[serde(default)]
    pub slug: String,
    /// Title.
    pub title: String,
    /// One sentence.
    #[serde(default)]
    pub summary: String,
    /// Paragraphs, separated by empty lines.
    #[serde(default)]
    pub text: String,
    /// In minor units of the shop's currency.
    #[serde(default)]
    pub price_minor: Option<i64>,
    /// Pieces.
    #[serde(default)]
    pub stock: u32,
    /// What a shopper chooses of it.
    #[serde(default)]
    pub options: Vec<ProductOption>,
    /// What is sold of it, one for each combination of the options, the last option changing first.
    #[serde(default)]
    pub variants: Vec<Sold>,
    /// Whether it has a page.
    pub state: State,
    /// Pictures and clips in the order of the page; a photo first.
    #[serde(default)]
    pub media: Vec<Piece>,
}

/// A variant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sold {
    /// In minor units of the shop's currency; absent: the product's.
    #[serde(default)]
    pub price_minor: Option<i64>,
    /// The shop's own number of it.
    #[serde(default)]
    pub sku: String,
    /// Pieces.
    #[serde(default)]
    pub stock: u32,
}

/// A picture or clip.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Name of the file.
    pub file: String,
    /// `photo` or `clip`; a photo where it is left out.
    #[serde(default = "photo")]
    pub kind: Kind,
    /// What can be seen.
    pub alt: String,
    /// Clips: the file of the photo that stands in until it plays.
    #[serde(default)]
    pub poster: Option<String>,
}

const fn photo() -> Kind {
    Kind::Photo
}

/// What was filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeded {
    /// The shop; its owner gets in with a link from `create_owner_link(Some(handle))`.
    pub shop: Shop,
    /// Products that were made now; those whose address was already there are left as they are.
    pub products: usize,
}

impl Services {
    /// Fills the shop of `description`, made where it is missing. `read` gives the bytes of a file by its name. Can be run
    /// twice: products that are already there stay as they are.
    ///
    /// # Errors
    /// `Invalid` or `NotFound` with the file or the field that is wrong.
    pub async fn seed<F>(&self, description: &Description, read: F) -> Result<Seeded>
    where
        F: Fn(&str) -> io::Result<Vec<u8>>,
    {
        let viewer = self.seed_owner(&description.shop).await?;
        let known = self.catalog().products(&viewer).await?;
        let mut products = 0;
        // The front shows the newest first.
        for item in description.products.iter().rev() {
            let is_known = |slug: &str, title: &str| {
                if item.slug.is_empty() {
                    title == item.title
                } else {
                    slug == item.slug
                }
            };
            if known
                .iter()
                .any(|product| is_known(&product.slug, &product.title))
            {
                continue;
            }
            self.seed_item(&viewer, item, &read).await?;
            products += 1;
        }
        Ok(Seeded {
            shop: viewer.shop,
            products,
        })
    }

    async fn seed_owner(&self, front: &Front) -> Result<Viewer> {
        let form = SetupForm {
            shop_name: front.name.clone(),
            handle: front.handle.clone(),
            currency: front.currency.clone(),
            ..SetupForm::default()
        };
        let new = form.check()?;
        let mut write = self.inner.db.write().await?;
        if let Some(viewer) = crate::identity::owner_of(&mut write, new.handle.as_str()).await? {
            return Ok(viewer);
        }
        let random = &self.inner.random;
        let uuid = random.sixteen()?;
        let viewer =
            crate::identity::insert_owner(&mut write, random, &new, uuid, self.now()).await?;
        write.commit().await?;
        Ok(viewer)
    }

    async fn seed_item<F>(&self, viewer: &Viewer, item: &Item, read: &F) -> Result<()>
    where
        F: Fn(&str) -> io::Result<Vec<u8>>,
    {
        let bytes = |file: &str| {
            read(file).map(Bytes::from).map_err(|error| {
                Error::NotFound(format!(
                    "The file {file} of “{}” cannot be read: {error}. Add it and seed again.",
                    item.title
                ))
            })
        };
        let mut page: Vec<(String, MediaId)> = Vec::new();
        for piece in &item.media {
            let media = self
                .media()
                .add_file(viewer, piece.kind, &piece.alt, bytes(&piece.file)?)
                .await
                .map_err(|error| named(error, &piece.file))?;
            if let Some(poster) = &piece.poster {
                let still = match page.iter().find(|(file, _)| file == poster) {
                    Some((_, still)) => still.clone(),
                    None => {
                        let still = self
                            .media()
                            .add_file(viewer, Kind::Photo, &piece.alt, bytes(poster)?)
                            .await;
                        still.map_err(|error| named(error, poster))?.id
                    }
                };
                self.media().set_poster(viewer, &media.id, &still).await?;
            }
            page.push((piece.file.clone(), media.id));
        }
        let new = NewProduct {
            title: item.title.clone(),
            media: page.into_iter().map(|(_, media)| media).collect(),
            ..NewProduct::default()
        };
        let product = self.catalog().create(viewer, new).await?;
        let currency: Currency = viewer.shop.currency.parse()?;
        let price = item
            .price_minor
            .and_then(|minor| Money::new(minor, currency));
        let form = EditForm {
            title: item.title.clone(),
            summary: item.summary.clone(),
            text: item.text.clone(),
            price: price.map(Money::decimal).unwrap_or_default(),
            stock: item.stock.to_string(),
            slug: item.slug.clone(),
            ..EditForm::default()
        };
        self.catalog().update(viewer, &product.id, &form).await?;
        self.seed_variants(viewer, item, &product.id).await?;
        if item.state == State::Published {
            self.catalog().publish(viewer, &product.id).await?;
        }
        Ok(())
    }
}

impl Services {
    async fn seed_variants(&self, viewer: &Viewer, item: &Item, product: &ProductId) -> Result<()> {
        if item.options.is_empty() {
            return Ok(());
        }
        let form = OptionsForm {
            version: String::new(),
            ..OptionsForm::of(&item.options, 0)
        };
        let made = self.catalog().set_options(viewer, product, &form).await?;
        let currency: Currency = viewer.shop.currency.parse()?;
        let price = |sold: &Sold| {
            let price = sold
                .price_minor
                .and_then(|minor| Money::new(minor, currency));
            price.map(Money::decimal).unwrap_or_default()
        };
        let rows: Vec<VariantForm> = made
            .variants
            .iter()
            .zip(&item.variants)
            .map(|(variant, sold)| VariantForm {
                variant: variant.id.clone(),
                price: price(sold),
                sku: sold.sku.clone(),
                stock: sold.stock.to_string(),
                stock_seen: String::new(),
            })
            .collect();
        let catalog = self.catalog();
        match catalog.save_variants(viewer, product, &rows, "", "").await {
            Ok(_) => Ok(()),
            Err(NotSaved::Other(error)) => Err(error),
            Err(NotSaved::Rows(wrong)) => Err(wrong
                .into_iter()
                .next()
                .map_or_else(|| Error::internal("no row is wrong"), |(_, row)| row.into())),
        }
    }
}

fn named(error: Error, file: &str) -> Error {
    match error {
        Error::Invalid { field, message } => Error::Invalid {
            field,
            message: format!("{file}: {message}"),
        },
        other => other,
    }
}
