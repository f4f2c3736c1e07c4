//! Queries of the links to contracts.

use domain::{
    id::{ContractId, ContractLinkId, ShopId},
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::contract;
use crate::{
    Result,
    capture::link::{Link, Shared},
    db, identity,
};

pub(in crate::capture) async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    of: &ContractId,
    link: &Link,
    hash: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO contract_link (id, contract_id, shop_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(link.id.as_str())
    .bind(of.as_str())
    .bind(shop.as_str())
    .bind(hash)
    .bind(link.created_at.0)
    .bind(link.expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(in crate::capture) async fn all(
    connection: &mut AnyConnection,
    shop: &ShopId,
    of: &ContractId,
    now: UnixMs,
) -> Result<Vec<Link>> {
    let rows = sqlx::query(
        "SELECT id, created_at, expires_at FROM contract_link WHERE shop_id = $1 AND contract_id = $2 AND expires_at > $3 \
         ORDER BY created_at DESC, id",
    )
    .bind(shop.as_str())
    .bind(of.as_str())
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Link {
                id: db::parsed(row, "id")?,
                created_at: UnixMs(db::number(row, "created_at")?),
                expires_at: UnixMs(db::number(row, "expires_at")?),
            })
        })
        .collect()
}

/// `false` when there is no such link.
pub(in crate::capture) async fn delete(
    connection: &mut AnyConnection,
    shop: &ShopId,
    of: &ContractId,
    link: &ContractLinkId,
) -> Result<bool> {
    let done = sqlx::query(
        "DELETE FROM contract_link WHERE shop_id = $1 AND contract_id = $2 AND id = $3",
    )
    .bind(shop.as_str())
    .bind(of.as_str())
    .bind(link.as_str())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(in crate::capture) async fn delete_all(
    connection: &mut AnyConnection,
    shop: &ShopId,
    of: &ContractId,
) -> Result<()> {
    sqlx::query("DELETE FROM contract_link WHERE shop_id = $1 AND contract_id = $2")
        .bind(shop.as_str())
        .bind(of.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

pub(in crate::capture) async fn delete_expired(
    connection: &mut AnyConnection,
    now: UnixMs,
) -> Result<()> {
    sqlx::query("DELETE FROM contract_link WHERE expires_at <= $1")
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// What the link of this hash shows, if it works.
pub(in crate::capture) async fn shared(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<Shared>> {
    let row = sqlx::query(
        "SELECT v.contract, l.expires_at, s.id AS shop_id, s.name, s.handle, s.currency FROM contract_link l \
         JOIN contract c ON c.id = l.contract_id \
         JOIN contract_version v ON v.contract_id = c.id AND v.version = c.version \
         JOIN shop s ON s.id = l.shop_id WHERE l.token_hash = $1 AND l.expires_at > $2",
    )
    .bind(hash)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Shared {
        contract: contract(&row)?,
        shop: identity::sql::shop(&row)?,
        expires_at: UnixMs(db::number(&row, "expires_at")?),
    }))
}
