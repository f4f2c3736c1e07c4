//! Queries of the ledger. Rows are inserted and read; nothing here changes or deletes one.

use domain::{
    id::{OrderId, ShopId},
    ledger::{Account, Entry, Kind, Transaction},
    money::Currency,
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use super::{Balance, Posted, Posting};
use crate::{Result, db, db::malformed};

fn entry(row: &AnyRow) -> Result<Entry> {
    Ok(Entry {
        account: account(row)?,
        jurisdiction: db::text(row, "jurisdiction")?,
        minor: db::number(row, "amount_minor")?,
        currency: db::parsed(row, "currency")?,
    })
}

fn account(row: &AnyRow) -> Result<Account> {
    db::text(row, "account")?
        .parse()
        .map_err(|()| malformed("account"))
}

fn kind(row: &AnyRow) -> Result<Kind> {
    db::text(row, "kind")?
        .parse()
        .map_err(|()| malformed("kind"))
}

/// Inserts a transaction; `false` when it is there already.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    posting: &Posting<'_>,
    transaction: &Transaction,
    at: UnixMs,
) -> Result<bool> {
    let row = sqlx::query(
        "INSERT INTO ledger_transaction (shop_id, processor_account, live, kind, subject, order_id, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, subject) DO NOTHING RETURNING id",
    )
    .bind(posting.shop.as_str())
    .bind(posting.account.unwrap_or_default())
    .bind(i64::from(posting.live))
    .bind(transaction.kind().as_str())
    .bind(posting.subject)
    .bind(posting.order.as_str())
    .bind(at.0)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let id = db::number(&row, "id")?;
    for (position, entry) in (0_i64..).zip(transaction.entries()) {
        sqlx::query(
            "INSERT INTO ledger_entry (transaction_id, position, account, jurisdiction, amount_minor, currency) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(position)
        .bind(entry.account.as_str())
        .bind(entry.jurisdiction.as_str())
        .bind(entry.minor)
        .bind(entry.currency.code())
        .execute(&mut *connection)
        .await?;
    }
    Ok(true)
}

/// The entries of a transaction; none where it was not posted.
pub(super) async fn entries(
    connection: &mut AnyConnection,
    kind: Kind,
    subject: &str,
) -> Result<Vec<Entry>> {
    let rows = sqlx::query(
        "SELECT account, jurisdiction, amount_minor, currency FROM ledger_entry JOIN ledger_transaction \
         ON ledger_transaction.id = ledger_entry.transaction_id WHERE kind = $1 AND subject = $2 ORDER BY position",
    )
    .bind(kind.as_str())
    .bind(subject)
    .fetch_all(connection)
    .await?;
    rows.iter().map(entry).collect()
}

/// What went back of an order so far, refunds that did not arrive taken off.
pub(super) async fn gone(connection: &mut AnyConnection, order: &OrderId) -> Result<Vec<Entry>> {
    let rows = sqlx::query(
        "SELECT account, jurisdiction, amount_minor, currency FROM ledger_entry JOIN ledger_transaction \
         ON ledger_transaction.id = ledger_entry.transaction_id \
         WHERE order_id = $1 AND kind IN ('refund', 'refund_reversal') AND account <> 'clearing'",
    )
    .bind(order.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(entry).collect()
}

/// The balance of each account of a shop, in one mode.
pub(super) async fn balances(
    connection: &mut AnyConnection,
    shop: &ShopId,
    live: bool,
) -> Result<Vec<Balance>> {
    let rows = sqlx::query(
        "SELECT account, jurisdiction, currency, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor, COUNT(*) AS entries \
         FROM ledger_entry JOIN ledger_transaction ON ledger_transaction.id = ledger_entry.transaction_id \
         WHERE shop_id = $1 AND live = $2 GROUP BY account, jurisdiction, currency ORDER BY currency, account, jurisdiction",
    )
    .bind(shop.as_str())
    .bind(i64::from(live))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Balance {
                account: account(row)?,
                jurisdiction: db::text(row, "jurisdiction")?,
                currency: db::parsed(row, "currency")?,
                minor: db::number(row, "amount_minor")?,
                entries: db::count(row, "entries")?,
            })
        })
        .collect()
}

/// Which balance is looked into.
pub(super) struct Of<'a> {
    pub(super) shop: &'a ShopId,
    pub(super) live: bool,
    pub(super) account: Account,
    pub(super) jurisdiction: &'a str,
    pub(super) currency: Currency,
}

