//! Buying and orders.

mod gateway;
mod pay;
mod settle;
pub(crate) mod sold;
mod sql;
mod stock;
mod test_gateway;

use std::{net::IpAddr, time::Duration};

use domain::{
    catalog::Product,
    checkout::{HOLD_MS, Input, Line, Order, Quote},
    event::{Event, OrderChange},
    id::{OrderId, ProductId, ShopId},
    identity::{Shop, Viewer},
    money::Money,
};

use self::{gateway::Gateway, pay::no_gateway};
use crate::{
    Error, Result, Services, event, identity,
    rate_limit::{Quota, household, shared},
};

/// Holds of one network: 60 at once, then one in 2 s. Each takes stock off sale for a while.
const HOLDS: Quota = Quota::new(60, Duration::from_secs(2));

/// Buying and orders.
pub struct Checkout<'a> {
    pub(crate) services: &'a Services,
}

/// What came of pressing buy.
#[derive(Debug, Clone, PartialEq)]
pub enum Bought {
    /// Stock is held: go to `/checkout/{token}`.
    Held(Order),
    /// The price is not the one the buyer saw: show it and ask again.
    PriceChanged(Shop, Product),
    /// Not that many are left.
    SoldOut(Shop, Product),
}

/// What came of pressing pay.
#[derive(Debug, Clone, PartialEq)]
pub enum Paid {
    /// Go to `/order/{token}`: paid, or pending until the bank answers.
    Done(Order),
    /// Declined: the sentence says why, and the form can be used again.
    Declined(Order, String),
}

fn missing() -> Error {
    Error::NotFound(
        "There is no such order. Check the address, or open the product and buy again.".to_owned(),
    )
}

/// The key comes with the buyer's form and stands for its order, so it must be long enough not to be guessed.
fn check_key(key: &str) -> Result<()> {
    let fits = (16..=64).contains(&key.len());
    if fits
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        return Ok(());
    }
    Err(Error::Invalid {
        field: "idempotency_key",
        message:
            "The page sent a key that cannot be used. Reload the product page and press buy again."
                .to_owned(),
    })
}

enum Tried {
    Held(String),
    PriceChanged,
    TooFew,
    /// The same key made its order a moment ago.
    Twice,
}

