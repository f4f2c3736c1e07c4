//! Queries of access tokens and of proofs that were used.

use domain::{id::UploadTokenId, identity::Viewer, time::UnixMs};
use sqlx::AnyConnection;

use super::shop;
use crate::{Result, db};

/// The most tokens of a session that work at a time: a page, a service worker and some tabs have one each.
const MOST: i64 = 32;

/// An access token as it is kept.
pub(in crate::identity) struct Stored {
    pub(in crate::identity) viewer: Viewer,
    pub(in crate::identity) session_hash: String,
    pub(in crate::identity) thumbprint: String,
    pub(in crate::identity) origin: String,
}

/// Notes that a session's device asks with a key, and makes it the session's where that has none; `false` when it has another.
pub(in crate::identity) async fn pin_key(
    connection: &mut AnyConnection,
    session_hash: &str,
    thumbprint: &str,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE session SET key_thumbprint = $2, granted_at = $3 \
         WHERE token_hash = $1 AND (key_thumbprint IS NULL OR key_thumbprint = $2)",
    )
    .bind(session_hash)
    .bind(thumbprint)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A token that is granted.
pub(in crate::identity) struct New<'a> {
    pub(in crate::identity) hash: &'a str,
    pub(in crate::identity) viewer: &'a Viewer,
    pub(in crate::identity) session_hash: &'a str,
    pub(in crate::identity) thumbprint: &'a str,
    pub(in crate::identity) origin: &'a str,
    pub(in crate::identity) expires_at: UnixMs,
}

/// Keeps a token; of too many the oldest ones go.
pub(in crate::identity) async fn insert(
    connection: &mut AnyConnection,
    new: &New<'_>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO access_token (token_hash, shop_id, session_hash, key_thumbprint, origin, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.hash)
    .bind(new.viewer.shop.id.as_str())
    .bind(new.session_hash)
    .bind(new.thumbprint)
    .bind(new.origin)
    .bind(new.expires_at.0)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM access_token WHERE token_hash IN (SELECT token_hash FROM access_token WHERE session_hash = $1 \
         ORDER BY expires_at DESC, token_hash LIMIT 1000 OFFSET $2)",
    )
    .bind(new.session_hash)
    .bind(MOST)
    .execute(connection)
    .await?;
    Ok(())
}

/// A token that works, with its session.
pub(in crate::identity) async fn one(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<Stored>> {
    let row = sqlx::query(
        "SELECT t.session_hash, t.key_thumbprint, t.origin, session.person_id, session.shop_id, shop.name, shop.handle, shop.currency \
         FROM access_token t JOIN session ON session.token_hash = t.session_hash JOIN shop ON shop.id = session.shop_id \
         WHERE t.token_hash = $1 AND t.expires_at > $2 AND session.expires_at > $2 AND session.ends_at > $2 \
         AND session.key_thumbprint = t.key_thumbprint",
    )
    .bind(hash)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        Ok(Stored {
            viewer: Viewer {
                person: db::parsed(&row, "person_id")?,
                shop: shop(&row)?,
            },
            session_hash: db::text(&row, "session_hash")?,
            thumbprint: db::text(&row, "key_thumbprint")?,
            origin: db::text(&row, "origin")?,
        })
    })
    .transpose()
}

/// Uses a proof up; `false` when that was done before.
pub(in crate::identity) async fn use_proof(
    connection: &mut AnyConnection,
    thumbprint: &str,
    jti: &str,
    expires_at: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO proof (key_thumbprint, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT (key_thumbprint, jti) DO NOTHING",
    )
    .bind(thumbprint)
    .bind(jti)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a session may still upload with a key.
pub(in crate::identity) async fn session_stands(
    connection: &mut AnyConnection,
    session_hash: &str,
    thumbprint: &str,
    now: UnixMs,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT token_hash FROM session WHERE token_hash = $1 AND key_thumbprint = $2 AND expires_at > $3 AND ends_at > $3",
    )
    .bind(session_hash)
    .bind(thumbprint)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// Whether an upload token still works.
pub(in crate::identity) async fn program_stands(
    connection: &mut AnyConnection,
    id: &UploadTokenId,
    now: UnixMs,
) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM upload_token WHERE id = $1 AND expires_at > $2")
        .bind(id.as_str())
        .bind(now.0)
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}
