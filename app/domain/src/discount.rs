//! Discount codes: what a code takes off, and when it may be used.

pub mod form;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    invalid::Invalid,
    money::{Currency, Money},
    share::{fraction, share},
    time::UnixMs,
};

/// What a code takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// Minor units of the shop's currency, at most what the goods cost.
    Amount(i64),
    /// Hundredths of a percent of the goods, 1–10 000.
    Percent(u32),
    /// The delivery.
    Delivery,
}

impl Off {
    /// What is taken off each line. `amounts` are those of the goods, in minor units.
    #[must_use]
    pub fn of_goods(self, amounts: &[i64]) -> Vec<i64> {
        let sum: i64 = amounts.iter().sum();
        let off = match self {
            Self::Amount(minor) => minor.clamp(0, sum),
            Self::Percent(hundredths) => fraction(sum, i64::from(hundredths.min(10_000)), 10_000),
            Self::Delivery => 0,
        };
        share(off, amounts)
    }

    /// What is taken off the delivery.
    #[must_use]
    pub const fn of_delivery(self, amount: i64) -> i64 {
        match self {
            Self::Delivery => amount,
            Self::Amount(_) | Self::Percent(_) => 0,
        }
    }

    /// The words a person reads: `10 % off`.
    #[must_use]
    pub fn words(self, currency: Currency) -> String {
        match self {
            Self::Amount(minor) => format!("{} off", Money { minor, currency }),
            Self::Percent(hundredths) => {
                format!(
                    "{} off",
                    crate::tax::written(hundredths.saturating_mul(100))
                )
            }
            Self::Delivery => "Free delivery".to_owned(),
        }
    }
}

/// A code as a shop made it. Fields that bound it are absent where there is no bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// What the buyer types.
    pub code: Code,
    /// What it takes off.
    pub off: Off,
    /// The least that the goods must cost, minor units; 0 for any.
    pub least: i64,
    /// Only for somebody who has bought nothing from the shop before, and uses it for no other order.
    pub first_purchase: bool,
    /// How often one person may use it.
    pub per_customer: Option<u32>,
    /// How often it may be used in all.
    pub uses: Option<u32>,
    /// From when on.
    pub from: Option<UnixMs>,
    /// Until when, exclusive.
    pub until: Option<UnixMs>,
}

/// What is known when somebody wants to use a code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Use {
    /// What the goods cost, minor units.
    pub goods: i64,
    /// How often it was used or is promised to other open orders.
    pub used: u32,
    /// Of these, how often by this person.
    pub used_by_customer: u32,
    /// Whether this person has bought from the shop before.
    pub has_bought: bool,
}

impl Discount {
    /// Whether the code may be used now.
    ///
    /// # Errors
    /// A sentence about the field `code`: why not, and where that helps, from when or how.
    pub fn check(&self, usage: &Use, currency: Currency, now: UnixMs) -> Result<(), Invalid> {
        let no = |message: String| Err(Invalid::new("code", message));
        let code = &self.code;
        if self.until.is_some_and(|until| until <= now) {
            return no(format!("The code {code} has ended."));
        }
        if self.from.is_some_and(|from| now < from) {
            return no(format!("The code {code} cannot be used yet."));
        }
        if usage.goods < self.least {
            let least = Money {
                minor: self.least,
                currency,
            };
            return no(format!("The code {code} is for orders from {least} on."));
        }
        if self.first_purchase && (usage.has_bought || usage.used_by_customer > 0) {
            return no(format!("The code {code} is for a first order only."));
        }
        if self.uses.is_some_and(|uses| uses <= usage.used) {
            return no(format!("The code {code} has been used up."));
        }
        if self
            .per_customer
            .is_some_and(|most| most <= usage.used_by_customer)
        {
            return no(format!("You have used the code {code} already."));
        }
        Ok(())
    }
}

/// A code as it is typed: 3–32 letters, digits and hyphens, in capitals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

impl Code {
    /// The code in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Code {
    type Err = Invalid;

    /// Reads what a person typed: spaces are dropped, small letters are capitals.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let code: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if (3..=32).contains(&code.len()) && code.chars().all(fits) {
            Ok(Self(code))
        } else {
            Err(Invalid::new(
                "code",
                "A code has 3 to 32 letters, digits and hyphens, for example SPRING-10.",
            ))
        }
    }
}

impl TryFrom<String> for Code {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code() -> Discount {
        Discount {
            code: "spring 10".parse().expect("a code"),
            off: Off::Percent(1000),
            least: 2000,
            first_purchase: true,
            per_customer: Some(2),
            uses: Some(10),
            from: Some(UnixMs(10)),
            until: Some(UnixMs(20)),
        }
    }

    #[test]
    fn a_code_says_why_it_cannot_be_used() {
        let fine = Use {
            goods: 2000,
            ..Use::default()
        };
        let check = |usage: Use, now| {
            code()
                .check(&usage, Currency::EUR, UnixMs(now))
                .map_err(|error| error.message)
        };
        assert_eq!(check(fine, 10), Ok(()));
        for (usage, now, words) in [
            (fine, 20, "has ended"),
            (fine, 9, "cannot be used yet"),
            (
                Use {
                    goods: 1999,
                    ..fine
                },
                10,
                "from 20",
            ),
            (
                Use {
                    used_by_customer: 1,
                    ..fine
                },
                10,
                "first order",
            ),
            (
                Use {
                    has_bought: true,
                    ..fine
                },
                10,
                "first order",
            ),
            (Use { used: 10, ..fine }, 10, "used up"),
        ] {
            let message = check(usage, now).expect_err(words);
            assert!(
                message.contains(words) && message.contains("SPRING10"),
                "{message}"
            );
        }
        let twice = Discount {
            first_purchase: false,
            ..code()
        };
        let used = Use {
            used_by_customer: 2,
            ..fine
        };
        let refused = twice.check(&used, Currency::EUR, UnixMs(10));
        assert!(refused.expect_err("twice").message.contains("already"));
    }

    #[test]
    fn codes_are_read_as_they_are_typed() {
        assert_eq!(
            "spring-10".parse::<Code>().map(|code| code.to_string()),
            Ok("SPRING-10".to_owned())
        );
        for text in ["", "ab", "a b", "é-é", "x".repeat(33).as_str(), "<b>"] {
            assert!(text.parse::<Code>().is_err(), "{text}");
        }
        assert_eq!(Off::Percent(1250).words(Currency::EUR), "12.5\u{a0}% off");
    }

    proptest! {
        #[test]
        fn nothing_is_taken_off_twice(
            amounts in proptest::collection::vec(0_i64..1_000_000_000, 1..20),
            minor in 0_i64..2_000_000_000,
            hundredths in 0_u32..20_000,
        ) {
            let sum: i64 = amounts.iter().sum();
            for off in [Off::Amount(minor), Off::Percent(hundredths), Off::Delivery] {
                let parts = off.of_goods(&amounts);
                prop_assert!(parts.iter().sum::<i64>() <= sum);
                for (part, amount) in parts.iter().zip(&amounts) {
                    prop_assert!(*part >= 0 && part <= amount);
                }
            }
            prop_assert_eq!(Off::Percent(10_000).of_goods(&amounts), amounts.clone());
            prop_assert_eq!(Off::Amount(minor).of_goods(&amounts).iter().sum::<i64>(), minor.min(sum));
        }
    }
}
