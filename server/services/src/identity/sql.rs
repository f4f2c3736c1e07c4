//! Queries of identity: shops, their handles and their owners.

pub(crate) mod access;
pub(super) mod ceremony;
pub(super) mod credential;
pub(super) mod link;
pub(super) mod session;
pub(super) mod upload_token;

use domain::{
    id::{LocationId, PersonId, ShopId},
    identity::{Handle, NewShop, Shop},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Error, Result,
    db::{self, is_taken},
};

pub(crate) fn shop(row: &AnyRow) -> Result<Shop> {
    Ok(Shop {
        id: db::parsed(row, "shop_id")?,
        name: db::text(row, "name")?,
        handle: db::text(row, "handle")?,
        currency: db::text(row, "currency")?,
    })
}

pub(super) async fn shops(connection: &mut AnyConnection) -> Result<Vec<Shop>> {
    let rows =
        sqlx::query("SELECT id AS shop_id, name, handle, currency FROM shop ORDER BY name, id")
            .fetch_all(connection)
            .await?;
    rows.iter().map(shop).collect()
}

/// Whether there is any shop.
pub(super) async fn any_shop(connection: &mut AnyConnection) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM shop LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn shop_by_id(
    connection: &mut AnyConnection,
    id: &ShopId,
) -> Result<Option<Shop>> {
    let row = sqlx::query("SELECT id AS shop_id, name, handle, currency FROM shop WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(shop).transpose()
}

/// The shop that has this handle now.
pub(super) async fn shop_by_handle(
    connection: &mut AnyConnection,
    handle: &str,
) -> Result<Option<Shop>> {
    let row =
        sqlx::query("SELECT id AS shop_id, name, handle, currency FROM shop WHERE handle = $1")
            .bind(handle)
            .fetch_optional(connection)
            .await?;
    row.as_ref().map(shop).transpose()
}

/// The shop that has or had this handle.
pub(super) async fn shop_by_any_handle(
    connection: &mut AnyConnection,
    handle: &str,
) -> Result<Option<Shop>> {
    let row = sqlx::query(
        "SELECT shop.id AS shop_id, shop.name, shop.handle, shop.currency FROM shop_handle \
         JOIN shop ON shop.id = shop_handle.shop_id WHERE shop_handle.handle = $1",
    )
    .bind(handle)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(shop).transpose()
}

/// Gives a handle to a shop for good; `false` when another shop has or had it.
pub(super) async fn claim_handle(
    connection: &mut AnyConnection,
    shop: &ShopId,
    handle: &Handle,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO shop_handle (handle, shop_id, created_at) VALUES ($1, $2, $3) \
         ON CONFLICT (handle) DO UPDATE SET handle = excluded.handle WHERE shop_handle.shop_id = excluded.shop_id",
    )
    .bind(handle.as_str())
    .bind(shop.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Every handle that a shop has or had, the oldest first.
pub(super) async fn handles(connection: &mut AnyConnection, shop: &ShopId) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT handle FROM shop_handle WHERE shop_id = $1 ORDER BY created_at, handle",
    )
    .bind(shop.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| db::text(row, "handle")).collect()
}

/// Stores the name, the handle and the currency of a shop.
pub(super) async fn update_shop(connection: &mut AnyConnection, shop: &Shop) -> Result<()> {
    sqlx::query("UPDATE shop SET name = $2, handle = $3, currency = $4 WHERE id = $1")
        .bind(shop.id.as_str())
        .bind(shop.name.as_str())
        .bind(shop.handle.as_str())
        .bind(shop.currency.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// A shop whose row is locked until the transaction ends.
pub(super) async fn lock_shop(connection: &mut AnyConnection, id: &ShopId) -> Result<Option<Shop>> {
    let row = sqlx::query(
        "UPDATE shop SET name = name WHERE id = $1 RETURNING id AS shop_id, name, handle, currency",
    )
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(shop).transpose()
}

pub(super) async fn insert_shop(
    connection: &mut AnyConnection,
    id: &ShopId,
    new: &NewShop,
    now: UnixMs,
) -> Result<Shop> {
    let taken = || {
        Error::Conflict(format!(
            "The handle {} is taken. Choose another one.",
            new.handle
        ))
    };
    let inserted = sqlx::query(
        "INSERT INTO shop (id, name, handle, currency, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id.as_str())
    .bind(new.name.as_str())
    .bind(new.handle.as_str())
    .bind(new.currency.code())
    .bind(now.0)
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => {}
        Err(error) if is_taken(&error) => return Err(taken()),
        Err(error) => return Err(error.into()),
    }
    if !claim_handle(connection, id, &new.handle, now).await? {
        return Err(taken());
    }
    Ok(Shop {
        id: id.clone(),
        name: new.name.as_str().to_owned(),
        handle: new.handle.as_str().to_owned(),
        currency: new.currency.code().to_owned(),
    })
}

/// The place where a new shop keeps its stock.
pub(super) async fn insert_location(
    connection: &mut AnyConnection,
    id: &LocationId,
    shop: &ShopId,
    now: UnixMs,
) -> Result<()> {
    sqlx::query("INSERT INTO location (id, shop_id, created_at) VALUES ($1, $2, $3)")
        .bind(id.as_str())
        .bind(shop.as_str())
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn insert_person(
    connection: &mut AnyConnection,
    id: &PersonId,
    shop: &ShopId,
    uuid: &str,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO person (id, shop_id, handle_uuid, created_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(id.as_str())
    .bind(shop.as_str())
    .bind(uuid)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The owner of a shop and their user handle for passkeys.
pub(super) async fn owner(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<Option<(PersonId, String)>> {
    let row = sqlx::query(
        "SELECT id, handle_uuid FROM person WHERE shop_id = $1 ORDER BY created_at, id LIMIT 1",
    )
    .bind(shop.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((db::parsed(&row, "id")?, db::text(&row, "handle_uuid")?)))
        .transpose()
}

/// Forgets what expired.
pub(super) async fn sweep(connection: &mut AnyConnection, now: UnixMs) -> Result<()> {
    for statement in [
        "DELETE FROM access_token WHERE expires_at <= $1",
        "DELETE FROM proof WHERE expires_at <= $1",
        "DELETE FROM session WHERE expires_at <= $1",
        "DELETE FROM device WHERE expires_at <= $1",
        "DELETE FROM owner_link WHERE expires_at <= $1",
        "DELETE FROM ceremony WHERE expires_at <= $1",
        "DELETE FROM rate_limit WHERE arrival_at <= $1",
    ] {
        sqlx::query(statement)
            .bind(now.0)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
