//! Queries of what is sold and how much of it there is; those of reserving and selling are with the checkout.

use domain::{
    catalog::MAX_STOCK,
    id::{LocationId, PersonId, ShopId, VariantId},
    identity::Viewer,
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
    /// A paid order was given up before it was sent.
    Returned,
    /// The variant was taken away by its shop, with what there was of it.
    Removed,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Sold => "sold",
            Self::Returned => "returned",
            Self::Removed => "removed",
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
    pub(crate) form: Option<&'a str>,
}

pub(crate) async fn insert_move(
    connection: &mut AnyConnection,
    shop: &ShopId,
    moved: &Move<'_>,
    at: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO stock_move (variant_id, location_id, shop_id, delta, reason, subject, by_person, form_key, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(moved.variant.as_str())
    .bind(moved.location.as_str())
    .bind(shop.as_str())
    .bind(moved.delta)
    .bind(moved.reason.as_str())
    .bind(moved.subject)
    .bind(moved.by.map(PersonId::as_str))
    .bind(moved.form)
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down that a variant goes, with all of it that was not sold.
pub(in crate::catalog) async fn insert_removal(
    connection: &mut AnyConnection,
    viewer: &Viewer,
    variant: &VariantId,
    at: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO stock_move (variant_id, location_id, shop_id, delta, reason, by_person, at) \
         SELECT variant_id, location_id, shop_id, committed - on_hand, $3, $4, $5 FROM stock \
         WHERE shop_id = $1 AND variant_id = $2 AND on_hand <> committed",
    )
    .bind(viewer.shop.id.as_str())
    .bind(variant.as_str())
    .bind(Reason::Removed.as_str())
    .bind(viewer.person.as_str())
    .bind(at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// What a person typed about the stock of a variant.
pub(in crate::catalog) struct Correction<'a> {
    pub(in crate::catalog) variant: &'a VariantId,
    /// Pieces in stock, those reserved by open orders included.
    pub(in crate::catalog) pieces: u32,
    /// What the page had shown; `None`: whatever there is now.
    pub(in crate::catalog) seen: Option<u32>,
    /// Names the page. What it corrected before counts towards what it corrects now.
    pub(in crate::catalog) form: Option<&'a str>,
    pub(in crate::catalog) by: &'a PersonId,
}

/// What came of a correction.
pub(in crate::catalog) enum Corrected {
    Written,
    /// Nothing was written, because only so many of the pieces in stock are not reserved.
    Reserved {
        pieces: i64,
        reserved: i64,
    },
    /// Nothing was written, because it would be more than a shop can count.
    TooMany,
}

/// Adds the difference between what a person typed and what they saw to the stock.
pub(in crate::catalog) async fn correct(
    connection: &mut AnyConnection,
    shop: &ShopId,
    correction: &Correction<'_>,
    now: UnixMs,
) -> Result<Corrected> {
    // Locks the row, so that what is read stands until the end of the transaction.
    let row = sqlx::query(
        "UPDATE stock SET on_hand = on_hand WHERE shop_id = $1 AND variant_id = $2 \
         RETURNING variant_id, location_id, on_hand - committed AS pieces, reserved",
    )
    .bind(shop.as_str())
    .bind(correction.variant.as_str())
    .fetch_optional(&mut *connection)
    .await?
    .ok_or_else(|| Error::internal("a product without stock"))?;
    let (pieces, reserved) = (db::number(&row, "pieces")?, db::number(&row, "reserved")?);
    let (variant, location): (VariantId, LocationId) = (
        db::parsed(&row, "variant_id")?,
        db::parsed(&row, "location_id")?,
    );
    let (seen, form) = match correction.seen {
        Some(seen) => (i64::from(seen), correction.form),
        None => (pieces, None),
    };
    let before = match form {
        Some(form) => corrected_before(connection, &variant, form).await?,
        None => 0,
    };
    let delta = i64::from(correction.pieces) - seen - before;
    if delta == 0 {
        return Ok(Corrected::Written);
    }
    let left = pieces + delta;
    if left < reserved {
        return Ok(Corrected::Reserved { pieces, reserved });
    }
    if left > i64::from(MAX_STOCK) {
        return Ok(Corrected::TooMany);
    }
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
        by: Some(correction.by),
        form,
    };
    insert_move(connection, shop, &moved, now).await?;
    Ok(Corrected::Written)
}

/// What a page has corrected so far.
async fn corrected_before(
    connection: &mut AnyConnection,
    variant: &VariantId,
    form: &str,
) -> Result<i64> {
    let row = sqlx::query(
        "SELECT CAST(COALESCE(SUM(delta), 0) AS BIGINT) AS delta FROM stock_move WHERE form_key = $1 AND variant_id = $2",
    )
    .bind(form)
    .bind(variant.as_str())
    .fetch_one(connection)
    .await?;
    db::number(&row, "delta")
}
