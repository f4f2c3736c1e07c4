//! Bringing the database to the shape this program needs, once, under a lock.
//!
//! Not sqlx's own migrator: on SQLite its lock is empty, so two processes that start together would both run the files.
//! Here everything happens in one transaction that begins with the database's own lock, so a migration is there in whole or not at all.

use sqlx::{AnyConnection, Executor};

use crate::{
    Error, Migrated, Result,
    clock::Clock,
    db::{self, Db, Engine},
};

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../migrations/", $name, ".sql")),
        }),*]
    };
}

const MIGRATIONS: &[Migration] = migrations![
    1 "0001_identity",
    2 "0002_event",
    3 "0003_media",
    4 "0004_catalog",
    5 "0005_checkout",
    6 "0006_media",
    7 "0007_waiting",
];

fn checksum(migration: &Migration) -> String {
    blake3::hash(migration.sql.as_bytes()).to_hex().to_string()
}

/// The version this program brings a database to.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Runs what is missing. Processes that start together wait for the first.
pub(crate) async fn run(db: &Db, clock: &Clock) -> Result<Migrated> {
    let mut write = db.write().await?;
    if db.engine() == Engine::Postgres {
        // The key is arbitrary but fixed: "vitrine" in ASCII.
        sqlx::query("SELECT CAST(pg_advisory_xact_lock(33326715475845733) AS TEXT)")
            .execute(&mut *write)
            .await?;
    }
    write
        .execute(
            "CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, \
             checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)",
        )
        .await?;
    let done = compare(&mut write).await?;
    let mut applied = Vec::new();
    for migration in MIGRATIONS
        .iter()
        .filter(|migration| migration.version > done)
    {
        sqlx::raw_sql(migration.sql)
            .execute(&mut *write)
            .await
            .map_err(|error| Error::internal(format!("migration {}: {error}", migration.name)))?;
        sqlx::query(
            "INSERT INTO migration (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(migration.version)
        .bind(migration.name)
        .bind(checksum(migration))
        .bind(clock.now().0)
        .execute(&mut *write)
        .await?;
        applied.push(migration.name.to_owned());
    }
    write.commit().await?;
    Ok(Migrated {
        applied,
        version: newest(),
    })
}

/// The last version that was run; refuses a database that this program does not know.
async fn compare(connection: &mut AnyConnection) -> Result<i64> {
    let rows = sqlx::query("SELECT version, name, checksum FROM migration ORDER BY version")
        .fetch_all(connection)
        .await?;
    let mut last = 0;
    for row in &rows {
        let (version, name) = (db::number(row, "version")?, db::text(row, "name")?);
        let Some(known) = MIGRATIONS
            .iter()
            .find(|migration| migration.version == version)
        else {
            return Err(Error::Unavailable(format!(
                "The database is newer than this program: it has migration {name}, and this program knows up to {}. \
                 Start the newer vitrine again, or restore the backup from before the update.",
                MIGRATIONS.last().map_or("none", |migration| migration.name)
            )));
        };
        if db::text(row, "checksum")? != checksum(known) {
            return Err(Error::Unavailable(format!(
                "Migration {name} in the database is not the one of this program. This is not the program that made the \
                 database; start the right one, or begin with an empty data folder."
            )));
        }
        last = version;
    }
    Ok(last)
}

/// The version the database has, for `doctor`; reads only.
pub(crate) async fn version(db: &Db) -> Result<i64> {
    let mut connection = db.read().await?;
    match compare(&mut connection).await {
        Err(Error::Internal(_)) => Ok(0),
        other => other,
    }
}
