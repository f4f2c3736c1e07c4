//! Amounts of money: integer minor units of an ISO 4217 currency.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The currencies a shop can sell in (ISO 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Currency {
    /// Euro, 2 digits.
    EUR,
    /// US dollar, 2 digits.
    USD,
    /// Pound sterling, 2 digits.
    GBP,
    /// Swiss franc, 2 digits.
    CHF,
    /// Yen, no digits.
    JPY,
}

/// A non-negative amount in minor units of `currency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Cents, pence, yen: ISO 4217 minor units. Never negative, at most [`Money::MAX_MINOR`].
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// The most a single price may be: 99 999 999.99 with two digits. Keeps every sum of an order far from overflow.
    pub const MAX_MINOR: i64 = 9_999_999_999;
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.minor, self.currency)
    }
}
