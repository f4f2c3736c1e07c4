//! Queries of the waitlist.

use domain::{
    id::{ProductId, ShopId},
    time::UnixMs,
    waitlist::{Entry, MAX_ENTRIES},
};
use sqlx::AnyConnection;

use crate::{Result, db};

/// `false` when the address was known, when there was no room for it, or when the product is not sold out any more. Two at
/// once may both take the last place.
pub(in crate::catalog) async fn add(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
    email: &str,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO waitlist (product_id, shop_id, email, created_at) SELECT product.id, product.shop_id, $3, $4 FROM product \
         WHERE product.shop_id = $2 AND product.id = $1 AND product.state = 'published' AND NOT EXISTS \
         (SELECT 1 FROM stock JOIN variant ON variant.id = stock.variant_id WHERE variant.product_id = product.id \
         AND stock.on_hand > stock.committed + stock.reserved) AND (SELECT COUNT(*) FROM waitlist WHERE product_id = $1) < $5 ON CONFLICT (product_id, email) DO NOTHING",
    )
    .bind(product.as_str())
    .bind(shop.as_str())
    .bind(email)
    .bind(now.0)
    .bind(i64::from(MAX_ENTRIES))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the product is the shop's.
pub(in crate::catalog) async fn is_of(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM product WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(product.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

pub(in crate::catalog) async fn all(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
) -> Result<Vec<Entry>> {
    let rows = sqlx::query(
        "SELECT email, created_at FROM waitlist WHERE shop_id = $1 AND product_id = $2 ORDER BY created_at, email",
    )
    .bind(shop.as_str())
    .bind(product.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                email: db::text(row, "email")?,
                since: UnixMs(db::number(row, "created_at")?),
            })
        })
        .collect()
}

/// How many were forgotten.
pub(in crate::catalog) async fn forget(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
    until: UnixMs,
) -> Result<u64> {
    let done = sqlx::query(
        "DELETE FROM waitlist WHERE shop_id = $1 AND product_id = $2 AND created_at <= $3",
    )
    .bind(shop.as_str())
    .bind(product.as_str())
    .bind(until.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

pub(in crate::catalog) async fn sweep(
    connection: &mut AnyConnection,
    before: UnixMs,
) -> Result<()> {
    sqlx::query("DELETE FROM waitlist WHERE created_at <= $1")
        .bind(before.0)
        .execute(connection)
        .await?;
    Ok(())
}
