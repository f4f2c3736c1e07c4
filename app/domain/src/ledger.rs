//! The ledger: double entry, append-only, each transaction zero in each currency by construction.
//!
//! An entry above zero is a debit, one below zero a credit. What was posted is never edited: a mistake is reversed by
//! [`Transaction::reversed`].

mod post;
mod report;

use std::{collections::BTreeMap, str::FromStr};

use crate::money::{Currency, Money};

pub use self::{
    post::{Part, Sale, capture, dispute, fee, refund},
    report::{Column, Row, month_of, rows},
};

/// What an amount belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What buyers owe.
    Receivable,
    /// What the processor holds for the shop.
    Clearing,
    /// What has reached the shop's bank.
    Bank,
    /// Taken for what is not delivered yet.
    Unearned,
    /// What was sold, before discounts and without tax.
    Sales,
    /// What was taken off.
    Discounts,
    /// Tax taken for an authority.
    Tax,
    /// Delivery that buyers paid.
    Delivery,
    /// What the processor keeps.
    Fees,
    /// What the instance keeps of a creator's sale.
    Commission,
    /// Sales that were given back.
    Refunds,
    /// What banks took back.
    Disputes,
    /// What is owed to a creator.
    CreatorPayable,
    /// Between currencies.
    Exchange,
    /// What rounding leaves.
    Rounding,
}

impl Account {
    /// Every account, in the order of a list.
    pub const ALL: [Self; 15] = [
        Self::Clearing,
        Self::Bank,
        Self::Receivable,
        Self::Sales,
        Self::Discounts,
        Self::Delivery,
        Self::Tax,
        Self::Refunds,
        Self::Disputes,
        Self::Fees,
        Self::Commission,
        Self::CreatorPayable,
        Self::Unearned,
        Self::Exchange,
        Self::Rounding,
    ];

    /// The word in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receivable => "receivable",
            Self::Clearing => "clearing",
            Self::Bank => "bank",
            Self::Unearned => "unearned",
            Self::Sales => "sales",
            Self::Discounts => "discounts",
            Self::Tax => "tax",
            Self::Delivery => "delivery",
            Self::Fees => "fees",
            Self::Commission => "commission",
            Self::Refunds => "refunds",
            Self::Disputes => "disputes",
            Self::CreatorPayable => "creator_payable",
            Self::Exchange => "exchange",
            Self::Rounding => "rounding",
        }
    }

    /// What a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Receivable => "Owed by buyers",
            Self::Clearing => "Held by the processor",
            Self::Bank => "In the bank",
            Self::Unearned => "Taken for what is not delivered yet",
            Self::Sales => "Sales",
            Self::Discounts => "Discounts",
            Self::Tax => "Tax to pay",
            Self::Delivery => "Delivery",
            Self::Fees => "Fees of the processor",
            Self::Commission => "Commission",
            Self::Refunds => "Refunds",
            Self::Disputes => "Disputes",
            Self::CreatorPayable => "Owed to creators",
            Self::Exchange => "Between currencies",
            Self::Rounding => "Rounding",
        }
    }

    /// Credits make it more: it is shown with its sign turned, so that income and debts read above zero.
    #[must_use]
    pub const fn is_credit(self) -> bool {
        matches!(
            self,
            Self::Unearned
                | Self::Sales
                | Self::Tax
                | Self::Delivery
                | Self::Commission
                | Self::CreatorPayable
        )
    }
}

impl FromStr for Account {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|account| account.as_str() == text)
            .ok_or(())
    }
}

/// Why a transaction was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Money came for an order.
    Capture,
    /// The processor kept its fee.
    Fee,
    /// Money went back.
    Refund,
    /// A refund did not arrive.
    RefundReversal,
    /// A bank took money back.
    Dispute,
    /// A dispute was decided for the shop.
    DisputeReversal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Capture,
        Self::Fee,
        Self::Refund,
        Self::RefundReversal,
        Self::Dispute,
        Self::DisputeReversal,
    ];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Fee => "fee",
            Self::Refund => "refund",
            Self::RefundReversal => "refund_reversal",
            Self::Dispute => "dispute",
            Self::DisputeReversal => "dispute_reversal",
        }
    }

    /// What a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Capture => "Payment",
            Self::Fee => "Fee",
            Self::Refund => "Refund",
            Self::RefundReversal => "Refund that did not arrive",
            Self::Dispute => "Dispute",
            Self::DisputeReversal => "Dispute decided for you",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(())
    }
}

