//! The ledger: what is posted in the transaction that makes it true, and the pages that read it.
//!
//! Balances are sums of entries and nothing else; a job ([`Ledger::check`]) reports where payments and entries differ.

mod sql;

use domain::{
    checkout::{Delivery, Order},
    id::{OrderId, ShopId},
    identity::Viewer,
    ledger::{self, Account, Column, Entry, Kind, Part, Sale, Transaction, month_of},
    money::{Currency, Money},
    quote::LineTax,
    share::fraction,
    tax::MILLION,
    time::UnixMs,
};

use crate::{Error, Result, Services, db::Write};

/// The most entries on a page.
const PAGE: u32 = 100;

/// The books of the instance.
pub struct Ledger<'a> {
    pub(crate) services: &'a Services,
}

/// The balance of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// Which.
    pub account: Account,
    /// Where it is taxed; empty where that is not known.
    pub jurisdiction: String,
    /// In what.
    pub currency: Currency,
    /// The sum of its entries; above zero more debits.
    pub minor: i64,
    /// How many there are.
    pub entries: u32,
}

/// An entry with why it was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Why.
    pub kind: Kind,
    /// For which order.
    pub order: OrderId,
    /// That order's number.
    pub number: u32,
    /// When.
    pub at: UnixMs,
    /// The entry.
    pub entry: Entry,
}

/// The entries that make a balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The balance.
    pub balance: Balance,
    /// A page of its entries, the newest first, each with the balance after it.
    pub entries: Vec<(Posted, i64)>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// What a transaction is posted for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posting<'a> {
    pub(crate) shop: &'a ShopId,
    pub(crate) order: &'a OrderId,
    /// The account at the processor.
    pub(crate) account: Option<&'a str>,
    pub(crate) live: bool,
    /// What it is about: each once of a kind.
    pub(crate) subject: &'a str,
}

fn unbalanced() -> Error {
    Error::internal("amounts that no transaction can be made of")
}

/// What an order's price is made of.
fn sale(order: &Order) -> Sale {
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |tax: &Option<LineTax>, net: i64, discount: i64, delivery: i64, minor: i64| {
        let place = tax.as_ref().map(|tax| tax.place.to_string());
        let jurisdiction = place
            .or_else(|| order.destination.as_ref().map(ToString::to_string))
            .unwrap_or_default();
        let at = parts
            .iter()
            .position(|part| part.jurisdiction == jurisdiction);
        let at = at.unwrap_or_else(|| {
            parts.push(Part {
                jurisdiction,
                ..Part::default()
            });
            parts.len() - 1
        });
        let part = &mut parts[at];
        part.net += net;
        part.discount += discount;
        part.delivery += delivery;
        part.tax += minor;
    };
    for line in &order.lines {
        let discount = without_tax(line.discount, line.tax.as_ref());
        let net = line.taxed.net + discount;
        add(&line.tax, net, discount, 0, line.taxed.tax);
    }
    if let Some(Delivery { amounts, .. }) = &order.delivery {
        add(&amounts.tax, 0, 0, amounts.taxed.net, amounts.taxed.tax);
    }
    Sale {
        currency: order.total.currency,
        parts,
    }
}

/// A discount as the books have it: where prices include the tax, it was taken off both.
fn without_tax(discount: i64, tax: Option<&LineTax>) -> i64 {
    match tax {
        Some(tax) if tax.inclusive => fraction(discount, MILLION, MILLION + i64::from(tax.ppm)),
        _ => discount,
    }
}

async fn post(
    write: &mut Write,
    posting: &Posting<'_>,
    transaction: Option<Transaction>,
    at: UnixMs,
) -> Result<()> {
    let transaction = transaction.ok_or_else(unbalanced)?;
    sql::insert(write, posting, &transaction, at).await?;
    Ok(())
}

/// Posts money that came for an order.
pub(crate) async fn post_capture(
    write: &mut Write,
    posting: &Posting<'_>,
    order: &Order,
    paid: Money,
    at: UnixMs,
) -> Result<()> {
    post(write, posting, ledger::capture(&sale(order), paid), at).await
}

/// Posts what a processor kept of a payment.
pub(crate) async fn post_fee(
    write: &mut Write,
    posting: &Posting<'_>,
    [paid, settled, kept]: [Money; 3],
    at: UnixMs,
) -> Result<()> {
    post(write, posting, ledger::fee(paid, settled, kept), at).await
}

/// Posts money of an order that went back. Where an order was paid more than once, what is beyond its price goes back whole.
pub(crate) async fn post_refund(
    write: &mut Write,
    posting: &Posting<'_>,
    order: &Order,
    amount: Money,
    at: UnixMs,
) -> Result<()> {
    let gone = sql::gone(write, posting.order).await?;
    let captures = sql::captures(write, posting.order).await?;
    let mut whole = sale(order);
    for part in &mut whole.parts {
        part.net = part.net.saturating_mul(captures.max(1));
        part.discount = part.discount.saturating_mul(captures.max(1));
        part.delivery = part.delivery.saturating_mul(captures.max(1));
        part.tax = part.tax.saturating_mul(captures.max(1));
    }
    post(write, posting, ledger::refund(&whole, &gone, amount), at).await
}

