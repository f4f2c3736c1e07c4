//! What an order costs: its goods on its shop's terms, to where it goes, sent as its buyer wants, with a code taken off.

use domain::{
    checkout::{Delivery, Line, Order, PayForm, State},
    country::Place,
    delivery::{self, Method},
    discount::{Code, Off},
    id::ShopId,
    invalid::Invalid,
    money::{Currency, Money},
    quote::{self, Basis, Item},
    terms::Terms,
    time::UnixMs,
};

use super::{missing, sql};
use crate::{Error, Result, checkout::Checkout, db::Write, discount, payment, terms};

/// What a buyer chose beside the goods.
pub(super) struct Choice {
    pub(super) destination: Option<Place>,
    /// The way of sending; the first there is where it is not one of the destination's.
    pub(super) method: String,
    pub(super) code: Option<Code>,
    pub(super) email: Option<String>,
}

impl Choice {
    /// What nobody has said anything about yet.
    pub(super) fn first(terms: &Terms) -> Self {
        Self {
            destination: terms.first_destination(),
            method: String::new(),
            code: None,
            email: None,
        }
    }

    fn read(form: &PayForm, terms: &Terms) -> Result<Self> {
        Ok(Self {
            destination: form.destination(terms)?,
            method: form.delivery.clone(),
            code: form.code()?,
            email: domain::checkout::email(&form.email).ok(),
        })
    }
}

/// The way of sending that was chosen, or the first to that place; `None` for a shop that asks nothing for delivery.
fn method<'a>(terms: &'a Terms, choice: &Choice) -> Option<&'a Method> {
    let country = choice.destination.as_ref()?.country;
    let zone = delivery::zone(&terms.zones, country)?;
    let chosen = zone
        .methods
        .iter()
        .find(|method| method.id == choice.method);
    chosen.or_else(|| zone.methods.first())
}

/// Prices the lines and writes the amounts into them; answers with the delivery and the total.
pub(super) fn price(
    lines: &mut [Line],
    currency: Currency,
    terms: &Terms,
    choice: &Choice,
    off: Option<Off>,
    at: UnixMs,
) -> std::result::Result<(Option<Delivery>, Money), Invalid> {
    let items: Vec<Item> = lines
        .iter()
        .map(|line| Item {
            unit: line.price.minor,
            quantity: line.quantity,
            class: line.class,
        })
        .collect();
    let goods = goods(lines);
    let method = method(terms, choice);
    let basis = Basis {
        currency,
        seller: terms.seller.as_ref(),
        rates: &terms.rates,
        destination: choice.destination.as_ref(),
        delivery: method.map(|method| method.cost(goods)),
        off,
        at,
    };
    let quote = quote::quote(&items, &basis)?;
    for (line, amounts) in lines.iter_mut().zip(quote.lines) {
        line.discount = amounts.discount;
        line.taxed = amounts.taxed;
        line.tax = amounts.tax;
    }
    let delivery = method
        .zip(quote.delivery)
        .map(|(method, amounts)| Delivery {
            method: method.id.clone(),
            name: method.name.clone(),
            amounts,
        });
    Ok((delivery, quote.total))
}

/// What the goods cost as their pages say, minor units.
fn goods(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.total.minor).sum()
}

impl Checkout<'_> {
    /// Prices an order anew for what its buyer typed, and keeps that; nothing changes where something typed is wrong.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` (field `country`, `region` or `code`), `Gone` once it can no longer be paid.
    pub async fn requote(&self, token: &str, form: &PayForm) -> Result<()> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = sql::lock(&mut write, token, now)
            .await?
            .ok_or_else(missing)?;
        if order.state == State::Redirected {
            return Err(Error::Conflict(
                "A payment page of this order is open. Go on there, or give the order up and buy again."
                    .to_owned(),
            ));
        }
        if !order.state.payable() || order.held_until <= now {
            return Err(payment::too_late());
        }
        requote(&mut write, &shop, &mut order, form, now).await?;
        write.commit().await
    }
}

/// Prices the locked order for what its buyer typed.
pub(crate) async fn requote(
    write: &mut Write,
    shop: &ShopId,
    order: &mut Order,
    form: &PayForm,
    now: UnixMs,
) -> Result<()> {
    let terms = terms::sql::terms(write, shop).await?;
    let choice = Choice::read(form, &terms)?;
    let off = match &choice.code {
        Some(code) => {
            let (goods, email) = (goods(&order.lines), choice.email.as_deref());
            let taken =
                discount::take(write, shop, order, code.as_str(), goods, email, now).await?;
            Some(taken.off)
        }
        None => {
            if order.code.is_some() {
                discount::free(write, order).await?;
            }
            None
        }
    };
    let before = (
        order.destination.clone(),
        order.delivery.clone(),
        order.lines.clone(),
    );
    let currency = order.total.currency;
    (order.delivery, order.total) = price(&mut order.lines, currency, &terms, &choice, off, now)?;
    order.code = choice.code;
    order.destination = choice.destination;
    let after = (&order.destination, &order.delivery, &order.lines);
    if (&before.0, &before.1, &before.2) != after {
        sql::save_quote(write, shop, order).await?;
    }
    Ok(())
}
