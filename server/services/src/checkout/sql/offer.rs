//! Queries of what is for sale.

use domain::{
    id::{ProductId, ShopId, VariantId},
    money::{Currency, Money},
    tax::Class,
    terms::Terms,
};
use sqlx::{AnyConnection, AssertSqlSafe, any::AnyRow};

use crate::{Result, catalog, db, terms};

/// A variant that is for sale.
#[derive(Debug, Clone)]
pub(in crate::checkout) struct Offer {
    pub(in crate::checkout) product: ProductId,
    pub(in crate::checkout) variant: VariantId,
    pub(in crate::checkout) slug: String,
    pub(in crate::checkout) title: String,
    pub(in crate::checkout) choice: String,
    pub(in crate::checkout) sku: String,
    pub(in crate::checkout) class: Class,
    pub(in crate::checkout) currency: Currency,
    /// What one costs now; what is paid is read with the reservation.
    pub(in crate::checkout) price: Option<Money>,
    pub(in crate::checkout) available: u32,
}

macro_rules! offers {
    ($columns:literal, $joins:literal) => {
        concat!(
            "SELECT product.shop_id, product.id, product.slug, product.title, product.currency, product.tax_class, \
             variant.id AS variant_id, variant.option_values, variant.sku, \
             COALESCE(variant.price_minor, product.price_minor) AS price_minor, \
             stock.on_hand - stock.committed - stock.reserved AS available",
            $columns,
            " FROM product JOIN variant ON variant.product_id = product.id JOIN stock ON stock.variant_id = variant.id ",
            $joins,
            " WHERE product.state = 'published' AND "
        )
    };
}

fn offer(row: &AnyRow) -> Result<Offer> {
    let currency: Currency = db::parsed(row, "currency")?;
    let available: i64 = db::number(row, "available")?;
    Ok(Offer {
        product: db::parsed(row, "id")?,
        variant: db::parsed(row, "variant_id")?,
        slug: db::text(row, "slug")?,
        title: db::text(row, "title")?,
        choice: domain::catalog::variant::name(&catalog::sql::variant::values(row)?),
        sku: db::text(row, "sku")?,
        class: db::parsed(row, "tax_class")?,
        currency,
        price: db::number_or_null(row, "price_minor")?
            .and_then(|minor| Money::new(minor, currency)),
        available: u32::try_from(available.max(0)).unwrap_or(u32::MAX),
    })
}

/// The first two variants of a product at an address, or the one that is named, with the shop and its terms.
pub(in crate::checkout) async fn of_slug(
    connection: &mut AnyConnection,
    slug: &str,
    variant: Option<&VariantId>,
) -> Result<Option<(ShopId, Terms, Vec<Offer>)>> {
    let query = match variant {
        None => sqlx::query(concat!(
            offers!(
                ", terms.terms",
                "LEFT JOIN terms ON terms.shop_id = product.shop_id"
            ),
            "product.slug = $1 ORDER BY variant.position LIMIT 2"
        ))
        .bind(slug),
        Some(variant) => sqlx::query(concat!(
            offers!(
                ", terms.terms",
                "LEFT JOIN terms ON terms.shop_id = product.shop_id"
            ),
            "product.slug = $1 AND variant.id = $2"
        ))
        .bind(slug)
        .bind(variant.as_str()),
    };
    let rows = query.fetch_all(connection).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let (shop, terms) = (db::parsed(first, "shop_id")?, terms::sql::of_row(first)?);
    let offers = rows.iter().map(offer).collect::<Result<_>>()?;
    Ok(Some((shop, terms, offers)))
}

/// Whether a product at this address is for sale.
pub(in crate::checkout) async fn has_page(
    connection: &mut AnyConnection,
    slug: &str,
) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM product WHERE slug = $1 AND state = 'published'")
        .bind(slug)
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Those of the named variants that the shop sells, in any order.
pub(in crate::checkout) async fn of_variants(
    connection: &mut AnyConnection,
    shop: &ShopId,
    variants: &[VariantId],
) -> Result<Vec<Offer>> {
    if variants.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "{}product.shop_id = $1 AND variant.id IN ({})",
        offers!("", ""),
        db::places(2, variants.len())
    );
    let mut query = sqlx::query(AssertSqlSafe(statement)).bind(shop.as_str());
    for variant in variants {
        query = query.bind(variant.as_str());
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(offer).collect()
}