/// The entries that make a balance, the newest first: at most `limit` after the first `skip`.
pub(super) async fn explain(
    connection: &mut AnyConnection,
    of: &Of<'_>,
    limit: u32,
    skip: u32,
) -> Result<Vec<Posted>> {
    let rows = sqlx::query(
        "SELECT ledger_transaction.id, kind, order_id, ledger_transaction.at, account, jurisdiction, amount_minor, ledger_entry.currency, \
         orders.number FROM ledger_entry JOIN ledger_transaction ON ledger_transaction.id = ledger_entry.transaction_id \
         JOIN orders ON orders.id = ledger_transaction.order_id \
         WHERE ledger_transaction.shop_id = $1 AND live = $2 AND account = $3 AND jurisdiction = $4 AND ledger_entry.currency = $5 \
         ORDER BY ledger_transaction.id DESC, position LIMIT $6 OFFSET $7",
    )
    .bind(of.shop.as_str())
    .bind(i64::from(of.live))
    .bind(of.account.as_str())
    .bind(of.jurisdiction)
    .bind(of.currency.code())
    .bind(i64::from(limit))
    .bind(i64::from(skip))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Posted {
                kind: kind(row)?,
                order: db::parsed(row, "order_id")?,
                number: db::count(row, "number")?,
                at: UnixMs(db::number(row, "at")?),
                entry: entry(row)?,
            })
        })
        .collect()
}

/// Every entry of a shop between two moments, in one mode.
pub(super) async fn between(
    connection: &mut AnyConnection,
    shop: &ShopId,
    live: bool,
    from: UnixMs,
    to: UnixMs,
) -> Result<Vec<(Kind, Entry)>> {
    // Summed where the rows are, so that a busy month is a few rows.
    let rows = sqlx::query(
        "SELECT kind, account, jurisdiction, currency, CAST(SUM(amount_minor) AS BIGINT) AS amount_minor FROM ledger_entry \
         JOIN ledger_transaction ON ledger_transaction.id = ledger_entry.transaction_id \
         WHERE shop_id = $1 AND live = $2 AND at >= $3 AND at < $4 GROUP BY kind, account, jurisdiction, currency",
    )
    .bind(shop.as_str())
    .bind(i64::from(live))
    .bind(from.0)
    .bind(to.0)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((kind(row)?, entry(row)?)))
        .collect()
}

/// What is wrong with the books, in words; nothing where they are right. Each is counted, so that one fault does not hide another.
pub(super) async fn faults(connection: &mut AnyConnection) -> Result<Vec<String>> {
    const CHECKS: [(&str, &str); 4] = [
        (
            "transactions do not sum to zero",
            "SELECT COUNT(*) AS n FROM (SELECT transaction_id FROM ledger_entry GROUP BY transaction_id, currency \
             HAVING SUM(amount_minor) <> 0) AS wrong",
        ),
        (
            "payments have no transaction of their amount",
            "SELECT COUNT(*) AS n FROM payment_attempt WHERE state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM ledger_transaction \
             JOIN ledger_entry ON ledger_entry.transaction_id = ledger_transaction.id WHERE kind = 'capture' \
             AND subject = payment_attempt.id AND account = 'clearing' AND ledger_entry.amount_minor = payment_attempt.amount_minor \
             AND ledger_entry.currency = payment_attempt.currency)",
        ),
        (
            "refunds have no transaction of their amount",
            "SELECT COUNT(*) AS n FROM payment_refund WHERE state IN ('pending', 'succeeded') AND NOT EXISTS (SELECT 1 \
             FROM ledger_transaction JOIN ledger_entry ON ledger_entry.transaction_id = ledger_transaction.id WHERE kind = 'refund' \
             AND subject = payment_refund.id AND account = 'clearing' AND ledger_entry.amount_minor = -payment_refund.amount_minor \
             AND ledger_entry.currency = payment_refund.currency)",
        ),
        (
            "transactions mix real money with tests",
            "SELECT COUNT(*) AS n FROM ledger_transaction JOIN payment_attempt ON payment_attempt.id = ledger_transaction.subject \
             WHERE ledger_transaction.live <> payment_attempt.live",
        ),
    ];
    let mut faults = Vec::new();
    for (words, statement) in CHECKS {
        let row = sqlx::query(statement).fetch_one(&mut *connection).await?;
        match db::number(&row, "n")? {
            0 => {}
            count => faults.push(format!("{count} {words}")),
        }
    }
    Ok(faults)
}

/// How often an order was paid.
pub(super) async fn captures(connection: &mut AnyConnection, order: &OrderId) -> Result<i64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS n FROM ledger_transaction WHERE order_id = $1 AND kind = 'capture'",
    )
    .bind(order.as_str())
    .fetch_one(connection)
    .await?;
    db::number(&row, "n")
}