/// Takes a transaction back, where it was posted.
pub(crate) async fn post_reversal(
    write: &mut Write,
    posting: &Posting<'_>,
    (posted, reversal): (Kind, Kind),
    at: UnixMs,
) -> Result<()> {
    let entries = sql::entries(write, posted, posting.subject).await?;
    if entries.is_empty() {
        return Ok(());
    }
    let transaction =
        Transaction::new(posted, entries).and_then(|posted| posted.reversed(reversal));
    post(write, posting, transaction, at).await
}

/// Posts money that a bank took back.
pub(crate) async fn post_dispute(
    write: &mut Write,
    posting: &Posting<'_>,
    amount: Money,
    at: UnixMs,
) -> Result<()> {
    post(write, posting, ledger::dispute(amount), at).await
}

impl Ledger<'_> {
    /// The balances of the viewer's shop, of real money or of tests.
    pub async fn balances(&self, viewer: &Viewer, live: bool) -> Result<Vec<Balance>> {
        let mut connection = self.services.inner.db.read().await?;
        let mut balances = sql::balances(&mut connection, &viewer.shop.id, live).await?;
        let place = |account: Account| Account::ALL.iter().position(|known| *known == account);
        balances.sort_by_key(|balance| (balance.currency.code(), place(balance.account)));
        Ok(balances)
    }

    /// The entries that make a balance of the viewer's shop, a page of them after `skip` newer ones.
    ///
    /// # Errors
    /// `NotFound` when there is no such balance.
    pub async fn explain(
        &self,
        viewer: &Viewer,
        live: bool,
        (account, jurisdiction, currency): (Account, &str, Currency),
        skip: u32,
    ) -> Result<Explained> {
        let balances = self.balances(viewer, live).await?;
        let balance = balances
            .into_iter()
            .find(|balance| {
                balance.account == account
                    && balance.jurisdiction == jurisdiction
                    && balance.currency == currency
            })
            .ok_or_else(|| {
                Error::NotFound(
                    "There are no entries of this account. Open the ledger and choose one."
                        .to_owned(),
                )
            })?;
        let of = sql::Of {
            shop: &viewer.shop.id,
            live,
            account,
            jurisdiction,
            currency,
        };
        let mut connection = self.services.inner.db.read().await?;
        let newer = sql::explain(&mut connection, &of, skip, 0).await?;
        let mut after = newer.iter().fold(balance.minor, |sum, posted| {
            sum.saturating_sub(posted.entry.minor)
        });
        let mut page = sql::explain(&mut connection, &of, PAGE + 1, skip).await?;
        let has_more = page.len() > PAGE as usize;
        page.truncate(PAGE as usize);
        let entries = page
            .into_iter()
            .map(|posted| {
                let at = after;
                after = after.saturating_sub(posted.entry.minor);
                (posted, at)
            })
            .collect();
        Ok(Explained {
            balance,
            entries,
            has_more,
        })
    }

    /// A month (`2026-11`, in UTC) of the viewer's shop by jurisdiction, as CSV (RFC 4180).
    ///
    /// # Errors
    /// `Invalid` for what is no month.
    pub async fn month_csv(&self, viewer: &Viewer, live: bool, month: &str) -> Result<String> {
        let (from, to) = month_of(month).ok_or_else(|| Error::Invalid {
            field: "month",
            message: "Write the month as year and month, for example 2026-11.".to_owned(),
        })?;
        let mut connection = self.services.inner.db.read().await?;
        let entries = sql::between(&mut connection, &viewer.shop.id, live, from, to).await?;
        let mut csv = String::from("month,mode,currency,jurisdiction");
        for column in Column::ALL {
            csv.push(',');
            csv.push_str(column.as_str());
        }
        csv.push_str("\r\n");
        let mode = if live { "live" } else { "test" };
        for row in ledger::rows(entries.iter().map(|(kind, entry)| (*kind, entry))) {
            csv.push_str(&format!(
                "{month},{mode},{},{}",
                row.currency, row.jurisdiction
            ));
            for minor in row.sums {
                csv.push(',');
                csv.push_str(&decimal(minor, row.currency));
            }
            csv.push_str("\r\n");
        }
        Ok(csv)
    }

    /// Holds payments, refunds and entries against each other and reports what differs (a job).
    ///
    /// # Errors
    /// `Internal`, naming each fault, where there is any.
    pub async fn check(&self) -> Result<()> {
        let faults = sql::faults(&mut *self.services.inner.db.read().await?).await?;
        if faults.is_empty() {
            return Ok(());
        }
        tracing::error!(
            faults = faults.join("; "),
            "the ledger and the payments differ"
        );
        Err(Error::internal(format!(
            "the ledger: {}",
            faults.join("; ")
        )))
    }
}

/// An amount as programs read it, also below zero.
fn decimal(minor: i64, currency: Currency) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = i64::try_from(minor.unsigned_abs()).unwrap_or(i64::MAX);
    format!("{sign}{}", Money { minor, currency }.decimal())
}
