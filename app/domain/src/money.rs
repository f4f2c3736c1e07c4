//! Amounts of money: integer minor units of an ISO 4217 currency.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::invalid::Invalid;

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

impl Currency {
    /// Every currency, in the order a form offers them.
    pub const ALL: [Self; 5] = [Self::EUR, Self::USD, Self::GBP, Self::CHF, Self::JPY];

    /// The ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::EUR => "EUR",
            Self::USD => "USD",
            Self::GBP => "GBP",
            Self::CHF => "CHF",
            Self::JPY => "JPY",
        }
    }

    /// The sign people write.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::EUR => "€",
            Self::USD => "$",
            Self::GBP => "£",
            Self::CHF => "CHF",
            Self::JPY => "¥",
        }
    }

    /// Digits after the separator (the ISO 4217 exponent).
    #[must_use]
    pub const fn digits(self) -> u32 {
        match self {
            Self::EUR | Self::USD | Self::GBP | Self::CHF => 2,
            Self::JPY => 0,
        }
    }

    const fn minor_per_major(self) -> i64 {
        10_i64.pow(self.digits())
    }

    /// An amount people would write, for error sentences.
    const fn example(self) -> &'static str {
        match self {
            Self::EUR => "38 or 38,50",
            Self::USD | Self::GBP | Self::CHF => "38 or 38.50",
            Self::JPY => "3800",
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|currency| currency.code() == text)
            .ok_or_else(|| Invalid::new("currency", "Choose one of EUR, USD, GBP, CHF and JPY."))
    }
}

/// A non-negative amount in minor units of `currency`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Cents, pence, yen: ISO 4217 minor units. Never negative; a price is at most [`Money::MAX_MINOR`].
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// The most a single price may be: 99 999 999.99 with two digits. Keeps every sum of an order far from overflow.
    pub const MAX_MINOR: i64 = 9_999_999_999;

    /// `minor` units of `currency`; `None` below zero.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Option<Self> {
        if minor < 0 {
            None
        } else {
            Some(Self { minor, currency })
        }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The sum; `None` when the currencies differ or the sum would not fit.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        let minor = self.minor.checked_add(other.minor)?;
        Self::new(minor, self.currency)
    }

    /// The price of `quantity` pieces; `None` when it would not fit.
    #[must_use]
    pub fn times(self, quantity: u32) -> Option<Self> {
        let minor = self.minor.checked_mul(i64::from(quantity))?;
        Self::new(minor, self.currency)
    }

    /// Reads a price a person typed.
    ///
    /// Locale-neutral: `12`, `12.50`, `12,50`, `1 234,50`, `1.234,50`, `1'234.50`, `12,-`, in digits of any script and
    /// width, with or without the currency's sign, code or name. Spaces (also thin and fixed ones) and apostrophes only
    /// group. What could be read in two ways (`1,234`) is refused rather than guessed.
    ///
    /// # Errors
    /// A sentence about the field `price`: empty, not a number, negative, too large, or too many digits.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Invalid> {
        crate::price::parse(text, currency)
    }

    /// The decimal text for programs (schema.org): no sign, no grouping, a point, always all digits (`38.50`). People read
    /// [`Money`]'s display, or [`Money::number`].
    #[must_use]
    pub fn decimal(self) -> String {
        let (major, minor) = self.split();
        match self.currency.digits() {
            0 => major.to_string(),
            digits => format!("{major}.{minor:0width$}", width = digits as usize),
        }
    }

    /// As people read it, without the sign: for a field that the currency stands beside.
    #[must_use]
    pub fn number(self) -> String {
        let (major, minor) = self.split();
        let mut number = grouped(major);
        if minor != 0 {
            let separator = if self.currency == Currency::EUR {
                ','
            } else {
                '.'
            };
            let width = self.currency.digits() as usize;
            number.push_str(&format!("{separator}{minor:0width$}"));
        }
        number
    }

    fn split(self) -> (i64, i64) {
        let scale = self.currency.minor_per_major();
        (self.minor / scale, self.minor % scale)
    }

    pub(crate) const fn example(currency: Currency) -> &'static str {
        currency.example()
    }
}

/// Keeps the number and its sign on one line.
const NBSP: char = '\u{a0}';
/// The thin space that does not break (U+202F), which groups thousands everywhere without being read as a separator.
const THIN: char = '\u{202f}';

fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(THIN);
        }
        text.push(digit);
    }
    text
}

/// The one way in which people read amounts, on every page: `38 €`, `38,50 €`, `1 234 567,89 €`, `$12.50`, `¥3 800`. Decimals
/// are left out when they are zero.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, sign) = (self.number(), self.currency.sign());
        match self.currency {
            Currency::EUR => write!(f, "{number}{NBSP}{sign}"),
            Currency::CHF => write!(f, "{sign}{NBSP}{number}"),
            Currency::USD | Currency::GBP | Currency::JPY => write!(f, "{sign}{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(Currency::ALL.to_vec())
    }

    #[test]
    fn amounts_are_written_as_people_write_them() {
        let written = |minor, currency| {
            Money { minor, currency }
                .to_string()
                .replace([NBSP, THIN], " ")
        };
        assert_eq!(written(3800, Currency::EUR), "38 €");
        assert_eq!(written(3850, Currency::EUR), "38,50 €");
        assert_eq!(written(123_456_789, Currency::EUR), "1 234 567,89 €");
        assert_eq!(written(1205, Currency::USD), "$12.05");
        assert_eq!(written(3800, Currency::JPY), "¥3 800");
        assert_eq!(written(5, Currency::CHF), "CHF 0.05");
        let euro = Money {
            minor: 3800,
            currency: Currency::EUR,
        };
        assert_eq!(euro.number(), "38");
        assert_eq!(euro.decimal(), "38.00");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(minor in 0..=Money::MAX_MINOR, currency in currency()) {
            let money = Money { minor, currency };
            prop_assert_eq!(Money::parse(&money.to_string(), currency), Ok(money));
            prop_assert_eq!(Money::parse(&money.number(), currency), Ok(money));
            prop_assert_eq!(Money::parse(&money.decimal(), currency), Ok(money));
        }

        #[test]
        fn an_order_never_overflows(prices in proptest::collection::vec((0..=Money::MAX_MINOR, 1_u32..=99), 0..100)) {
            let mut total = Money::zero(Currency::EUR);
            let mut exact: i128 = 0;
            for (minor, quantity) in prices {
                let line = Money { minor, currency: Currency::EUR }.times(quantity);
                total = line.and_then(|line| total.plus(line)).expect("an order fits");
                exact += i128::from(minor) * i128::from(quantity);
            }
            prop_assert_eq!(i128::from(total.minor), exact);
        }

        #[test]
        fn sums_are_exact_or_refused(a in 0..=i64::MAX, b in 0..=i64::MAX, quantity: u32) {
            let money = |minor| Money { minor, currency: Currency::USD };
            prop_assert_eq!(money(a).plus(money(b)).map(|sum| sum.minor), a.checked_add(b));
            prop_assert_eq!(money(a).times(quantity).map(|sum| sum.minor), a.checked_mul(i64::from(quantity)));
            prop_assert_eq!(money(a).plus(Money { minor: b, currency: Currency::EUR }), None);
        }
    }
}
