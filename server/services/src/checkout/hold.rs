//! Pressing buy: whose press it is, how much they may hold without paying, and the hold: all of what is wanted, or nothing.

mod open;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use domain::{
    checkout::{ANONYMOUS_HOLD_MS, Line, MAX_QUANTITY},
    event::{Event, OrderChange},
    id::{OrderId, ProductId, ShopId, VariantId},
    money::Money,
    quote::price,
    tax::Taxed,
    terms::Terms,
};

use self::open::OpenHolds;
use super::{
    Checkout, missing,
    quote::{self, Choice},
    sql::{self, Offer},
    stock::{self, Reserved},
};
use crate::{
    Error, Result,
    db::Write,
    event,
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

/// Pieces of something that is for sale.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) offer: Offer,
    pub(super) quantity: u32,
    pub(super) price_seen_minor: Option<i64>,
}

/// A press of a button that buys.
#[derive(Clone, Copy)]
pub(super) struct Press<'a> {
    pub(super) shop: &'a ShopId,
    pub(super) terms: &'a Terms,
    /// What is wanted, in the order of the order's lines: at least one, all of one currency, no variant twice.
    pub(super) items: &'a [Wanted],
    /// No money will move.
    pub(super) test: bool,
    pub(super) key: Option<&'a str>,
    pub(super) client: Option<Client<'a>>,
}

/// What came of a press.
pub(super) enum Tried {
    Held(String),
    /// Of these, the price is another one than was seen.
    PriceChanged(Vec<VariantId>),
    /// Of these, not as many are left as are wanted. Nothing is held.
    TooFew(Vec<VariantId>),
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

impl Press<'_> {
    /// How many pieces of each product are wanted.
    fn products(&self) -> BTreeMap<&ProductId, u32> {
        let mut products = BTreeMap::new();
        for wanted in self.items {
            let pieces: &mut u32 = products.entry(&wanted.offer.product).or_default();
            *pieces = pieces.saturating_add(wanted.quantity);
        }
        products
    }

    /// Judged before anything is locked; the prices that count are those read with the reservation.
    fn check(&self) -> Result<()> {
        for wanted in self.items {
            price(Money::zero(wanted.offer.currency), wanted.quantity)?;
        }
        if self
            .products()
            .values()
            .any(|pieces| *pieces > MAX_QUANTITY)
        {
            return Err(Error::Invalid {
                field: "quantity",
                message: format!(
                    "One order takes at most {MAX_QUANTITY} pieces of one product. Choose fewer."
                ),
            });
        }
        Ok(())
    }

    /// Reserves what is wanted, in the order of variants, so that two baskets of the same things never wait for each other.
    /// `None` stands for what there is too little of.
    async fn reserve(&self, write: &mut Write) -> Result<Vec<Option<Reserved>>> {
        let mut sorted: Vec<(usize, &Wanted)> = self.items.iter().enumerate().collect();
        sorted.sort_unstable_by_key(|(_, wanted)| &wanted.offer.variant);
        let mut reserved: Vec<Option<Reserved>> = self.items.iter().map(|_| None).collect();
        for (at, wanted) in sorted {
            let variant = &wanted.offer.variant;
            reserved[at] = stock::reserve(write, self.shop, variant, wanted.quantity).await?;
        }
        Ok(reserved)
    }

    /// The variants of those that a condition is true of.
    fn variants<'b>(
        &self,
        reserved: &'b [Option<Reserved>],
        is_meant: impl Fn(&Wanted, Option<&'b Reserved>) -> bool,
    ) -> Vec<VariantId> {
        let pairs = self.items.iter().zip(reserved);
        pairs
            .filter(|(wanted, reserved)| is_meant(wanted, reserved.as_ref()))
            .map(|(wanted, _)| wanted.offer.variant.clone())
            .collect()
    }
}

/// What one costs, as it was read with its reservation.
fn unit(wanted: &Wanted, reserved: &Reserved) -> Option<Money> {
    Money::new(reserved.price_minor?, wanted.offer.currency)
}

