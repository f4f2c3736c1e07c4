//! A code as its shop types it.

use serde::{Deserialize, Serialize};

use super::{Discount, Off};
use crate::{
    invalid::Invalid,
    money::{Currency, Money},
    tax::percent,
    time::UnixMs,
};

/// The most codes that are made at once.
pub const MOST_AT_ONCE: u32 = 1000;
/// The most times that a code says it may be used.
const MOST_USES: u32 = 1_000_000;

/// The fields of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiscountForm {
    /// What buyers type; the beginning of it where several are made at once.
    pub code: String,
    /// `amount`, `percent` or `delivery`.
    pub kind: String,
    /// Money or percent.
    pub value: String,
    /// The least that the goods must cost; empty for any.
    pub least: String,
    /// Not empty when ticked: for a first order only.
    pub first_purchase: String,
    /// How often one person may use it; empty for any number.
    pub per_customer: String,
    /// How often it may be used in all; empty for any number.
    pub uses: String,
    /// The first day; empty for now.
    pub from: String,
    /// The last day; empty for none.
    pub until: String,
    /// How many codes to make, each with an ending of its own; empty for the one that was typed.
    pub count: String,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn number(text: &str, field: &'static str, most: u32) -> Result<Option<u32>, Invalid> {
    match text.trim() {
        "" => Ok(None),
        text => {
            let number = text
                .parse()
                .ok()
                .filter(|number| (1..=most).contains(number));
            let message = || format!("Write a number between 1 and {most}, or leave it empty.");
            number
                .map(Some)
                .ok_or_else(|| Invalid::new(field, message()))
        }
    }
}

fn day(text: &str, field: &'static str) -> Result<Option<UnixMs>, Invalid> {
    match text.trim() {
        "" => Ok(None),
        text => UnixMs::of_day(text).map(Some).ok_or_else(|| {
            Invalid::new(field, "Write the day as year, month and day: 2026-12-01.")
        }),
    }
}

impl DiscountForm {
    /// How many codes to make; `None` for the one that was typed.
    ///
    /// # Errors
    /// A sentence about the field `count`.
    pub fn count(&self) -> Result<Option<u32>, Invalid> {
        number(&self.count, "count", MOST_AT_ONCE)
    }

    /// Reads it, with `code` in place of the one that was typed where there is one.
    ///
    /// # Errors
    /// The first wrong field, with a sentence.
    pub fn discount(&self, code: Option<&str>, currency: Currency) -> Result<Discount, Invalid> {
        let money = |text: &str, field: &'static str| {
            let money =
                Money::parse(text, currency).map_err(|error| Invalid::new(field, error.message))?;
            Ok(money.minor)
        };
        let code = code.unwrap_or(&self.code).parse()?;
        let nothing = || Invalid::new("value", "A code takes something off: write more than 0.");
        let off = match self.kind.as_str() {
            "amount" => Off::Amount(
                Some(money(&self.value, "value")?)
                    .filter(|minor| *minor > 0)
                    .ok_or_else(nothing)?,
            ),
            "percent" => {
                let ppm =
                    percent(&self.value).map_err(|error| Invalid::new("value", error.message))?;
                if ppm == 0 {
                    return Err(nothing());
                }
                if ppm % 100 != 0 {
                    return Err(Invalid::new(
                        "value",
                        "Write at most two digits after the point.",
                    ));
                }
                Off::Percent(ppm / 100)
            }
            "delivery" => Off::Delivery,
            _ => return Err(Invalid::new("kind", "Choose what the code takes off.")),
        };
        let least = match self.least.trim() {
            "" => 0,
            text => money(text, "least")?,
        };
        let from = day(&self.from, "from")?;
        // The last day counts whole.
        let until = day(&self.until, "until")?.map(|day| day.plus_ms(DAY_MS));
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            return Err(Invalid::new(
                "until",
                "The last day is before the first one.",
            ));
        }
        Ok(Discount {
            code,
            off,
            least,
            first_purchase: !self.first_purchase.is_empty(),
            per_customer: number(&self.per_customer, "per_customer", MOST_USES)?,
            uses: number(&self.uses, "uses", MOST_USES)?,
            from,
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_whole_or_refused_at_its_field() {
        let form = DiscountForm {
            code: "spring".to_owned(),
            kind: "percent".to_owned(),
            value: "12,5".to_owned(),
            least: "50".to_owned(),
            uses: "3".to_owned(),
            from: "2026-12-01".to_owned(),
            until: "2026-12-01".to_owned(),
            ..DiscountForm::default()
        };
        let discount = form.discount(None, Currency::EUR).expect("valid");
        assert_eq!(
            (discount.off, discount.least, discount.uses),
            (Off::Percent(1250), 5000, Some(3))
        );
        assert_eq!(
            discount.until.map(|at| at.day()).as_deref(),
            Some("2026-12-02")
        );
        for (field, form) in [
            (
                "code",
                DiscountForm {
                    code: "a".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "kind",
                DiscountForm {
                    kind: String::new(),
                    ..form.clone()
                },
            ),
            (
                "value",
                DiscountForm {
                    value: "0".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "value",
                DiscountForm {
                    value: "-5".to_owned(),
                    kind: "amount".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "value",
                DiscountForm {
                    value: "0.005".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "value",
                DiscountForm {
                    value: "101".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "least",
                DiscountForm {
                    least: "x".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "uses",
                DiscountForm {
                    uses: "0".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "from",
                DiscountForm {
                    from: "soon".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "until",
                DiscountForm {
                    until: "2026-11-30".to_owned(),
                    ..form.clone()
                },
            ),
        ] {
            assert_eq!(
                form.discount(None, Currency::EUR).expect_err(field).field,
                field
            );
        }
        assert_eq!(
            DiscountForm {
                count: "1001".to_owned(),
                ..form
            }
            .count()
            .expect_err("count")
            .field,
            "count"
        );
    }
}
