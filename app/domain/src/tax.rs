//! Which tax a sale carries, and how much of it: dated tables, the place of supply, and rounding.
//!
//! For goods that are sent to people who are not traders. Inside the European Union that is taxed where the goods go once the seller
//! takes part in the one stop shop (Directive 2006/112/EC, articles 33 and 369a), at home before; what leaves for another country is
//! taxed there and only where the seller is registered there.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    country::Place,
    invalid::Invalid,
    share::{fraction, share},
    time::UnixMs,
};

/// What kind of goods a rate is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Whatever has no rate of its own.
    #[default]
    Standard,
    /// What a country taxes less: books and food in most.
    Reduced,
    /// What a country does not tax.
    Zero,
}

impl Class {
    /// Every class, in the order a form offers them.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Reduced, Self::Zero];

    /// The word in forms and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Reduced => "reduced",
            Self::Zero => "zero",
        }
    }

    /// The words a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Reduced => "Reduced",
            Self::Zero => "Not taxed",
        }
    }
}

impl FromStr for Class {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or_else(|| Invalid::new("class", "Choose a tax class from the list."))
    }
}

/// How a tax is rounded to whole units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Each line by itself, halves up.
    #[default]
    Line,
    /// Once for all lines of a rate, halves up.
    Order,
    /// Once for all lines of a rate, fractions dropped: usual in Japan, where a receipt may round only once a rate.
    OrderDown,
}

impl Rounding {
    /// Every rule, in the order a form offers them.
    pub const ALL: [Self; 3] = [Self::Line, Self::Order, Self::OrderDown];

    /// The word in forms and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Order => "order",
            Self::OrderDown => "order_down",
        }
    }

    /// The words a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Line => "Each line",
            Self::Order => "Once an order",
            Self::OrderDown => "Once an order, down",
        }
    }
}

impl FromStr for Rounding {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|rounding| rounding.as_str() == text)
            .ok_or_else(|| Invalid::new("rounding", "Choose how the tax is rounded."))
    }
}

/// Parts of a million, in which rates are written: 19 % is 190 000.
pub const MILLION: i64 = 1_000_000;

/// A tax as a country asks it, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Where it is asked.
    pub place: Place,
    /// Of what.
    pub class: Class,
    /// Parts of a million of the amount without tax.
    pub ppm: u32,
    /// Prices say it included, as people read them there.
    pub inclusive: bool,
    /// How it is rounded.
    pub rounding: Rounding,
    /// It is also asked of the delivery.
    pub on_delivery: bool,
    /// From when on.
    pub from: UnixMs,
}

/// Where a shop owes taxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// Where it is established and sends from.
    pub home: Place,
    /// It owes taxes at home; one below its country's threshold for small businesses does not.
    pub registered: bool,
    /// It takes part in the European Union's one stop shop: sales to other member states are taxed there.
    pub one_stop_shop: bool,
    /// Where else it is registered.
    pub also: Vec<Place>,
}

impl Seller {
    /// Whose tax a sale to `destination` carries; `None` for no tax at all.
    #[must_use]
    pub fn taxed_in(&self, destination: &Place) -> Option<Place> {
        if self.also.iter().any(|place| place.contains(destination)) {
            return Some(destination.clone());
        }
        if !self.registered {
            return None;
        }
        if destination.country == self.home.country {
            return Some(destination.clone());
        }
        let inside = self.home.country.is_in_eu() && destination.country.is_in_eu();
        match (inside, self.one_stop_shop) {
            (true, true) => Some(destination.clone()),
            (true, false) => Some(self.home.clone()),
            (false, _) => None,
        }
    }
}

/// The rate of a class at a place on a day: that of the part of the country if it has one, else the country's; the latest that has
/// begun.
#[must_use]
pub fn rate<'a>(rates: &'a [Rate], place: &Place, class: Class, at: UnixMs) -> Option<&'a Rate> {
    rates
        .iter()
        .filter(|rate| rate.class == class && rate.from <= at && rate.place.contains(place))
        .max_by_key(|rate| (rate.place.region.is_some(), rate.from))
}

