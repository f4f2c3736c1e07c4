//! What an owner changes of a shop: its name, its handle and its currency.

use domain::{
    event::{Event, ProductChange},
    identity::{Handle, MOST_HANDLES, Shop, ShopName, Viewer, device::Session},
    money::Currency,
};

use super::{Identity, sql};
use crate::{
    Error, Result, catalog::sql::currency as prices, checkout::sold::has_sold, db::Write, discount,
    event, terms,
};

impl Identity<'_> {
    /// Gives the shop another name.
    ///
    /// # Errors
    /// `Invalid`.
    pub async fn rename(&self, viewer: &Viewer, name: &str) -> Result<()> {
        let name: ShopName = name.parse()?;
        let mut write = self.services.inner.db.write().await?;
        let mut shop = locked(&mut write, viewer).await?;
        if shop.name == name.as_str() {
            return Ok(());
        }
        shop.name = name.as_str().to_owned();
        self.store(write, shop, None).await
    }

    /// Gives the shop another handle. The one before stays the shop's and leads to it.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `Invalid`, `Conflict` when another shop has or had it, or when this shop has had
    /// too many.
    pub async fn change_handle(&self, session: &Session, handle: &str) -> Result<()> {
        self.require_recent(session)?;
        let handle: Handle = handle.parse()?;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let mut shop = locked(&mut write, &session.viewer).await?;
        if shop.handle == handle.as_str() {
            return Ok(());
        }
        if !sql::claim_handle(&mut write, &shop.id, &handle, now).await? {
            return Err(Error::Conflict(format!(
                "The handle {handle} is taken. Choose another one."
            )));
        }
        let had = sql::handles(&mut write, &shop.id).await?;
        if had.len() > MOST_HANDLES {
            let former: Vec<&str> = had
                .iter()
                .map(String::as_str)
                .filter(|former| *former != handle.as_str() && *former != shop.handle)
                .collect();
            return Err(Error::Conflict(format!(
                "This shop has had {MOST_HANDLES} handles, and links to each of them still work, so there cannot be a new one. You can go back to one of these: {}.",
                former.join(", ")
            )));
        }
        let former = std::mem::replace(&mut shop.handle, handle.to_string());
        self.store(write, shop, Some(former)).await
    }

    /// Whether the currency can still be changed: nothing was sold, and nothing is being bought.
    pub async fn can_change_currency(&self, viewer: &Viewer) -> Result<bool> {
        let mut connection = self.services.inner.db.read().await?;
        Ok(!has_sold(&mut connection, &viewer.shop.id).await?)
    }

    /// Sells in another currency from now on, as long as nothing was sold. Prices keep their figures where both currencies
    /// write them alike; else they are taken off, and what was published becomes a draft until it has a price again.
    ///
    /// # Errors
    /// `Invalid`, `Conflict` once there is an order.
    pub async fn change_currency(&self, viewer: &Viewer, currency: &str) -> Result<()> {
        let currency: Currency = currency.parse()?;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        // Products come before their shop in the order of locks.
        let before = prices::lock(&mut write, &viewer.shop.id).await?;
        let mut shop = locked(&mut write, viewer).await?;
        let old: Currency = shop.currency.parse()?;
        if old == currency {
            return Ok(());
        }
        if has_sold(&mut write, &shop.id).await? {
            return Err(Error::Conflict(
                "Orders were made in this currency, so the shop stays with it.".to_owned(),
            ));
        }
        if old.digits() == currency.digits() {
            prices::set(&mut write, &shop.id, currency, now).await?;
        } else {
            prices::take_prices_off(&mut write, &shop.id, currency, now).await?;
            terms::forget_prices(&mut write, &shop.id, now).await?;
            discount::end_amounts(&mut write, &shop.id, now).await?;
            for product in before {
                let change = ProductChange {
                    sold_out: product.sold_out(),
                    product: product.id,
                    slug: product.slug,
                    price_minor: None,
                };
                event::write(&mut write, &shop.id, Event::ProductUnpublished(change), now).await?;
            }
        }
        shop.currency = currency.code().to_owned();
        self.store(write, shop, None).await
    }

    async fn store(
        &self,
        mut write: Write,
        shop: Shop,
        former_handle: Option<String>,
    ) -> Result<()> {
        sql::update_shop(&mut write, &shop).await?;
        let event = Event::ShopChanged {
            handle: shop.handle,
            former_handle,
        };
        event::write(&mut write, &shop.id, event, self.services.now()).await?;
        write.commit().await
    }
}

async fn locked(write: &mut Write, viewer: &Viewer) -> Result<Shop> {
    sql::lock_shop(write, &viewer.shop.id)
        .await?
        .ok_or_else(|| Error::internal("a session of a shop that is not there"))
}
