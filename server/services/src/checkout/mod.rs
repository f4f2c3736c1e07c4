//! Buying and orders.

mod cart;
mod hold;
pub(crate) mod quote;
pub(crate) mod settle;
pub(crate) mod sold;
pub(crate) mod sql;
mod stock;

use domain::{
    catalog::Product,
    checkout::{Filter, Input, Order, PayForm, State},
    id::{OrderId, ProductId, ShopId, VariantId},
    identity::{Shop, Viewer},
    invalid::Invalid,
    time::UnixMs,
};
use sqlx::AnyConnection;

use self::hold::{Press, Tried, Wanted};
pub use self::{
    cart::{CartLine, CartOffer, CartPage, Checked, Seen},
    hold::Client,
};
pub use crate::payment::Paid;
use crate::{Error, Result, Services, catalog::not_for_sale, identity, payment::no_gateway};

/// Buying and orders.
pub struct Checkout<'a> {
    pub(crate) services: &'a Services,
}

/// What came of pressing buy.
#[derive(Debug, Clone, PartialEq)]
pub enum Bought {
    /// Stock is held, by the order of this token: go to `/checkout/{token}`.
    Held(String),
    /// The price is not the one the buyer saw: show it and ask again.
    PriceChanged(Shop, Product),
    /// Not that many are left.
    SoldOut(Shop, Product),
}

/// What a press of the buy button is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which variant; `None`: the only one.
    pub variant: Option<VariantId>,
    /// How many.
    pub quantity: u32,
    /// What one cost on the page; `None` where it did not say.
    pub price_seen_minor: Option<i64>,
}

fn choose_again() -> Error {
    Error::Conflict(
        "What you chose is no longer there: the shop changed the choices. Go back, load the page again and choose once more."
            .to_owned(),
    )
}

/// The most orders on a page of a list.
const PAGE: u32 = 50;

/// A page of a list of orders.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderPage {
    /// Newest first.
    pub orders: Vec<Order>,
    /// The next page has the orders with a number below this one; `None` on the last page.
    pub next: Option<u32>,
    /// How many orders the shop has in each state; states without any are absent.
    pub counts: Vec<(State, u64)>,
}

impl OrderPage {
    /// How many orders a list takes.
    #[must_use]
    pub fn count(&self, filter: Filter) -> u64 {
        let taken = self.counts.iter().filter(|(state, _)| filter.takes(*state));
        taken.map(|(_, count)| count).sum()
    }
}

/// What was paid to a shop on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySales {
    /// The day in UTC, counted from 1970-01-01.
    pub day: i64,
    /// Orders.
    pub orders: u32,
    /// Their totals, in minor units of the shop's currency.
    pub minor: i64,
}

pub(crate) fn missing() -> Error {
    Error::NotFound(
        "There is no such order. Check the address, or open the product and buy again.".to_owned(),
    )
}

/// The key comes with a form and stands for what that form makes, so it must be long enough not to be guessed.
pub(crate) fn check_key(key: &str) -> Result<()> {
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
            "The page sent a key that cannot be used. Load the page again and press once more."
                .to_owned(),
    })
}

