//! Queries of photos whose AVIF renditions are still to be made.

use domain::{
    id::{MediaId, ShopId},
    media::Format,
};
use sqlx::AnyConnection;

use super::{Made, insert_variant};
use crate::{Error, Result, db};

/// Behind the renditions a photo had from the first: at most five widths in two formats.
const FIRST_POSITION: i64 = 100;

/// A photo that waits for its AVIF renditions.
pub(in crate::media) struct Unrefined {
    pub(in crate::media) id: MediaId,
    pub(in crate::media) shop: ShopId,
    pub(in crate::media) hash: String,
    pub(in crate::media) format: Format,
    pub(in crate::media) bytes: u64,
}

/// The photo that has waited longest.
pub(in crate::media) async fn unrefined(
    connection: &mut AnyConnection,
) -> Result<Option<Unrefined>> {
    let row = sqlx::query(
        "SELECT id, shop_id, hash, extension, bytes FROM media WHERE refined = 0 ORDER BY created_at, id LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let extension = db::text(&row, "extension")?;
        Ok(Unrefined {
            id: db::parsed(&row, "id")?,
            shop: db::parsed(&row, "shop_id")?,
            hash: db::text(&row, "hash")?,
            format: Format::from_extension(&extension)
                .ok_or_else(|| Error::internal(format!("a photo with the ending {extension}")))?,
            bytes: db::count(&row, "bytes")?,
        })
    })
    .transpose()
}

/// Adds the renditions; false when another process was first.
pub(in crate::media) async fn refine(
    connection: &mut AnyConnection,
    photo: &Unrefined,
    made: &[Made],
) -> Result<bool> {
    let done =
        sqlx::query("UPDATE media SET refined = 1 WHERE shop_id = $1 AND id = $2 AND refined = 0")
            .bind(photo.shop.as_str())
            .bind(photo.id.as_str())
            .execute(&mut *connection)
            .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    for (position, made) in (FIRST_POSITION..).zip(made) {
        insert_variant(connection, &photo.shop, &photo.id, position, made).await?;
    }
    Ok(true)
}

/// The products whose pages show a picture or clip.
pub(in crate::media) async fn shown_by(
    connection: &mut AnyConnection,
    shop: &ShopId,
    media: &MediaId,
) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT DISTINCT product_id FROM product_media WHERE shop_id = $1 AND media_id = $2",
    )
    .bind(shop.as_str())
    .bind(media.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| db::text(row, "product_id")).collect()
}
