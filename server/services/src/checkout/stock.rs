//! Stock, one conditional update at a time: the rule of [`domain::catalog::Stock`] in SQL. An open order has its pieces in
//! `reserved`, a paid one in `committed`, and sending takes them off the shelf. Rows are locked in the order of variant and
//! location.

use domain::{
    id::{LocationId, OrderId, ShopId, VariantId},
    time::UnixMs,
};
use sqlx::AnyConnection;

use crate::{
    Error, Result,
    catalog::stock::{Move, Reason, insert_move},
    checkout::hold::Holder,
    db,
};

/// The pieces that were just reserved.
pub(super) struct Reserved {
    variant: VariantId,
    location: LocationId,
    /// `None` only when the product has no price, which a published one never lacks.
    pub(super) price_minor: Option<i64>,
}

/// Pieces of one variant at one location.
struct Pieces {
    variant: VariantId,
    location: LocationId,
    quantity: i64,
}

/// Reserves `quantity` pieces of a variant of a published product; `None` when there are not that many.
pub(super) async fn reserve(
    connection: &mut AnyConnection,
    shop: &ShopId,
    variant: &VariantId,
    quantity: u32,
) -> Result<Option<Reserved>> {
    let row = sqlx::query(
        "UPDATE stock SET reserved = reserved + $3 WHERE shop_id = $1 AND variant_id = \
         (SELECT variant.id FROM variant JOIN product ON product.id = variant.product_id WHERE product.shop_id = $1 \
         AND variant.id = $2 AND product.state = 'published') \
         AND location_id = (SELECT id FROM location WHERE shop_id = $1 ORDER BY created_at, id LIMIT 1) \
         AND on_hand - committed - reserved >= $3 \
         RETURNING variant_id, location_id, (SELECT COALESCE(variant.price_minor, product.price_minor) FROM variant \
         JOIN product ON product.id = variant.product_id WHERE variant.id = $2) AS price_minor",
    )
    .bind(shop.as_str())
    .bind(variant.as_str())
    .bind(i64::from(quantity))
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Reserved {
            variant: db::parsed(&row, "variant_id")?,
            location: db::parsed(&row, "location_id")?,
            price_minor: db::number_or_null(&row, "price_minor")?,
        })
    })
    .transpose()
}

/// Notes which order reserved pieces belong to.
pub(super) async fn insert_reservation(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    reserved: &Reserved,
    quantity: u32,
    holder: &Holder,
) -> Result<()> {
    let pieces = Pieces {
        variant: reserved.variant.clone(),
        location: reserved.location.clone(),
        quantity: i64::from(quantity),
    };
    insert(connection, shop, order, &pieces, holder).await
}

async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    pieces: &Pieces,
    holder: &Holder,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO reservation (order_id, variant_id, location_id, shop_id, quantity, state, client, browser) \
         VALUES ($1, $2, $3, $4, $5, 'held', $6, $7)",
    )
    .bind(order.as_str())
    .bind(pieces.variant.as_str())
    .bind(pieces.location.as_str())
    .bind(shop.as_str())
    .bind(pieces.quantity)
    .bind(holder.client.as_deref())
    .bind(holder.browser.as_deref())
    .execute(connection)
    .await?;
    Ok(())
}

/// Reserves the pieces of a paid order again whose reservation was gone, published or not; `false`, and nothing changed, when
/// not all are there.
pub(super) async fn reserve_again(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
) -> Result<bool> {
    let mut lines = sqlx::query(
        "SELECT variant_id, CAST(SUM(quantity) AS BIGINT) AS quantity FROM order_line \
         WHERE shop_id = $1 AND order_id = $2 AND kind = 'item' GROUP BY variant_id",
    )
    .bind(shop.as_str())
    .bind(order.as_str())
    .fetch_all(&mut *connection)
    .await?
    .iter()
    .map(|row| Ok((db::parsed(row, "variant_id")?, db::number(row, "quantity")?)))
    .collect::<Result<Vec<(VariantId, i64)>>>()?;
    // Sorted here and not by the database, whose order of letters may be another than that of the other locks.
    lines.sort_unstable();
    for (variant, quantity) in lines {
        let row = sqlx::query(
            "UPDATE stock SET reserved = reserved + $3 WHERE shop_id = $1 AND variant_id = $2 \
             AND location_id = (SELECT id FROM location WHERE shop_id = $1 ORDER BY created_at, id LIMIT 1) \
             AND on_hand - committed - reserved >= $3 RETURNING variant_id, location_id",
        )
        .bind(shop.as_str())
        .bind(variant.as_str())
        .bind(quantity)
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else {
            release(connection, shop, order).await?;
            return Ok(false);
        };
        let pieces = Pieces {
            variant: db::parsed(&row, "variant_id")?,
            location: db::parsed(&row, "location_id")?,
            quantity,
        };
        insert(connection, shop, order, &pieces, &Holder::default()).await?;
    }
    Ok(true)
}

