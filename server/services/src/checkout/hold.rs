//! Pressing buy: whose press it is, how much they may hold without paying, and the hold.

use std::{net::IpAddr, time::Duration};

use domain::{
    catalog::Product,
    checkout::{ANONYMOUS_HOLD_MS, Line, MAX_BROWSER_HOLDS, MAX_OPEN_HOLDS, MAX_QUANTITY, Quote},
    event::{Event, OrderChange},
    id::{OrderId, ShopId},
    money::Money,
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::{Checkout, missing, sql, stock};
use crate::{
    Error, Result, db, event,
    random::token_hash,
    rate_limit::{Quota, household, shared},
};

/// Holds of one network: 60 at once, then one in 2 s. Each takes stock off sale for a while.
const HOLDS: Quota = Quota::new(60, Duration::from_secs(2));

/// Whose holds are counted together.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Where the request comes from.
    pub address: IpAddr,
    /// The secret of the browser's cookie, where it sent one.
    pub browser: Option<&'a str>,
}

/// A press of the buy button.
#[derive(Clone, Copy)]
pub(super) struct Press<'a> {
    pub(super) shop: &'a ShopId,
    pub(super) product: &'a Product,
    pub(super) quantity: u32,
    pub(super) price_seen_minor: Option<i64>,
    pub(super) key: Option<&'a str>,
    pub(super) client: Option<Client<'a>>,
}

/// What came of a press.
pub(super) enum Tried {
    Held(String),
    PriceChanged,
    TooFew,
    /// The same key made its order a moment ago.
    Twice,
}

/// A [`Client`] as it is kept with what it holds.
#[derive(Debug, Default)]
pub(super) struct Holder {
    pub(super) client: Option<String>,
    pub(super) browser: Option<String>,
}

impl Holder {
    fn of(client: Option<Client<'_>>) -> Self {
        Self {
            client: client.map(|client| household(client.address).to_string()),
            browser: client.and_then(|client| client.browser).map(token_hash),
        }
    }

    /// Refuses one hold more where enough of the product is held and not paid.
    async fn check_room(
        &self,
        connection: &mut AnyConnection,
        press: &Press<'_>,
        now: UnixMs,
    ) -> Result<()> {
        if let Some(client) = &self.client {
            let open = open_holds(connection, BY_CLIENT, press, client, now).await?;
            let pieces = open.pieces.saturating_add(i64::from(press.quantity));
            if open.holds >= i64::from(MAX_OPEN_HOLDS)
                || (open.holds > 0 && pieces > i64::from(MAX_QUANTITY))
            {
                return Err(open.refusal("Several orders from your network", now));
            }
        }
        if let Some(browser) = &self.browser {
            let open = open_holds(connection, BY_BROWSER, press, browser, now).await?;
            if open.holds >= i64::from(MAX_BROWSER_HOLDS) {
                return Err(open.refusal("Several of your orders", now));
            }
        }
        Ok(())
    }
}

/// What is held of a product and not paid.
struct OpenHolds {
    holds: i64,
    pieces: i64,
    /// When the first of them ends; `None` while a bank thinks about all of them.
    first_end: Option<UnixMs>,
}

impl OpenHolds {
    fn refusal(&self, whose: &str, now: UnixMs) -> Error {
        let ms = self.first_end.map_or(0, |end| end.0.saturating_sub(now.0));
        let wait_s = u64::try_from(ms.max(0)).unwrap_or(0).div_ceil(1000).max(1);
        let minutes = wait_s.div_ceil(60);
        let minutes = match minutes {
            1 => "a minute".to_owned(),
            minutes => format!("{minutes} minutes"),
        };
        Error::Limited {
            message: format!(
                "{whose} hold pieces of this and are not paid yet. Pay or cancel one of them, or try again in {minutes}."
            ),
            retry_after_s: wait_s,
        }
    }
}

/// An order whose reservation still stands: its time is not over, or a bank has been asked.
macro_rules! open {
    () => {
        "reservation.state = 'held' AND (orders.held_until > $3 OR orders.state IN ('paying', 'pending'))"
    };
}

