//! Pressing buy: whose press it is, how much they may hold without paying, and the hold.

use std::{net::IpAddr, time::Duration};

use domain::{
    checkout::{ANONYMOUS_HOLD_MS, Line, MAX_BROWSER_HOLDS, MAX_OPEN_HOLDS, MAX_QUANTITY},
    event::{Event, OrderChange},
    id::{OrderId, ProductId},
    money::Money,
    quote::price,
    tax::Taxed,
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::{
    Checkout, missing,
    quote::{self, Choice},
    sql::{self, Offer},
    stock,
};
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
    pub(super) offer: &'a Offer,
    /// No money will move.
    pub(super) test: bool,
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
}

/// A hold of a product that still stands: its time is not over, or a bank has been asked.
struct OpenHold {
    token: String,
    /// Its order's number, by which the newest is told.
    number: i64,
    client: Option<String>,
    browser: Option<String>,
    pieces: i64,
    /// What a piece costs.
    price_minor: i64,
    /// `None` while a bank thinks about it.
    until: Option<UnixMs>,
}

/// What a household and a browser hold of a product.
struct OpenHolds(Vec<OpenHold>);

macro_rules! holds_by {
    ($column:literal, $place:literal) => {
        concat!(
            "SELECT orders.token, orders.number, reservation.client, reservation.browser, reservation.quantity AS pieces, \
             order_line.price_minor, CASE WHEN orders.held_until > $2 THEN orders.held_until END AS until FROM reservation \
             JOIN orders ON orders.id = reservation.order_id \
             JOIN order_line ON order_line.order_id = orders.id AND order_line.variant_id = reservation.variant_id \
             WHERE reservation.",
            $column,
            " = ",
            $place,
            " AND reservation.variant_id IN (SELECT id FROM variant WHERE product_id = $1) AND reservation.state = 'held' \
             AND (orders.held_until > $2 OR orders.state IN ('paying', 'pending', 'redirected'))"
        )
    };
}

impl OpenHolds {
    /// Each column has an index of its own, which one condition over both would not use.
    async fn read(
        connection: &mut AnyConnection,
        product: &ProductId,
        holder: &Holder,
        now: UnixMs,
    ) -> Result<Self> {
        let rows = sqlx::query(concat!(
            holds_by!("client", "$3"),
            " UNION ",
            holds_by!("browser", "$4")
        ))
        .bind(product.as_str())
        .bind(now.0)
        .bind(holder.client.as_deref())
        .bind(holder.browser.as_deref())
        .fetch_all(connection)
        .await?;
        let hold = |row| {
            Ok(OpenHold {
                token: db::text(row, "token")?,
                number: db::number(row, "number")?,
                client: db::text_or_null(row, "client")?,
                browser: db::text_or_null(row, "browser")?,
                pieces: db::number(row, "pieces")?,
                price_minor: db::number(row, "price_minor")?,
                until: db::number_or_null(row, "until")?.map(UnixMs),
            })
        };
        Ok(Self(rows.iter().map(hold).collect::<Result<_>>()?))
    }

    /// The browser's newest order that this press would only repeat: of as many pieces, at the price that was seen.
    fn repeated<'a>(&'a self, press: &Press<'_>, holder: &'a Holder) -> Option<&'a str> {
        let is_same = |hold: &&OpenHold| {
            hold.pieces == i64::from(press.quantity)
                && press
                    .price_seen_minor
                    .is_none_or(|seen| seen < 0 || seen == hold.price_minor)
        };
        self.of(|hold| &hold.browser, &holder.browser)
            .filter(is_same)
            .max_by_key(|hold| hold.number)
            .map(|hold| hold.token.as_str())
    }

    fn of<'a>(
        &'a self,
        whose: impl Fn(&OpenHold) -> &Option<String>,
        holder: &'a Option<String>,
    ) -> impl Iterator<Item = &'a OpenHold> {
        self.0
            .iter()
            .filter(move |hold| holder.is_some() && whose(hold) == holder)
    }

    /// Refuses one hold more where enough of the product is held and not paid.
    fn check_room(&self, quantity: u32, holder: &Holder, now: UnixMs) -> Result<()> {
        let household: Vec<&OpenHold> = self.of(|hold| &hold.client, &holder.client).collect();
        let pieces: i64 = household.iter().map(|hold| hold.pieces).sum();
        if household.len() >= MAX_OPEN_HOLDS as usize
            || (!household.is_empty() && pieces + i64::from(quantity) > i64::from(MAX_QUANTITY))
        {
            return Err(refusal("Several orders from your network", &household, now));
        }
        let browser: Vec<&OpenHold> = self.of(|hold| &hold.browser, &holder.browser).collect();
        if browser.len() >= MAX_BROWSER_HOLDS as usize {
            return Err(refusal("Several of your orders", &browser, now));
        }
        Ok(())
    }
}

