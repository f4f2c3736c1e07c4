//! Queries of tries to pay.

use domain::{
    checkout::Order,
    id::{OrderId, ShopId},
    money::Money,
    payment::{AttemptState, Provider},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Result, checkout::sql::money, db, db::malformed};

/// A try to take the money of an order.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) id: String,
    pub(crate) order: OrderId,
    /// The order's name in its buyer's addresses.
    pub(crate) token: String,
    /// Until when the order holds its stock.
    pub(crate) held_until: UnixMs,
    pub(crate) shop: ShopId,
    pub(crate) provider: Provider,
    pub(crate) account: Option<String>,
    pub(crate) live: bool,
    pub(crate) key: String,
    pub(crate) request: String,
    /// The processor's own name for it; `None` while it is not known whether the processor has heard of it.
    pub(crate) provider_id: Option<String>,
    pub(crate) payment_id: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) amount: Money,
    pub(crate) state: AttemptState,
    pub(crate) next_check_at: UnixMs,
    pub(crate) checked_at: Option<UnixMs>,
    pub(crate) checks: u32,
    pub(crate) created_at: UnixMs,
    pub(crate) changed_at: UnixMs,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT payment_attempt.id, payment_attempt.order_id, orders.token, orders.held_until, payment_attempt.shop_id, \
             payment_attempt.provider, payment_attempt.account_id, payment_attempt.live, payment_attempt.idempotency_key, \
             payment_attempt.request, payment_attempt.provider_id, payment_attempt.payment_id, payment_attempt.url, \
             payment_attempt.amount_minor, payment_attempt.currency, payment_attempt.state, payment_attempt.next_check_at, \
             payment_attempt.checked_at, payment_attempt.checks, payment_attempt.created_at, payment_attempt.changed_at \
             FROM payment_attempt JOIN orders ON orders.id = payment_attempt.order_id ",
            $rest
        )
    };
}

fn attempt(row: &AnyRow) -> Result<Attempt> {
    Ok(Attempt {
        id: db::text(row, "id")?,
        order: db::parsed(row, "order_id")?,
        token: db::text(row, "token")?,
        held_until: UnixMs(db::number(row, "held_until")?),
        shop: db::parsed(row, "shop_id")?,
        provider: db::text(row, "provider")?
            .parse()
            .map_err(|()| malformed("provider"))?,
        account: db::text_or_null(row, "account_id")?,
        live: db::number(row, "live")? != 0,
        key: db::text(row, "idempotency_key")?,
        request: db::text(row, "request")?,
        provider_id: db::text_or_null(row, "provider_id")?,
        payment_id: db::text_or_null(row, "payment_id")?,
        url: db::text_or_null(row, "url")?,
        amount: money(row, "amount_minor")?,
        state: db::text(row, "state")?
            .parse()
            .map_err(|()| malformed("state"))?,
        next_check_at: UnixMs(db::number(row, "next_check_at")?),
        checked_at: db::number_or_null(row, "checked_at")?.map(UnixMs),
        checks: db::count(row, "checks")?,
        created_at: UnixMs(db::number(row, "created_at")?),
        changed_at: UnixMs(db::number(row, "changed_at")?),
    })
}

/// At most 100 open attempts that are due to be asked about, the longest due first.
pub(crate) async fn due_attempts(
    connection: &mut AnyConnection,
    now: UnixMs,
) -> Result<Vec<Attempt>> {
    let rows = sqlx::query(select!(
        "WHERE payment_attempt.state IN ('asked', 'unknown', 'redirected') AND payment_attempt.next_check_at <= $1 \
         ORDER BY payment_attempt.next_check_at LIMIT 100"
    ))
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "payment", attempt))
}

/// The open attempts of one order.
pub(crate) async fn open_attempts(
    connection: &mut AnyConnection,
    token: &str,
) -> Result<Vec<Attempt>> {
    let rows = sqlx::query(select!(
        "WHERE payment_attempt.state IN ('asked', 'unknown', 'redirected') AND orders.token = $1 ORDER BY payment_attempt.created_at"
    ))
    .bind(token)
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "payment", attempt))
}