/// One line of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it belongs to.
    pub account: Account,
    /// Where it is taxed; empty where that is not known.
    pub jurisdiction: String,
    /// How much, in minor units; above zero a debit.
    pub minor: i64,
    /// In what.
    pub currency: Currency,
}

/// Entries that sum to zero in each currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    kind: Kind,
    entries: Vec<Entry>,
}

impl Transaction {
    /// The only way to one: `None` where the entries do not sum to zero in each currency, or a sum does not fit. Entries of
    /// nothing are left out.
    #[must_use]
    pub fn new(kind: Kind, mut entries: Vec<Entry>) -> Option<Self> {
        entries.retain(|entry| entry.minor != 0);
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for entry in &entries {
            let sum = sums.entry(entry.currency.code()).or_default();
            *sum = sum.checked_add(entry.minor)?;
        }
        sums.values()
            .all(|sum| *sum == 0)
            .then_some(Self { kind, entries })
    }

    /// Why it was posted.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its lines.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What takes it back.
    #[must_use]
    pub fn reversed(&self, kind: Kind) -> Option<Self> {
        let turned = |entry: &Entry| {
            Some(Entry {
                minor: entry.minor.checked_neg()?,
                ..entry.clone()
            })
        };
        Self::new(
            kind,
            self.entries.iter().map(turned).collect::<Option<_>>()?,
        )
    }
}

/// A balance as a person reads it: credits of what grows by credits are above zero.
#[must_use]
pub fn shown(account: Account, minor: i64, currency: Currency) -> Money {
    let minor = if account.is_credit() {
        minor.checked_neg().unwrap_or(i64::MAX)
    } else {
        minor
    };
    Money { minor, currency }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn entry(account: Account, minor: i64, currency: Currency) -> Entry {
        Entry {
            account,
            jurisdiction: String::new(),
            minor,
            currency,
        }
    }

    #[test]
    fn words_read_back() {
        for account in Account::ALL {
            assert_eq!(account.as_str().parse(), Ok(account));
        }
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
    }

    #[test]
    fn what_does_not_balance_is_no_transaction() {
        let of = |entries: Vec<Entry>| Transaction::new(Kind::Capture, entries);
        let (euro, dollar) = (Currency::EUR, Currency::USD);
        assert!(of(vec![entry(Account::Clearing, 5, euro)]).is_none());
        assert!(
            of(vec![
                entry(Account::Clearing, 5, euro),
                entry(Account::Sales, -5, dollar)
            ])
            .is_none()
        );
        assert!(
            of(vec![
                entry(Account::Clearing, i64::MAX, euro),
                entry(Account::Clearing, 1, euro)
            ])
            .is_none()
        );
        let good = of(vec![
            entry(Account::Clearing, 5, euro),
            entry(Account::Sales, -5, euro),
            entry(Account::Tax, 0, euro),
        ]);
        assert_eq!(good.map(|good| good.entries().len()), Some(2));
    }

    proptest! {
        #[test]
        fn a_reversal_takes_all_back(amounts in proptest::collection::vec(-1_000_000_i64..1_000_000, 1..12)) {
            let mut entries: Vec<Entry> = amounts.iter().map(|minor| entry(Account::Sales, *minor, Currency::EUR)).collect();
            entries.push(entry(Account::Clearing, -amounts.iter().sum::<i64>(), Currency::EUR));
            let posted = Transaction::new(Kind::Refund, entries).expect("it balances");
            let back = posted.reversed(Kind::RefundReversal).expect("so does its reversal");
            for (one, other) in posted.entries().iter().zip(back.entries()) {
                prop_assert_eq!((one.account, one.minor), (other.account, -other.minor));
            }
        }
    }
}
