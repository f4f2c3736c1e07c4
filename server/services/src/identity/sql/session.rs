//! Queries of devices and of the sessions in them.

use domain::{
    id::{DeviceId, PersonId, ShopId},
    identity::{
        Viewer,
        device::{Device, Session, Uploading},
    },
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::shop;
use crate::{Result, db};

/// The most devices of one person; the one that was signed in to least lately is forgotten first.
const MOST_DEVICES: i64 = 30;

/// The device of a cookie: of the owner of the shop with this handle or, without a handle, of anyone.
pub(in crate::identity) async fn known_device(
    connection: &mut AnyConnection,
    token_hash: &str,
    handle: Option<&str>,
    now: UnixMs,
) -> Result<Option<DeviceId>> {
    let row = sqlx::query(
        "SELECT id FROM device WHERE token_hash = $1 AND expires_at > $3 AND (CAST($2 AS TEXT) IS NULL OR shop_id = \
         (SELECT shop_id FROM shop_handle WHERE handle = $2)) ORDER BY id LIMIT 1",
    )
    .bind(token_hash)
    .bind(handle)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| db::parsed(&row, "id")).transpose()
}

/// A browser in which somebody signs in.
pub(in crate::identity) struct NewDevice<'a> {
    pub(in crate::identity) id: DeviceId,
    pub(in crate::identity) token_hash: &'a str,
    pub(in crate::identity) name: &'a str,
    pub(in crate::identity) expires_at: UnixMs,
}

/// Notes that the viewer signs in in a browser: its device, which is a new one where its cookie is not known of this person.
pub(in crate::identity) async fn put_device(
    connection: &mut AnyConnection,
    viewer: &Viewer,
    new: &NewDevice<'_>,
    now: UnixMs,
) -> Result<DeviceId> {
    let row = sqlx::query(
        "INSERT INTO device (id, shop_id, person_id, token_hash, name, created_at, signed_in_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT (token_hash, person_id) DO UPDATE SET \
         name = excluded.name, signed_in_at = excluded.signed_in_at, expires_at = excluded.expires_at RETURNING id",
    )
    .bind(new.id.as_str())
    .bind(viewer.shop.id.as_str())
    .bind(viewer.person.as_str())
    .bind(new.token_hash)
    .bind(new.name)
    .bind(now.0)
    .bind(new.expires_at.0)
    .fetch_one(&mut *connection)
    .await?;
    let id: DeviceId = db::parsed(&row, "id")?;
    sqlx::query(
        "DELETE FROM device WHERE id IN (SELECT id FROM device WHERE person_id = $1 AND id <> $2 \
         ORDER BY signed_in_at DESC, id LIMIT 1000 OFFSET $3)",
    )
    .bind(viewer.person.as_str())
    .bind(id.as_str())
    .bind(MOST_DEVICES - 1)
    .execute(connection)
    .await?;
    Ok(id)
}

/// When a new session is over.
pub(in crate::identity) struct Ends {
    pub(in crate::identity) unused: UnixMs,
    pub(in crate::identity) at_last: UnixMs,
}

/// Begins a session in the place of the device's earlier one.
pub(in crate::identity) async fn replace(
    connection: &mut AnyConnection,
    hash: &str,
    session: &Session,
    ends: &Ends,
) -> Result<()> {
    sqlx::query("DELETE FROM session WHERE device_id = $1")
        .bind(session.device.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO session (token_hash, shop_id, person_id, device_id, created_at, seen_at, expires_at, ends_at) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7)",
    )
    .bind(hash)
    .bind(session.viewer.shop.id.as_str())
    .bind(session.viewer.person.as_str())
    .bind(session.device.as_str())
    .bind(session.signed_in_at.0)
    .bind(ends.unused.0)
    .bind(ends.at_last.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// The session of a token, and when it was last seen.
pub(in crate::identity) async fn one(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
) -> Result<Option<(Session, UnixMs)>> {
    let row = sqlx::query(
        "SELECT session.shop_id, session.person_id, session.device_id, session.created_at, session.seen_at, \
         shop.name, shop.handle, shop.currency FROM session JOIN shop ON shop.id = session.shop_id \
         WHERE session.token_hash = $1 AND session.expires_at > $2 AND session.ends_at > $2",
    )
    .bind(hash)
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let session = Session {
            viewer: Viewer {
                person: db::parsed(&row, "person_id")?,
                shop: shop(&row)?,
            },
            device: db::parsed(&row, "device_id")?,
            signed_in_at: UnixMs(db::number(&row, "created_at")?),
        };
        Ok((session, UnixMs(db::number(&row, "seen_at")?)))
    })
    .transpose()
}