impl Checkout<'_> {
    /// Holds `quantity` pieces of a product without options: [`Checkout::buy_variant`].
    ///
    /// # Errors
    /// As there.
    pub async fn buy(
        &self,
        slug: &str,
        quantity: u32,
        price_seen_minor: Option<i64>,
        key: Option<&str>,
        client: Option<Client<'_>>,
    ) -> Result<Bought> {
        let item = Item {
            variant: None,
            quantity,
            price_seen_minor,
        };
        self.buy_variant(slug, &item, key, client).await
    }

    /// Holds pieces for a new order. The same `key` (16–64 of `[A-Za-z0-9_-]`) gives the same order again; so does the
    /// same browser, while its order of as many pieces at this price is not paid. `client` is whose holds are counted together;
    /// `None` counts none.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Limited`, `Unavailable` when no gateway takes payments.
    pub async fn buy_variant(
        &self,
        slug: &str,
        item: &Item,
        key: Option<&str>,
        client: Option<Client<'_>>,
    ) -> Result<Bought> {
        let is_same = |lines: &[sql::Bought]| {
            let variant = item.variant.as_ref();
            let is_it = |line: &sql::Bought| {
                line.slug == slug && variant.is_none_or(|variant| *variant == line.variant)
            };
            lines.iter().any(is_it)
        };
        if let Some(token) = self.of_key(key, is_same).await? {
            return Ok(Bought::Held(token));
        }
        let mut connection = self.services.inner.db.read().await?;
        let found = sql::of_slug(&mut connection, slug, item.variant.as_ref()).await?;
        let Some((shop, terms, offers)) = found else {
            // The page was open while its choices were changed.
            return if item.variant.is_some() && sql::has_page(&mut connection, slug).await? {
                Err(choose_again())
            } else {
                Err(not_for_sale())
            };
        };
        let [offer] = offers.as_slice() else {
            return Err(Invalid::new("variant", "Choose one of the variants first.").into());
        };
        let test = self.is_test(&mut connection, &shop).await?;
        drop(connection);
        let items = [Wanted {
            offer: offer.clone(),
            quantity: item.quantity,
            price_seen_minor: item.price_seen_minor,
        }];
        let press = Press {
            shop: &shop,
            terms: &terms,
            items: &items,
            test,
            key,
            client,
        };
        match self.hold(&press, is_same).await? {
            Tried::Held(token) => Ok(Bought::Held(token)),
            Tried::PriceChanged(_) => {
                let (shop, product) = self.services.catalog().by_slug(slug).await?;
                Ok(Bought::PriceChanged(shop, product))
            }
            Tried::TooFew(_) => {
                let (shop, product) = self.services.catalog().by_slug(slug).await?;
                Ok(Bought::SoldOut(shop, product))
            }
            // Its order was found above, unless it has been thrown away since.
            Tried::Twice => Err(missing()),
        }
    }

    /// Whether new payments of a shop move no money.
    async fn is_test(&self, connection: &mut AnyConnection, shop: &ShopId) -> Result<bool> {
        let taker = self.services.payment().taker(connection, shop).await?;
        taker.map(|taker| !taker.live).ok_or_else(no_gateway)
    }

    /// Tries to hold, and once more where holds were over that nobody had ended yet.
    async fn hold(
        &self,
        press: &Press<'_>,
        is_same: impl Fn(&[sql::Bought]) -> bool,
    ) -> Result<Tried> {
        let mut tried = self.try_hold(press).await?;
        if let Tried::TooFew(short) = &tried {
            let mut expired = 0;
            for wanted in press.items {
                if short.contains(&wanted.offer.variant) {
                    expired += self.expire(Some(&wanted.offer.product)).await?;
                }
            }
            if expired > 0 {
                tried = self.try_hold(press).await?;
            }
        }
        // The same key may have been quicker, and taken the last piece.
        if !matches!(tried, Tried::Held(_))
            && let Some(token) = self.of_key(press.key, is_same).await?
        {
            return Ok(Tried::Held(token));
        }
        Ok(tried)
    }

    /// The token of the order that a key made, which must be of the same things.
    async fn of_key(
        &self,
        key: Option<&str>,
        is_same: impl Fn(&[sql::Bought]) -> bool,
    ) -> Result<Option<String>> {
        let Some(key) = key else { return Ok(None) };
        check_key(key)?;
        let mut connection = self.services.inner.db.read().await?;
        match sql::by_idempotency_key(&mut connection, key).await? {
            None => Ok(None),
            Some((token, lines)) if is_same(&lines) => Ok(Some(token)),
            Some(_) => Err(Error::Conflict(
                "This form already bought something else. Reload the product page and press buy again."
                    .to_owned(),
            )),
        }
    }

    /// The buyer's order with its shop. Settles what can be settled first (expired hold, answer of the bank).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn order(&self, token: &str) -> Result<(Shop, Order)> {
        let (mut shop, mut order) = self.read(token).await?;
        if order.state.open() && self.services.payment().reconcile_order(token).await? {
            (shop, order) = self.read(token).await?;
        }
        if order.state.payable() && order.held_until <= self.services.now() {
            self.expire_one(token).await?;
            (shop, order) = self.read(token).await?;
        }
        let mut connection = self.services.inner.db.read().await?;
        let shop = identity::sql::shop_by_id(&mut connection, &shop)
            .await?
            .ok_or_else(missing)?;
        Ok((shop, order))
    }

    async fn read(&self, token: &str) -> Result<(ShopId, Order)> {
        let found = sql::by_token(&mut *self.services.inner.db.read().await?, token).await?;
        found.ok_or_else(missing)
    }

    /// Gives the order up and the stock back.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` once it is paid or being paid.
    pub async fn cancel(&self, token: &str) -> Result<()> {
        self.services.payment().close_page_of(token).await?;
        self.happen(token, Input::Cancel).await
    }

    /// Pays: see [`crate::payment::Payments::pay`].
    ///
    /// # Errors
    /// As there.
    pub async fn pay(&self, token: &str, form: &PayForm) -> Result<Paid> {
        self.services.payment().pay(token, form).await
    }

    async fn happen(&self, token: &str, input: Input) -> Result<()> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = sql::lock(&mut write, token, now)
            .await?
            .ok_or_else(missing)?;
        settle::run(&mut write, &shop, &mut order, input, now).await?;
        write.commit().await
    }

    /// The orders of the viewer's shop that a list takes, newest first: those with a number below `before`, a page of them.
    pub async fn orders(
        &self,
        viewer: &Viewer,
        filter: Filter,
        before: Option<u32>,
    ) -> Result<OrderPage> {
        let shop = &viewer.shop.id;
        let mut connection = self.services.inner.db.read().await?;
        // One more than is shown says whether there is a next page.
        let mut orders = sql::of_shop(
            &mut connection,
            shop,
            filter,
            before,
            PAGE.saturating_add(1),
        )
        .await?;
        let more = orders.len() > PAGE as usize;
        orders.truncate(PAGE as usize);
        Ok(OrderPage {
            next: orders.last().filter(|_| more).map(|order| order.number),
            orders,
            counts: sql::count(&mut connection, shop).await?,
        })
    }

    /// The `limit` orders of the viewer's shop that wait longest to be packed, the first first, and how many there are in all.
    pub async fn to_pack(&self, viewer: &Viewer, limit: u32) -> Result<(Vec<Order>, u64)> {
        let shop = &viewer.shop.id;
        let mut connection = self.services.inner.db.read().await?;
        let orders = sql::to_pack(&mut connection, shop, limit).await?;
        let counts = sql::count(&mut connection, shop).await?;
        let count = counts.iter().find(|(state, _)| *state == State::Paid);
        Ok((orders, count.map_or(0, |(_, count)| *count)))
    }

    /// What was paid to the viewer's shop since `since`, by days of UTC.
    pub async fn sales(&self, viewer: &Viewer, since: UnixMs) -> Result<Vec<DaySales>> {
        let mut connection = self.services.inner.db.read().await?;
        sql::sales(&mut connection, &viewer.shop.id, since).await
    }

    pub(crate) async fn token_of(&self, viewer: &Viewer, id: &OrderId) -> Result<String> {
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
    pub async fn mark_sent(&self, viewer: &Viewer, id: &OrderId) -> Result<()> {
        let token = self.token_of(viewer, id).await?;
        self.happen(&token, Input::Send).await
    }

    /// Gives the stock of holds back whose time is over. Returns how many. One that cannot be given back is logged and holds up
    /// no other.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn expire_holds(&self) -> Result<usize> {
        self.expire(None).await
    }

    /// Whether there are holds whose time is over.
    pub(crate) async fn has_overdue_holds(&self) -> Result<bool> {
        let now = self.services.now();
        sql::any_overdue(&mut *self.services.inner.db.read().await?, now).await
    }

    async fn expire(&self, product: Option<&ProductId>) -> Result<usize> {
        let now = self.services.now();
        let tokens = sql::overdue(&mut *self.services.inner.db.read().await?, product, now).await?;
        let mut expired = 0;
        for token in tokens {
            match self.expire_one(&token).await {
                Ok(now) => expired += usize::from(now),
                Err(error) => {
                    tracing::error!(%error, "a hold could not be given back");
                }
            }
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
        settle::run(&mut write, &shop, &mut order, Input::HoldOver, now).await?;
        write.commit().await?;
        Ok(true)
    }
}
