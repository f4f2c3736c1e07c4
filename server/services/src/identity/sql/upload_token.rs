//! Queries of upload tokens.

use domain::{
    id::{ShopId, UploadTokenId},
    identity::Shop,
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Result, db, identity::upload_token::UploadToken};

fn token(row: &AnyRow) -> Result<UploadToken> {
    Ok(UploadToken {
        id: db::parsed(row, "token_id")?,
        shop: super::shop(row)?,
        name: db::text(row, "token_name")?,
        created_at: UnixMs(db::number(row, "created_at")?),
        expires_at: UnixMs(db::number(row, "expires_at")?),
    })
}

pub(in crate::identity) async fn insert(
    connection: &mut AnyConnection,
    token: &UploadToken,
    hash: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO upload_token (id, shop_id, token_hash, name, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(token.id.as_str())
    .bind(token.shop.id.as_str())
    .bind(hash)
    .bind(token.name.as_str())
    .bind(token.created_at.0)
    .bind(token.expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The tokens that work, of one shop or of all.
pub(in crate::identity) async fn of_shop(
    connection: &mut AnyConnection,
    shop: Option<&ShopId>,
    now: UnixMs,
) -> Result<Vec<UploadToken>> {
    let rows = sqlx::query(
        "SELECT t.id AS token_id, t.name AS token_name, t.created_at, t.expires_at, s.id AS shop_id, s.name, s.handle, s.currency \
         FROM upload_token t JOIN shop s ON s.id = t.shop_id \
         WHERE (CAST($1 AS TEXT) IS NULL OR t.shop_id = $1) AND t.expires_at > $2 ORDER BY t.created_at, t.id",
    )
    .bind(shop.map(ShopId::as_str))
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    rows.iter().map(token).collect()
}

/// A token that works and its shop.
pub(in crate::identity) async fn shop(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<(UploadTokenId, Shop)>> {
    let row = sqlx::query(
        "SELECT t.id AS token_id, s.id AS shop_id, s.name, s.handle, s.currency FROM upload_token t JOIN shop s ON s.id = t.shop_id \
         WHERE t.token_hash = $1 AND t.expires_at > $2",
    )
    .bind(hash)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((db::parsed(&row, "token_id")?, super::shop(&row)?)))
        .transpose()
}

/// Deletes a token; `false` when there is none.
pub(in crate::identity) async fn delete(
    connection: &mut AnyConnection,
    id: &UploadTokenId,
) -> Result<bool> {
    let done = sqlx::query("DELETE FROM upload_token WHERE id = $1")
        .bind(id.as_str())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(in crate::identity) async fn delete_expired(
    connection: &mut AnyConnection,
    now: UnixMs,
) -> Result<()> {
    sqlx::query("DELETE FROM upload_token WHERE expires_at <= $1")
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}
