//! A month by jurisdiction, as a table for whoever does the taxes.

use std::collections::BTreeMap;

use super::{Account, Entry, Kind};
use crate::{money::Currency, time::UnixMs};

/// What a column of the report sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// Goods sold, without tax.
    Sales,
    /// Taken off.
    Discounts,
    /// Delivery, without tax.
    Delivery,
    /// Tax taken.
    Tax,
    /// Goods given back, without tax.
    RefundedSales,
    /// Delivery given back, without tax.
    RefundedDelivery,
    /// Tax given back.
    RefundedTax,
    /// Kept by the processor.
    Fees,
    /// Taken back by banks.
    Disputes,
}

impl Column {
    /// Every column, from left to right.
    pub const ALL: [Self; 9] = [
        Self::Sales,
        Self::Discounts,
        Self::Delivery,
        Self::Tax,
        Self::RefundedSales,
        Self::RefundedDelivery,
        Self::RefundedTax,
        Self::Fees,
        Self::Disputes,
    ];

    /// Its head.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Discounts => "discounts",
            Self::Delivery => "delivery",
            Self::Tax => "tax",
            Self::RefundedSales => "refunded_sales",
            Self::RefundedDelivery => "refunded_delivery",
            Self::RefundedTax => "refunded_tax",
            Self::Fees => "fees",
            Self::Disputes => "disputes",
        }
    }

    /// The column of an entry, and the sign with which it counts there.
    const fn of(kind: Kind, account: Account) -> Option<(Self, i64)> {
        let is_back = matches!(kind, Kind::Refund | Kind::RefundReversal);
        Some(match (account, is_back) {
            (Account::Sales, _) => (Self::Sales, -1),
            (Account::Discounts, _) => (Self::Discounts, 1),
            (Account::Delivery, false) => (Self::Delivery, -1),
            (Account::Tax, false) => (Self::Tax, -1),
            (Account::Refunds, _) => (Self::RefundedSales, 1),
            (Account::Delivery, true) => (Self::RefundedDelivery, 1),
            (Account::Tax, true) => (Self::RefundedTax, 1),
            (Account::Fees, _) => (Self::Fees, 1),
            (Account::Disputes, _) => (Self::Disputes, 1),
            _ => return None,
        })
    }
}

/// A row of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it is taxed; empty where that is not known.
    pub jurisdiction: String,
    /// In what.
    pub currency: Currency,
    /// One sum for each of [`Column::ALL`], in minor units.
    pub sums: [i64; Column::ALL.len()],
}

/// The rows of a report, by currency and jurisdiction.
#[must_use]
pub fn rows<'a>(entries: impl IntoIterator<Item = (Kind, &'a Entry)>) -> Vec<Row> {
    let mut rows: BTreeMap<(&str, &str), Row> = BTreeMap::new();
    for (kind, entry) in entries {
        let Some((column, sign)) = Column::of(kind, entry.account) else {
            continue;
        };
        let key = (entry.currency.code(), entry.jurisdiction.as_str());
        let row = rows.entry(key).or_insert_with(|| Row {
            jurisdiction: entry.jurisdiction.clone(),
            currency: entry.currency,
            sums: [0; Column::ALL.len()],
        });
        let sum = &mut row.sums[column as usize];
        *sum = sum.saturating_add(entry.minor.saturating_mul(sign));
    }
    rows.into_values().collect()
}

/// The first moment of a month of UTC written as `2026-11`, and of the next one; `None` for anything else.
#[must_use]
pub fn month_of(text: &str) -> Option<(UnixMs, UnixMs)> {
    let (year, month) = text.split_once('-')?;
    if year.len() != 4 || month.len() != 2 {
        return None;
    }
    let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
    if !(1970..=9998).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let next = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    Some((first_day(year, month), first_day(next.0, next.1)))
}

/// Midnight UTC of the first of a month (days from civil, Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn first_day(year: i64, month: i64) -> UnixMs {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    UnixMs((era * 146_097 + day_of_era - 719_468) * 86_400_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{Part, Sale, capture, refund},
        money::Money,
    };

    #[test]
    fn months_begin_where_calendars_say() {
        for (text, from, to) in [
            ("1970-01", "1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"),
            ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            let (first, next) = month_of(text).expect(text);
            assert_eq!(
                (first.rfc3339().as_str(), next.rfc3339().as_str()),
                (from, to)
            );
        }
        for wrong in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "26-01",
            "2026-1",
            "x",
            "9999-12",
            "2026-12-01",
        ] {
            assert_eq!(month_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_report_keeps_what_came_and_what_went_apart() {
        let part = |jurisdiction: &str, net, tax| Part {
            jurisdiction: jurisdiction.to_owned(),
            net,
            tax,
            ..Part::default()
        };
        let sale = Sale {
            currency: Currency::EUR,
            parts: vec![part("DE", 100, 19), part("FR", 200, 40)],
        };
        let paid = Money {
            minor: 359,
            currency: Currency::EUR,
        };
        let came = capture(&sale, paid).expect("balanced");
        let went = refund(&sale, &[], paid).expect("balanced");
        let entries = came.entries().iter().map(|entry| (Kind::Capture, entry));
        let rows = rows(entries.chain(went.entries().iter().map(|entry| (Kind::Refund, entry))));
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (rows[0].jurisdiction.as_str(), rows[0].sums),
            ("DE", [100, 0, 0, 19, 100, 0, 19, 0, 0])
        );
        assert_eq!(
            (rows[1].jurisdiction.as_str(), rows[1].sums),
            ("FR", [200, 0, 0, 40, 200, 0, 40, 0, 0])
        );
    }
}
