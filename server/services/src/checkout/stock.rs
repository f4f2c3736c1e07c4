//! Stock, one conditional update at a time: the rule of [`domain::catalog::Stock`] in SQL.

use domain::id::{OrderId, ProductId, ShopId};
use sqlx::AnyConnection;

use crate::{Error, Result, db};

/// The price of the pieces that were just held.
pub(super) struct Held {
    /// `None` only when the product has no price, which a published one never lacks.
    pub(super) price_minor: Option<i64>,
}

/// Promises `quantity` pieces of a published product; `None` when there are not that many.
pub(super) async fn hold(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
    quantity: u32,
) -> Result<Option<Held>> {
    let row = sqlx::query(
        "UPDATE product SET held = held + $3 \
         WHERE shop_id = $1 AND id = $2 AND state = 'published' AND counted - held >= $3 RETURNING price_minor",
    )
    .bind(shop.as_str())
    .bind(product.as_str())
    .bind(i64::from(quantity))
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Held {
            price_minor: db::number_or_null(&row, "price_minor")?,
        })
    })
    .transpose()
}

/// Notes which order the promise belongs to.
pub(super) async fn insert_hold(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    product: &ProductId,
    quantity: u32,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO hold (order_id, product_id, shop_id, quantity) VALUES ($1, $2, $3, $4)",
    )
    .bind(order.as_str())
    .bind(product.as_str())
    .bind(shop.as_str())
    .bind(i64::from(quantity))
    .execute(connection)
    .await?;
    Ok(())
}

/// Promises the pieces of a paid order again whose hold was gone, published or not; `false`, and nothing changed, when not
/// all are there.
pub(super) async fn hold_again(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    pieces: &[(ProductId, u32)],
) -> Result<bool> {
    for (done, (product, quantity)) in pieces.iter().enumerate() {
        let held = sqlx::query(
            "UPDATE product SET held = held + $3 WHERE shop_id = $1 AND id = $2 AND counted - held >= $3",
        )
        .bind(shop.as_str())
        .bind(product.as_str())
        .bind(i64::from(*quantity))
        .execute(&mut *connection)
        .await?;
        if held.rows_affected() == 1 {
            insert_hold(connection, shop, order, product, *quantity).await?;
        } else {
            if done > 0 {
                release(connection, shop, order).await?;
            }
            return Ok(false);
        }
    }
    Ok(true)
}

async fn take_holds(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
) -> Result<Vec<(ProductId, i64)>> {
    let rows = sqlx::query(
        "DELETE FROM hold WHERE shop_id = $1 AND order_id = $2 RETURNING product_id, quantity",
    )
    .bind(shop.as_str())
    .bind(order.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| Ok((db::parsed(row, "product_id")?, db::number(row, "quantity")?)))
        .collect()
}

/// Gives the pieces of an order back.
pub(super) async fn release(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
) -> Result<()> {
    for (product, quantity) in take_holds(connection, shop, order).await? {
        let done =
            sqlx::query("UPDATE product SET held = held - $3 WHERE shop_id = $1 AND id = $2")
                .bind(shop.as_str())
                .bind(product.as_str())
                .bind(quantity)
                .execute(&mut *connection)
                .await?;
        expect_one(done.rows_affected())?;
    }
    Ok(())
}

/// Hands the pieces of an order out: they leave the count.
pub(super) async fn sell(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
) -> Result<()> {
    for (product, quantity) in take_holds(connection, shop, order).await? {
        let done = sqlx::query(
            "UPDATE product SET held = held - $3, counted = counted - $3 WHERE shop_id = $1 AND id = $2",
        )
        .bind(shop.as_str())
        .bind(product.as_str())
        .bind(quantity)
        .execute(&mut *connection)
        .await?;
        expect_one(done.rows_affected())?;
    }
    Ok(())
}

fn expect_one(rows: u64) -> Result<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(Error::internal("held stock without its product"))
    }
}
