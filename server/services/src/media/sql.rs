//! Queries of media; those of uploads are in `upload`, those of later renditions in `avif`.

mod avif;
mod object;
mod poster;
mod upload;

use std::collections::HashMap;

use domain::{
    id::{MediaId, ProductId, ShopId},
    media::{Media, Variant},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

pub(super) use self::{avif::*, object::*, poster::*, upload::*};
use crate::{Result, db};

fn variant(row: &AnyRow) -> Result<Variant> {
    let (hash, file) = (db::text(row, "hash")?, db::text(row, "file")?);
    Ok(Variant {
        url: format!("/media/{hash}/{file}"),
        mime: db::text(row, "mime")?,
        width: db::count(row, "variant_width")?,
        height: db::count(row, "variant_height")?,
        bytes: db::count(row, "bytes")?,
    })
}

fn media(row: &AnyRow) -> Result<Media> {
    Ok(Media {
        id: db::parsed(row, "media_id")?,
        kind: db::parsed(row, "kind")?,
        alt: db::text(row, "alt")?,
        width: db::count(row, "width")?,
        height: db::count(row, "height")?,
        duration_ms: db::count(row, "duration_ms")?,
        placeholder: db::text(row, "placeholder")?,
        variants: Vec::new(),
    })
}

macro_rules! columns {
    () => {
        "media.id AS media_id, media.kind, media.alt, media.width, media.height, media.duration_ms, media.placeholder, \
         media_variant.hash, media_variant.file, media_variant.mime, media_variant.width AS variant_width, \
         media_variant.height AS variant_height, media_variant.bytes "
    };
}

/// Joins rows of one media after the other, each with one variant, to media with all of theirs.
fn gather(rows: &[AnyRow]) -> Result<Vec<Media>> {
    let mut gathered: Vec<Media> = Vec::new();
    for row in rows {
        let next = media(row)?;
        if gathered.last().is_none_or(|last| last.id != next.id) {
            gathered.push(next);
        }
        if let Some(last) = gathered.last_mut() {
            last.variants.push(variant(row)?);
        }
    }
    Ok(gathered)
}

pub(crate) async fn one(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
) -> Result<Option<Media>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        "FROM media JOIN media_variant ON media_variant.media_id = media.id \
         WHERE media.shop_id = $1 AND media.id = $2 ORDER BY media_variant.position"
    ))
    .bind(shop.as_str())
    .bind(id.as_str())
    .fetch_all(connection)
    .await?;
    Ok(gather(&rows)?.pop())
}

pub(super) async fn all(connection: &mut AnyConnection, shop: &ShopId) -> Result<Vec<Media>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        "FROM media JOIN media_variant ON media_variant.media_id = media.id \
         WHERE media.shop_id = $1 ORDER BY media.created_at DESC, media.id, media_variant.position"
    ))
    .bind(shop.as_str())
    .fetch_all(connection)
    .await?;
    gather(&rows)
}

macro_rules! of_pages {
    ($condition:literal) => {
        concat!(
            "SELECT product_media.product_id, ",
            columns!(),
            "FROM product_media JOIN media ON media.id = product_media.media_id \
             JOIN media_variant ON media_variant.media_id = media.id \
             WHERE product_media.shop_id = $1",
            $condition,
            " ORDER BY product_media.product_id, product_media.position, media_variant.position"
        )
    };
}

/// Two statements and no condition that a parameter switches off: a plan is made for what the parameters may be.
const OF_SHOP: &str = of_pages!("");
const OF_PRODUCT: &str = of_pages!(" AND product_media.product_id = $2");

