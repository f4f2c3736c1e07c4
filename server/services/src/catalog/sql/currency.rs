//! Queries of a change of currency, over all products of a shop.

use domain::{catalog::Product, id::ShopId, money::Currency, time::UnixMs};
use sqlx::AnyConnection;

use crate::Result;

/// The published products of a shop; every product of it is locked until the transaction ends.
pub(crate) async fn lock(connection: &mut AnyConnection, shop: &ShopId) -> Result<Vec<Product>> {
    sqlx::query("UPDATE product SET state = state WHERE shop_id = $1")
        .bind(shop.as_str())
        .execute(&mut *connection)
        .await?;
    super::front(connection, shop).await
}

/// Gives every price another currency and leaves its figures as they are.
pub(crate) async fn set(
    connection: &mut AnyConnection,
    shop: &ShopId,
    currency: Currency,
    now: UnixMs,
) -> Result<()> {
    sqlx::query("UPDATE product SET currency = $2, updated_at = $3 WHERE shop_id = $1")
        .bind(shop.as_str())
        .bind(currency.code())
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes every price off, and every page down: nothing is shown without a price.
pub(crate) async fn take_prices_off(
    connection: &mut AnyConnection,
    shop: &ShopId,
    currency: Currency,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "UPDATE product SET currency = $2, price_minor = NULL, state = 'draft', updated_at = $3 WHERE shop_id = $1",
    )
    .bind(shop.as_str())
    .bind(currency.code())
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE variant SET price_minor = NULL WHERE shop_id = $1")
        .bind(shop.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
