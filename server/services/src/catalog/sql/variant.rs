//! Queries of what a product is sold as.

use std::collections::HashMap;

use domain::{
    catalog::{ProductOption, Variant},
    id::{ProductId, ShopId, VariantId},
    money::{Currency, Money},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Error, Result, db};

/// The column `option_values` of a row.
pub(crate) fn values(row: &AnyRow) -> Result<Vec<String>> {
    serde_json::from_str(&db::text(row, "option_values")?).map_err(Error::internal)
}

fn variant(row: &AnyRow) -> Result<Variant> {
    let currency: Currency = db::parsed(row, "currency")?;
    let (stock, reserved): (u32, u32) = (db::count(row, "counted")?, db::count(row, "reserved")?);
    Ok(Variant {
        id: db::parsed(row, "id")?,
        values: values(row)?,
        sku: db::text(row, "sku")?,
        price: db::number_or_null(row, "price_minor")?
            .and_then(|minor| Money::new(minor, currency)),
        available: stock.saturating_sub(reserved),
        stock,
    })
}

macro_rules! columns {
    () => {
        "SELECT variant.id, variant.product_id, variant.option_values, variant.sku, variant.price_minor, product.currency, \
         stock.on_hand - stock.committed AS counted, stock.reserved FROM variant \
         JOIN product ON product.id = variant.product_id JOIN stock ON stock.variant_id = variant.id \
         WHERE variant.shop_id = $1 "
    };
}

/// The variants of one product, or of all products of a shop, in the order of the page.
pub(super) async fn of_products(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: Option<&ProductId>,
) -> Result<HashMap<ProductId, Vec<Variant>>> {
    let query = match product {
        None => sqlx::query(concat!(columns!(), "ORDER BY variant.position")).bind(shop.as_str()),
        Some(product) => sqlx::query(concat!(
            columns!(),
            "AND variant.product_id = $2 ORDER BY variant.position"
        ))
        .bind(shop.as_str())
        .bind(product.as_str()),
    };
    let rows = query.fetch_all(connection).await?;
    let rows = db::readable(&rows, "variant", |row| {
        let product: ProductId = db::parsed(row, "product_id")?;
        Ok((product, variant(row)?))
    });
    let mut products: HashMap<ProductId, Vec<Variant>> = HashMap::new();
    for (product, variant) in rows {
        products.entry(product).or_default().push(variant);
    }
    Ok(products)
}

/// Adds a variant to a product, with no stock at the shop's location.
pub(in crate::catalog) async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
    variant: &VariantId,
    place: &Place<'_>,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO variant (id, product_id, shop_id, position, option_values, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(variant.as_str())
    .bind(product.as_str())
    .bind(shop.as_str())
    .bind(place.position)
    .bind(json(place.values)?)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO stock (variant_id, location_id, shop_id) \
         SELECT $1, id, shop_id FROM location WHERE shop_id = $2 ORDER BY created_at, id LIMIT 1",
    )
    .bind(variant.as_str())
    .bind(shop.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Where a variant stands among those of its product, and its values.
pub(in crate::catalog) struct Place<'a> {
    pub(in crate::catalog) position: i64,
    pub(in crate::catalog) values: &'a [String],
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

/// Makes room for other positions: no two variants of a product have the same, not even for a moment.
pub(in crate::catalog) async fn clear_positions(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
) -> Result<()> {
    sqlx::query(
        "UPDATE variant SET position = position + 1000000 WHERE shop_id = $1 AND product_id = $2",
    )
    .bind(shop.as_str())
    .bind(product.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a variant its place and values.
pub(in crate::catalog) async fn put(
    connection: &mut AnyConnection,
    shop: &ShopId,
    variant: &VariantId,
    place: &Place<'_>,
) -> Result<()> {
    sqlx::query(
        "UPDATE variant SET position = $3, option_values = $4 WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(variant.as_str())
    .bind(place.position)
    .bind(json(place.values)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Locks the stock of a variant; answers with the pieces that open orders have reserved of it.
pub(in crate::catalog) async fn lock(
    connection: &mut AnyConnection,
    shop: &ShopId,
    variant: &VariantId,
) -> Result<i64> {
    let rows = sqlx::query(
        "UPDATE stock SET on_hand = on_hand WHERE shop_id = $1 AND variant_id = $2 RETURNING reserved",
    )
    .bind(shop.as_str())
    .bind(variant.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| db::number(row, "reserved")).sum()
}

/// Takes a variant away of which nothing is reserved. What was paid and is not sent yet stays in its orders.
pub(in crate::catalog) async fn delete(
    connection: &mut AnyConnection,
    shop: &ShopId,
    variant: &VariantId,
) -> Result<()> {
    for statement in [
        "DELETE FROM reservation WHERE shop_id = $1 AND variant_id = $2",
        "DELETE FROM variant WHERE shop_id = $1 AND id = $2",
    ] {
        sqlx::query(statement)
            .bind(shop.as_str())
            .bind(variant.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Writes a variant's own price and number.
pub(in crate::catalog) async fn update(
    connection: &mut AnyConnection,
    shop: &ShopId,
    variant: &VariantId,
    price_minor: Option<i64>,
    sku: &str,
) -> Result<()> {
    sqlx::query("UPDATE variant SET price_minor = $3, sku = $4 WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(variant.as_str())
        .bind(price_minor)
        .bind(sku)
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes the price of a product's only variant the product's own.
pub(in crate::catalog) async fn price_as_product(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
) -> Result<()> {
    for statement in [
        "UPDATE product SET price_minor = (SELECT variant.price_minor FROM variant WHERE variant.product_id = product.id AND variant.price_minor IS NOT NULL) \
         WHERE shop_id = $1 AND id = $2 AND EXISTS \
         (SELECT 1 FROM variant WHERE variant.product_id = product.id AND variant.price_minor IS NOT NULL)",
        "UPDATE variant SET price_minor = NULL WHERE shop_id = $1 AND product_id = $2",
    ] {
        sqlx::query(statement)
            .bind(shop.as_str())
            .bind(product.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Writes a product's options, which an editor that shows older fields is told of.
pub(in crate::catalog) async fn set_options(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
    options: &[ProductOption],
) -> Result<()> {
    sqlx::query(
        "UPDATE product SET options = $3, version = version + 1 WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(product.as_str())
    .bind(json(options)?)
    .execute(connection)
    .await?;
    Ok(())
}
