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
    pub(in crate::checkout) key: String,
    pub(in crate::checkout) amount: Money,
    /// The processor was asked and the answer never came; otherwise the asking may still be under way.
    pub(in crate::checkout) unknown: bool,
    pub(in crate::checkout) changed_at: UnixMs,
}

/// Payments whose end is not known: of one order, or the 100 that were looked at longest ago.
pub(in crate::checkout) async fn open_payments(
    connection: &mut AnyConnection,
    token: Option<&str>,
) -> Result<Vec<OpenPayment>> {
    let rows = match token {
        None => {
            sqlx::query(
                "SELECT payment.id, orders.token, payment.shop_id, payment.idempotency_key, payment.amount_minor, \
                 payment.currency, payment.state, payment.changed_at FROM payment JOIN orders ON orders.id = payment.order_id \
                 WHERE payment.state IN ('asked', 'unknown') ORDER BY payment.changed_at LIMIT 100",
            )
            .fetch_all(connection)
            .await?
        }
        Some(token) => {
            sqlx::query(
                "SELECT payment.id, orders.token, payment.shop_id, payment.idempotency_key, payment.amount_minor, \
                 payment.currency, payment.state, payment.changed_at FROM payment JOIN orders ON orders.id = payment.order_id \
                 WHERE payment.state IN ('asked', 'unknown') AND orders.token = $1 ORDER BY payment.created_at",
            )
            .bind(token)
            .fetch_all(connection)
            .await?
        }
    };
    rows.iter()
        .map(|row| {
            Ok(OpenPayment {
                id: db::text(row, "id")?,
                token: db::text(row, "token")?,
                shop: db::parsed(row, "shop_id")?,
                key: db::text(row, "idempotency_key")?,
                amount: money(row, "amount_minor")?,
                unknown: db::text(row, "state")? == "unknown",
                changed_at: UnixMs(db::number(row, "changed_at")?),
            })
        })
        .collect()
}

pub(in crate::checkout) async fn insert_payment(
    connection: &mut AnyConnection,
    order: &Order,
    payment: &OpenPayment,
    gateway: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO payment (id, order_id, shop_id, gateway, idempotency_key, amount_minor, currency, state, created_at, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, $9)",
    )
    .bind(payment.id.as_str())
    .bind(order.id.as_str())
    .bind(payment.shop.as_str())
    .bind(gateway)
    .bind(payment.key.as_str())
    .bind(payment.amount.minor)
    .bind(payment.amount.currency.code())
    .bind(payment.changed_at.0)
    .bind(payment.changed_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes where a payment stands; `false` for one whose end is known, which stays as it is.
pub(in crate::checkout) async fn settle_payment(
    connection: &mut AnyConnection,
    id: &str,
    state: &str,
    intent: Option<&str>,
    reason: Option<&str>,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE payment SET state = $2, intent_id = COALESCE($3, intent_id), reason = $4, changed_at = $5 \
         WHERE id = $1 AND state IN ('asked', 'unknown')",
    )
    .bind(id)
    .bind(state)
    .bind(intent)
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