/// The attempt of an account that the processor calls by one of these names, or that has this id.
pub(crate) async fn attempt_of_account(
    connection: &mut AnyConnection,
    account: &str,
    names: &[String; 2],
) -> Result<Option<Attempt>> {
    let row = sqlx::query(select!(
        "WHERE payment_attempt.account_id = $1 AND (payment_attempt.id IN ($2, $3) OR payment_attempt.provider_id IN ($2, $3) \
         OR payment_attempt.payment_id IN ($2, $3)) ORDER BY payment_attempt.created_at DESC LIMIT 1"
    ))
    .bind(account)
    .bind(names[0].as_str())
    .bind(names[1].as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(attempt).transpose()
}

/// The attempts of an order whose money is here, the first first.
pub(crate) async fn captured_attempts(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
) -> Result<Vec<Attempt>> {
    let rows = sqlx::query(select!(
        "WHERE payment_attempt.shop_id = $1 AND payment_attempt.order_id = $2 AND payment_attempt.state = 'succeeded' \
         ORDER BY payment_attempt.captured_at, payment_attempt.id"
    ))
    .bind(shop.as_str())
    .bind(order.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(attempt).collect()
}

pub(crate) async fn insert_attempt(
    connection: &mut AnyConnection,
    order: &Order,
    attempt: &Attempt,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO payment_attempt (id, order_id, shop_id, provider, account_id, live, idempotency_key, request, amount_minor, \
         currency, state, next_check_at, created_at, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
    )
    .bind(attempt.id.as_str())
    .bind(order.id.as_str())
    .bind(attempt.shop.as_str())
    .bind(attempt.provider.as_str())
    .bind(attempt.account.as_deref())
    .bind(i64::from(attempt.live))
    .bind(attempt.key.as_str())
    .bind(attempt.request.as_str())
    .bind(attempt.amount.minor)
    .bind(attempt.amount.currency.code())
    .bind(attempt.state.as_str())
    .bind(attempt.next_check_at.0)
    .bind(attempt.created_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes the processor's own names for an attempt, before anybody can pay it; `false` when it has ended meanwhile.
pub(crate) async fn set_provider_id(
    connection: &mut AnyConnection,
    id: &str,
    provider_id: &str,
    payment_id: Option<&str>,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE payment_attempt SET provider_id = COALESCE(provider_id, $2), payment_id = COALESCE($3, payment_id), changed_at = $4 \
         WHERE id = $1 AND state IN ('asked', 'unknown', 'redirected')",
    )
    .bind(id)
    .bind(provider_id)
    .bind(payment_id)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is written of an attempt once the processor has answered, or has not.
pub(crate) struct Noted<'a> {
    pub(crate) state: AttemptState,
    pub(crate) reason: Option<&'a str>,
    pub(crate) url: Option<&'a str>,
    pub(crate) payment_id: Option<&'a str>,
    pub(crate) next_check_at: UnixMs,
}

/// Writes where an attempt stands; `false` for one whose end is known, which stays as it is. Money that came counts whenever it
/// is heard of, once.
pub(crate) async fn note_attempt(
    connection: &mut AnyConnection,
    id: &str,
    noted: &Noted<'_>,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE payment_attempt SET state = $2, reason = $3, url = COALESCE($4, url), payment_id = COALESCE($5, payment_id), \
         next_check_at = $6, changed_at = $7, captured_at = CASE WHEN $2 = 'succeeded' THEN $7 END \
         WHERE id = $1 AND (state IN ('asked', 'unknown', 'redirected') OR ($2 = 'succeeded' AND state <> 'succeeded'))",
    )
    .bind(id)
    .bind(noted.state.as_str())
    .bind(noted.reason)
    .bind(noted.url)
    .bind(noted.payment_id)
    .bind(noted.next_check_at.0)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes over the asking about an open attempt until `next`; `false` when another process has.
pub(crate) async fn claim_attempt(
    connection: &mut AnyConnection,
    attempt: &Attempt,
    next: UnixMs,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE payment_attempt SET next_check_at = $3, checked_at = $4, checks = checks + 1 \
         WHERE id = $1 AND next_check_at = $2 AND state IN ('asked', 'unknown', 'redirected')",
    )
    .bind(attempt.id.as_str())
    .bind(attempt.next_check_at.0)
    .bind(next.0)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether any open attempt is due to be asked about.
pub(crate) async fn any_due_attempt(connection: &mut AnyConnection, now: UnixMs) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM payment_attempt WHERE state IN ('asked', 'unknown', 'redirected') AND next_check_at <= $1 LIMIT 1",
    )
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}
