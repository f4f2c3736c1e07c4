//! Whether a shop has sold anything.

use domain::id::ShopId;
use sqlx::AnyConnection;

use crate::Result;

/// Whether a shop has an order that is paid or may still be: what expired or was given up counts only while a bank has not
/// said how its payment ended.
pub(crate) async fn has_sold(connection: &mut AnyConnection, shop: &ShopId) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM orders WHERE shop_id = $1 AND (state NOT IN ('expired', 'cancelled') OR EXISTS \
         (SELECT 1 FROM payment_attempt WHERE payment_attempt.order_id = orders.id \
         AND payment_attempt.state IN ('asked', 'unknown', 'redirected'))) LIMIT 1",
    )
    .bind(shop.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}
