//! Buying and orders.

mod gateway;
mod pay;
mod settle;
mod sql;
mod stock;
mod test_gateway;

use domain::{
    catalog::Product,
    checkout::{Event, HOLD_MS, Line, Order, Quote},
    id::{OrderId, ProductId, ShopId},
    identity::{Shop, Viewer},
    money::Money,
};
use serde_json::json;

use self::{gateway::Gateway, pay::no_gateway};
use crate::{Error, Result, Services, event, identity};

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

/// An attempt is made by the buyer's page and stands for its order, so it must be long enough not to be guessed.
fn check_attempt(attempt: &str) -> Result<()> {
    let fits = (16..=64).contains(&attempt.len());
    if fits
        && attempt
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        return Ok(());
    }
    Err(Error::Invalid {
        field: "attempt",
        sentence: "The page sent something that is not an attempt. Reload the product page and press buy again.".to_owned(),
    })
}

enum Tried {
    Held(String),
    PriceChanged,
    TooFew,
    /// The same attempt made its order a moment ago.
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

    /// Holds `quantity` pieces for a new order. The same `attempt` (16–64 of `[A-Za-z0-9_-]`) gives the same order again.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Unavailable` when no gateway takes payments.
    pub async fn buy(
        &self,
        slug: &str,
        quantity: u32,
        price_seen_minor: Option<i64>,
        attempt: Option<&str>,
    ) -> Result<Bought> {
        self.gateway().ok_or_else(no_gateway)?;
        if let Some(attempt) = attempt {
            check_attempt(attempt)?;
            if let Some(order) = self.of_attempt(attempt, slug).await? {
                return Ok(Bought::Held(order));
            }
        }
        let (shop, product) = self.services.catalog().by_slug(slug).await?;
        let mut tried = self
            .try_hold(&shop.id, &product, quantity, price_seen_minor, attempt)
            .await?;
        if matches!(tried, Tried::TooFew) && self.expire(Some(&product.id)).await? > 0 {
            tried = self
                .try_hold(&shop.id, &product, quantity, price_seen_minor, attempt)
                .await?;
        }
        // The same attempt may have been quicker, and taken the last piece.
        if !matches!(tried, Tried::Held(_))
            && let Some(attempt) = attempt
            && let Some(order) = self.of_attempt(attempt, slug).await?
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

    async fn of_attempt(&self, attempt: &str, slug: &str) -> Result<Option<Order>> {
        let token = sql::by_attempt(&mut *self.services.inner.db.read().await?, attempt).await?;
        let Some(token) = token else { return Ok(None) };
        let (_, order) = self.order(&token).await?;
        if order.lines.iter().any(|line| line.slug == slug) {
            return Ok(Some(order));
        }
        Err(Error::Conflict("This attempt already bought something else. Reload the product page and press buy again.".to_owned()))
    }

    async fn try_hold(
        &self,
        shop: &ShopId,
        product: &Product,
        quantity: u32,
        price_seen_minor: Option<i64>,
        attempt: Option<&str>,
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
        let Some(held) = stock::hold(&mut write, shop, &product.id, quantity).await? else {
            return Ok(Tried::TooFew);
        };
        let price = held
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
            attempt,
            test: self.test_payments(),
            total: quote.total,
            held_until: now.plus_ms(HOLD_MS),
        };
        if !sql::insert(&mut write, shop, &new, now).await? {
            return Ok(Tried::Twice);
        }
        let line = Line {
            product: product.id.clone(),
            slug: product.slug.clone(),
            title: product.title.clone(),
            quantity,
            price,
            total: quote.total,
            photo: None,
        };
        sql::insert_line(&mut write, shop, &id, 0, &line).await?;
        stock::insert_hold(&mut write, shop, &id, &product.id, quantity).await?;
        let body = json!({ "products": [product.id], "quantity": quantity });
        event::write(&mut write, shop, "order.held", id.as_str(), &body, now).await?;
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
        self.happen(token, Event::Cancel).await
    }

    async fn happen(&self, token: &str, happened: Event) -> Result<Order> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = sql::lock(&mut write, token, now)
            .await?
            .ok_or_else(missing)?;
        settle::run(&mut write, &shop, &mut order, happened, now).await?;
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
        self.happen(&token, Event::Send).await
    }

    /// Gives expired holds back. Returns how many.
    pub async fn sweep(&self) -> Result<usize> {
        self.expire(None).await
    }

    async fn expire(&self, product: Option<&ProductId>) -> Result<usize> {
        let now = self.services.now();
        let tokens = sql::overdue(&mut *self.services.inner.db.read().await?, product, now).await?;
        let mut expired = 0;
        for token in tokens {
            expired += usize::from(self.expire_one(&token).await?);
        }
        Ok(expired)
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
        settle::run(&mut write, &shop, &mut order, Event::HoldOver, now).await?;
        write.commit().await?;
        Ok(true)
    }
}
