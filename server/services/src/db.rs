//! The database: SQLite or PostgreSQL behind one set of queries.
//!
//! A [`Write`] gathers what its transaction makes stale; its commit purges exactly that, whatever caused the write.
//!
//! `sqlx::Any` carries everything the queries need (text, 64-bit integers, NULL). SQLite takes one writer at a time, so
//! writers of this process queue here, fairly, instead of spinning on its lock; other processes are waited for by `busy_timeout`.

pub(crate) mod transport;

use std::{
    collections::HashSet,
    ops::{Deref, DerefMut},
    path::Path,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use domain::{
    event::{Event, Tag},
    id::ShopId,
};
use sqlx::{
    Any, AnyConnection, AnyPool, Executor, Row, Transaction,
    any::{AnyPoolOptions, AnyRow},
    pool::PoolConnection,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use self::transport::Transport;
use crate::{Error, Result};

/// Which database answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Clone)]
pub(crate) struct Db {
    pool: AnyPool,
    /// SQLite: one connection whose commits are not synced.
    unsynced: Option<AnyPool>,
    engine: Engine,
    url: Arc<str>,
    writer: Arc<Semaphore>,
    listeners: Arc<Listeners>,
}

/// Who hears of a commit in this process.
#[derive(Default)]
pub(crate) struct Listeners {
    purge: OnceLock<Purge>,
    /// Events of this process, by id, that it purges itself and has not met in the feed yet.
    own: Mutex<HashSet<i64>>,
    /// Events were committed.
    pub(crate) events: Notify,
    /// Jobs were committed.
    pub(crate) jobs: Notify,
}

impl Listeners {
    fn own(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process wrote an event and purged what it made stale. Asked once, when the feed comes to it.
    pub(crate) fn has_purged(&self, event: i64) -> bool {
        self.own().remove(&event)
    }

    /// The feed will not come to what is before its end.
    pub(crate) fn forget_purged(&self) {
        self.own().clear();
    }
}

/// Says that what carries one of the first tags is out of date, and what carries one of the second withdrawn.
pub(crate) type Purge = Box<dyn Fn(&[Tag], &[Tag]) + Send + Sync>;

/// What follows a commit.
struct AfterCommit {
    listeners: Arc<Listeners>,
    committed: bool,
    /// The database said that it is committed.
    is_sure: bool,
    tags: Vec<Tag>,
    withdrawn: Vec<Tag>,
    own: Vec<i64>,
    events: bool,
    jobs: bool,
}

impl Drop for AfterCommit {
    /// Runs however the commit ends, also when the caller went away or the answer was lost: the data may have changed all
    /// the same, and a purge too many costs no more than a render.
    fn drop(&mut self) {
        if !self.is_sure {
            // The number of an event that is not there may become another process's.
            let mut own = self.listeners.own();
            for event in &self.own {
                own.remove(event);
            }
        }
        if !self.committed {
            return;
        }
        if let Some(purge) = self.listeners.purge.get().filter(|_| !self.tags.is_empty()) {
            purge(&self.tags, &self.withdrawn);
        }
        if self.events {
            self.listeners.events.notify_one();
        }
        if self.jobs {
            self.listeners.jobs.notify_one();
        }
    }
}

/// A write transaction. Dropped without [`Write::commit`] it changes nothing.
pub(crate) struct Write {
    transaction: Transaction<'static, Any>,
    engine: Engine,
    after: AfterCommit,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Write {
    pub(crate) async fn commit(self) -> Result<()> {
        let Self {
            transaction,
            mut after,
            _turn,
            ..
        } = self;
        after.committed = true;
        transaction.commit().await?;
        after.is_sure = true;
        Ok(())
    }

    pub(crate) const fn engine(&self) -> Engine {
        self.engine
    }

    /// Notes that an event of a shop was written, as the row `id`.
    pub(crate) fn has_event(&mut self, event: &Event, shop: &ShopId, id: i64) {
        let after = &mut self.after;
        after.events = true;
        after.tags.extend(event.tags(shop));
        after.withdrawn.extend(event.withdrawn());
        // Before the commit, so that the feed cannot come to it first.
        if after.listeners.purge.get().is_some() {
            after.own.push(id);
            after.listeners.own().insert(id);
        }
    }

    /// Notes that a job was enqueued.
    pub(crate) fn has_job(&mut self) {
        self.after.jobs = true;
    }
}

impl Deref for Write {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}

macro_rules! sqlite_settings {
    ($synchronous:literal) => {
        concat!(
            "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = ",
            $synchronous,
            "; PRAGMA foreign_keys = ON;"
        )
    };
}

pub(crate) const SQLITE_SETTINGS: &str = sqlite_settings!("FULL");
const SQLITE_SETTINGS_UNSYNCED: &str = sqlite_settings!("NORMAL");

/// Connections that begin with `settings`.
fn connections(most: u32, settings: Option<&'static str>) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(Duration::from_secs(20))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                if let Some(settings) = settings {
                    connection.execute(settings).await?;
                }
                Ok(())
            })
        })
}

