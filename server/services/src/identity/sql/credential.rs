//! Queries of passkeys and passwords.

use domain::{
    id::{PersonId, ShopId},
    identity::{
        Viewer,
        credential::{Passkey, WaysIn},
    },
    time::UnixMs,
};
use sqlx::AnyConnection;

use crate::{
    Error, Result,
    db::{self, is_taken},
};

/// A secret of a person.
pub(in crate::identity) struct NewCredential<'a> {
    pub(in crate::identity) id: &'a str,
    pub(in crate::identity) kind: &'static str,
    pub(in crate::identity) external_id: Option<&'a str>,
    pub(in crate::identity) secret: &'a str,
    pub(in crate::identity) name: &'a str,
}

pub(in crate::identity) async fn insert(
    connection: &mut AnyConnection,
    viewer: &Viewer,
    credential: &NewCredential<'_>,
    now: UnixMs,
) -> Result<()> {
    let inserted = sqlx::query(
        "INSERT INTO credential (id, shop_id, person_id, kind, external_id, secret, name, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(credential.id)
    .bind(viewer.shop.id.as_str())
    .bind(viewer.person.as_str())
    .bind(credential.kind)
    .bind(credential.external_id)
    .bind(credential.secret)
    .bind(credential.name)
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

pub(in crate::identity) async fn secrets(
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

/// Every way in of a person, without secrets.
pub(in crate::identity) async fn ways_in(
    connection: &mut AnyConnection,
    viewer: &Viewer,
) -> Result<WaysIn> {
    let rows = sqlx::query(
        "SELECT id, kind, name, created_at, used_at FROM credential WHERE shop_id = $1 AND person_id = $2 \
         ORDER BY created_at, id",
    )
    .bind(viewer.shop.id.as_str())
    .bind(viewer.person.as_str())
    .fetch_all(connection)
    .await?;
    let mut ways = WaysIn::default();
    for row in &rows {
        let created_at = UnixMs(db::number(row, "created_at")?);
        match db::text(row, "kind")?.as_str() {
            "password" => ways.password_set_at = Some(created_at),
            _ => ways.passkeys.push(Passkey {
                id: db::parsed(row, "id")?,
                name: db::text(row, "name")?,
                created_at,
                used_at: db::number_or_null(row, "used_at")?.map(UnixMs),
            }),
        }
    }
    Ok(ways)
}

/// Whether a person still has this secret, which was just used; its row is locked until the transaction ends, so that a
/// recovery that takes it away comes before or after, not in between.
pub(in crate::identity) async fn still_has(
    connection: &mut AnyConnection,
    person: &PersonId,
    secret: &str,
    now: UnixMs,
) -> Result<bool> {
    let done =
        sqlx::query("UPDATE credential SET used_at = $3 WHERE person_id = $1 AND secret = $2")
            .bind(person.as_str())
            .bind(secret)
            .bind(now.0)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores what a passkey says of itself when it is used. `false` when it is not there any more.
pub(in crate::identity) async fn update_passkey(
    connection: &mut AnyConnection,
    person: &PersonId,
    external_id: &str,
    secret: &str,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE credential SET secret = $1, used_at = $4 WHERE external_id = $2 AND person_id = $3",
    )
    .bind(secret)
    .bind(external_id)
    .bind(person.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Locks the ways in of a person until the transaction ends: of two that go at once, the second sees what the first left.
pub(in crate::identity) async fn lock(
    connection: &mut AnyConnection,
    person: &PersonId,
) -> Result<()> {
    sqlx::query("UPDATE person SET created_at = created_at WHERE id = $1")
        .bind(person.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes one passkey; `false` when the person has none of this id.
pub(in crate::identity) async fn delete_passkey(
    connection: &mut AnyConnection,
    viewer: &Viewer,
    id: &str,
) -> Result<bool> {
    let done = sqlx::query(
        "DELETE FROM credential WHERE shop_id = $1 AND person_id = $2 AND id = $3 AND kind = 'passkey'",
    )
    .bind(viewer.shop.id.as_str())
    .bind(viewer.person.as_str())
    .bind(id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes the password, where there is one.
pub(in crate::identity) async fn delete_password(
    connection: &mut AnyConnection,
    viewer: &Viewer,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM credential WHERE shop_id = $1 AND person_id = $2 AND kind = 'password'",
    )
    .bind(viewer.shop.id.as_str())
    .bind(viewer.person.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets every secret of a person.
pub(in crate::identity) async fn forget(
    connection: &mut AnyConnection,
    viewer: &Viewer,
) -> Result<()> {
    sqlx::query("DELETE FROM credential WHERE shop_id = $1 AND person_id = $2")
        .bind(viewer.shop.id.as_str())
        .bind(viewer.person.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
