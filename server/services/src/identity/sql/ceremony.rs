//! Queries of passkey ceremonies that are under way.

use domain::time::UnixMs;
use sqlx::AnyConnection;

use crate::{Result, db};

/// The most ceremonies of one network under way: whoever begins more makes their own oldest ones fail.
const MOST_OF_NETWORK: i64 = 60;
/// The most of all networks, so that the database does not grow without end: some tens of megabytes.
const MOST: i64 = 10_000;

pub(in crate::identity) async fn insert(
    connection: &mut AnyConnection,
    challenge: &str,
    state: &str,
    network: &str,
    (now, expires_at): (UnixMs, UnixMs),
) -> Result<()> {
    sqlx::query(
        "DELETE FROM ceremony WHERE challenge IN \
         (SELECT challenge FROM ceremony WHERE network = $1 ORDER BY expires_at DESC, challenge LIMIT 1000 OFFSET $2)",
    )
    .bind(network)
    .bind(MOST_OF_NETWORK - 1)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM ceremony WHERE challenge IN \
         (SELECT challenge FROM ceremony ORDER BY expires_at DESC, challenge LIMIT 1000 OFFSET $1)",
    )
    .bind(MOST - 1)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO ceremony (challenge, state, network, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(challenge)
    .bind(state)
    .bind(network)
    .bind(now.0)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes a ceremony out; `None` when it is not there, was answered or is too old.
pub(in crate::identity) async fn take(
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
