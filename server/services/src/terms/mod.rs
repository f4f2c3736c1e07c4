//! A shop's terms: read by every quote, changed by its owner.

pub(crate) mod sql;

use domain::{
    event::Event,
    id::ShopId,
    identity::{Shop, Viewer},
    terms::{
        Terms, Texts,
        form::{MethodForm, RateForm, SellerForm, ZoneForm},
    },
    time::UnixMs,
};

use crate::{Error, Result, Services, db::Write, event};

/// The terms of shops.
pub struct Selling<'a> {
    pub(crate) services: &'a Services,
}

/// One change of a shop's terms.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Where it owes taxes.
    Seller(&'a SellerForm),
    /// A rate of the tax table.
    Rate(&'a RateForm),
    /// Removes the rate of a place, class and day.
    RemoveRate(&'a RateForm),
    /// Fills the table with usual rates.
    UsualRates,
    /// A zone more.
    Zone(&'a ZoneForm),
    /// Removes a zone.
    RemoveZone(&'a str),
    /// A way of sending more in a zone.
    Method(&'a str, &'a MethodForm),
    /// Removes a way of sending from a zone.
    RemoveMethod(&'a str, &'a str),
    /// What the law wants written.
    Texts(&'a Texts),
}

impl Selling<'_> {
    /// The terms of the viewer's shop.
    pub async fn terms(&self, viewer: &Viewer) -> Result<Terms> {
        self.of_shop(&viewer.shop.id).await
    }

    /// The terms of a shop.
    pub async fn of_shop(&self, shop: &ShopId) -> Result<Terms> {
        sql::terms(&mut *self.services.inner.db.read().await?, shop).await
    }

    /// A shop by its handle, and its terms.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn by_handle(&self, handle: &str) -> Result<(Shop, Terms)> {
        let shop = self.services.identity().shop(handle).await?;
        let terms = self.of_shop(&shop.id).await?;
        Ok((shop, terms))
    }

    /// Changes the viewer's terms. Changes that come at once are made one after the other; none is lost.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong, `NotFound` for a zone that is gone.
    pub async fn change(&self, viewer: &Viewer, change: Change<'_>) -> Result<()> {
        let now = self.services.now();
        let shop = &viewer.shop;
        let id = self.services.inner.random.id::<String>()?;
        let mut write = self.services.inner.db.write().await?;
        let before = sql::lock(&mut write, &shop.id, now).await?;
        let mut terms = before.clone();
        apply(&mut terms, shop, change, id)?;
        if terms == before {
            return Ok(());
        }
        sql::save(&mut write, &shop.id, &terms, now).await?;
        // Prices and delivery stand in what pages tell search engines, and the texts have a page of their own.
        let event = Event::ShopChanged {
            handle: shop.handle.clone(),
            former_handle: None,
        };
        event::write(&mut write, &shop.id, event, now).await?;
        write.commit().await
    }
}

/// Takes the ways of sending off, whose prices mean something else in a currency of other digits.
pub(crate) async fn forget_prices(write: &mut Write, shop: &ShopId, now: UnixMs) -> Result<()> {
    let mut terms = sql::lock(write, shop, now).await?;
    for zone in &mut terms.zones {
        zone.methods.clear();
    }
    sql::save(write, shop, &terms, now).await
}

/// Notes whether the shop has codes that were not ended, under the lock of its terms.
pub(crate) async fn set_codes(
    write: &mut Write,
    shop: &ShopId,
    has_codes: bool,
    now: UnixMs,
) -> Result<()> {
    let mut terms = sql::lock(write, shop, now).await?;
    if terms.has_codes != has_codes {
        terms.has_codes = has_codes;
        sql::save(write, shop, &terms, now).await?;
    }
    Ok(())
}

fn apply(terms: &mut Terms, shop: &Shop, change: Change<'_>, id: String) -> Result<()> {
    let gone = || Error::NotFound("This zone is gone. Load the page again.".to_owned());
    match change {
        Change::Seller(form) => form.apply(terms)?,
        Change::Rate(form) => terms.put_rate(form.rate()?)?,
        Change::RemoveRate(form) => {
            let (place, class, from) =
                (form.place.as_str(), form.class.as_str(), form.from.as_str());
            terms.rates.retain(|rate| {
                rate.place.to_string() != place
                    || rate.class.as_str() != class
                    || rate.from.day() != from
            });
        }
        Change::UsualRates => terms.put_usual_rates(),
        Change::Zone(form) => terms.add_zone(form.zone(id)?)?,
        Change::RemoveZone(zone) => terms.zones.retain(|other| other.id != zone),
        Change::Method(zone, form) => {
            let method = form.method(id, shop.currency.parse()?)?;
            if !terms.add_method(zone, method)? {
                return Err(gone());
            }
        }
        Change::RemoveMethod(zone, method) => {
            let zone = terms.zones.iter_mut().find(|other| other.id == zone);
            zone.ok_or_else(gone)?
                .methods
                .retain(|other| other.id != method);
        }
        Change::Texts(texts) => terms.texts = texts.checked()?,
    }
    Ok(())
}