/// The pictures and clips on the pages of a shop's products (or of one), in the order of the page.
pub(crate) async fn of_products(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: Option<&ProductId>,
) -> Result<HashMap<ProductId, Vec<Media>>> {
    let query = match product {
        None => sqlx::query(OF_SHOP).bind(shop.as_str()),
        Some(product) => sqlx::query(OF_PRODUCT)
            .bind(shop.as_str())
            .bind(product.as_str()),
    };
    let rows = query.fetch_all(connection).await?;
    let rows = db::readable(&rows, "media of a page", |row| {
        let product: ProductId = db::parsed(row, "product_id")?;
        Ok((product, media(row)?, variant(row)?))
    });
    let mut pages: HashMap<ProductId, Vec<Media>> = HashMap::new();
    for (product, next, variant) in rows {
        let page = pages.entry(product).or_default();
        if page.last().is_none_or(|last| last.id != next.id) {
            page.push(next);
        }
        if let Some(last) = page.last_mut() {
            last.variants.push(variant);
        }
    }
    Ok(pages)
}

/// Where a rendition is and who may see it.
pub(super) struct Found {
    pub(super) shop: ShopId,
    pub(super) mime: String,
    pub(super) length: u64,
    pub(super) public: bool,
}

/// The rendition of an address, for everybody or for a viewer's shop; a public one first.
pub(super) async fn rendition(
    connection: &mut AnyConnection,
    shop: Option<&ShopId>,
    hash: &str,
    file: &str,
) -> Result<Option<Found>> {
    let row = sqlx::query(
        "SELECT media_variant.shop_id, media_variant.mime, media_variant.bytes, \
         MAX(CASE WHEN product.state = 'published' THEN 1 ELSE 0 END) AS public \
         FROM media_variant \
         LEFT JOIN product_media ON product_media.media_id = media_variant.media_id \
         LEFT JOIN product ON product.id = product_media.product_id \
         WHERE media_variant.hash = $1 AND media_variant.file = $2 \
         AND (media_variant.shop_id = $3 OR product.state = 'published') \
         GROUP BY media_variant.shop_id, media_variant.mime, media_variant.bytes \
         ORDER BY public DESC LIMIT 1",
    )
    .bind(hash)
    .bind(file)
    .bind(shop.map_or("", ShopId::as_str))
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        // An int4 on PostgreSQL and an integer on SQLite; Any widens neither by itself.
        let public = sqlx::Row::try_get::<i64, _>(&row, "public")
            .or_else(|_| sqlx::Row::try_get::<i32, _>(&row, "public").map(i64::from))?;
        Ok(Found {
            shop: db::parsed(&row, "shop_id")?,
            mime: db::text(&row, "mime")?,
            length: db::count(&row, "bytes")?,
            public: public != 0,
        })
    })
    .transpose()
}

pub(super) async fn set_alt(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &MediaId,
    alt: &str,
) -> Result<()> {
    sqlx::query("UPDATE media SET alt = $3 WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .bind(alt)
        .execute(connection)
        .await?;
    Ok(())
}

/// A finished original with its renditions.
pub(super) struct Finished {
    pub(super) id: MediaId,
    pub(super) hash: String,
    pub(super) extension: &'static str,
    pub(super) bytes: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) duration_ms: u32,
    pub(super) placeholder: String,
    pub(super) variants: Vec<NewVariant>,
}

/// A rendition in the store.
pub(super) struct NewVariant {
    pub(super) hash: String,
    pub(super) file: String,
    pub(super) mime: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bytes: u64,
}

pub(super) async fn insert_media(
    connection: &mut AnyConnection,
    shop: &ShopId,
    upload: &Stored,
    done: &Finished,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO media (id, shop_id, kind, hash, extension, bytes, alt, width, height, duration_ms, placeholder, \
         session_id, start_ms, end_ms, created_at, contract_id, contract_version) \
         SELECT $1, shop_id, kind, $2, $3, $4, alt, $5, $6, $7, $8, session_id, start_ms, end_ms, $9, contract_id, contract_version FROM upload WHERE shop_id = $10 AND id = $11",
    )
    .bind(done.id.as_str())
    .bind(done.hash.as_str())
    .bind(done.extension)
    .bind(i64::try_from(done.bytes).unwrap_or(i64::MAX))
    .bind(i64::from(done.width))
    .bind(i64::from(done.height))
    .bind(i64::from(done.duration_ms))
    .bind(done.placeholder.as_str())
    .bind(now.0)
    .bind(shop.as_str())
    .bind(upload.id.as_str())
    .execute(&mut *connection)
    .await?;
    for (position, made) in (0_i64..).zip(&done.variants) {
        insert_variant(connection, shop, &done.id, position, made).await?;
    }
    Ok(())
}