pub(in crate::identity) async fn touch(
    connection: &mut AnyConnection,
    hash: &str,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    sqlx::query(
        "UPDATE session SET seen_at = $2, expires_at = CASE WHEN ends_at < $3 THEN ends_at ELSE $3 END WHERE token_hash = $1",
    )
    .bind(hash)
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

pub(in crate::identity) async fn delete(connection: &mut AnyConnection, hash: &str) -> Result<()> {
    sqlx::query("DELETE FROM session WHERE token_hash = $1")
        .bind(hash)
        .execute(connection)
        .await?;
    Ok(())
}

/// The devices of a person, last used first.
pub(in crate::identity) async fn devices(
    connection: &mut AnyConnection,
    shop: &ShopId,
    person: &PersonId,
    now: UnixMs,
) -> Result<Vec<Device>> {
    let rows = sqlx::query(
        "SELECT device.id, device.name, device.signed_in_at, session.seen_at, session.key_thumbprint, session.granted_at FROM device \
         LEFT JOIN session ON session.device_id = device.id AND session.expires_at > $3 AND session.ends_at > $3 \
         WHERE device.shop_id = $1 AND device.person_id = $2 AND device.expires_at > $3 \
         ORDER BY COALESCE(session.seen_at, device.signed_in_at) DESC, device.id",
    )
    .bind(shop.as_str())
    .bind(person.as_str())
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let seen_at = db::number_or_null(row, "seen_at")?;
            let signed_in_at = db::number(row, "signed_in_at")?;
            Ok(Device {
                id: db::parsed(row, "id")?,
                name: db::text(row, "name")?,
                signed_in_at: UnixMs(signed_in_at),
                used_at: UnixMs(seen_at.unwrap_or(signed_in_at)),
                signed_in: seen_at.is_some(),
                uploads: match (
                    db::text_or_null(row, "key_thumbprint")?,
                    db::number_or_null(row, "granted_at")?,
                ) {
                    (Some(key), Some(at)) => Some(Uploading {
                        key,
                        granted_at: UnixMs(at),
                    }),
                    _ => None,
                },
            })
        })
        .collect()
}

/// Forgets a device and ends its session; `false` when it is not this person's.
pub(in crate::identity) async fn delete_device(
    connection: &mut AnyConnection,
    shop: &ShopId,
    person: &PersonId,
    id: &str,
) -> Result<bool> {
    let done = sqlx::query("DELETE FROM device WHERE shop_id = $1 AND person_id = $2 AND id = $3")
        .bind(shop.as_str())
        .bind(person.as_str())
        .bind(id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets every device of a person but one and ends their sessions. Returns how many went.
pub(in crate::identity) async fn delete_other_devices(
    connection: &mut AnyConnection,
    shop: &ShopId,
    person: &PersonId,
    kept: Option<&DeviceId>,
) -> Result<u64> {
    let done = sqlx::query("DELETE FROM device WHERE shop_id = $1 AND person_id = $2 AND id <> $3")
        .bind(shop.as_str())
        .bind(person.as_str())
        .bind(kept.map_or("", DeviceId::as_str))
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}
