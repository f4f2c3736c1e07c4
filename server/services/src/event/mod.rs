//! The outbox: what changed, in the order it was committed, per shop.

use domain::{id::ShopId, time::UnixMs};
use sqlx::AnyConnection;

use crate::{
    Result,
    db::{self, Db},
};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Position in the shop's log, from 1, without gaps.
    pub seq: i64,
    /// What happened: `product.published`, `order.paid` …
    pub kind: String,
    /// The identifier of what it happened to.
    pub subject: String,
    /// More about it, as JSON.
    pub body: String,
    /// When.
    pub at: UnixMs,
}

/// Writes one row. Locks the shop's row until the transaction ends, so it comes last in a transaction.
pub(crate) async fn write(
    connection: &mut AnyConnection,
    shop: &ShopId,
    kind: &str,
    subject: &str,
    body: &serde_json::Value,
    at: UnixMs,
) -> Result<()> {
    let row = sqlx::query(
        "UPDATE shop SET last_event = last_event + 1 WHERE id = $1 RETURNING last_event",
    )
    .bind(shop.as_str())
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO event (shop_id, seq, kind, subject, body, at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(shop.as_str())
    .bind(db::number(&row, "last_event")?)
    .bind(kind)
    .bind(subject)
    .bind(body.to_string())
    .bind(at.0)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// At most `limit` changes of a shop after `cursor`, oldest first.
pub(crate) async fn after(db: &Db, shop: &ShopId, cursor: i64, limit: i64) -> Result<Vec<Event>> {
    let mut connection = db.read().await?;
    let rows = sqlx::query(
        "SELECT seq, kind, subject, body, at FROM event WHERE shop_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
    )
    .bind(shop.as_str())
    .bind(cursor)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Event {
                seq: db::number(row, "seq")?,
                kind: db::text(row, "kind")?,
                subject: db::text(row, "subject")?,
                body: db::text(row, "body")?,
                at: UnixMs(db::number(row, "at")?),
            })
        })
        .collect()
}
