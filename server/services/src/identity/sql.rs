//! Queries of identity.

use domain::{
    id::{LocationId, PersonId, ShopId},
    identity::{NewShop, Shop, Viewer},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Error, Result,
    db::{self, is_taken},
};

fn shop(row: &AnyRow) -> Result<Shop> {
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

pub(super) async fn insert_shop(
    connection: &mut AnyConnection,
    id: &ShopId,
    new: &NewShop,
    now: UnixMs,
) -> Result<Shop> {
    let inserted = sqlx::query(
        "INSERT INTO shop (id, name, handle, currency, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id.as_str())
    .bind(new.name.as_str())
    .bind(new.handle.as_str())
    .bind(new.currency.code())
    .bind(now.0)
    .execute(connection)
    .await;
    match inserted {
        Ok(_) => {}
        Err(error) if is_taken(&error) => {
            return Err(Error::Conflict(format!(
                "The handle {} is taken. Choose another one.",
                new.handle
            )));
        }
        Err(error) => return Err(error.into()),
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

/// A secret of a person.
pub(super) struct Credential<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'static str,
    pub(super) external_id: Option<&'a str>,
    pub(super) secret: &'a str,
}

pub(super) async fn insert_credential(
    connection: &mut AnyConnection,
    shop: &ShopId,
    person: &PersonId,
    credential: &Credential<'_>,
    now: UnixMs,
) -> Result<()> {
    let inserted = sqlx::query(
        "INSERT INTO credential (id, shop_id, person_id, kind, external_id, secret, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(credential.id)
    .bind(shop.as_str())
    .bind(person.as_str())
    .bind(credential.kind)
    .bind(credential.external_id)
    .bind(credential.secret)
    .bind(now.0)
    .execute(connection)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if is_taken(&error) => Err(Error::Conflict(
            "This passkey already belongs to a shop here. Make a new one.".to_owned(),
        )),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn secrets(
    connection: &mut AnyConnection,
    shop: &ShopId,
    person: &PersonId,
    kind: &str,
) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT secret FROM credential WHERE shop_id = $1 AND person_id = $2 AND kind = $3 ORDER BY created_at, id",
    )
    .bind(shop.as_str())
    .bind(person.as_str())
    .bind(kind)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| db::text(row, "secret")).collect()
}

/// Whether a person still has this secret; its row is locked until the transaction ends, so that a recovery that takes it
/// away comes before or after, not in between.
pub(super) async fn still_has(
    connection: &mut AnyConnection,
    person: &PersonId,
    secret: &str,
) -> Result<bool> {
    let done =
        sqlx::query("UPDATE credential SET secret = secret WHERE person_id = $1 AND secret = $2")
            .bind(person.as_str())
            .bind(secret)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// `false` when it is not there any more.
pub(super) async fn update_passkey(
    connection: &mut AnyConnection,
    person: &PersonId,
    external_id: &str,
    secret: &str,
) -> Result<bool> {
    let done =
        sqlx::query("UPDATE credential SET secret = $1 WHERE external_id = $2 AND person_id = $3")
            .bind(secret)
            .bind(external_id)
            .bind(person.as_str())
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets every secret and session of a person.
pub(super) async fn forget(
    connection: &mut AnyConnection,
    shop: &ShopId,
    person: &PersonId,
) -> Result<()> {
    for statement in [
        "DELETE FROM credential WHERE shop_id = $1 AND person_id = $2",
        "DELETE FROM session WHERE shop_id = $1 AND person_id = $2",
    ] {
        sqlx::query(statement)
            .bind(shop.as_str())
            .bind(person.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn insert_link(
    connection: &mut AnyConnection,
    hash: &str,
    shop: Option<&ShopId>,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    sqlx::query("INSERT INTO owner_link (token_hash, shop_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(hash)
        .bind(shop.map(ShopId::as_str))
        .bind(now.0)
        .bind(expires_at.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a link can be used, and the shop it recovers.
pub(super) async fn link(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<Option<ShopId>>> {
    let row =
        sqlx::query("SELECT shop_id FROM owner_link WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2")
            .bind(hash)
            .bind(now.0)
            .fetch_optional(connection)
            .await?;
    row.as_ref().map(recovered).transpose()
}

/// Uses a link up; `None` when it cannot be used (any more).
pub(super) async fn use_link(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<Option<ShopId>>> {
    let row = sqlx::query(
        "UPDATE owner_link SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING shop_id",
    )
    .bind(hash)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(recovered).transpose()
}

fn recovered(row: &AnyRow) -> Result<Option<ShopId>> {
    db::text_or_null(row, "shop_id")?
        .map(|id| {
            id.parse()
                .map_err(|_| Error::internal("column shop_id is not well formed"))
        })
        .transpose()
}

/// Forgets the links to make a first shop that nobody used, so that only the last one printed works.
pub(super) async fn drop_first_links(connection: &mut AnyConnection) -> Result<()> {
    sqlx::query("DELETE FROM owner_link WHERE shop_id IS NULL AND used_at IS NULL")
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn insert_session(
    connection: &mut AnyConnection,
    hash: &str,
    viewer: &Viewer,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO session (token_hash, shop_id, person_id, created_at, seen_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(hash)
    .bind(viewer.shop.id.as_str())
    .bind(viewer.person.as_str())
    .bind(now.0)
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whose session it is, and when it was last seen.
pub(super) async fn session(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<(Viewer, UnixMs)>> {
    let row = sqlx::query(
        "SELECT session.shop_id, session.person_id, session.seen_at, shop.name, shop.handle, shop.currency \
         FROM session JOIN shop ON shop.id = session.shop_id \
         WHERE session.token_hash = $1 AND session.expires_at > $2",
    )
    .bind(hash)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let viewer = Viewer {
            person: db::parsed(&row, "person_id")?,
            shop: shop(&row)?,
        };
        Ok((viewer, UnixMs(db::number(&row, "seen_at")?)))
    })
    .transpose()
}

pub(super) async fn touch_session(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    sqlx::query("UPDATE session SET seen_at = $2, expires_at = $3 WHERE token_hash = $1")
        .bind(hash)
        .bind(now.0)
        .bind(expires_at.0)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete_session(connection: &mut AnyConnection, hash: &str) -> Result<()> {
    sqlx::query("DELETE FROM session WHERE token_hash = $1")
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// The most ceremonies under way: whoever begins more makes the oldest ones fail, not the database grow.
const MOST_CEREMONIES: i64 = 1000;

pub(super) async fn insert_ceremony(
    connection: &mut AnyConnection,
    challenge: &str,
    state: &str,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM ceremony WHERE challenge IN \
         (SELECT challenge FROM ceremony ORDER BY expires_at DESC LIMIT 1000 OFFSET $1)",
    )
    .bind(MOST_CEREMONIES - 1)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO ceremony (challenge, state, created_at, expires_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(challenge)
    .bind(state)
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a ceremony out; `None` when it is not there, was answered or is too old.
pub(super) async fn take_ceremony(
    connection: &mut AnyConnection,
    challenge: &str,
    now: UnixMs,
) -> Result<Option<String>> {
    let row = sqlx::query(
        "DELETE FROM ceremony WHERE challenge = $1 AND expires_at > $2 RETURNING state",
    )
    .bind(challenge)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| db::text(&row, "state")).transpose()
}

/// Forgets what expired.
pub(super) async fn sweep(connection: &mut AnyConnection, now: UnixMs) -> Result<()> {
    for statement in [
        "DELETE FROM session WHERE expires_at <= $1",
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