fn line(wanted: &Wanted, reserved: &Reserved) -> Result<Line> {
    let unit = unit(wanted, reserved).ok_or_else(missing)?;
    let offer = &wanted.offer;
    Ok(Line {
        product: offer.product.clone(),
        variant: offer.variant.clone(),
        slug: offer.slug.clone(),
        title: offer.title.clone(),
        choice: offer.choice.clone(),
        sku: offer.sku.clone(),
        quantity: wanted.quantity,
        price: unit,
        total: price(unit, wanted.quantity)?,
        discount: 0,
        taxed: Taxed::default(),
        class: offer.class,
        tax: None,
        photo: None,
    })
}

impl Checkout<'_> {
    /// Holds the pieces and makes their order, or finds the one that is repeated.
    pub(super) async fn try_hold(&self, press: &Press<'_>) -> Result<Tried> {
        press.check()?;
        let now = self.services.now();
        let products = press.products();
        let mut write = self.services.inner.db.write().await?;
        let holder = Holder::of(press.client);
        if let Some(client) = &holder.client {
            shared::take(&mut write, &format!("hold {client}"), HOLDS, now).await?;
        }
        // Locks the stock, so that presses for one thing come one after the other from here on.
        let reserved = press.reserve(&mut write).await?;
        let of_products: BTreeSet<&ProductId> = products.keys().copied().collect();
        let open = OpenHolds::read(&mut write, &of_products, &holder, now).await?;
        if let Some(token) = open.repeated(press, &holder) {
            return Ok(Tried::Held(token.to_owned()));
        }
        let short = press.variants(&reserved, |_, reserved| reserved.is_none());
        if !short.is_empty() {
            return Ok(Tried::TooFew(short));
        }
        for (product, pieces) in &products {
            open.check_room(product, *pieces, &holder, now)?;
        }
        let changed = press.variants(&reserved, |wanted, reserved| {
            let now = reserved.and_then(|reserved| unit(wanted, reserved));
            let seen = wanted.price_seen_minor;
            seen.is_some_and(|seen| now.is_some_and(|now| now.minor != seen))
        });
        if !changed.is_empty() {
            return Ok(Tried::PriceChanged(changed));
        }
        let reserved: Vec<Reserved> = reserved.into_iter().flatten().collect();
        let token = self
            .write_order(&mut write, press, &reserved, &holder)
            .await?;
        let Some(token) = token else {
            return Ok(Tried::Twice);
        };
        write.commit().await?;
        Ok(Tried::Held(token))
    }

    /// Writes the order of what was reserved; `None` when its key has made one a moment ago.
    async fn write_order(
        &self,
        write: &mut Write,
        press: &Press<'_>,
        reserved: &[Reserved],
        holder: &Holder,
    ) -> Result<Option<String>> {
        let (now, shop) = (self.services.now(), press.shop);
        let random = &self.services.inner.random;
        let pairs = || press.items.iter().zip(reserved);
        let lines = pairs().map(|(wanted, reserved)| line(wanted, reserved));
        let mut lines: Vec<Line> = lines.collect::<Result<_>>()?;
        let currency = lines.first().ok_or_else(missing)?.price.currency;
        let choice = Choice::first(press.terms);
        let (delivery, total) =
            quote::price(&mut lines, currency, press.terms, &choice, None, now)?;
        let (id, token): (OrderId, String) = (random.id()?, random.token()?);
        let new = sql::NewOrder {
            id: &id,
            token: &token,
            key: press.key,
            test: press.test,
            total,
            destination: choice.destination.as_ref(),
            held_until: now.plus_ms(ANONYMOUS_HOLD_MS),
        };
        let Some(number) = sql::insert(write, shop, &new, now).await? else {
            return Ok(None);
        };
        for (position, line) in (0_i64..).zip(&lines) {
            sql::insert_line(write, shop, &id, position, line).await?;
        }
        if let Some(delivery) = &delivery {
            sql::insert_delivery(write, shop, &id, delivery).await?;
        }
        for (wanted, reserved) in pairs() {
            let quantity = wanted.quantity;
            stock::insert_reservation(write, shop, &id, reserved, quantity, holder).await?;
        }
        let event = Event::OrderHeld(OrderChange {
            order: id,
            number,
            total_minor: total.minor,
            test: press.test,
            products: press.products().into_keys().cloned().collect(),
        });
        event::write(write, shop, event, now).await?;
        Ok(Some(token))
    }
}
