//! Bringing the database to the shape this program needs, once, under a lock.
//!
//! Not sqlx's own migrator: on SQLite its lock is empty, so two processes that start together would both run the files.
//! Here everything happens in one transaction that begins with the database's own lock, so a migration is there in whole or not at all.

use sqlx::{AnyConnection, Connection, Executor};

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
    3 "0003_job",
    4 "0004_media",
    5 "0005_catalog",
    6 "0006_checkout",
    7 "0007_payment",
    8 "0008_ledger",
    9 "0009_terms",
    10 "0010_capture",
];

/// The two databases write a counting key differently, and sqlx's `Any` cannot hide it: files say `AUTOMATIC_ID`.
fn in_dialect(sql: &str, engine: Engine) -> String {
    sql.replace(
        "AUTOMATIC_ID",
        match engine {
            Engine::Sqlite => "INTEGER PRIMARY KEY AUTOINCREMENT",
            Engine::Postgres => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        },
    )
}

fn checksum(migration: &Migration) -> String {
    blake3::hash(migration.sql.as_bytes()).to_hex().to_string()
}

/// The version this program brings a database to.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Runs what is missing. Processes that start together wait for the first.
pub(crate) async fn run(db: &Db, clock: &Clock) -> Result<Migrated> {
    apply(db, clock, MIGRATIONS).await
}

/// Runs everything on an empty database; refuses one of another version. A command beside a running shop must not change the
/// database under it.
///
/// # Errors
/// `Unavailable` with what to do, when the database has another version.
pub(crate) async fn run_on_empty(db: &Db, clock: &Clock) -> Result<()> {
    match version(db).await? {
        0 => run(db, clock).await.map(|_| ()),
        version if version < newest() => Err(Error::Unavailable(format!(
            "The database is at version {version} and this program needs {}. Run `vitrine migrate`, or start the shop, which does it.",
            newest()
        ))),
        _ => Ok(()),
    }
}

/// Runs what is missing of `migrations`, all in one transaction.
///
/// SQLite changes most of a table only by making it anew, and dropping the old one would break or cascade to the rows that
/// refer to it. So foreign keys are off while migrations run, which SQLite allows only outside of a transaction, and are
/// checked before the commit (sqlite.org/lang_altertable.html, section 7).
async fn apply(db: &Db, clock: &Clock, migrations: &'static [Migration]) -> Result<Migrated> {
    let mut connection = AnyConnection::connect(db.url()).await?;
    let begin = match db.engine() {
        Engine::Sqlite => {
            connection.execute(db::SQLITE_SETTINGS).await?;
            connection.execute("PRAGMA foreign_keys = OFF").await?;
            "BEGIN IMMEDIATE"
        }
        Engine::Postgres => "BEGIN",
    };
    let mut write = connection.begin_with(begin).await?;
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
    let done = compare(&mut write, migrations).await?;
    let mut applied = Vec::new();
    for migration in migrations
        .iter()
        .filter(|migration| migration.version > done)
    {
        sqlx::raw_sql(sqlx::AssertSqlSafe(in_dialect(migration.sql, db.engine())))
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
    if db.engine() == Engine::Sqlite && !applied.is_empty() {
        let broken = sqlx::query("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1")
            .fetch_optional(&mut *write)
            .await?;
        if let Some(row) = broken {
            return Err(Error::internal(format!(
                "after the migrations, rows of {} refer to rows of {} that are not there; nothing was changed",
                db::text(&row, "table")?,
                db::text(&row, "parent")?,
            )));
        }
    }
    write.commit().await?;
    connection.close().await?;
    Ok(Migrated {
        applied,
        version: migrations.last().map_or(0, |migration| migration.version),
    })
}

/// The last version that was run; refuses a database that this program does not know.
async fn compare(connection: &mut AnyConnection, migrations: &'static [Migration]) -> Result<i64> {
    let rows = sqlx::query("SELECT version, name, checksum FROM migration ORDER BY version")
        .fetch_all(connection)
        .await?;
    let mut last = 0;
    for row in &rows {
        let (version, name) = (db::number(row, "version")?, db::text(row, "name")?);
        let Some(known) = migrations
            .iter()
            .find(|migration| migration.version == version)
        else {
            return Err(Error::Unavailable(format!(
                "The database is newer than this program: it has migration {name}, and this program knows up to {}. \
                 Start the newer vitrine again, or restore the backup from before the update.",
                migrations.last().map_or("none", |migration| migration.name)
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
    match compare(&mut connection, MIGRATIONS).await {
        Err(Error::Internal(_)) => Ok(0),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: Migration = Migration {
        version: 1,
        name: "0001_parent",
        sql: "CREATE TABLE parent (id TEXT PRIMARY KEY, n BIGINT CHECK (n < 10)); \
              CREATE TABLE child (id TEXT PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES parent (id) ON DELETE CASCADE); \
              INSERT INTO parent (id, n) VALUES ('a', 1); INSERT INTO child (id, parent_id) VALUES ('x', 'a');",
    };
    const REBUILT: [Migration; 2] = [
        PARENT,
        Migration {
            version: 2,
            name: "0002_rebuilt",
            sql: "CREATE TABLE new_parent (id TEXT PRIMARY KEY, n BIGINT CHECK (n < 1000)); \
                  INSERT INTO new_parent (id, n) SELECT id, n FROM parent; DROP TABLE parent; \
                  ALTER TABLE new_parent RENAME TO parent; UPDATE parent SET n = 999;",
        },
    ];
    const FORGETFUL: [Migration; 2] = [
        PARENT,
        Migration {
            version: 2,
            name: "0002_forgetful",
            sql: "CREATE TABLE new_parent (id TEXT PRIMARY KEY, n BIGINT); DROP TABLE parent; \
                  ALTER TABLE new_parent RENAME TO parent;",
        },
    ];

    async fn fresh(folder: &tempfile::TempDir) -> Db {
        Db::open(&db::sqlite_url(&folder.path().join("x.sqlite")))
            .await
            .expect("opens")
    }

    async fn count(db: &Db, statement: &'static str) -> i64 {
        let row = sqlx::query(statement)
            .fetch_one(&mut *db.read().await.expect("read"))
            .await
            .expect("row");
        db::number(&row, "n").expect("n")
    }

    #[tokio::test]
    async fn a_table_that_others_refer_to_can_be_made_anew() {
        let folder = tempfile::tempdir().expect("folder");
        let db = fresh(&folder).await;
        apply(&db, &Clock::System, &REBUILT[..1])
            .await
            .expect("first");
        let migrated = apply(&db, &Clock::System, &REBUILT).await.expect("second");
        assert_eq!(migrated.applied, ["0002_rebuilt"]);
        assert_eq!(count(&db, "SELECT n FROM parent").await, 999);
        assert_eq!(count(&db, "SELECT COUNT(*) AS n FROM child").await, 1);
        // Foreign keys are on for everybody else.
        let orphan = sqlx::query("INSERT INTO child (id, parent_id) VALUES ('y', 'nobody')")
            .execute(&mut *db.write().await.expect("write"))
            .await;
        assert!(orphan.is_err());
    }

    #[tokio::test]
    async fn a_migration_that_leaves_orphans_changes_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let db = fresh(&folder).await;
        apply(&db, &Clock::System, &FORGETFUL[..1])
            .await
            .expect("first");
        let error = apply(&db, &Clock::System, &FORGETFUL)
            .await
            .expect_err("refused");
        assert!(error.to_string().contains("child"), "{error}");
        assert_eq!(count(&db, "SELECT COUNT(*) AS n FROM parent").await, 1);
    }
}
