//! Queries of the catalog.

pub(crate) mod currency;
pub(super) mod slug;
pub(crate) mod stock;
pub(crate) mod variant;
pub(super) mod waitlist;

use std::collections::HashMap;

use domain::{
    capture::contract::Reference,
    catalog::{Product, State, Variant},
    id::{MediaId, ProductId, ShopId},
    media::Media,
    money::{Currency, Money},
    tax::Class,
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Error, Result, db, media::sql::of_products};

macro_rules! columns {
    () => {
        "SELECT product.id, product.shop_id, slug, product.state, title, summary, text, price_minor, currency, tax_class, \
         options, version, updated_at FROM product "
    };
}

/// What belongs to products, by product.
struct Parts {
    media: HashMap<ProductId, Vec<Media>>,
    variants: HashMap<ProductId, Vec<Variant>>,
}

impl Parts {
    /// Those of one product, or of all products of a shop.
    async fn read(
        connection: &mut AnyConnection,
        shop: &ShopId,
        product: Option<&ProductId>,
    ) -> Result<Self> {
        Ok(Self {
            media: of_products(connection, shop, product).await?,
            variants: variant::of_products(connection, shop, product).await?,
        })
    }
}

fn product(row: &AnyRow, parts: &mut Parts) -> Result<Product> {
    let id: ProductId = db::parsed(row, "id")?;
    let currency: Currency = db::parsed(row, "currency")?;
    let variants = parts.variants.remove(&id).unwrap_or_default();
    Ok(Product {
        slug: db::text(row, "slug")?,
        state: match db::text(row, "state")?.as_str() {
            "published" => State::Published,
            _ => State::Draft,
        },
        title: db::text(row, "title")?,
        summary: db::text(row, "summary")?,
        text: db::text(row, "text")?,
        price: db::number_or_null(row, "price_minor")?
            .and_then(|minor| Money::new(minor, currency)),
        class: db::parsed(row, "tax_class")?,
        options: serde_json::from_str(&db::text(row, "options")?).map_err(Error::internal)?,
        available: variants.iter().map(|variant| variant.available).sum(),
        stock: variants.iter().map(|variant| variant.stock).sum(),
        variants,
        version: db::count(row, "version")?,
        media: parts.media.remove(&id).unwrap_or_default(),
        updated_at: UnixMs(db::number(row, "updated_at")?),
        id,
    })
}

