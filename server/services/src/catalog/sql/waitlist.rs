//! Queries of the waitlist.

use domain::{
    id::{ProductId, ShopId},
    time::UnixMs,
    waitlist::{Entry, MAX_ENTRIES},
};
use sqlx::AnyConnection;

use crate::{Result, db};

/// A request to be noted.
pub(in crate::catalog) struct NewEntry<'a> {
    pub(in crate::catalog) email: &'a str,
    /// The truncated address it comes from.
    pub(in crate::catalog) network: &'a str,
}

/// Whether an address is on the list.
pub(in crate::catalog) async fn has(
    connection: &mut AnyConnection,
    product: &ProductId,
    email: &str,
) -> Result<bool> {
    let row = sqlx::query("SELECT email FROM waitlist WHERE product_id = $1 AND email = $2")
        .bind(product.as_str())
        .bind(email)
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Makes sure that there is room for one more request from a network. On a full list the newest request of the network with
/// the most goes, if that stays with no fewer than the newcomer's; `false` when nobody has to. Two at once may both take the
/// last place.
pub(in crate::catalog) async fn make_room(
    connection: &mut AnyConnection,
    product: &ProductId,
    network: &str,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS entries, CAST(COALESCE(SUM(CASE WHEN network = $2 THEN 1 ELSE 0 END), 0) AS BIGINT) AS own \
         FROM waitlist WHERE product_id = $1",
    )
    .bind(product.as_str())
    .bind(network)
    .fetch_one(&mut *connection)
    .await?;
    if db::number(&row, "entries")? < i64::from(MAX_ENTRIES) {
        return Ok(true);
    }
    let own = db::number(&row, "own")?;
    let crowded = sqlx::query(
        "SELECT network, COUNT(*) AS entries FROM waitlist WHERE product_id = $1 GROUP BY network \
         ORDER BY entries DESC, MAX(created_at) DESC, network LIMIT 1",
    )
    .bind(product.as_str())
    .fetch_one(&mut *connection)
    .await?;
    if db::number(&crowded, "entries")? <= own + 1 {
        return Ok(false);
    }
    sqlx::query(
        "DELETE FROM waitlist WHERE product_id = $1 AND email = (SELECT email FROM waitlist \
         WHERE product_id = $1 AND network = $2 ORDER BY created_at DESC, email DESC LIMIT 1)",
    )
    .bind(product.as_str())
    .bind(db::text(&crowded, "network")?)
    .execute(connection)
    .await?;
    Ok(true)
}

/// `false` when the address was known, or when the product is not sold out any more.
pub(in crate::catalog) async fn add(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
    entry: &NewEntry<'_>,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO waitlist (product_id, shop_id, email, network, created_at) SELECT product.id, product.shop_id, $3, $5, $4 FROM product \
         WHERE product.shop_id = $2 AND product.id = $1 AND product.state = 'published' AND NOT EXISTS \
         (SELECT 1 FROM stock JOIN variant ON variant.id = stock.variant_id WHERE variant.product_id = product.id \
         AND stock.on_hand > stock.committed + stock.reserved) ON CONFLICT (product_id, email) DO NOTHING",
    )
    .bind(product.as_str())
    .bind(shop.as_str())
    .bind(entry.email)
    .bind(now.0)
    .bind(entry.network)
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
