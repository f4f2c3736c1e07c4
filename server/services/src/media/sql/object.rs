//! Queries of what refers to media, and of what refers to the files of the store.

use std::collections::{HashMap, HashSet};

use domain::{
    id::{MediaId, ShopId},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Result, db};

/// A file of a shop in the store: BLAKE3 and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::media) struct Object {
    pub(in crate::media) hash: String,
    pub(in crate::media) file: String,
}

fn object(row: &AnyRow) -> Result<Object> {
    Ok(Object {
        hash: db::text(row, "hash")?,
        file: db::text(row, "file")?,
    })
}

/// Renditions, and originals of photos (a clip is its own rendition): the files that rows refer to.
macro_rules! objects {
    () => {
        "SELECT shop_id, media_id, hash, file, bytes FROM media_variant UNION ALL \
         SELECT shop_id, id AS media_id, hash, 'original.' || extension AS file, bytes FROM media WHERE kind = 'photo'"
    };
}

/// Locks a shop to its end: whoever writes rows that refer to files of the store, or deletes such files, does it one after the
/// other.
pub(in crate::media) async fn lock_shop(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<()> {
    sqlx::query("UPDATE shop SET handle = handle WHERE id = $1")
        .bind(shop.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Locks a media's row; `false` when it is gone.
pub(in crate::media) async fn lock_media(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<bool> {
    let done = sqlx::query("UPDATE media SET alt = alt WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a product shows it, or a clip has it as its poster.
pub(in crate::media) async fn is_shown(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM media WHERE shop_id = $1 AND id = $2 AND \
         (EXISTS (SELECT 1 FROM product_media WHERE product_media.media_id = media.id) \
         OR EXISTS (SELECT 1 FROM media AS clip WHERE clip.poster_id = media.id))",
    )
    .bind(shop.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// The files that a media's rows refer to.
pub(in crate::media) async fn objects_of(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<Vec<Object>> {
    let rows = sqlx::query(concat!(
        "SELECT DISTINCT hash, file FROM (",
        objects!(),
        ") AS object WHERE shop_id = $1 AND media_id = $2 ORDER BY hash, file"
    ))
    .bind(shop.as_str())
    .bind(id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(object).collect()
}

/// Whether any row of the shop refers to a file.
pub(in crate::media) async fn is_needed(
    connection: &mut AnyConnection,
    shop: &ShopId,
    object: &Object,
) -> Result<bool> {
    let row = sqlx::query(concat!(
        "SELECT hash FROM (",
        objects!(),
        ") AS object WHERE shop_id = $1 AND hash = $2 AND file = $3 LIMIT 1"
    ))
    .bind(shop.as_str())
    .bind(object.hash.as_str())
    .bind(object.file.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// Every file that rows refer to, by shop.
pub(in crate::media) async fn all_needed(
    connection: &mut AnyConnection,
) -> Result<HashMap<ShopId, HashSet<Object>>> {
    let rows = sqlx::query(concat!(
        "SELECT DISTINCT shop_id, hash, file FROM (",
        objects!(),
        ") AS object"
    ))
    .fetch_all(connection)
    .await?;
    let mut needed: HashMap<ShopId, HashSet<Object>> = HashMap::new();
    for row in &rows {
        let shop = db::parsed(row, "shop_id")?;
        needed.entry(shop).or_default().insert(object(row)?);
    }
    Ok(needed)
}

/// The bytes that a shop's files take, each counted once, and those announced by uploads under way.
pub(in crate::media) async fn used_bytes(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<u64> {
    let row = sqlx::query(concat!(
        "SELECT CAST(COALESCE((SELECT SUM(bytes) FROM (SELECT DISTINCT hash, file, bytes FROM (",
        objects!(),
        ") AS object WHERE shop_id = $1) AS once), 0) \
         + COALESCE((SELECT SUM(length) FROM upload WHERE shop_id = $1 AND state IN ('receiving', 'processing')), 0) \
         AS BIGINT) AS used"
    ))
    .bind(shop.as_str())
    .fetch_one(connection)
    .await?;
    db::count(&row, "used")
}

/// Deletes the rows of a media; its files are the caller's to delete.
pub(in crate::media) async fn delete_media(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<()> {
    for statement in [
        "DELETE FROM media_variant WHERE shop_id = $1 AND media_id = $2",
        "DELETE FROM media WHERE shop_id = $1 AND id = $2",
    ] {
        sqlx::query(statement)
            .bind(shop.as_str())
            .bind(id.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Deletes the answers of uploads that became a media.
pub(in crate::media) async fn delete_answers(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<()> {
    sqlx::query("DELETE FROM upload WHERE shop_id = $1 AND media_id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Media older than `before` that nothing shows and no upload answers with, of every shop.
pub(in crate::media) async fn unshown(
    connection: &mut AnyConnection,
    before: UnixMs,
) -> Result<Vec<(ShopId, MediaId)>> {
    let rows = sqlx::query(
        "SELECT shop_id, id FROM media WHERE created_at <= $1 \
         AND NOT EXISTS (SELECT 1 FROM product_media WHERE product_media.media_id = media.id) \
         AND NOT EXISTS (SELECT 1 FROM media AS clip WHERE clip.poster_id = media.id) \
         AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.media_id = media.id) \
         ORDER BY created_at LIMIT 500",
    )
    .bind(before.0)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((db::parsed(row, "shop_id")?, db::parsed(row, "id")?)))
        .collect()
}

/// The identifiers of all uploads.
pub(in crate::media) async fn all_uploads(
    connection: &mut AnyConnection,
) -> Result<HashSet<String>> {
    let rows = sqlx::query("SELECT id FROM upload")
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| db::text(row, "id")).collect()
}
