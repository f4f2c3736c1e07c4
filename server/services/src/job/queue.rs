//! The rows of work: enqueue, claim, renew, complete, fail.
//!
//! A claim has a number and a lease by the database's clock, the one clock that all processes share. Whoever finds the
//! number changed has lost the job to another and stops.

use domain::time::UnixMs;
use sqlx::any::AnyRow;

use super::{Job, Kind, malformed, wait_ms};
use crate::{
    Error, Result, Services,
    db::{self, Db, Engine, Write},
};

/// How long a claim lasts without being renewed, ms.
const LEASE_MS: i64 = 60_000;
/// The most of an error that is kept, characters.
const MAX_ERROR: usize = 500;

/// A job that this process runs.
pub(super) struct Claimed {
    pub(super) id: String,
    pub(super) claim: i64,
    pub(super) kind: Kind,
    pub(super) attempts: i64,
    /// `None` when the row does not read as work.
    pub(super) job: Option<Job>,
}

impl Claimed {
    /// The same claim, to give it back while its work is with somebody else.
    pub(super) fn without_work(&self) -> Self {
        Self {
            id: self.id.clone(),
            claim: self.claim,
            kind: self.kind,
            attempts: self.attempts,
            job: None,
        }
    }
}

/// The database's own clock, unix ms.
const fn database_now(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        Engine::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

/// Puts work into the caller's transaction, due at `due`. Work that waits already stays as it is; work that runs, runs once
/// more after it; work that failed for good begins anew.
pub(crate) async fn enqueue(
    services: &Services,
    write: &mut Write,
    job: &Job,
    due: UnixMs,
) -> Result<()> {
    let now = services.now();
    let id: String = services.inner.random.id()?;
    let payload = serde_json::to_string(job).map_err(Error::internal)?;
    sqlx::query(
        "INSERT INTO job (id, kind, key, shop_id, payload, state, due_at, turn, created_at, changed_at) \
         SELECT $1, $2, $3, $4, $5, 'ready', $6, \
         CASE WHEN own.turn IS NOT NULL AND own.turn >= others.turn THEN own.turn + 1 ELSE others.turn END, $7, $7 FROM \
         (SELECT MAX(turn) AS turn FROM job WHERE kind = $2 AND shop_id = $4 AND state <> 'dead') AS own, \
         (SELECT COALESCE(MIN(turn), 0) AS turn FROM job WHERE kind = $2 AND state <> 'dead') AS others \
         WHERE 1 = 1 \
         ON CONFLICT (kind, key) DO UPDATE SET generation = job.generation + 1, payload = excluded.payload, \
         due_at = CASE WHEN job.state = 'ready' AND job.due_at < excluded.due_at THEN job.due_at ELSE excluded.due_at END, \
         attempts = CASE WHEN job.state = 'dead' THEN 0 ELSE job.attempts END, \
         turn = CASE WHEN job.state = 'dead' THEN excluded.turn ELSE job.turn END, \
         state = CASE WHEN job.state = 'dead' THEN 'ready' ELSE job.state END, changed_at = excluded.changed_at",
    )
    .bind(id)
    .bind(job.kind().as_str())
    .bind(job.key())
    .bind(job.shop().map(|shop| shop.as_str().to_owned()))
    .bind(payload)
    .bind(due.0)
    .bind(now.0)
    .execute(&mut **write)
    .await?;
    write.has_job();
    Ok(())
}

/// Removes work that the caller has done itself.
pub(crate) async fn remove(write: &mut Write, job: &Job) -> Result<()> {
    sqlx::query("DELETE FROM job WHERE kind = $1 AND key = $2")
        .bind(job.kind().as_str())
        .bind(job.key())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Makes sure that the recurring work has its rows.
pub(super) async fn ensure_recurring(services: &Services) -> Result<()> {
    let rows = sqlx::query("SELECT kind FROM job WHERE key = ''")
        .fetch_all(&mut *services.inner.db.read().await?)
        .await?;
    if rows.len() >= Job::recurring().len() {
        return Ok(());
    }
    let known: Vec<String> = rows
        .iter()
        .map(|row| db::text(row, "kind"))
        .collect::<Result<_>>()?;
    let mut write = services.inner.db.write().await?;
    for job in Job::recurring() {
        if !known.iter().any(|kind| kind == job.kind().as_str()) {
            enqueue(services, &mut write, &job, services.now()).await?;
        }
    }
    write.commit().await
}

/// Kinds that have something to do now.
pub(super) async fn due(services: &Services) -> Result<Vec<Kind>> {
    let statement = format!(
        "SELECT DISTINCT kind FROM job WHERE (state = 'ready' AND due_at <= $1) OR (state = 'running' AND lease_until <= {})",
        database_now(services.inner.db.engine())
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(services.now().0)
        .fetch_all(&mut *services.inner.db.read().await?)
        .await?;
    // A kind of a newer release is left to it.
    Ok(rows
        .iter()
        .filter_map(|row| db::text(row, "kind").ok()?.parse().ok())
        .collect())
}

/// Takes the next job of a kind: due, or left by a process whose lease is over. The attempt is counted now.
pub(super) async fn claim(services: &Services, kind: Kind) -> Result<Option<Claimed>> {
    let db = &services.inner.db;
    let now = database_now(db.engine());
    let skip = match db.engine() {
        Engine::Sqlite => "",
        Engine::Postgres => "FOR UPDATE SKIP LOCKED",
    };
    let statement = format!(
        "UPDATE job SET state = 'running', attempts = attempts + 1, claim = claim + 1, claimed_generation = generation, \
         lease_until = {now} + $3, changed_at = $2 WHERE id = (SELECT id FROM job WHERE kind = $1 AND \
         ((state = 'ready' AND due_at <= $2) OR (state = 'running' AND lease_until <= {now})) \
         ORDER BY turn, due_at, id LIMIT 1 {skip}) RETURNING id, claim, attempts, payload"
    );
    let mut write = db.write().await?;
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(kind.as_str())
        .bind(services.now().0)
        .bind(LEASE_MS)
        .fetch_optional(&mut *write)
        .await?;
    let claimed = row.map(|row| claimed(&row, kind)).transpose()?;
    write.commit().await?;
    Ok(claimed)
}

fn claimed(row: &AnyRow, kind: Kind) -> Result<Claimed> {
    let job = serde_json::from_str(&db::text(row, "payload")?);
    if let Err(error) = &job {
        tracing::error!(error = %malformed(error), "a job is given up");
    }
    Ok(Claimed {
        id: db::text(row, "id")?,
        claim: db::number(row, "claim")?,
        kind,
        attempts: db::number(row, "attempts")?,
        job: job.ok(),
    })
}

/// Ends the leases that an earlier process of this SQLite database left behind: no other one works on it, so their work need not wait
/// for their end. On PostgreSQL it may be another process' work.
pub(super) async fn end_leases(services: &Services) -> Result<()> {
    let db = &services.inner.db;
    if db.engine() != Engine::Sqlite {
        return Ok(());
    }
    let mut write = db.write().await?;
    sqlx::query("UPDATE job SET lease_until = 0 WHERE state = 'running'")
        .execute(&mut *write)
        .await?;
    write.commit().await
}

/// Renews the lease; `false` when another process has the job.
pub(super) async fn renew(db: &Db, claimed: &Claimed) -> Result<bool> {
    let statement = format!(
        "UPDATE job SET lease_until = {} + $3 WHERE id = $1 AND claim = $2 AND state = 'running'",
        database_now(db.engine())
    );
    let mut write = db.write().await?;
    let done = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(claimed.id.as_str())
        .bind(claimed.claim)
        .bind(LEASE_MS)
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a job that went well. What was enqueued again while it ran, and what recurs, becomes due anew.
pub(super) async fn complete(services: &Services, claimed: &Claimed) -> Result<()> {
    let now = services.now();
    let mut write = services.inner.db.write().await?;
    let again = match claimed.kind.every_ms() {
        Some(every) => now.plus_ms(every),
        None => {
            sqlx::query(
                "DELETE FROM job WHERE id = $1 AND claim = $2 AND state = 'running' AND generation = claimed_generation",
            )
            .bind(claimed.id.as_str())
            .bind(claimed.claim)
            .execute(&mut *write)
            .await?;
            now
        }
    };
    put_back(&mut write, claimed, again, 0, None, now).await?;
    write.commit().await
}

/// Ends an attempt that failed: it is put off, or left for a person. `true` when it was the last attempt.
pub(super) async fn fail(
    services: &Services,
    write: &mut Write,
    claimed: &Claimed,
    error: &str,
) -> Result<bool> {
    let now = services.now();
    let error: String = error.chars().take(MAX_ERROR).collect();
    let last = claimed.job.is_none() || claimed.attempts >= claimed.kind.most_attempts();
    if last {
        let done = sqlx::query(
            "UPDATE job SET state = 'dead', last_error = $3, changed_at = $4 WHERE id = $1 AND claim = $2 AND state = 'running'",
        )
        .bind(claimed.id.as_str())
        .bind(claimed.claim)
        .bind(error)
        .bind(now.0)
        .execute(&mut **write)
        .await?;
        return Ok(done.rows_affected() == 1);
    }
    let jitter = services.inner.random.number()?;
    let due = now.plus_ms(wait_ms(claimed.kind, claimed.attempts, jitter));
    put_back(write, claimed, due, claimed.attempts, Some(&error), now).await?;
    Ok(false)
}

/// Gives a job back that was not tried to its end, with its attempt: a shutdown is no failure of the work.
pub(super) async fn give_back(services: &Services, claimed: &Claimed) -> Result<()> {
    let now = services.now();
    let mut write = services.inner.db.write().await?;
    put_back(&mut write, claimed, now, claimed.attempts - 1, None, now).await?;
    write.commit().await
}

async fn put_back(
    write: &mut Write,
    claimed: &Claimed,
    due: UnixMs,
    attempts: i64,
    error: Option<&str>,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "UPDATE job SET state = 'ready', due_at = $3, attempts = $4, last_error = COALESCE($5, last_error), changed_at = $6 \
         WHERE id = $1 AND claim = $2 AND state = 'running'",
    )
    .bind(claimed.id.as_str())
    .bind(claimed.claim)
    .bind(due.0)
    .bind(attempts)
    .bind(error)
    .bind(now.0)
    .execute(&mut **write)
    .await?;
    Ok(())
}