pub(super) async fn all(connection: &mut AnyConnection, shop: &ShopId) -> Result<Vec<Product>> {
    let rows = sqlx::query(concat!(
        columns!(),
        "WHERE product.shop_id = $1 ORDER BY updated_at DESC, product.id"
    ))
    .bind(shop.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let mut parts = Parts::read(connection, shop, None).await?;
    Ok(db::readable(&rows, "product", |row| {
        product(row, &mut parts)
    }))
}

pub(super) async fn front(connection: &mut AnyConnection, shop: &ShopId) -> Result<Vec<Product>> {
    let rows = sqlx::query(concat!(
        columns!(),
        "WHERE product.shop_id = $1 AND product.state = 'published' ORDER BY published_at DESC, product.id"
    ))
    .bind(shop.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let mut parts = Parts::read(connection, shop, None).await?;
    Ok(db::readable(&rows, "product", |row| {
        product(row, &mut parts)
    }))
}

pub(super) async fn one(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
) -> Result<Option<Product>> {
    let row = sqlx::query(concat!(
        columns!(),
        "WHERE product.shop_id = $1 AND product.id = $2"
    ))
    .bind(shop.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut parts = Parts::read(connection, shop, Some(id)).await?;
    product(&row, &mut parts).map(Some)
}

/// A published product and whose it is.
pub(super) async fn published_by_slug(
    connection: &mut AnyConnection,
    slug: &str,
) -> Result<Option<(ShopId, Product)>> {
    let row = sqlx::query(concat!(
        columns!(),
        "WHERE slug = $1 AND product.state = 'published'"
    ))
    .bind(slug)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (shop, id): (ShopId, ProductId) = (db::parsed(&row, "shop_id")?, db::parsed(&row, "id")?);
    let mut parts = Parts::read(connection, &shop, Some(&id)).await?;
    let product = product(&row, &mut parts)?;
    Ok(Some((shop, product)))
}

pub(super) async fn published(connection: &mut AnyConnection) -> Result<Vec<(String, UnixMs)>> {
    let rows =
        sqlx::query("SELECT slug, updated_at FROM product WHERE state = 'published' ORDER BY slug")
            .fetch_all(connection)
            .await?;
    Ok(db::readable(&rows, "product", |row| {
        Ok((
            db::text(row, "slug")?,
            UnixMs(db::number(row, "updated_at")?),
        ))
    }))
}

/// What a new draft has.
pub(super) struct Draft<'a> {
    pub(super) id: &'a ProductId,
    pub(super) slug: &'a str,
    pub(super) title: &'a str,
    pub(super) currency: &'a str,
    pub(super) session: Option<&'a str>,
    pub(super) highlights: Option<&'a str>,
    pub(super) contract: Option<&'a Reference>,
}

/// Whether a product of another shop has this identifier.
pub(super) async fn is_of_another(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
) -> Result<bool> {
    let found = sqlx::query("SELECT 1 FROM product WHERE id = $1 AND shop_id <> $2")
        .bind(id.as_str())
        .bind(shop.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// `false`, and nothing inserted, when another product has the slug or the identifier.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    draft: &Draft<'_>,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO product (id, shop_id, slug, state, title, summary, text, currency, session_id, highlights, created_at, updated_at, \
         contract_id, contract_version) VALUES ($1, $2, $3, 'draft', $4, '', '', $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
    )
    .bind(draft.id.as_str())
    .bind(shop.as_str())
    .bind(draft.slug)
    .bind(draft.title)
    .bind(draft.currency)
    .bind(draft.session)
    .bind(draft.highlights)
    .bind(now.0)
    .bind(now.0)
    .bind(draft.contract.map(|contract| contract.id.as_str()))
    .bind(draft.contract.map(|contract| i64::from(contract.version)))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The editor's fields, checked.
pub(super) struct Edit<'a> {
    pub(super) slug: &'a str,
    pub(super) title: &'a str,
    pub(super) summary: &'a str,
    pub(super) text: &'a str,
    pub(super) price_minor: Option<i64>,
    pub(super) class: Class,
}

/// Writes changed fields; `false`, and nothing changed, when another product has the slug.
pub(super) async fn update(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
    edit: &Edit<'_>,
    now: UnixMs,
) -> Result<bool> {
    // A broken rule ends a transaction of PostgreSQL, but for what a savepoint takes back.
    sqlx::query("SAVEPOINT fields")
        .execute(&mut *connection)
        .await?;
    let done = sqlx::query(
        "UPDATE product SET slug = $3, title = $4, summary = $5, text = $6, price_minor = $7, version = version + 1, \
         updated_at = $8, tax_class = $9 WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(id.as_str())
    .bind(edit.slug)
    .bind(edit.title)
    .bind(edit.summary)
    .bind(edit.text)
    .bind(edit.price_minor)
    .bind(now.0)
    .bind(edit.class.as_str())
    .execute(&mut *connection)
    .await;
    let is_free = match done {
        Ok(_) => true,
        Err(error) if db::is_taken(&error) => false,
        Err(error) => return Err(error.into()),
    };
    let end = if is_free {
        "RELEASE SAVEPOINT fields"
    } else {
        "ROLLBACK TO SAVEPOINT fields"
    };
    sqlx::query(end).execute(connection).await?;
    Ok(is_free)
}

/// Locks the product's row and marks it as changed; `None` when it is not the shop's.
pub(super) async fn touch(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
    now: UnixMs,
) -> Result<Option<()>> {
    let row = sqlx::query(
        "UPDATE product SET updated_at = $3 WHERE shop_id = $1 AND id = $2 RETURNING id",
    )
    .bind(shop.as_str())
    .bind(id.as_str())
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|_| ()))
}

pub(super) async fn set_state(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
    published: bool,
    now: UnixMs,
) -> Result<()> {
    let statement = if published {
        "UPDATE product SET state = 'published', published_at = $3 WHERE shop_id = $1 AND id = $2"
    } else {
        "UPDATE product SET state = 'draft', updated_at = $3 WHERE shop_id = $1 AND id = $2"
    };
    sqlx::query(statement)
        .bind(shop.as_str())
        .bind(id.as_str())
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a draft without open orders; `false` when it is published or stock of it is reserved. What was paid and is not
/// sent yet stays in its orders.
pub(super) async fn delete(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT product.id FROM product JOIN variant ON variant.product_id = product.id \
         JOIN stock ON stock.variant_id = variant.id WHERE product.shop_id = $1 AND product.id = $2 \
         AND (product.state <> 'draft' OR stock.reserved > 0) LIMIT 1",
    )
    .bind(shop.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    if row.is_some() {
        return Ok(false);
    }
    for statement in [
        "DELETE FROM product_media WHERE shop_id = $1 AND product_id = $2",
        "DELETE FROM reservation WHERE shop_id = $1 AND variant_id IN (SELECT id FROM variant WHERE product_id = $2)",
        "DELETE FROM product WHERE shop_id = $1 AND id = $2",
    ] {
        sqlx::query(statement)
            .bind(shop.as_str())
            .bind(id.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(true)
}

/// Writes the order of the page anew.
pub(super) async fn set_media(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ProductId,
    media: &[MediaId],
) -> Result<()> {
    sqlx::query("DELETE FROM product_media WHERE shop_id = $1 AND product_id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    for (position, media) in (0_i64..).zip(media) {
        sqlx::query("INSERT INTO product_media (product_id, media_id, shop_id, position) VALUES ($1, $2, $3, $4)")
            .bind(id.as_str())
            .bind(media.as_str())
            .bind(shop.as_str())
            .bind(position)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