/// An amount without its tax, and the tax.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taxed {
    /// Minor units without tax.
    pub net: i64,
    /// Minor units of tax.
    pub tax: i64,
}

impl Taxed {
    /// What is paid.
    #[must_use]
    pub const fn total(self) -> i64 {
        self.net.saturating_add(self.tax)
    }
}

fn down(amount: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(amount) * i128::from(part) / i128::from(whole);
    i64::try_from(exact).unwrap_or(i64::MAX)
}

/// Taxes the amounts of the lines of one rate. Where prices include the tax, the amounts stand and the tax is found inside them; else
/// it comes on top.
#[must_use]
pub fn apply(rate: &Rate, amounts: &[i64]) -> Vec<Taxed> {
    let ppm = i64::from(rate.ppm);
    let whole = if rate.inclusive {
        MILLION + ppm
    } else {
        MILLION
    };
    let taxes = match rate.rounding {
        Rounding::Line => amounts
            .iter()
            .map(|amount| fraction(*amount, ppm, whole))
            .collect(),
        Rounding::Order => share(fraction(amounts.iter().sum(), ppm, whole), amounts),
        Rounding::OrderDown => share(down(amounts.iter().sum(), ppm, whole), amounts),
    };
    let taxed = |(amount, tax): (&i64, i64)| {
        let net = if rate.inclusive {
            amount - tax
        } else {
            *amount
        };
        Taxed { net, tax }
    };
    amounts.iter().zip(taxes).map(taxed).collect()
}

/// Standard rates as they stood at the end of 2026, parts of a million: a table to begin with.
pub const USUAL: &[(&str, u32)] = &[
    ("AT", 200_000),
    ("BE", 210_000),
    ("BG", 200_000),
    ("CH", 81_000),
    ("CY", 190_000),
    ("CZ", 210_000),
    ("DE", 190_000),
    ("DK", 250_000),
    ("EE", 240_000),
    ("ES", 210_000),
    ("FI", 255_000),
    ("FR", 200_000),
    ("GB", 200_000),
    ("GR", 240_000),
    ("HR", 250_000),
    ("HU", 270_000),
    ("IE", 230_000),
    ("IT", 220_000),
    ("JP", 100_000),
    ("LT", 210_000),
    ("LU", 170_000),
    ("LV", 210_000),
    ("MT", 180_000),
    ("NL", 210_000),
    ("PL", 230_000),
    ("PT", 230_000),
    ("RO", 210_000),
    ("SE", 250_000),
    ("SI", 220_000),
    ("SK", 230_000),
];

/// Reads a rate that a person typed, in percent: `19`, `8.875`, `5,5 %`. At most four digits after the separator.
///
/// # Errors
/// A sentence about the field `rate`.
pub fn percent(text: &str) -> Result<u32, Invalid> {
    let wrong = || {
        Invalid::new(
            "rate",
            "Write the rate in percent, for example 19 or 8.875.",
        )
    };
    let text = text
        .trim()
        .trim_end_matches('%')
        .trim_end()
        .replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 3
        || fraction.len() > 4
        || !digits(whole)
        || !digits(fraction)
    {
        return Err(wrong());
    }
    let ppm: u32 = format!("{whole}{fraction:0<4}")
        .parse()
        .map_err(|_| wrong())?;
    if ppm > 1_000_000 {
        return Err(Invalid::new("rate", "A rate is at most 100 percent."));
    }
    Ok(ppm)
}

/// A rate as people write it: `19 %`, `8.875 %`.
#[must_use]
pub fn written(ppm: u32) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    if rest == 0 {
        return format!("{whole}\u{a0}%");
    }
    let fraction = format!("{rest:04}");
    format!("{whole}.{}\u{a0}%", fraction.trim_end_matches('0'))
}

#[cfg(test)]
#[path = "tax/test.rs"]
mod tests;
