//! The options of a product, and what each of its variants costs and how many of it there are.

use domain::{
    catalog::{
        Product, Variant,
        variant::{OptionsForm, VariantEdit, VariantForm, carried, combinations},
    },
    event::Event,
    id::{ProductId, VariantId},
    identity::Viewer,
    invalid::{Invalid, isolated},
    money::Currency,
    time::UnixMs,
};

use super::{
    Catalog,
    edit::{check_correction, page_key},
    missing, sql,
};
use crate::{Error, Result, db::Write};

fn check_version(product: &Product, version: &str) -> Result<()> {
    if version.is_empty() || version == product.version.to_string() {
        return Ok(());
    }
    Err(Error::Changed(
        "This product was saved elsewhere after you opened it, so nothing was written. Load the page again, and make your change once more.".to_owned(),
    ))
}

/// Rows of the table of variants that cannot be saved.
#[derive(Debug)]
pub enum NotSaved {
    /// What is wrong with them: the variant, and a sentence about its field `price`, `sku` or `stock`.
    Rows(Vec<(VariantId, Invalid)>),
    /// Anything else.
    Other(Error),
}

impl From<Error> for NotSaved {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl Catalog<'_> {
    /// Locks the product and reads it.
    async fn locked(&self, write: &mut Write, viewer: &Viewer, id: &ProductId) -> Result<Product> {
        let shop = &viewer.shop.id;
        sql::touch(write, shop, id, self.services.now())
            .await?
            .ok_or_else(missing)?;
        sql::one(write, shop, id).await?.ok_or_else(missing)
    }

    /// Gives a product other options. Variants keep their stock, price and number where their values are still there or were
    /// renamed in their place; the others go.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for the first wrong field, `Changed`, `Conflict` while pieces of a variant that would go are
    /// reserved.
    pub async fn set_options(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        form: &OptionsForm,
    ) -> Result<Product> {
        let now = self.services.now();
        let options = form.options()?;
        let mut write = self.services.inner.db.write().await?;
        let stored = self.locked(&mut write, viewer, id).await?;
        if options == stored.options {
            return Ok(stored);
        }
        check_version(&stored, &form.version)?;
        let made = combinations(&options);
        let mut kept: Vec<Option<&Variant>> = vec![None; made.len()];
        let mut gone: Vec<&Variant> = Vec::new();
        for variant in &stored.variants {
            let values = carried(&stored.options, &options, &variant.values);
            let place = values.and_then(|values| made.iter().position(|other| *other == values));
            match place.and_then(|place| kept.get_mut(place)) {
                Some(free @ None) => *free = Some(variant),
                _ => gone.push(variant),
            }
        }
        // In the order in which an order locks its stock.
        gone.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        self.take_away(&mut write, viewer, &gone, now).await?;
        sql::variant::clear_positions(&mut write, &viewer.shop.id, id).await?;
        for (position, (values, variant)) in (0_i64..).zip(made.iter().zip(kept)) {
            let place = sql::variant::Place { position, values };
            let shop = &viewer.shop.id;
            match variant {
                Some(variant) => {
                    sql::variant::put(&mut write, shop, &variant.id, &place).await?;
                }
                None => {
                    let variant = self.services.inner.random.id()?;
                    sql::variant::insert(&mut write, shop, id, &variant, &place, now).await?;
                }
            }
        }
        if options.is_empty() {
            // Nobody would see or change a price of its own any more.
            sql::variant::price_as_product(&mut write, &viewer.shop.id, id).await?;
        }
        sql::variant::set_options(&mut write, &viewer.shop.id, id, &options).await?;
        self.changed(write, viewer, id, Event::ProductChanged, now)
            .await
    }

    async fn take_away(
        &self,
        write: &mut Write,
        viewer: &Viewer,
        variants: &[&Variant],
        now: UnixMs,
    ) -> Result<()> {
        for variant in variants {
            if sql::variant::lock(write, &viewer.shop.id, &variant.id).await? > 0 {
                return Err(Error::Conflict(format!(
                    "Pieces of {} are reserved by open orders, so it cannot go yet. Wait until those orders are paid or expire.",
                    isolated(&variant.name())
                )));
            }
            sql::stock::insert_removal(write, viewer, &variant.id, now).await?;
            sql::variant::delete(write, &viewer.shop.id, &variant.id).await?;
        }
        Ok(())
    }

    /// Saves rows of the table of variants: price and number as typed, and the difference between the stock that was typed and
    /// the stock that was seen.
    ///
    /// # Errors
    /// Every row that is wrong; `NotFound`, `Changed`, `Conflict` when fewer pieces would be left than are reserved.
    pub async fn save_variants(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        rows: &[VariantForm],
        version: &str,
        form_key: &str,
    ) -> std::result::Result<Product, NotSaved> {
        let currency: Currency = viewer.shop.currency.parse().map_err(Error::from)?;
        let (mut edits, mut wrong) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match row.checked(currency) {
                Ok(edit) => edits.push((&row.variant, edit)),
                Err(invalid) => wrong.push((row.variant.clone(), invalid)),
            }
        }
        if !wrong.is_empty() {
            return Err(NotSaved::Rows(wrong));
        }
        // In the order in which an order locks its stock.
        edits.sort_unstable_by(|one, other| one.0.cmp(other.0));
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let stored = self.locked(&mut write, viewer, id).await?;
        let mut is_changed = false;
        for (variant, edit) in &edits {
            let known = stored.variant(variant).ok_or_else(|| {
                Error::Changed("One of these variants is gone. Load the page again.".to_owned())
            })?;
            if edit.price != known.price || edit.sku != known.sku {
                is_changed = true;
                let price = edit.price.map(|price| price.minor);
                sql::variant::update(&mut write, &viewer.shop.id, variant, price, &edit.sku)
                    .await?;
            }
            self.correct(&mut write, viewer, variant, edit, form_key, now)
                .await?;
        }
        if is_changed {
            check_version(&stored, version)?;
            sql::variant::set_options(&mut write, &viewer.shop.id, id, &stored.options).await?;
        }
        Ok(self
            .changed(write, viewer, id, Event::ProductChanged, now)
            .await?)
    }

    async fn correct(
        &self,
        write: &mut Write,
        viewer: &Viewer,
        variant: &VariantId,
        edit: &VariantEdit,
        form_key: &str,
        now: UnixMs,
    ) -> std::result::Result<(), NotSaved> {
        let Some(pieces) = edit.stock else {
            return Ok(());
        };
        let correction = sql::stock::Correction {
            variant,
            pieces,
            seen: edit.stock_seen,
            form: page_key(form_key),
            by: &viewer.person,
        };
        let corrected = sql::stock::correct(write, &viewer.shop.id, &correction, now).await?;
        match check_correction(&corrected) {
            Ok(()) => Ok(()),
            Err(Error::Conflict(message)) => Err(NotSaved::Rows(vec![(
                variant.clone(),
                Invalid::new("stock", message),
            )])),
            Err(Error::Invalid { field, message }) => Err(NotSaved::Rows(vec![(
                variant.clone(),
                Invalid::new(field, message),
            )])),
            Err(error) => Err(error.into()),
        }
    }
}
