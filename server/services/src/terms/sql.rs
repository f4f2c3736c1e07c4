//! Queries of terms.

use domain::{id::ShopId, terms::Terms, time::UnixMs};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Error, Result, db};

/// The column `terms` of a row, of a shop that may have none.
pub(crate) fn of_row(row: &AnyRow) -> Result<Terms> {
    match db::text_or_null(row, "terms")? {
        None => Ok(Terms::default()),
        Some(json) => serde_json::from_str(&json).map_err(Error::internal),
    }
}

pub(crate) async fn terms(connection: &mut AnyConnection, shop: &ShopId) -> Result<Terms> {
    let row = sqlx::query("SELECT terms FROM terms WHERE shop_id = $1")
        .bind(shop.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map_or_else(|| Ok(Terms::default()), of_row)
}

/// Locks a shop's terms until the transaction ends, and reads them.
pub(super) async fn lock(
    connection: &mut AnyConnection,
    shop: &ShopId,
    now: UnixMs,
) -> Result<Terms> {
    let row = sqlx::query(
        "INSERT INTO terms (shop_id, version, terms, changed_at) VALUES ($1, 1, '{}', $2) \
         ON CONFLICT (shop_id) DO UPDATE SET version = terms.version + 1 RETURNING terms",
    )
    .bind(shop.as_str())
    .bind(now.0)
    .fetch_one(connection)
    .await?;
    of_row(&row)
}

pub(super) async fn save(
    connection: &mut AnyConnection,
    shop: &ShopId,
    terms: &Terms,
    now: UnixMs,
) -> Result<()> {
    let json = serde_json::to_string(terms).map_err(Error::internal)?;
    sqlx::query("UPDATE terms SET terms = $2, changed_at = $3 WHERE shop_id = $1")
        .bind(shop.as_str())
        .bind(json)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}
