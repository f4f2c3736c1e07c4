//! Saving the editor of a product: its fields, unless they were changed elsewhere since, and a correction of its stock.

use domain::{
    catalog::{self, EditForm, Product, Slug},
    event::Event,
    id::ProductId,
    identity::Viewer,
    money::{Currency, Money},
    tax::Class,
    time::UnixMs,
};

use super::{
    Catalog, MAX_SLUGS, free_slug, missing, slug_of,
    sql::{
        self,
        stock::{Corrected, Correction},
    },
    too_many_alike,
};
use crate::{Error, Result, db::Write};

/// The longest key of a page, bytes.
const MAX_FORM_KEY: usize = 64;

/// The fields of the editor, checked.
struct Fields {
    title: String,
    summary: String,
    text: String,
    price: Option<Money>,
    /// `None`: made from the title.
    slug: Option<Slug>,
    /// `None`: as it is.
    class: Option<Class>,
}

impl Fields {
    fn read(form: &EditForm, currency: Currency) -> Result<Self> {
        Ok(Self {
            title: catalog::title(&form.title)?,
            summary: catalog::summary(&form.summary)?,
            text: catalog::text(&form.text)?,
            price: match form.price.trim() {
                "" => None,
                price => Some(Money::parse(price, currency)?),
            },
            slug: match form.slug.trim() {
                "" => None,
                slug => Some(slug.parse()?),
            },
            class: form.class()?,
        })
    }

    /// Whether this is what is stored.
    fn are_of(&self, product: &Product, slug: &Slug) -> bool {
        self.title == product.title
            && self.summary == product.summary
            && self.text == product.text
            && self.price == product.price
            && slug.as_str() == product.slug
            && self.class.is_none_or(|class| class == product.class)
    }
}

impl Catalog<'_> {
    /// Saves the editor's fields, and adds the difference between the stock that was typed and the stock that was seen.
    ///
    /// # Errors
    /// `Invalid` for the first wrong field, `Changed` when the fields were changed since the page was rendered, `Conflict` when
    /// the slug is taken or fewer pieces would be left than are reserved, `Invalid` (field `publish`) when a published product
    /// would lack something.
    pub async fn update(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        form: &EditForm,
    ) -> Result<Product> {
        let now = self.services.now();
        let fields = Fields::read(form, viewer.shop.currency.parse()?)?;
        let pieces = catalog::stock(&form.stock)?;
        let seen = catalog::stock(&form.stock_seen)?;
        let mut write = self.services.inner.db.write().await?;
        sql::touch(&mut write, &viewer.shop.id, id, now)
            .await?
            .ok_or_else(missing)?;
        let stored = sql::one(&mut write, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)?;
        self.write_fields(&mut write, viewer, &stored, &fields, &form.version, now)
            .await?;
        if let Some(pieces) = pieces {
            let [only] = stored.variants.as_slice() else {
                return Err(Error::Invalid {
                    field: "stock",
                    message: "This product has variants. Count the pieces of each of them."
                        .to_owned(),
                });
            };
            let correction = Correction {
                variant: &only.id,
                pieces,
                seen,
                form: page_key(&form.form_key),
                by: &viewer.person,
            };
            let corrected =
                sql::stock::correct(&mut write, &viewer.shop.id, &correction, now).await?;
            check_correction(&corrected)?;
        }
        self.changed(write, viewer, id, Event::ProductChanged, now)
            .await
    }

    /// Writes the fields where they are not what is stored.
    async fn write_fields(
        &self,
        write: &mut Write,
        viewer: &Viewer,
        stored: &Product,
        fields: &Fields,
        version: &str,
        now: UnixMs,
    ) -> Result<()> {
        for _ in 0..MAX_SLUGS {
            let slug = match &fields.slug {
                Some(slug) => slug.clone(),
                None => {
                    let wished = slug_of(&fields.title, &stored.id)?;
                    free_slug(write, wished, &stored.id).await?
                }
            };
            if fields.are_of(stored, &slug) {
                return Ok(());
            }
            if !version.is_empty() && version != stored.version.to_string() {
                return Err(Error::Changed(
                    "This product was saved elsewhere after you opened it, so nothing was written yet. What you typed stands below, and what is saved now beside each field that differs. Save again to keep yours.".to_owned(),
                ));
            }
            let edit = sql::Edit {
                slug: slug.as_str(),
                title: &fields.title,
                summary: &fields.summary,
                text: &fields.text,
                price_minor: fields.price.map(|price| price.minor),
                class: fields.class.unwrap_or(stored.class),
            };
            sql::slug::keep(write, &viewer.shop.id, &stored.id, slug.as_str(), now).await?;
            if sql::update(write, &viewer.shop.id, &stored.id, &edit, now).await? {
                return Ok(());
            }
            if fields.slug.is_some() {
                return Err(Error::Conflict(format!(
                    "Another product already has the address /p/{slug}. Choose another one."
                )));
            }
        }
        Err(too_many_alike())
    }
}

/// The key of the page that a form came from, where it can be one.
pub(super) fn page_key(key: &str) -> Option<&str> {
    Some(key).filter(|key| (1..=MAX_FORM_KEY).contains(&key.len()))
}

/// The refusal of a correction of stock that was not written.
pub(super) fn check_correction(corrected: &Corrected) -> Result<()> {
    match corrected {
        Corrected::Written => Ok(()),
        Corrected::Reserved { pieces, reserved } => Err(Error::Conflict(format!(
            "Of the {pieces} pieces in stock now, {reserved} are reserved by open orders, so fewer than {reserved} cannot be left. Take fewer off, or wait until those orders are paid or expire."
        ))),
        Corrected::TooMany => Err(Error::Invalid {
            field: "stock",
            message: format!("The stock can be at most {}.", catalog::MAX_STOCK),
        }),
    }
}