impl Db {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let engine = if url.starts_with("sqlite:") {
            Engine::Sqlite
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Engine::Postgres
        } else {
            return Err(Error::Unavailable(
                "The database address begins with neither sqlite: nor postgres:. Correct VITRINE_DATABASE_URL.".to_owned(),
            ));
        };
        let url = match engine {
            Engine::Sqlite => url.to_owned(),
            Engine::Postgres => transport::with_encryption(url),
        };
        if transport::of(&url) == Some(Transport::Unverified) {
            tracing::warn!(
                "the connection to the database may be read and changed on its way, as its address says. Use sslmode=verify-full wherever that network is not yours alone"
            );
        }
        let settings = match engine {
            Engine::Sqlite => Some(SQLITE_SETTINGS),
            Engine::Postgres => None,
        };
        let pool = connections(8, settings)
            .connect(&url)
            .await
            .map_err(|error| unreachable_database(&error, &url))?;
        let unsynced = (engine == Engine::Sqlite)
            .then(|| connections(1, Some(SQLITE_SETTINGS_UNSYNCED)).connect_lazy(&url))
            .transpose()?;
        Ok(Self {
            pool,
            unsynced,
            engine,
            url: url.into(),
            writer: Arc::new(Semaphore::new(1)),
            listeners: Arc::default(),
        })
    }

    /// What every commit of this process drops from a cache; the first caller's counts.
    pub(crate) fn on_commit(&self, purge: Purge) {
        let _ = self.listeners.purge.set(purge);
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    /// The address it was opened with.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) const fn engine(&self) -> Engine {
        self.engine
    }

    /// A connection for reading.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Any>> {
        Ok(self.pool.acquire().await?)
    }

    /// Begins a write transaction. Rows are locked in the order upload, order, product, stock, media, shop, feed head
    /// everywhere.
    pub(crate) async fn write(&self) -> Result<Write> {
        self.write_on(&self.pool).await
    }

    /// [`Db::write`], whose commit a power cut may take back on SQLite, until a later one of [`Db::write`] makes both durable: the
    /// write-ahead log is synced as a whole. The end of the process takes nothing back.
    pub(crate) async fn write_unsynced(&self) -> Result<Write> {
        self.write_on(self.unsynced.as_ref().unwrap_or(&self.pool))
            .await
    }

    async fn write_on(&self, pool: &AnyPool) -> Result<Write> {
        let (turn, begin) = match self.engine {
            Engine::Sqlite => (
                Some(Arc::clone(&self.writer).acquire_owned().await),
                "BEGIN IMMEDIATE",
            ),
            Engine::Postgres => (None, "BEGIN"),
        };
        let turn = turn.transpose().map_err(Error::internal)?;
        Ok(Write {
            transaction: pool.begin_with(begin).await?,
            engine: self.engine,
            after: AfterCommit {
                listeners: Arc::clone(&self.listeners),
                committed: false,
                is_sure: false,
                tags: Vec::new(),
                withdrawn: Vec::new(),
                own: Vec::new(),
                events: false,
                jobs: false,
            },
            _turn: turn,
        })
    }

    pub(crate) async fn close(&self) {
        if let Some(unsynced) = &self.unsynced {
            unsynced.close().await;
        }
        self.pool.close().await;
    }
}

