//! Queries of discount codes.

use domain::{
    checkout::Order,
    discount::{Discount, Use},
    id::{OrderId, ShopId},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Error, Result, db};

/// A row of a shop's list: one code, or those that were made together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The code, or one of them.
    pub discount: Discount,
    /// What codes that were made together are ended by.
    pub batch: Option<String>,
    /// How many codes.
    pub count: u32,
    /// How often they are used, by paid and by open orders.
    pub used: u32,
    /// When they were made.
    pub created_at: UnixMs,
    /// When the shop ended them.
    pub ended_at: Option<UnixMs>,
}

fn discount(row: &AnyRow) -> Result<Discount> {
    serde_json::from_str(&db::text(row, "discount")?).map_err(Error::internal)
}

pub(super) async fn list(
    connection: &mut AnyConnection,
    shop: &ShopId,
    limit: u32,
) -> Result<Vec<Made>> {
    let rows = sqlx::query(
        "SELECT MIN(discount.discount) AS discount, discount.batch, COUNT(*) AS count, MIN(discount.created_at) AS created_at, \
         MAX(discount.ended_at) AS ended_at, CAST(SUM((SELECT COUNT(*) FROM discount_use \
         WHERE discount_use.shop_id = discount.shop_id AND discount_use.code = discount.code)) AS BIGINT) AS used \
         FROM discount WHERE discount.shop_id = $1 GROUP BY COALESCE(discount.batch, discount.code), discount.batch \
         ORDER BY MIN(discount.created_at) DESC, MIN(discount.code) LIMIT $2",
    )
    .bind(shop.as_str())
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "discount code", |row| {
        Ok(Made {
            discount: discount(row)?,
            batch: db::text_or_null(row, "batch")?,
            count: db::count(row, "count")?,
            used: db::count(row, "used")?,
            created_at: UnixMs(db::number(row, "created_at")?),
            ended_at: db::number_or_null(row, "ended_at")?.map(UnixMs),
        })
    }))
}

pub(super) async fn batch(
    connection: &mut AnyConnection,
    shop: &ShopId,
    batch: &str,
) -> Result<Vec<(String, u32)>> {
    let rows = sqlx::query(
        "SELECT code, (SELECT COUNT(*) FROM discount_use WHERE discount_use.shop_id = discount.shop_id \
         AND discount_use.code = discount.code) AS used FROM discount WHERE shop_id = $1 AND batch = $2 ORDER BY code",
    )
    .bind(shop.as_str())
    .bind(batch)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((db::text(row, "code")?, db::count(row, "used")?)))
        .collect()
}

pub(super) async fn count(connection: &mut AnyConnection, shop: &ShopId) -> Result<u64> {
    let row = sqlx::query("SELECT COUNT(*) AS count FROM discount WHERE shop_id = $1")
        .bind(shop.as_str())
        .fetch_one(connection)
        .await?;
    db::count(&row, "count")
}

/// `false` when the shop has had this code before.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    discount: &Discount,
    batch: Option<&str>,
    now: UnixMs,
) -> Result<bool> {
    let json = serde_json::to_string(discount).map_err(Error::internal)?;
    let done = sqlx::query(
        "INSERT INTO discount (shop_id, code, batch, discount, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (shop_id, code) DO NOTHING",
    )
    .bind(shop.as_str())
    .bind(discount.code.as_str())
    .bind(batch)
    .bind(json)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn end(
    connection: &mut AnyConnection,
    shop: &ShopId,
    code_or_batch: &str,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE discount SET ended_at = $3 WHERE shop_id = $1 AND (batch = $2 OR (batch IS NULL AND code = $2)) AND ended_at IS NULL",
    )
    .bind(shop.as_str())
    .bind(code_or_batch)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The codes that were not ended.
pub(super) async fn usable(connection: &mut AnyConnection, shop: &ShopId) -> Result<Vec<Discount>> {
    let rows = sqlx::query("SELECT discount FROM discount WHERE shop_id = $1 AND ended_at IS NULL")
        .bind(shop.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(discount).collect()
}

/// Ends one code.
pub(super) async fn end_one(
    connection: &mut AnyConnection,
    shop: &ShopId,
    code: &str,
    now: UnixMs,
) -> Result<()> {
    sqlx::query("UPDATE discount SET ended_at = $3 WHERE shop_id = $1 AND code = $2")
        .bind(shop.as_str())
        .bind(code)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Locks a code that was not ended until the transaction ends, and reads it. (The update changes nothing but takes the lock.)
pub(super) async fn lock(
    connection: &mut AnyConnection,
    shop: &ShopId,
    code: &str,
    now: UnixMs,
) -> Result<Option<Discount>> {
    let row = sqlx::query(
        "UPDATE discount SET code = code WHERE shop_id = $1 AND code = $2 AND (ended_at IS NULL OR ended_at > $3) RETURNING discount",
    )
    .bind(shop.as_str())
    .bind(code)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(discount).transpose()
}

/// How often a code is used, in all and by a customer, and whether that customer has bought from the shop.
pub(super) async fn usage(
    connection: &mut AnyConnection,
    shop: &ShopId,
    code: &str,
    customer: Option<&str>,
) -> Result<Use> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS used, CAST(COALESCE(SUM(CASE WHEN customer = $3 THEN 1 ELSE 0 END), 0) AS BIGINT) AS used_by_customer, \
         (SELECT COUNT(*) FROM orders WHERE shop_id = $1 AND customer = $3 AND paid_at IS NOT NULL) AS bought \
         FROM discount_use WHERE shop_id = $1 AND code = $2",
    )
    .bind(shop.as_str())
    .bind(code)
    .bind(customer)
    .fetch_one(connection)
    .await?;
    Ok(Use {
        goods: 0,
        used: db::count(&row, "used")?,
        used_by_customer: db::count(&row, "used_by_customer")?,
        has_bought: db::number(&row, "bought")? > 0,
    })
}

pub(super) async fn insert_use(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &Order,
    code: &str,
    customer: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO discount_use (order_id, shop_id, code, customer) VALUES ($1, $2, $3, $4)",
    )
    .bind(order.id.as_str())
    .bind(shop.as_str())
    .bind(code)
    .bind(customer)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete_use(connection: &mut AnyConnection, order: &OrderId) -> Result<()> {
    sqlx::query("DELETE FROM discount_use WHERE order_id = $1")
        .bind(order.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