macro_rules! open_holds {
    ($column:literal) => {
        concat!(
            "SELECT COUNT(*) AS holds, CAST(COALESCE(SUM(reservation.quantity), 0) AS BIGINT) AS pieces, \
             MIN(CASE WHEN orders.held_until > $3 THEN orders.held_until END) AS first_end \
             FROM reservation JOIN orders ON orders.id = reservation.order_id \
             JOIN variant ON variant.id = reservation.variant_id \
             WHERE variant.product_id = $1 AND reservation.",
            $column,
            " = $2 AND ",
            open!()
        )
    };
}

const BY_CLIENT: &str = open_holds!("client");
const BY_BROWSER: &str = open_holds!("browser");

async fn open_holds(
    connection: &mut AnyConnection,
    statement: &'static str,
    press: &Press<'_>,
    whose: &str,
    now: UnixMs,
) -> Result<OpenHolds> {
    let row = sqlx::query(statement)
        .bind(press.product.id.as_str())
        .bind(whose)
        .bind(now.0)
        .fetch_one(connection)
        .await?;
    Ok(OpenHolds {
        holds: db::number(&row, "holds")?,
        pieces: db::number(&row, "pieces")?,
        first_end: db::number_or_null(&row, "first_end")?.map(UnixMs),
    })
}

/// The order of a browser that this press would only repeat: of as many pieces, at the price that was seen, and not paid.
async fn open_order(
    connection: &mut AnyConnection,
    press: &Press<'_>,
    browser: &str,
    now: UnixMs,
) -> Result<Option<String>> {
    let row = sqlx::query(concat!(
        "SELECT orders.token FROM reservation JOIN orders ON orders.id = reservation.order_id \
         JOIN order_line ON order_line.order_id = orders.id AND order_line.variant_id = reservation.variant_id \
         WHERE order_line.product_id = $1 AND reservation.browser = $2 AND ",
        open!(),
        " AND reservation.quantity = $4 AND ($5 < 0 OR order_line.price_minor = $5) \
         ORDER BY orders.created_at DESC, orders.number DESC LIMIT 1"
    ))
    .bind(press.product.id.as_str())
    .bind(browser)
    .bind(now.0)
    .bind(i64::from(press.quantity))
    .bind(press.price_seen_minor.unwrap_or(-1))
    .fetch_optional(connection)
    .await?;
    row.map(|row| db::text(&row, "token")).transpose()
}

impl Checkout<'_> {
    /// Holds the pieces and makes their order, or finds the one that is repeated.
    pub(super) async fn try_hold(&self, press: &Press<'_>) -> Result<Tried> {
        let Press {
            shop,
            product,
            quantity,
            price_seen_minor,
            key,
            client,
        } = *press;
        let now = self.services.now();
        let random = &self.services.inner.random;
        let currency = product
            .price
            .map(|price| price.currency)
            .ok_or_else(missing)?;
        // Judged before anything is locked; the price that counts is the one read with the hold.
        Quote::new(Money::zero(currency), quantity)?;
        let mut write = self.services.inner.db.write().await?;
        let holder = Holder::of(client);
        if let Some(client) = &holder.client {
            shared::take(&mut write, &format!("hold {client}"), HOLDS, now).await?;
        }
        // Locks the stock, so that presses for one product come one after the other from here on.
        let reserved = stock::reserve(&mut write, shop, &product.id, quantity).await?;
        if let Some(browser) = &holder.browser
            && let Some(token) = open_order(&mut write, press, browser, now).await?
        {
            return Ok(Tried::Held(token));
        }
        let Some(reserved) = reserved else {
            return Ok(Tried::TooFew);
        };
        holder.check_room(&mut write, press, now).await?;
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
            held_until: now.plus_ms(ANONYMOUS_HOLD_MS),
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
        stock::insert_reservation(&mut write, shop, &id, &reserved, quantity, &holder).await?;
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
}