/// Runs a statement on an order's reservations and answers with those it concerned, in the order their stock is locked.
async fn reservations(
    connection: &mut AnyConnection,
    statement: &'static str,
    shop: &ShopId,
    order: &OrderId,
) -> Result<Vec<Pieces>> {
    let rows = sqlx::query(statement)
        .bind(shop.as_str())
        .bind(order.as_str())
        .fetch_all(connection)
        .await?;
    let mut pieces: Vec<Pieces> = rows
        .iter()
        .map(|row| {
            Ok(Pieces {
                variant: db::parsed(row, "variant_id")?,
                location: db::parsed(row, "location_id")?,
                quantity: db::number(row, "quantity")?,
            })
        })
        .collect::<Result<_>>()?;
    pieces.sort_by(|a, b| (&a.variant, &a.location).cmp(&(&b.variant, &b.location)));
    Ok(pieces)
}

/// Runs a statement on the stock of each of the pieces.
async fn update(
    connection: &mut AnyConnection,
    statement: &'static str,
    pieces: &[Pieces],
) -> Result<()> {
    for piece in pieces {
        let done = sqlx::query(statement)
            .bind(piece.variant.as_str())
            .bind(piece.location.as_str())
            .bind(piece.quantity)
            .execute(&mut *connection)
            .await?;
        if done.rows_affected() != 1 {
            return Err(Error::internal("a reservation without its stock"));
        }
    }
    Ok(())
}

/// Gives the reserved pieces of an order back.
pub(super) async fn release(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
) -> Result<()> {
    let pieces = reservations(
        connection,
        "DELETE FROM reservation WHERE shop_id = $1 AND order_id = $2 AND state = 'held' \
         RETURNING variant_id, location_id, quantity",
        shop,
        order,
    )
    .await?;
    let statement =
        "UPDATE stock SET reserved = reserved - $3 WHERE variant_id = $1 AND location_id = $2";
    update(connection, statement, &pieces).await
}

/// Sells the reserved pieces of an order: they are committed to it until they are sent.
pub(super) async fn sell(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    now: UnixMs,
) -> Result<()> {
    let pieces = reservations(
        connection,
        "UPDATE reservation SET state = 'committed', client = NULL, browser = NULL WHERE shop_id = $1 AND order_id = $2 AND state = 'held' \
         RETURNING variant_id, location_id, quantity",
        shop,
        order,
    )
    .await?;
    let statement = "UPDATE stock SET reserved = reserved - $3, committed = committed + $3 \
         WHERE variant_id = $1 AND location_id = $2";
    update(connection, statement, &pieces).await?;
    for piece in &pieces {
        let moved = Move {
            variant: &piece.variant,
            location: &piece.location,
            delta: -piece.quantity,
            reason: Reason::Sold,
            subject: Some(order.as_str()),
            by: None,
            form: None,
        };
        insert_move(connection, shop, &moved, now).await?;
    }
    Ok(())
}

/// The sold pieces of an order leave the shelf. Pieces of a product that was deleted since are not counted any more.
pub(super) async fn ship(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
) -> Result<()> {
    let pieces = reservations(
        connection,
        "DELETE FROM reservation WHERE shop_id = $1 AND order_id = $2 AND state = 'committed' \
         RETURNING variant_id, location_id, quantity",
        shop,
        order,
    )
    .await?;
    let statement = "UPDATE stock SET committed = committed - $3, on_hand = on_hand - $3 \
         WHERE variant_id = $1 AND location_id = $2";
    update(connection, statement, &pieces).await
}

/// The sold pieces of an order are promised to nobody any more: they go back on sale, or are gone.
pub(super) async fn give_up(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    restock: bool,
    now: UnixMs,
) -> Result<()> {
    let pieces = reservations(
        connection,
        "DELETE FROM reservation WHERE shop_id = $1 AND order_id = $2 AND state = 'committed' \
         RETURNING variant_id, location_id, quantity",
        shop,
        order,
    )
    .await?;
    if !restock {
        let statement = "UPDATE stock SET committed = committed - $3, on_hand = on_hand - $3 \
             WHERE variant_id = $1 AND location_id = $2";
        return update(connection, statement, &pieces).await;
    }
    let statement =
        "UPDATE stock SET committed = committed - $3 WHERE variant_id = $1 AND location_id = $2";
    update(connection, statement, &pieces).await?;
    for piece in &pieces {
        let moved = Move {
            variant: &piece.variant,
            location: &piece.location,
            delta: piece.quantity,
            reason: Reason::Returned,
            subject: Some(order.as_str()),
            by: None,
            form: None,
        };
        insert_move(connection, shop, &moved, now).await?;
    }
    Ok(())
}
