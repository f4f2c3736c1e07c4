//! Giving committed events their places in the feed, on PostgreSQL.
//!
//! Whoever holds the row of `feed_head` places; the lock ends with a durable commit, so no two events get one place and no
//! reader sees a place that a crash takes back. A transaction that commits late is simply placed late.

use super::feed::CHANNEL;
use crate::{
    Result,
    db::{self, Db, Engine},
};

/// Events placed in one transaction.
const BATCH: i64 = 500;

/// Places what is committed. Returns how many events got a place; always 0 on SQLite, where they have one.
pub(super) async fn run(db: &Db) -> Result<u64> {
    if db.engine() == Engine::Sqlite {
        return Ok(0);
    }
    let mut placed = 0;
    loop {
        let now = batch(db).await?;
        placed += now;
        if now < BATCH.unsigned_abs() {
            break;
        }
    }
    if placed > 0 {
        // Outside of any transaction: a NOTIFY inside one makes commits wait for each other.
        sqlx::query("SELECT CAST(pg_notify($1, '') AS TEXT)")
            .bind(CHANNEL)
            .execute(&mut *db.read().await?)
            .await?;
    }
    Ok(placed)
}

async fn batch(db: &Db) -> Result<u64> {
    // Looked at without the lock first: most of the time there is nothing.
    let unplaced = sqlx::query("SELECT id FROM event WHERE position IS NULL LIMIT 1")
        .fetch_optional(&mut *db.read().await?)
        .await?;
    if unplaced.is_none() {
        return Ok(0);
    }
    let mut write = db.write().await?;
    sqlx::query("SET LOCAL synchronous_commit = on")
        .execute(&mut *write)
        .await?;
    let row = sqlx::query("SELECT position FROM feed_head WHERE id = 1 FOR UPDATE")
        .fetch_one(&mut *write)
        .await?;
    let head = db::number(&row, "position")?;
    let placed = sqlx::query(
        "UPDATE event SET position = placed.position FROM \
         (SELECT unplaced.id, $1 + ROW_NUMBER() OVER (ORDER BY unplaced.id) AS position FROM \
         (SELECT id FROM event WHERE position IS NULL ORDER BY id LIMIT $2) AS unplaced) AS placed \
         WHERE event.id = placed.id",
    )
    .bind(head)
    .bind(BATCH)
    .execute(&mut *write)
    .await?
    .rows_affected();
    sqlx::query("UPDATE feed_head SET position = $1 WHERE id = 1")
        .bind(head.saturating_add(i64::try_from(placed).unwrap_or(0)))
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    Ok(placed)
}