async fn insert_variant(
    connection: &mut AnyConnection,
    shop: &ShopId,
    media: &MediaId,
    position: i64,
    made: &NewVariant,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO media_variant (media_id, position, shop_id, hash, file, mime, width, height, bytes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(media.as_str())
    .bind(position)
    .bind(shop.as_str())
    .bind(made.hash.as_str())
    .bind(made.file.as_str())
    .bind(made.mime)
    .bind(i64::from(made.width))
    .bind(i64::from(made.height))
    .bind(i64::try_from(made.bytes).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// The photo that is a clip's poster.
pub(super) async fn poster_of(
    connection: &mut AnyConnection,
    shop: &ShopId,
    clip: &MediaId,
) -> Result<Option<MediaId>> {
    let row = sqlx::query(
        "SELECT poster_id FROM media WHERE shop_id = $1 AND id = $2 AND poster_id IS NOT NULL",
    )
    .bind(shop.as_str())
    .bind(clip.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| db::parsed(&row, "poster_id")).transpose()
}

/// Gives a clip the renditions of a photo in the place of its earlier poster, and the photo's colour.
pub(super) async fn set_poster(
    connection: &mut AnyConnection,
    shop: &ShopId,
    clip: &MediaId,
    photo: &MediaId,
) -> Result<()> {
    sqlx::query(
        "UPDATE media SET poster_id = $3, \
         placeholder = (SELECT placeholder FROM media AS photo WHERE photo.shop_id = $1 AND photo.id = $3) \
         WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(clip.as_str())
    .bind(photo.as_str())
    .execute(&mut *connection)
    .await?;
    copy_poster(connection, shop, photo).await
}

/// Copies the renditions of a photo to every clip whose poster it is, in the place of those they had.
pub(super) async fn copy_poster(
    connection: &mut AnyConnection,
    shop: &ShopId,
    photo: &MediaId,
) -> Result<()> {
    // Position 0 is the film; the photo's positions are moved out of its way.
    for statement in [
        "DELETE FROM media_variant WHERE shop_id = $1 AND mime LIKE 'image/%' \
         AND media_id IN (SELECT id FROM media WHERE shop_id = $1 AND poster_id = $2)",
        "INSERT INTO media_variant (media_id, position, shop_id, hash, file, mime, width, height, bytes) \
         SELECT clip.id, made.position + 1000, made.shop_id, made.hash, made.file, made.mime, made.width, made.height, made.bytes \
         FROM media_variant AS made JOIN media AS clip ON clip.shop_id = $1 AND clip.poster_id = $2 \
         WHERE made.shop_id = $1 AND made.media_id = $2",
    ] {
        sqlx::query(statement)
            .bind(shop.as_str())
            .bind(photo.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

    use super::*;

    /// A product's page is read by its rows, whatever other products and shops have.
    #[tokio::test]
    async fn no_page_is_found_by_looking_through_all() {
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect("sqlite::memory:")
            .await
            .expect("a database");
        for file in [
            include_str!("../../../../migrations/0004_media.sql"),
            include_str!("../../../../migrations/0005_catalog.sql"),
        ] {
            let file = file.replace("AUTOMATIC_ID", "INTEGER PRIMARY KEY");
            connection
                .execute(AssertSqlSafe(file))
                .await
                .expect("tables");
        }
        for statement in [OF_SHOP, OF_PRODUCT] {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
                .fetch_all(&mut connection)
                .await
                .expect("a plan");
            let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            assert!(
                !steps.iter().any(|step| step.starts_with("SCAN")),
                "{steps:?}"
            );
            let by_product = steps.iter().any(|step| {
                step.contains("shop_id=? AND product_id=?") || step.contains("(product_id=?")
            });
            assert_eq!(by_product, statement == OF_PRODUCT, "{steps:?}");
        }
    }
}
