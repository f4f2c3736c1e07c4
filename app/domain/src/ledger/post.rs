//! What is posted when money moves.

use super::{Account, Entry, Kind, Transaction};
use crate::{
    money::{Currency, Money},
    share::share,
};

/// What an order's price is made of in one jurisdiction, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Where it is taxed; empty where that is not known.
    pub jurisdiction: String,
    /// Goods before discounts and without tax.
    pub net: i64,
    /// What was taken off.
    pub discount: i64,
    /// Delivery without tax.
    pub delivery: i64,
    /// Tax on all of it.
    pub tax: i64,
}

impl Part {
    /// What the buyer pays for it, in what refunds give back: goods less discount, delivery, tax.
    const fn parts(&self) -> [i64; 3] {
        [
            self.net.saturating_sub(self.discount),
            self.delivery,
            self.tax,
        ]
    }
}

/// What an order's price is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// In what it was sold.
    pub currency: Currency,
    /// Each jurisdiction once.
    pub parts: Vec<Part>,
}

impl Sale {
    /// What the buyer pays; `None` where it does not fit.
    #[must_use]
    pub fn total(&self) -> Option<i64> {
        self.parts
            .iter()
            .flat_map(Part::parts)
            .try_fold(0_i64, i64::checked_add)
    }

    fn entry(&self, part: &Part, account: Account, minor: i64) -> Entry {
        Entry {
            account,
            jurisdiction: part.jurisdiction.clone(),
            minor,
            currency: self.currency,
        }
    }
}

fn plain(account: Account, money: Money, sign: i64) -> Entry {
    Entry {
        account,
        jurisdiction: String::new(),
        minor: money.minor.saturating_mul(sign),
        currency: money.currency,
    }
}

/// Money came for all of a sale: the processor holds it, and it is goods, delivery and tax. `None` where that is not its price.
#[must_use]
pub fn capture(sale: &Sale, paid: Money) -> Option<Transaction> {
    let mut entries = vec![plain(Account::Clearing, paid, 1)];
    for part in &sale.parts {
        entries.extend([
            sale.entry(part, Account::Sales, part.net.checked_neg()?),
            sale.entry(part, Account::Discounts, part.discount),
            sale.entry(part, Account::Delivery, part.delivery.checked_neg()?),
            sale.entry(part, Account::Tax, part.tax.checked_neg()?),
        ]);
    }
    Transaction::new(Kind::Capture, entries)
}

/// What a processor kept, in the currency that it settles in. Where that is another one than was paid in, what it holds is
/// exchanged first.
#[must_use]
pub fn fee(paid: Money, settled: Money, kept: Money) -> Option<Transaction> {
    if settled.currency != kept.currency {
        return None;
    }
    let mut entries = vec![
        plain(Account::Fees, kept, 1),
        plain(Account::Clearing, kept, -1),
    ];
    if paid.currency != settled.currency {
        entries.extend([
            plain(Account::Exchange, paid, 1),
            plain(Account::Clearing, paid, -1),
            plain(Account::Clearing, settled, 1),
            plain(Account::Exchange, settled, -1),
        ]);
    }
    Transaction::new(Kind::Fee, entries)
}

/// Money of a sale goes back. It is allocated over what of each part has not gone back yet, so that any refunds end exact, and none
/// gives back more of tax or goods than there was. `gone`: what went back before, entry by entry. `None` where it is more than is
/// left.
#[must_use]
pub fn refund(sale: &Sale, gone: &[Entry], amount: Money) -> Option<Transaction> {
    const ACCOUNTS: [Account; 3] = [Account::Refunds, Account::Delivery, Account::Tax];
    let before = |part: &Part, account: Account| -> i64 {
        gone.iter()
            .filter(|entry| entry.account == account && entry.jurisdiction == part.jurisdiction)
            .map(|entry| entry.minor)
            .fold(0, i64::saturating_add)
    };
    let mut rests = Vec::with_capacity(sale.parts.len() * 3);
    for part in &sale.parts {
        for (account, whole) in ACCOUNTS.into_iter().zip(part.parts()) {
            rests.push(whole.saturating_sub(before(part, account)).max(0));
        }
    }
    if amount.currency != sale.currency || amount.minor > rests.iter().sum() {
        return None;
    }
    let mut shares = share(amount.minor, &rests).into_iter();
    let mut entries = vec![plain(Account::Clearing, amount, -1)];
    for part in &sale.parts {
        for account in ACCOUNTS {
            entries.push(sale.entry(part, account, shares.next()?));
        }
    }
    Transaction::new(Kind::Refund, entries)
}

