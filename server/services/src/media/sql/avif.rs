//! Queries of photos whose AVIF renditions are still to be made.

use domain::{
    id::{MediaId, ProductId, ShopId},
    media::Format,
};
use sqlx::AnyConnection;

use super::{NewVariant, copy_poster, insert_variant};
use crate::{Error, Result, db};

/// Behind the renditions a photo had from the first: at most five widths in two formats.
const FIRST_POSITION: i64 = 100;

/// The original of a photo.
pub(in crate::media) struct Original {
    pub(in crate::media) id: MediaId,
    pub(in crate::media) shop: ShopId,
    pub(in crate::media) hash: String,
    pub(in crate::media) format: Format,
    pub(in crate::media) bytes: u64,
}

/// A photo that has no AVIF rendition; `None` when it has, or is gone.
pub(in crate::media) async fn without_avif(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<Option<Original>> {
    let row = sqlx::query(
        "SELECT id, shop_id, hash, extension, bytes FROM media WHERE shop_id = $1 AND id = $2 AND kind = 'photo' \
         AND NOT EXISTS (SELECT 1 FROM media_variant WHERE media_id = $2 AND mime = 'image/avif')",
    )
    .bind(shop.as_str())
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let extension = db::text(&row, "extension")?;
        Ok(Original {
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

/// Adds the renditions; `false` when another process was first.
pub(in crate::media) async fn add_avif(
    connection: &mut AnyConnection,
    photo: &Original,
    made: &[NewVariant],
) -> Result<bool> {
    // Locks the photo's row, so that the look behind it counts.
    sqlx::query("UPDATE media SET alt = alt WHERE shop_id = $1 AND id = $2")
        .bind(photo.shop.as_str())
        .bind(photo.id.as_str())
        .execute(&mut *connection)
        .await?;
    if without_avif(connection, &photo.shop, &photo.id)
        .await?
        .is_none()
    {
        return Ok(false);
    }
    for (position, made) in (FIRST_POSITION..).zip(made) {
        insert_variant(connection, &photo.shop, &photo.id, position, made).await?;
    }
    copy_poster(connection, &photo.shop, &photo.id).await?;
    Ok(!made.is_empty())
}

/// The products whose pages show a picture or clip, or a clip whose poster it is.
pub(in crate::media) async fn shown_by(
    connection: &mut AnyConnection,
    shop: &ShopId,
    media: &MediaId,
) -> Result<Vec<ProductId>> {
    let rows = sqlx::query(
        "SELECT DISTINCT product_id FROM product_media WHERE shop_id = $1 AND (media_id = $2 \
         OR media_id IN (SELECT id FROM media WHERE shop_id = $1 AND poster_id = $2))",
    )
    .bind(shop.as_str())
    .bind(media.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| db::parsed(row, "product_id"))
        .collect()
}
