//! Queries of clips that came without a poster.

use domain::{
    id::{MediaId, ShopId},
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::{Finished, insert_variant};
use crate::{Result, db};

/// The file of a clip that has no poster.
pub(in crate::media) struct PosterlessClip {
    pub(in crate::media) hash: String,
    pub(in crate::media) file: String,
    pub(in crate::media) bytes: u64,
    pub(in crate::media) duration_ms: u32,
}

/// A clip that has no poster; `None` when it has one, or is gone.
pub(in crate::media) async fn without_poster(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<Option<PosterlessClip>> {
    let row = sqlx::query(
        "SELECT media_variant.hash, media_variant.file, media_variant.bytes, media.duration_ms \
         FROM media JOIN media_variant ON media_variant.media_id = media.id \
         WHERE media.shop_id = $1 AND media.id = $2 AND media.kind = 'clip' AND media.poster_id IS NULL \
         AND media_variant.mime LIKE 'video/%'",
    )
    .bind(shop.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(PosterlessClip {
            hash: db::text(&row, "hash")?,
            file: db::text(&row, "file")?,
            bytes: db::count(&row, "bytes")?,
            duration_ms: db::count(&row, "duration_ms")?,
        })
    })
    .transpose()
}

/// Clips older than `before` that a page shows without a poster, of every shop, the oldest first; not those whose job was given
/// up.
pub(in crate::media) async fn clips_without_poster(
    connection: &mut AnyConnection,
    before: UnixMs,
) -> Result<Vec<(ShopId, MediaId)>> {
    let rows = sqlx::query(
        "SELECT shop_id, id FROM media WHERE kind = 'clip' AND poster_id IS NULL AND created_at <= $1 \
         AND EXISTS (SELECT 1 FROM product_media WHERE product_media.media_id = media.id) \
         AND NOT EXISTS (SELECT 1 FROM job WHERE job.kind = 'make_poster' AND job.key = media.id) \
         ORDER BY created_at, id LIMIT 200",
    )
    .bind(before.0)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((db::parsed(row, "shop_id")?, db::parsed(row, "id")?)))
        .collect()
}

/// Inserts a photo that was made of a clip; it has the clip's description and recording.
pub(in crate::media) async fn insert_poster(
    connection: &mut AnyConnection,
    shop: &ShopId,
    clip: &MediaId,
    done: &Finished,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO media (id, shop_id, kind, hash, extension, bytes, alt, width, height, duration_ms, placeholder, \
         session_id, start_ms, end_ms, created_at) \
         SELECT $1, shop_id, 'photo', $2, $3, $4, alt, $5, $6, 0, $7, session_id, start_ms, end_ms, $8 FROM media \
         WHERE shop_id = $9 AND id = $10",
    )
    .bind(done.id.as_str())
    .bind(done.hash.as_str())
    .bind(done.extension)
    .bind(i64::try_from(done.bytes).unwrap_or(i64::MAX))
    .bind(i64::from(done.width))
    .bind(i64::from(done.height))
    .bind(done.placeholder.as_str())
    .bind(now.0)
    .bind(shop.as_str())
    .bind(clip.as_str())
    .execute(&mut *connection)
    .await?;
    for (position, made) in (0_i64..).zip(&done.variants) {
        insert_variant(connection, shop, &done.id, position, made).await?;
    }
    Ok(())
}