/// A bank took money back.
#[must_use]
pub fn dispute(amount: Money) -> Option<Transaction> {
    let entries = vec![
        plain(Account::Disputes, amount, 1),
        plain(Account::Clearing, amount, -1),
    ];
    Transaction::new(Kind::Dispute, entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn euro(minor: i64) -> Money {
        Money {
            minor,
            currency: Currency::EUR,
        }
    }

    fn part(jurisdiction: &str, net: i64, discount: i64, delivery: i64, tax: i64) -> Part {
        Part {
            jurisdiction: jurisdiction.to_owned(),
            net,
            discount,
            delivery,
            tax,
        }
    }

    fn sale(parts: Vec<Part>) -> Sale {
        Sale {
            currency: Currency::EUR,
            parts,
        }
    }

    fn sum(entries: &[Entry], account: Account) -> i64 {
        entries
            .iter()
            .filter(|entry| entry.account == account)
            .map(|entry| entry.minor)
            .sum()
    }

    #[test]
    fn a_sale_is_taken_apart() {
        let sale = sale(vec![part("DE", 10_000, 1000, 500, 1805)]);
        let posted = capture(&sale, euro(11_305)).expect("it balances");
        let sums = [
            Account::Clearing,
            Account::Sales,
            Account::Discounts,
            Account::Delivery,
            Account::Tax,
        ]
        .map(|account| sum(posted.entries(), account));
        assert_eq!(sums, [11_305, -10_000, 1000, -500, -1805]);
        assert_eq!(capture(&sale, euro(11_304)), None, "that is not its price");
        assert_eq!(
            capture(
                &sale,
                Money {
                    minor: 11_305,
                    currency: Currency::USD
                }
            ),
            None
        );
    }

    /// Goods 10 and delivery 5 with 21 % tax: a full refund moves all 18.15, delivery included.
    #[test]
    fn delivery_goes_back_with_the_rest() {
        let sale = sale(vec![part("ES", 1000, 0, 500, 315)]);
        let posted = refund(&sale, &[], euro(1815)).expect("all of it");
        let sums = [
            Account::Clearing,
            Account::Refunds,
            Account::Delivery,
            Account::Tax,
        ]
        .map(|account| sum(posted.entries(), account));
        assert_eq!(sums, [-1815, 1000, 500, 315]);
    }

    /// Net 52 and tax 10, in six refunds: at each step no more of either than there was, and both exact when all is back.
    #[test]
    fn stacked_refunds_keep_tax_exact() {
        let sale = sale(vec![part("FR", 52, 0, 0, 10)]);
        let mut gone: Vec<Entry> = Vec::new();
        for amount in [32, 9, 8, 3, 6, 4] {
            let posted = refund(&sale, &gone, euro(amount)).expect("within the rest");
            gone.extend(
                posted
                    .entries()
                    .iter()
                    .filter(|entry| entry.account != Account::Clearing)
                    .cloned(),
            );
            assert!(sum(&gone, Account::Refunds) <= 52 && sum(&gone, Account::Tax) <= 10);
        }
        assert_eq!(
            (sum(&gone, Account::Refunds), sum(&gone, Account::Tax)),
            (52, 10)
        );
        assert_eq!(refund(&sale, &gone, euro(1)), None, "nothing is left");
    }

    /// Two units of 100 net with 10 % tax, 20 off: one unit back is worth 99, not 97.90.
    #[test]
    fn a_discount_is_taken_off_once() {
        let sale = sale(vec![part("PT", 20_000, 2000, 0, 1800)]);
        let posted = refund(&sale, &[], euro(9900)).expect("half of it");
        assert_eq!(
            (
                sum(posted.entries(), Account::Refunds),
                sum(posted.entries(), Account::Tax)
            ),
            (9000, 900)
        );
    }

    #[test]
    fn fees_in_another_currency_go_through_exchange() {
        let paid = Money {
            minor: 10_000,
            currency: Currency::USD,
        };
        let posted = fee(paid, euro(9200), euro(300)).expect("it balances");
        let held = |currency| -> i64 {
            posted
                .entries()
                .iter()
                .filter(|entry| entry.account == Account::Clearing && entry.currency == currency)
                .map(|entry| entry.minor)
                .sum()
        };
        assert_eq!((held(Currency::USD), held(Currency::EUR)), (-10_000, 8900));
        assert_eq!(fee(paid, euro(9200), paid), None);
        assert_eq!(
            sum(
                fee(euro(100), euro(100), euro(3)).expect("a fee").entries(),
                Account::Exchange
            ),
            0
        );
    }

    fn parts() -> impl Strategy<Value = Vec<Part>> {
        proptest::collection::vec(
            (0_i64..1_000_000, 0_i64..1000, 0_i64..5000, 0_i64..200_000),
            1..4,
        )
        .prop_map(|parts| {
            parts
                .into_iter()
                .enumerate()
                .map(|(at, (net, discount, delivery, tax))| {
                    part(&format!("J{at}"), net + discount, discount, delivery, tax)
                })
                .collect()
        })
    }

    proptest! {
        /// Whatever is refunded in whatever steps: the books balance, nothing goes back that did not come, and all of it ends at nothing.
        #[test]
        fn refunds_conserve_money(parts in parts(), steps in proptest::collection::vec(1_u32..100, 1..10)) {
            let sale = sale(parts);
            let total = sale.total().expect("it fits");
            let mut books = capture(&sale, euro(total)).expect("it balances").entries().to_vec();
            let mut gone: Vec<Entry> = Vec::new();
            let mut left = total;
            let wanted = steps.iter().map(|share| total * i64::from(*share) / 100).chain([i64::MAX]);
            for amount in wanted {
                let amount = amount.min(left);
                let Some(posted) = refund(&sale, &gone, euro(amount)) else {
                    prop_assert!(false, "{amount} of {left} could not go back");
                    return Ok(());
                };
                left -= amount;
                books.extend(posted.entries().iter().cloned());
                gone.extend(posted.entries().iter().filter(|entry| entry.account != Account::Clearing).cloned());
                prop_assert_eq!(sum(&books, Account::Clearing), left);
                for part in &sale.parts {
                    let back = |account| gone.iter().filter(|entry| entry.account == account && entry.jurisdiction == part.jurisdiction).map(|entry| entry.minor).sum::<i64>();
                    prop_assert!(back(Account::Refunds) <= part.net - part.discount && back(Account::Tax) <= part.tax && back(Account::Delivery) <= part.delivery);
                }
            }
            prop_assert_eq!(left, 0);
            prop_assert_eq!(refund(&sale, &gone, euro(1)), None);
            prop_assert_eq!((sum(&books, Account::Tax), sum(&books, Account::Delivery)), (0, 0));
        }
    }
}
