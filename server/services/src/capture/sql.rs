//! Queries of capture contracts.

pub(super) mod link;

use domain::{
    capture::{Contract, contract::Reference},
    id::{ContractId, ProductId, ShopId, UploadId},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use super::Kept;
use crate::{Error, Result, db};

pub(super) fn contract(row: &AnyRow) -> Result<Contract> {
    super::parse(&db::text(row, "contract")?).map_err(Error::internal)
}

macro_rules! newest {
    () => {
        "SELECT v.contract, v.created_at AS saved_at, c.ended_at FROM contract c \
         JOIN contract_version v ON v.contract_id = c.id AND v.version = c.version "
    };
}

fn kept(row: &AnyRow) -> Result<Kept> {
    Ok(Kept {
        contract: contract(row)?,
        saved_at: UnixMs(db::number(row, "saved_at")?),
        ended_at: db::number_or_null(row, "ended_at")?.map(UnixMs),
    })
}

pub(super) async fn all(connection: &mut AnyConnection, shop: &ShopId) -> Result<Vec<Kept>> {
    let rows = sqlx::query(concat!(
        newest!(),
        "WHERE c.shop_id = $1 ORDER BY c.created_at DESC, c.id"
    ))
    .bind(shop.as_str())
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "capture contract", kept))
}

pub(super) async fn one(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ContractId,
) -> Result<Option<Kept>> {
    let row = sqlx::query(concat!(newest!(), "WHERE c.shop_id = $1 AND c.id = $2"))
        .bind(shop.as_str())
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(kept).transpose()
}

/// [`one`], whose versions nobody else makes until the transaction ends. (The update changes nothing but takes the lock.)
pub(super) async fn lock(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ContractId,
) -> Result<Option<Kept>> {
    sqlx::query("UPDATE contract SET version = version WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    one(connection, shop, id).await
}

pub(super) async fn version(
    connection: &mut AnyConnection,
    shop: &ShopId,
    reference: &Reference,
) -> Result<Option<Contract>> {
    let row = sqlx::query(
        "SELECT contract FROM contract_version WHERE shop_id = $1 AND contract_id = $2 AND version = $3",
    )
    .bind(shop.as_str())
    .bind(reference.id.as_str())
    .bind(i64::from(reference.version))
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(contract).transpose()
}

pub(super) async fn count(connection: &mut AnyConnection, shop: &ShopId) -> Result<u64> {
    let row = sqlx::query("SELECT COUNT(*) AS count FROM contract WHERE shop_id = $1")
        .bind(shop.as_str())
        .fetch_one(connection)
        .await?;
    db::count(&row, "count")
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ContractId,
    now: UnixMs,
) -> Result<()> {
    sqlx::query("INSERT INTO contract (id, shop_id, version, created_at) VALUES ($1, $2, 1, $3)")
        .bind(id.as_str())
        .bind(shop.as_str())
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn insert_version(
    connection: &mut AnyConnection,
    shop: &ShopId,
    contract: &Contract,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO contract_version (contract_id, version, shop_id, contract, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(contract.id.as_str())
    .bind(i64::from(contract.version))
    .bind(shop.as_str())
    .bind(super::to_json(contract))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn set_version(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ContractId,
    version: u32,
) -> Result<()> {
    sqlx::query("UPDATE contract SET version = $3 WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .bind(i64::from(version))
        .execute(connection)
        .await?;
    Ok(())
}

/// `false` when the shop has no such contract.
pub(super) async fn end(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &ContractId,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE contract SET ended_at = COALESCE(ended_at, $3) WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(id.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn reference(row: Option<AnyRow>) -> Result<Option<Reference>> {
    let Some(row) = row else { return Ok(None) };
    let Some(id) = db::text_or_null(&row, "contract_id")? else {
        return Ok(None);
    };
    Ok(Some(Reference {
        id: id.parse().map_err(Error::internal)?,
        version: db::count(&row, "contract_version")?,
    }))
}

pub(super) async fn of_product(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
) -> Result<Option<Reference>> {
    let row = sqlx::query(
        "SELECT contract_id, COALESCE(contract_version, 0) AS contract_version FROM product WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(product.as_str())
    .fetch_optional(connection)
    .await?;
    reference(row)
}

pub(super) async fn of_upload(
    connection: &mut AnyConnection,
    shop: &ShopId,
    upload: &UploadId,
) -> Result<Option<Reference>> {
    let row = sqlx::query(
        "SELECT contract_id, COALESCE(contract_version, 0) AS contract_version FROM upload WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(upload.as_str())
    .fetch_optional(connection)
    .await?;
    reference(row)
}
