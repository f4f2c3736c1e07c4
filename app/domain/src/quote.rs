//! What a purchase costs, line by line: goods, discount, delivery and tax, each exact and the total their sum.

use serde::{Deserialize, Serialize};

use crate::{
    checkout::MAX_QUANTITY,
    country::Place,
    discount::Off,
    invalid::Invalid,
    money::{Currency, Money},
    tax::{self, Class, Rate, Seller, Taxed},
    time::UnixMs,
};

/// Pieces of one thing to be priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// What one costs, minor units.
    pub unit: i64,
    /// How many.
    pub quantity: u32,
    /// How it is taxed.
    pub class: Class,
}

/// Everything a quote depends on. All amounts are minor units of `currency`.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// What everything is priced in.
    pub currency: Currency,
    /// Where the shop owes taxes; `None` for one that has not said.
    pub seller: Option<&'a Seller>,
    /// The shop's tax table.
    pub rates: &'a [Rate],
    /// Where it goes; `None` while that is not known, and nothing is taxed yet.
    pub destination: Option<&'a Place>,
    /// What the delivery costs; `None` for none.
    pub delivery: Option<i64>,
    /// What a code takes off.
    pub off: Option<Off>,
    /// When.
    pub at: UnixMs,
}

/// The tax that a line carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// Whose tax.
    pub place: Place,
    /// Of what.
    pub class: Class,
    /// Parts of a million.
    pub ppm: u32,
    /// The price said it included.
    pub inclusive: bool,
}

/// A priced line. `total` = `net` + tax; where the price includes tax that is the price less the discount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// What one piece costs as the page says it, minor units.
    pub unit: i64,
    /// How many.
    pub quantity: u32,
    /// What a code takes off the whole line, minor units.
    pub discount: i64,
    /// What is left, without and as tax.
    pub taxed: Taxed,
    /// `None` for a line without tax.
    pub tax: Option<LineTax>,
}

impl Amounts {
    /// What is paid for the line, minor units.
    #[must_use]
    pub const fn total(&self) -> i64 {
        self.taxed.total()
    }
}

/// A priced purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The goods, in their order.
    pub lines: Vec<Amounts>,
    /// The delivery, where it is asked for.
    pub delivery: Option<Amounts>,
    /// What is paid: the sum of all lines.
    pub total: Money,
}

/// What `quantity` pieces cost.
///
/// # Errors
/// A sentence about the field `quantity`: zero, more than [`MAX_QUANTITY`], or too much money.
pub fn price(unit: Money, quantity: u32) -> Result<Money, Invalid> {
    if !(1..=MAX_QUANTITY).contains(&quantity) {
        return Err(Invalid::new(
            "quantity",
            format!("Choose between 1 and {MAX_QUANTITY} pieces."),
        ));
    }
    unit.times(quantity).ok_or_else(too_much)
}

fn too_much() -> Invalid {
    Invalid::new(
        "quantity",
        "This is more than one order can hold. Choose fewer pieces.",
    )
}

/// Prices a purchase.
///
/// # Errors
/// A sentence about the field `quantity`: no pieces, too many, or too much money.
pub fn quote(items: &[Item], basis: &Basis<'_>) -> Result<Quote, Invalid> {
    let currency = basis.currency;
    let mut sum = Money::zero(currency);
    let mut goods = Vec::with_capacity(items.len());
    for item in items {
        let unit = Money::new(item.unit, currency).ok_or_else(too_much)?;
        let line = price(unit, item.quantity)?;
        sum = sum.plus(line).ok_or_else(too_much)?;
        goods.push(line.minor);
    }
    let off = basis
        .off
        .map_or_else(|| vec![0; goods.len()], |off| off.of_goods(&goods));
    let mut lines: Vec<Amounts> = items
        .iter()
        .zip(&goods)
        .zip(&off)
        .map(|((item, amount), off)| Amounts {
            unit: item.unit,
            quantity: item.quantity,
            discount: *off,
            taxed: Taxed {
                net: amount - off,
                tax: 0,
            },
            tax: None,
        })
        .collect();
    let rates: Vec<Option<&Rate>> = items.iter().map(|item| basis.rate(item.class)).collect();
    if let Some(delivery) = basis.delivery {
        let off = basis.off.map_or(0, |off| off.of_delivery(delivery));
        lines.push(Amounts {
            unit: delivery,
            quantity: 1,
            discount: off,
            taxed: Taxed {
                net: delivery.saturating_sub(off),
                tax: 0,
            },
            tax: None,
        });
    }
    let of_delivery = basis.delivery.map(|_| delivery_rate(&lines, &rates));
    let rates: Vec<Option<&Rate>> = rates.into_iter().chain(of_delivery).collect();
    tax_lines(&mut lines, &rates, basis.destination);
    let mut total = Money::zero(currency);
    for line in &lines {
        total = Money::new(line.total(), currency)
            .and_then(|line| total.plus(line))
            .ok_or_else(too_much)?;
    }
    let delivery = basis.delivery.and_then(|_| lines.pop());
    Ok(Quote {
        lines,
        delivery,
        total,
    })
}

impl<'a> Basis<'a> {
    fn rate(&self, class: Class) -> Option<&'a Rate> {
        let place = self.seller?.taxed_in(self.destination?)?;
        tax::rate(self.rates, &place, class, self.at)
    }
}

/// Delivery shares the fate of what it delivers: it is taxed like the goods that cost the most, where that tax is asked of delivery.
fn delivery_rate<'a>(lines: &[Amounts], rates: &[Option<&'a Rate>]) -> Option<&'a Rate> {
    let worth = |rate: &&Rate| -> i64 {
        let of_rate = lines
            .iter()
            .zip(rates)
            .filter(|(_, other)| other.is_some_and(|other| other == *rate));
        of_rate.map(|(line, _)| line.total()).sum()
    };
    let most = rates.iter().flatten().copied().max_by_key(worth)?;
    most.on_delivery.then_some(most)
}

fn tax_lines(lines: &mut [Amounts], rates: &[Option<&Rate>], destination: Option<&Place>) {
    let mut done = vec![false; lines.len()];
    for first in 0..lines.len() {
        let Some(rate) = rates[first].filter(|_| !done[first]) else {
            continue;
        };
        let group: Vec<usize> = (first..lines.len())
            .filter(|index| rates[*index] == Some(rate))
            .collect();
        let amounts: Vec<i64> = group.iter().map(|index| lines[*index].taxed.net).collect();
        for (index, taxed) in group.into_iter().zip(tax::apply(rate, &amounts)) {
            done[index] = true;
            lines[index].taxed = taxed;
            lines[index].tax = Some(LineTax {
                place: destination
                    .filter(|place| rate.place.contains(place))
                    .unwrap_or(&rate.place)
                    .clone(),
                class: rate.class,
                ppm: rate.ppm,
                inclusive: rate.inclusive,
            });
        }
    }
}

#[cfg(test)]
#[path = "quote/test.rs"]
mod tests;
