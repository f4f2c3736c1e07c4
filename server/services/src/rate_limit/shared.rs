//! Rate limits that all processes share: the arithmetic of [`Quota`] in one conditional update of a row. Signing in and
//! holding stock are limited so, because a second process must not double them.

use std::time::Duration;

use domain::time::UnixMs;
use sqlx::AnyConnection;

use super::{Quota, Wait};
use crate::{Result, db};

/// Counts one request of `key`.
///
/// # Errors
/// `Limited` when there were too many.
pub(crate) async fn take(
    connection: &mut AnyConnection,
    key: &str,
    quota: Quota,
    now: UnixMs,
) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO rate_limit (key, arrival_at) VALUES ($1, $2 + $3) ON CONFLICT (key) DO UPDATE SET arrival_at = $3 + \
         CASE WHEN rate_limit.arrival_at > $2 THEN rate_limit.arrival_at ELSE $2 END \
         WHERE rate_limit.arrival_at + $3 <= $2 + $4",
    )
    .bind(key)
    .bind(now.0)
    .bind(quota.interval_ms)
    .bind(quota.recovery_ms())
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    let row = sqlx::query("SELECT arrival_at FROM rate_limit WHERE key = $1")
        .bind(key)
        .fetch_one(connection)
        .await?;
    let ahead_ms = db::number(&row, "arrival_at")?.saturating_sub(now.0);
    let wait_ms = ahead_ms
        .saturating_add(quota.interval_ms)
        .saturating_sub(quota.recovery_ms());
    Err(Wait(Duration::from_millis(wait_ms.max(0).unsigned_abs())).into())
}

/// Gives a request back that turned out well. Never more than was taken: a row behind the clock counts as full.
pub(crate) async fn give_back(
    connection: &mut AnyConnection,
    key: &str,
    quota: Quota,
) -> Result<()> {
    sqlx::query("UPDATE rate_limit SET arrival_at = arrival_at - $2 WHERE key = $1")
        .bind(key)
        .bind(quota.interval_ms)
        .execute(connection)
        .await?;
    Ok(())
}