fn refusal(whose: &str, holds: &[&OpenHold], now: UnixMs) -> Error {
    let first_end = holds.iter().filter_map(|hold| hold.until).min();
    let ms = first_end.map_or(0, |end| end.0.saturating_sub(now.0));
    let wait_s = u64::try_from(ms.max(0)).unwrap_or(0).div_ceil(1000).max(1);
    let minutes = match wait_s.div_ceil(60) {
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

impl Checkout<'_> {
    /// Holds the pieces and makes their order, or finds the one that is repeated.
    pub(super) async fn try_hold(&self, press: &Press<'_>) -> Result<Tried> {
        let Press {
            offer,
            test,
            quantity,
            price_seen_minor,
            key,
            client,
        } = *press;
        let now = self.services.now();
        let random = &self.services.inner.random;
        let (shop, product, currency) = (&offer.shop, &offer.product, offer.currency);
        // Judged before anything is locked; the price that counts is the one read with the hold.
        price(Money::zero(currency), quantity)?;
        let mut write = self.services.inner.db.write().await?;
        let holder = Holder::of(client);
        if let Some(client) = &holder.client {
            shared::take(&mut write, &format!("hold {client}"), HOLDS, now).await?;
        }
        // Locks the stock, so that presses for one product come one after the other from here on.
        let reserved = stock::reserve(&mut write, shop, product, quantity).await?;
        let open = OpenHolds::read(&mut write, product, &holder, now).await?;
        if let Some(token) = open.repeated(press, &holder) {
            return Ok(Tried::Held(token.to_owned()));
        }
        let Some(reserved) = reserved else {
            return Ok(Tried::TooFew);
        };
        open.check_room(quantity, &holder, now)?;
        let unit = reserved
            .price_minor
            .and_then(|minor| Money::new(minor, currency))
            .ok_or_else(missing)?;
        if price_seen_minor.is_some_and(|seen| seen != unit.minor) {
            return Ok(Tried::PriceChanged);
        }
        let mut lines = [Line {
            product: product.clone(),
            slug: offer.slug.clone(),
            title: offer.title.clone(),
            quantity,
            price: unit,
            total: price(unit, quantity)?,
            discount: 0,
            taxed: Taxed::default(),
            class: offer.class,
            tax: None,
            photo: None,
        }];
        let choice = Choice::first(&offer.terms);
        let (delivery, total) =
            quote::price(&mut lines, currency, &offer.terms, &choice, None, now)?;
        let (id, token): (OrderId, String) = (random.id()?, random.token()?);
        let new = sql::NewOrder {
            id: &id,
            token: &token,
            key,
            test,
            total,
            destination: choice.destination.as_ref(),
            held_until: now.plus_ms(ANONYMOUS_HOLD_MS),
        };
        let Some(number) = sql::insert(&mut write, shop, &new, now).await? else {
            return Ok(Tried::Twice);
        };
        let [line] = &lines;
        sql::insert_line(&mut write, shop, &id, 0, line, &reserved.variant).await?;
        if let Some(delivery) = &delivery {
            sql::insert_delivery(&mut write, shop, &id, delivery).await?;
        }
        stock::insert_reservation(&mut write, shop, &id, &reserved, quantity, &holder).await?;
        let event = Event::OrderHeld(OrderChange {
            order: id,
            number,
            total_minor: total.minor,
            test,
            products: vec![product.clone()],
        });
        event::write(&mut write, shop, event, now).await?;
        write.commit().await?;
        Ok(Tried::Held(token))
    }
}
