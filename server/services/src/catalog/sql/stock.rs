//! Queries of what is sold and how much of it there is; those of reserving and selling are with the checkout.

use domain::{
    id::{LocationId, PersonId, ProductId, ShopId, VariantId},
    time::UnixMs,
};
use sqlx::AnyConnection;

use crate::{Error, Result, db};

/// Why the pieces that can be sold became more or fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A person counted again.
    Correction,
    /// An order was paid.
    Sold,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Sold => "sold",
        }
    }
}

/// A row of the history.
pub(crate) struct Move<'a> {
    pub(crate) variant: &'a VariantId,
    pub(crate) location: &'a LocationId,
    pub(crate) delta: i64,
    pub(crate) reason: Reason,
    pub(crate) subject: Option<&'a str>,
    pub(crate) by: Option<&'a PersonId>,
}

pub(crate) async fn insert_move(
    connection: &mut AnyConnection,
    shop: &ShopId,
    moved: &Move<'_>,
    at: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO stock_move (variant_id, location_id, shop_id, delta, reason, subject, by_person, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(moved.variant.as_str())
    .bind(moved.location.as_str())
    .bind(shop.as_str())
    .bind(moved.delta)
    .bind(moved.reason.as_str())
    .bind(moved.subject)
    .bind(moved.by.map(PersonId::as_str))
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a new product its variant, with no stock at the shop's location.
pub(in crate::catalog) async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
    variant: &VariantId,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO variant (id, product_id, shop_id, position, created_at) VALUES ($1, $2, $3, 0, $4)",
    )
    .bind(variant.as_str())
    .bind(product.as_str())
    .bind(shop.as_str())
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

/// What a person counted.
pub(in crate::catalog) struct Count<'a> {
    pub(in crate::catalog) product: &'a ProductId,
    /// Pieces that can be sold, those promised to open orders included.
    pub(in crate::catalog) pieces: u32,
    pub(in crate::catalog) by: &'a PersonId,
}

/// Writes a count; `false`, and nothing changed, when more pieces are reserved than that.
pub(in crate::catalog) async fn set(
    connection: &mut AnyConnection,
    shop: &ShopId,
    count: &Count<'_>,
    now: UnixMs,
) -> Result<bool> {
    // Locks the row, so that what is read stands until the end of the transaction.
    let row = sqlx::query(
        "UPDATE stock SET on_hand = on_hand WHERE shop_id = $1 AND variant_id = \
         (SELECT id FROM variant WHERE product_id = $2 ORDER BY position LIMIT 1) \
         RETURNING variant_id, location_id, on_hand - committed AS pieces, reserved",
    )
    .bind(shop.as_str())
    .bind(count.product.as_str())
    .fetch_optional(&mut *connection)
    .await?
    .ok_or_else(|| Error::internal("a product without stock"))?;
    let pieces = i64::from(count.pieces);
    if db::number(&row, "reserved")? > pieces {
        return Ok(false);
    }
    let delta = pieces - db::number(&row, "pieces")?;
    if delta == 0 {
        return Ok(true);
    }
    let (variant, location): (VariantId, LocationId) = (
        db::parsed(&row, "variant_id")?,
        db::parsed(&row, "location_id")?,
    );
    sqlx::query(
        "UPDATE stock SET on_hand = on_hand + $3 WHERE variant_id = $1 AND location_id = $2",
    )
    .bind(variant.as_str())
    .bind(location.as_str())
    .bind(delta)
    .execute(&mut *connection)
    .await?;
    let moved = Move {
        variant: &variant,
        location: &location,
        delta,
        reason: Reason::Correction,
        subject: None,
        by: Some(count.by),
    };
    insert_move(connection, shop, &moved, now).await?;
    Ok(true)
}
