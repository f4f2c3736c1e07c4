//! Rate limits that all processes share: GCRA, the generic cell rate algorithm (ITU-T I.371, annex A), in one conditional
//! update. A row holds the time at which the next request would arrive if all came at their rate; a request is refused when
//! that lies more than a burst ahead.

use std::net::IpAddr;

use domain::time::UnixMs;
use sqlx::AnyConnection;

use crate::{Error, Result, db};

/// How often something may happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// How many times at once.
    pub(crate) burst: i64,
    /// Once more every so many ms.
    pub(crate) every_ms: i64,
}

/// One household or one machine: an IPv4 address, or the /64 of an IPv6 address.
pub(crate) fn network_key(what: &str, ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("{what} {ip}"),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{what} {a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

/// Counts one request of `key`.
///
/// # Errors
/// `Limited` when there were too many.
pub(crate) async fn take(
    connection: &mut AnyConnection,
    key: &str,
    rate: Rate,
    now: UnixMs,
) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO rate_limit (key, arrival_at) VALUES ($1, $2 + $3) ON CONFLICT (key) DO UPDATE SET arrival_at = $3 + \
         CASE WHEN rate_limit.arrival_at > $2 THEN rate_limit.arrival_at ELSE $2 END \
         WHERE rate_limit.arrival_at + $3 <= $2 + $4",
    )
    .bind(key)
    .bind(now.0)
    .bind(rate.every_ms)
    .bind(rate.burst.saturating_mul(rate.every_ms))
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
        .saturating_add(rate.every_ms)
        .saturating_sub(rate.burst.saturating_mul(rate.every_ms));
    let wait_s = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000).max(1);
    Err(Error::Limited {
        sentence: format!("Too many tries. Wait {wait_s} seconds and try again."),
        retry_after_s: wait_s,
    })
}

/// Gives a request back that turned out well. Never more than was taken: a row behind the clock counts as full.
pub(crate) async fn give_back(connection: &mut AnyConnection, key: &str, rate: Rate) -> Result<()> {
    sqlx::query("UPDATE rate_limit SET arrival_at = arrival_at - $2 WHERE key = $1")
        .bind(key)
        .bind(rate.every_ms)
        .execute(connection)
        .await?;
    Ok(())
}
