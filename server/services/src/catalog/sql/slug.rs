//! Queries of slugs: what is taken, and what led to a product before.

use domain::{
    id::{ProductId, ShopId},
    time::UnixMs,
};
use sqlx::AnyConnection;

use crate::{Error, Result, db};

/// Slugs that begin with `stem`, other than the product's own, to find a free one. One that led to another product before is
/// not free: its links would lead elsewhere.
pub(in crate::catalog) async fn taken(
    connection: &mut AnyConnection,
    stem: &str,
    but: &ProductId,
) -> Result<Vec<String>> {
    // A slug has neither % nor _, so the stem needs no escaping.
    let rows = sqlx::query(
        "SELECT slug FROM product WHERE slug LIKE $1 AND id <> $2 \
         UNION SELECT slug FROM slug_history WHERE slug LIKE $1 AND product_id <> $2",
    )
    .bind(format!("{stem}%"))
    .bind(but.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| db::text(row, "slug")).collect()
}

/// Keeps the slug that a product has as one it had, where it had a page under it and gets another.
///
/// # Errors
/// `Conflict` when `new` led to a product of another shop.
pub(in crate::catalog) async fn keep(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
    new: &str,
    now: UnixMs,
) -> Result<()> {
    let row = sqlx::query("SELECT slug, published_at FROM product WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .fetch_one(&mut *connection)
        .await?;
    let old = db::text(&row, "slug")?;
    if old == new {
        return Ok(());
    }
    // A shop may give an address of its own to another of its products.
    sqlx::query("DELETE FROM slug_history WHERE shop_id = $1 AND slug = $2")
        .bind(shop.as_str())
        .bind(new)
        .execute(&mut *connection)
        .await?;
    let foreign = sqlx::query("SELECT slug FROM slug_history WHERE slug = $1")
        .bind(new)
        .fetch_optional(&mut *connection)
        .await?;
    if foreign.is_some() {
        return Err(Error::Conflict(format!(
            "Another shop's links lead to /p/{new}. Choose another address."
        )));
    }
    if db::number_or_null(&row, "published_at")?.is_none() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO slug_history (slug, product_id, shop_id, changed_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (slug) DO UPDATE SET product_id = excluded.product_id, shop_id = excluded.shop_id, \
         changed_at = excluded.changed_at",
    )
    .bind(old)
    .bind(id.as_str())
    .bind(shop.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The slug of the published product that had this one before.
pub(in crate::catalog) async fn current(
    connection: &mut AnyConnection,
    old: &str,
) -> Result<Option<String>> {
    let row = sqlx::query(
        "SELECT product.slug FROM slug_history JOIN product ON product.id = slug_history.product_id \
         WHERE slug_history.slug = $1 AND product.state = 'published'",
    )
    .bind(old)
    .fetch_optional(connection)
    .await?;
    row.map(|row| db::text(&row, "slug")).transpose()
}
