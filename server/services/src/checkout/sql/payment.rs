//! Queries of payments.

use domain::{checkout::Order, id::ShopId, money::Money, time::UnixMs};
use sqlx::AnyConnection;

use super::money;
use crate::{Result, db};

/// A payment whose end is not known.
pub(in crate::checkout) struct OpenPayment {
    pub(in crate::checkout) id: String,
    pub(in crate::checkout) token: String,
    pub(in crate::checkout) shop: ShopId,
    /// The processor that was asked, as it is called in the database.
    pub(in crate::checkout) gateway: String,
    /// The processor's own name for it; `None` while it is not known whether the processor has heard of it.
    pub(in crate::checkout) intent: Option<String>,
    pub(in crate::checkout) key: String,
    pub(in crate::checkout) amount: Money,
    /// The processor was asked and the answer never came; otherwise the asking may still be under way.
    pub(in crate::checkout) unknown: bool,
    pub(in crate::checkout) changed_at: UnixMs,
}

macro_rules! columns {
    () => {
        "SELECT payment.id, orders.token, payment.shop_id, payment.gateway, payment.intent_id, payment.idempotency_key, \
         payment.amount_minor, payment.currency, payment.state, payment.changed_at FROM payment \
         JOIN orders ON orders.id = payment.order_id "
    };
}

/// Payments whose end is not known: of one order, or the 100 that were looked at longest ago.
pub(in crate::checkout) async fn open_payments(
    connection: &mut AnyConnection,
    token: Option<&str>,
) -> Result<Vec<OpenPayment>> {
    let rows = match token {
        None => {
            sqlx::query(concat!(
                columns!(),
                "WHERE payment.state IN ('asked', 'unknown') ORDER BY payment.changed_at LIMIT 100"
            ))
            .fetch_all(connection)
            .await?
        }
        Some(token) => {
            sqlx::query(concat!(
                columns!(),
                "WHERE payment.state IN ('asked', 'unknown') AND orders.token = $1 ORDER BY payment.created_at"
            ))
            .bind(token)
            .fetch_all(connection)
            .await?
        }
    };
    Ok(db::readable(&rows, "payment", |row| {
        Ok(OpenPayment {
            id: db::text(row, "id")?,
            token: db::text(row, "token")?,
            shop: db::parsed(row, "shop_id")?,
            gateway: db::text(row, "gateway")?,
            intent: db::text_or_null(row, "intent_id")?,
            key: db::text(row, "idempotency_key")?,
            amount: money(row, "amount_minor")?,
            unknown: db::text(row, "state")? == "unknown",
            changed_at: UnixMs(db::number(row, "changed_at")?),
        })
    }))
}

pub(in crate::checkout) async fn insert_payment(
    connection: &mut AnyConnection,
    order: &Order,
    payment: &OpenPayment,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO payment (id, order_id, shop_id, gateway, idempotency_key, amount_minor, currency, state, created_at, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, $9)",
    )
    .bind(payment.id.as_str())
    .bind(order.id.as_str())
    .bind(payment.shop.as_str())
    .bind(payment.gateway.as_str())
    .bind(payment.key.as_str())
    .bind(payment.amount.minor)
    .bind(payment.amount.currency.code())
    .bind(payment.changed_at.0)
    .bind(payment.changed_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes the processor's own name for a payment that is being asked for, before it is asked to charge; `false` when somebody
/// else has taken the payment over meanwhile.
pub(in crate::checkout) async fn set_intent(
    connection: &mut AnyConnection,
    id: &str,
    intent: &str,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE payment SET intent_id = $2, changed_at = $3 WHERE id = $1 AND state = 'asked' AND intent_id IS NULL",
    )
    .bind(id)
    .bind(intent)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes where a payment stands; `false` for one whose end is known, which stays as it is.
pub(in crate::checkout) async fn settle_payment(
    connection: &mut AnyConnection,
    id: &str,
    state: &str,
    reason: Option<&str>,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE payment SET state = $2, reason = $3, changed_at = $4 WHERE id = $1 AND state IN ('asked', 'unknown')",
    )
    .bind(id)
    .bind(state)
    .bind(reason)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the end of any payment is not known.
pub(in crate::checkout) async fn any_open_payment(connection: &mut AnyConnection) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM payment WHERE state IN ('asked', 'unknown') LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}