fn unreachable_database(error: &sqlx::Error, url: &str) -> Error {
    // A certificate that proves nothing is found while bytes are exchanged.
    let is_unproved = match error {
        sqlx::Error::Tls(_) => true,
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::InvalidData,
        _ => false,
    };
    if is_unproved && transport::of(url) == Some(Transport::Verified) {
        return Error::Unavailable(format!(
            "The database is on another machine and there is no safe connection to it: {error}. Give it a certificate for its name; name its authority with ?sslrootcert=FILE in VITRINE_DATABASE_URL; or, where the network between is yours alone, add ?sslmode=disable."
        ));
    }
    Error::Unavailable(format!(
        "The database cannot be opened: {error}. Check the data folder or VITRINE_DATABASE_URL, and that the database is running."
    ))
}

/// The address of a SQLite file, made where it is missing.
pub(crate) fn sqlite_url(file: &Path) -> String {
    let path = file.to_string_lossy();
    let mut url = String::from("sqlite://");
    for c in path.chars() {
        match c {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3F"),
            '#' => url.push_str("%23"),
            c => url.push(c),
        }
    }
    url.push_str("?mode=rwc");
    url
}

/// The text of a column.
pub(crate) fn text(row: &AnyRow, column: &str) -> Result<String> {
    Ok(row.try_get(column)?)
}

/// The text of a column that may be NULL.
pub(crate) fn text_or_null(row: &AnyRow, column: &str) -> Result<Option<String>> {
    Ok(row.try_get(column)?)
}

/// The number of a column.
pub(crate) fn number(row: &AnyRow, column: &str) -> Result<i64> {
    Ok(row.try_get(column)?)
}

/// The number of a column that may be NULL.
pub(crate) fn number_or_null(row: &AnyRow, column: &str) -> Result<Option<i64>> {
    Ok(row.try_get(column)?)
}

/// A number that fits `T`, such as a count.
pub(crate) fn count<T: TryFrom<i64>>(row: &AnyRow, column: &str) -> Result<T> {
    T::try_from(number(row, column)?)
        .map_err(|_| Error::internal(format!("column {column} is out of range")))
}

/// A text that reads as `T`, such as an identifier or a state.
pub(crate) fn parsed<T: FromStr>(row: &AnyRow, column: &str) -> Result<T> {
    text(row, column)?
        .parse()
        .map_err(|_| Error::internal(format!("column {column} is not well formed")))
}

/// A column whose text is no word of ours.
pub(crate) fn malformed(column: &str) -> Error {
    Error::internal(format!("column {column} is not well formed"))
}

/// `$2, $3, $4`: so many places of a statement, the first with this number.
pub(crate) fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first.saturating_add(count))
        .map(|place| format!("${place}"))
        .collect();
    places.join(", ")
}

/// Reads each row of a list. One that cannot be read is logged and left out, so that it holds up no other.
pub(crate) fn readable<T>(
    rows: &[AnyRow],
    what: &'static str,
    mut read: impl FnMut(&AnyRow) -> Result<T>,
) -> Vec<T> {
    rows.iter()
        .filter_map(|row| match read(row) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::error!(%error, what, "a row cannot be read and is left out");
                None
            }
        })
        .collect()
}

/// The error says that a UNIQUE rule was broken.
pub(crate) fn is_taken(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.is_unique_violation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_folders_survive_in_the_address() {
        let url = sqlite_url(Path::new("/tmp/a b%#?/x.sqlite"));
        assert_eq!(url, "sqlite:///tmp/a b%25%23%3F/x.sqlite?mode=rwc");
    }
}
