//! Queries of owner links.

use domain::{id::ShopId, time::UnixMs};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Error, Result,
    db::{self, Engine, Write},
};

/// A link that can be used: the first shop opens by a link from before it only, and its sibling links open nothing then.
const USABLE: &str = "token_hash = $1 AND used_at IS NULL AND expires_at > $2 \
     AND (first = 0 OR NOT EXISTS (SELECT 1 FROM shop))";

pub(in crate::identity) async fn insert(
    connection: &mut AnyConnection,
    hash: &str,
    shop: Option<&ShopId>,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO owner_link (token_hash, shop_id, first, created_at, expires_at) \
         SELECT $1, $2, CASE WHEN EXISTS (SELECT 1 FROM shop) THEN 0 ELSE 1 END, $3, $4",
    )
    .bind(hash)
    .bind(shop.map(ShopId::as_str))
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a link can be used, and the shop it recovers.
pub(in crate::identity) async fn one(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<Option<ShopId>>> {
    let statement = format!("SELECT shop_id FROM owner_link WHERE {USABLE}");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(hash)
        .bind(now.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(recovered).transpose()
}

/// Uses a link up, and with it the other links to the same shop; `None` when it cannot be used (any more).
pub(in crate::identity) async fn spend(
    write: &mut Write,
    hash: &str,
    now: UnixMs,
) -> Result<Option<Option<ShopId>>> {
    // Of two links that are siblings and used at once, one waits here for what the other comes to.
    match one(write, hash, now).await? {
        None => return Ok(None),
        Some(Some(shop)) => {
            sqlx::query("UPDATE shop SET handle = handle WHERE id = $1")
                .bind(shop.as_str())
                .execute(&mut **write)
                .await?;
        }
        // SQLite has one writer anyway.
        Some(None) if write.engine() == Engine::Postgres => {
            sqlx::query("SELECT id FROM feed_head WHERE id = 1 FOR UPDATE")
                .fetch_one(&mut **write)
                .await?;
        }
        Some(None) => {}
    }
    let statement = format!("UPDATE owner_link SET used_at = $2 WHERE {USABLE} RETURNING shop_id");
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(hash)
        .bind(now.0)
        .fetch_optional(&mut **write)
        .await?;
    let Some(shop) = row.as_ref().map(recovered).transpose()? else {
        return Ok(None);
    };
    if let Some(shop) = &shop {
        sqlx::query("DELETE FROM owner_link WHERE shop_id = $1 AND used_at IS NULL")
            .bind(shop.as_str())
            .execute(&mut **write)
            .await?;
    }
    Ok(Some(shop))
}

fn recovered(row: &AnyRow) -> Result<Option<ShopId>> {
    db::text_or_null(row, "shop_id")?
        .map(|id| {
            id.parse()
                .map_err(|_| Error::internal("column shop_id is not well formed"))
        })
        .transpose()
}

/// Forgets the links to make a first shop that nobody used, so that only the last one printed works.
pub(in crate::identity) async fn drop_first(connection: &mut AnyConnection) -> Result<()> {
    sqlx::query("DELETE FROM owner_link WHERE shop_id IS NULL AND used_at IS NULL")
        .execute(connection)
        .await?;
    Ok(())
}