impl Checkout<'_> {
    /// Whether orders are paid with the test gateway.
    #[must_use]
    pub fn test_payments(&self) -> bool {
        self.services.config().test_payments
    }

    fn gateway(&self) -> Option<Gateway> {
        self.test_payments().then_some(Gateway::Test)
    }

    /// Holds `quantity` pieces for a new order. The same `key` (16–64 of `[A-Za-z0-9_-]`) gives the same order again. `client` is whose
    /// holds are counted together; `None` counts none.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Limited`, `Unavailable` when no gateway takes payments.
    pub async fn buy(
        &self,
        slug: &str,
        quantity: u32,
        price_seen_minor: Option<i64>,
        key: Option<&str>,
        client: Option<IpAddr>,
    ) -> Result<Bought> {
        self.gateway().ok_or_else(no_gateway)?;
        if let Some(key) = key {
            check_key(key)?;
            if let Some(order) = self.of_key(key, slug).await? {
                return Ok(Bought::Held(order));
            }
        }
        let (shop, product) = self.services.catalog().by_slug(slug).await?;
        let mut tried = self
            .try_hold(&shop.id, &product, quantity, price_seen_minor, key, client)
            .await?;
        if matches!(tried, Tried::TooFew) && self.expire(Some(&product.id)).await? > 0 {
            tried = self
                .try_hold(&shop.id, &product, quantity, price_seen_minor, key, client)
                .await?;
        }
        // The same key may have been quicker, and taken the last piece.
        if !matches!(tried, Tried::Held(_))
            && let Some(key) = key
            && let Some(order) = self.of_key(key, slug).await?
        {
            return Ok(Bought::Held(order));
        }
        match tried {
            Tried::Held(token) => Ok(Bought::Held(self.order(&token).await?.1)),
            Tried::PriceChanged => {
                let (shop, product) = self.services.catalog().by_slug(slug).await?;
                Ok(Bought::PriceChanged(shop, product))
            }
            Tried::TooFew => {
                let (shop, product) = self.services.catalog().by_slug(slug).await?;
                Ok(Bought::SoldOut(shop, product))
            }
            // Its order was found above, unless it has been thrown away since.
            Tried::Twice => Err(missing()),
        }
    }

    async fn of_key(&self, key: &str, slug: &str) -> Result<Option<Order>> {
        let token =
            sql::by_idempotency_key(&mut *self.services.inner.db.read().await?, key).await?;
        let Some(token) = token else { return Ok(None) };
        let (_, order) = self.order(&token).await?;
        if order.lines.iter().any(|line| line.slug == slug) {
            return Ok(Some(order));
        }
        Err(Error::Conflict(
            "This form already bought something else. Reload the product page and press buy again."
                .to_owned(),
        ))
    }

    async fn try_hold(
        &self,
        shop: &ShopId,
        product: &Product,
        quantity: u32,
        price_seen_minor: Option<i64>,
        key: Option<&str>,
        client: Option<IpAddr>,
    ) -> Result<Tried> {
        let now = self.services.now();
        let random = &self.services.inner.random;
        let currency = product
            .price
            .map(|price| price.currency)
            .ok_or_else(missing)?;
        // Judged before anything is locked; the price that counts is the one read with the hold.
        Quote::new(Money::zero(currency), quantity)?;
        let mut write = self.services.inner.db.write().await?;
        if let Some(ip) = client {
            let key = format!("hold {}", household(ip));
            shared::take(&mut write, &key, HOLDS, now).await?;
        }
        let Some(reserved) = stock::reserve(&mut write, shop, &product.id, quantity).await? else {
            return Ok(Tried::TooFew);
        };
        let price = reserved
            .price_minor
            .and_then(|minor| Money::new(minor, currency))
            .ok_or_else(missing)?;
        if price_seen_minor.is_some_and(|seen| seen != price.minor) {
            return Ok(Tried::PriceChanged);
        }
        let quote = Quote::new(price, quantity)?;
        let (id, token): (OrderId, String) = (random.id()?, random.token()?);
        let new = sql::NewOrder {
            id: &id,
            token: &token,
            key,
            test: self.test_payments(),
            total: quote.total,
            held_until: now.plus_ms(HOLD_MS),
        };
        let Some(number) = sql::insert(&mut write, shop, &new, now).await? else {
            return Ok(Tried::Twice);
        };
        let line = Line {
            product: product.id.clone(),
            slug: product.slug.clone(),
            title: product.title.clone(),
            quantity,
            price,
            total: quote.total,
            photo: None,
        };
        sql::insert_line(&mut write, shop, &id, 0, &line, &reserved.variant).await?;
        stock::insert_reservation(&mut write, shop, &id, &reserved, quantity).await?;
        let event = Event::OrderHeld(OrderChange {
            order: id,
            number,
            total_minor: quote.total.minor,
            test: self.test_payments(),
            products: vec![product.id.clone()],
        });
        event::write(&mut write, shop, event, now).await?;
        write.commit().await?;
        Ok(Tried::Held(token))
    }

    /// The buyer's order with its shop. Settles what can be settled first (expired hold, answer of the bank).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn order(&self, token: &str) -> Result<(Shop, Order)> {
        let found = sql::by_token(&mut *self.services.inner.db.read().await?, token).await?;
        let (mut shop, mut order) = found.ok_or_else(missing)?;
        let settled = if order.state.open() {
            self.reconcile_some(Some(token)).await? > 0
        } else if order.state.payable() && order.held_until <= self.services.now() {
            self.expire_one(token).await?
        } else {
            false
        };
        let mut connection = self.services.inner.db.read().await?;
        if settled {
            (shop, order) = sql::by_token(&mut connection, token)
                .await?
                .ok_or_else(missing)?;
        }
        let shop = identity::sql::shop_by_id(&mut connection, &shop)
            .await?
            .ok_or_else(missing)?;
        Ok((shop, order))
    }

    /// Gives the order up and the stock back.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` once it is paid or being paid.
    pub async fn cancel(&self, token: &str) -> Result<Order> {
        self.happen(token, Input::Cancel).await
    }

    async fn happen(&self, token: &str, input: Input) -> Result<Order> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = sql::lock(&mut write, token, now)
            .await?
            .ok_or_else(missing)?;
        settle::run(&mut write, &shop, &mut order, input, now).await?;
        write.commit().await?;
        Ok(self.order(token).await?.1)
    }

    /// The orders of the viewer's shop that were paid or are open, newest first, at most 500.
    pub async fn orders(&self, viewer: &Viewer) -> Result<Vec<Order>> {
        sql::of_shop(&mut *self.services.inner.db.read().await?, &viewer.shop.id).await
    }

    async fn token_of(&self, viewer: &Viewer, id: &OrderId) -> Result<String> {
        sql::token_of(
            &mut *self.services.inner.db.read().await?,
            &viewer.shop.id,
            id,
        )
        .await?
        .ok_or_else(|| {
            Error::NotFound(
                "There is no such order in your shop. Open the list of orders and choose one."
                    .to_owned(),
            )
        })
    }

    /// One order of the viewer's shop.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn order_of(&self, viewer: &Viewer, id: &OrderId) -> Result<Order> {
        let token = self.token_of(viewer, id).await?;
        Ok(self.order(&token).await?.1)
    }

    /// Marks a paid order as sent.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is not paid.
    pub async fn mark_sent(&self, viewer: &Viewer, id: &OrderId) -> Result<Order> {
        let token = self.token_of(viewer, id).await?;
        self.happen(&token, Input::Send).await
    }

    /// Gives the stock of holds back whose time is over. Returns how many. One that cannot be given back holds up no other.
    ///
    /// # Errors
    /// The last failure, once all were tried.
    pub async fn expire_holds(&self) -> Result<usize> {
        self.expire(None).await
    }

    /// Whether there are holds whose time is over.
    pub(crate) async fn has_overdue_holds(&self) -> Result<bool> {
        let now = self.services.now();
        sql::any_overdue(&mut *self.services.inner.db.read().await?, now).await
    }

    /// Whether there are payments whose end is not known.
    pub(crate) async fn has_open_payments(&self) -> Result<bool> {
        sql::any_open_payment(&mut *self.services.inner.db.read().await?).await
    }

    async fn expire(&self, product: Option<&ProductId>) -> Result<usize> {
        let now = self.services.now();
        let tokens = sql::overdue(&mut *self.services.inner.db.read().await?, product, now).await?;
        let mut expired = 0;
        let mut failed = None;
        for token in tokens {
            match self.expire_one(&token).await {
                Ok(now) => expired += usize::from(now),
                Err(error) => {
                    tracing::error!(%error, "a hold could not be given back");
                    failed = Some(error);
                }
            }
        }
        failed.map_or(Ok(expired), Err)
    }

    /// Whether the order's hold was given back now.
    async fn expire_one(&self, token: &str) -> Result<bool> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = sql::lock(&mut write, token, now)
            .await?
            .ok_or_else(missing)?;
        // Somebody may have paid since the order was chosen.
        if !order.state.payable() || order.held_until > now {
            return Ok(false);
        }
        settle::run(&mut write, &shop, &mut order, Input::HoldOver, now).await?;
        write.commit().await?;
        Ok(true)
    }
}
