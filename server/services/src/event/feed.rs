//! The feed: every event of every shop in one order, read behind a cursor.
//!
//! Its cost depends on what is new, not on the number of shops or the length of the history. Whoever follows is woken by
//! commits of this process, by `NOTIFY` on PostgreSQL and by `PRAGMA data_version` on SQLite, and reads once a second in any
//! case.

use std::time::Duration;

use domain::id::ShopId;
use sqlx::{AnyConnection, Connection, postgres::PgListener};
use tokio::time::{Instant, timeout};

use super::{Recorded, place, recorded};
use crate::{
    Result, Services,
    db::{self, Db, Engine},
};

/// What PostgreSQL is told to listen to.
pub(super) const CHANNEL: &str = "vitrine_feed";
/// Events read at once.
const BATCH: i64 = 500;
/// Between two reads although nobody said that something is new.
const EVERY: Duration = Duration::from_secs(1);
/// How long a commit of this process waits for others, to be read with them: it has purged what it made stale already.
const GATHER: Duration = Duration::from_millis(10);
/// Between two looks at SQLite's data version: how late another process' commit is noticed at most.
const DATA_VERSION_EVERY: Duration = Duration::from_millis(100);

/// What a follower is told, in this order: what happened since the last time, then that there is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Events, each once, in order.
    Events(Vec<Recorded>),
    /// The cursor and the feed do not fit (a restored backup, a hole): nothing that was derived from it can be trusted.
    Reset,
    /// Everything committed before this moment was told.
    Current(Instant),
}

/// Some events of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// At most 500, in order.
    pub events: Vec<Recorded>,
    /// The position of the last event there is.
    pub head: i64,
}

/// At most 500 events of a shop behind `cursor`, oldest first.
pub(crate) async fn of_shop(db: &Db, shop: &ShopId, cursor: i64) -> Result<Vec<Recorded>> {
    place::run(db).await?;
    let rows = sqlx::query(
        "SELECT position, shop_id, body, at FROM event WHERE shop_id = $1 AND position > $2 ORDER BY position LIMIT $3",
    )
    .bind(shop.as_str())
    .bind(cursor)
    .bind(BATCH)
    .fetch_all(&mut *db.read().await?)
    .await?;
    rows.iter().map(recorded).collect()
}

async fn head(db: &Db) -> Result<i64> {
    let row = sqlx::query("SELECT position FROM feed_head WHERE id = 1")
        .fetch_one(&mut *db.read().await?)
        .await?;
    db::number(&row, "position")
}

async fn after(db: &Db, cursor: i64) -> Result<Vec<Recorded>> {
    let rows = sqlx::query(
        "SELECT id, position, shop_id, body, at FROM event WHERE position > $1 ORDER BY position LIMIT $2",
    )
    .bind(cursor)
    .bind(BATCH)
    .fetch_all(&mut *db.read().await?)
    .await?;
    let told = |row| {
        let is_purged = db.listeners().has_purged(db::number(row, "id")?);
        Ok(Recorded {
            is_purged,
            ..recorded(row)?
        })
    };
    rows.iter().map(told).collect()
}

/// The next events behind `cursor`, over all shops and in order, and where the feed ends.
pub(crate) async fn page(db: &Db, cursor: i64) -> Result<FeedPage> {
    place::run(db).await?;
    // The end first: what comes after it is told the next time.
    let head = head(db).await?;
    let rows = sqlx::query(
        "SELECT position, shop_id, body, at FROM event WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3",
    )
    .bind(cursor)
    .bind(head)
    .bind(BATCH)
    .fetch_all(&mut *db.read().await?)
    .await?;
    let events = rows.iter().map(recorded).collect::<Result<_>>()?;
    Ok(FeedPage { events, head })
}

/// Follows the feed from its end until `stop` resolves.
pub(crate) async fn follow(
    services: &Services,
    stop: impl Future<Output = ()>,
    apply: impl Fn(Update),
) {
    let db = &services.inner.db;
    let mut follower = Follower {
        db,
        cursor: None,
        apply: &apply,
    };
    let mut wake = Wake::new(db);
    let mut stop = std::pin::pin!(stop);
    let mut failed = false;
    loop {
        services.inner.loops.beat("feed");
        match follower.read().await {
            Ok(()) => failed = false,
            // Said once, not every second: the cache goes on with what it has, as stale.
            Err(error) if !failed => {
                failed = true;
                tracing::warn!(%error, "the feed cannot be read; cached pages are served as stale");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = &mut stop => return,
            () = wake.next() => {}
        }
    }
}

struct Follower<'a, F> {
    db: &'a Db,
    /// The last position that was told; `None` before the first read.
    cursor: Option<i64>,
    apply: &'a F,
}

impl<F: Fn(Update)> Follower<'_, F> {
    async fn read(&mut self) -> Result<()> {
        let began = Instant::now();
        place::run(self.db).await?;
        let Some(mut cursor) = self.cursor else {
            self.db.listeners().forget_purged();
            self.cursor = Some(head(self.db).await?);
            // What this process cached before it knew the end of the feed may miss an event.
            (self.apply)(Update::Reset);
            (self.apply)(Update::Current(began));
            return Ok(());
        };
        let first = cursor;
        loop {
            let events = after(self.db, cursor).await?;
            let whole = i64::try_from(events.len()).unwrap_or(i64::MAX);
            let Some(last) = events.last().map(|event| event.position) else {
                break;
            };
            if last != cursor.saturating_add(whole) {
                self.reset(began).await?;
                return Ok(());
            }
            (self.apply)(Update::Events(events));
            cursor = last;
            self.cursor = Some(cursor);
            if whole < BATCH {
                break;
            }
        }
        // A feed that went on is the one that was read before.
        if cursor == first && head(self.db).await? < cursor {
            self.reset(began).await?;
            return Ok(());
        }
        (self.apply)(Update::Current(began));
        Ok(())
    }

    async fn reset(&mut self, began: Instant) -> Result<()> {
        tracing::warn!(
            "the feed does not go on where it was read last; everything cached is dropped"
        );
        self.db.listeners().forget_purged();
        self.cursor = Some(head(self.db).await?);
        (self.apply)(Update::Reset);
        (self.apply)(Update::Current(began));
        Ok(())
    }
}

/// Resolves when something may be new.
struct Wake<'a> {
    db: &'a Db,
    other: Other,
    /// When a listener that could not be opened is tried again.
    retry_at: Instant,
}

/// How commits of other processes are noticed.
enum Other {
    /// Not connected.
    None,
    Postgres(Box<PgListener>),
    /// A connection of its own, and the version it saw last.
    Sqlite(Box<AnyConnection>, i64),
}

impl<'a> Wake<'a> {
    fn new(db: &'a Db) -> Self {
        Self {
            db,
            other: Other::None,
            retry_at: Instant::now(),
        }
    }

    async fn next(&mut self) {
        if matches!(self.other, Other::None) && self.retry_at <= Instant::now() {
            self.retry_at = Instant::now() + EVERY;
            match connect(self.db).await {
                Ok(other) => self.other = other,
                Err(error) => {
                    tracing::debug!(%error, "commits of other processes are only looked for every second");
                }
            }
        }
        let heard = {
            let other = &mut self.other;
            let own = self.db.listeners().events.notified();
            let elsewhere = async move {
                match other {
                    Other::None => std::future::pending().await,
                    Other::Postgres(listener) => listener.recv().await.is_ok(),
                    Other::Sqlite(connection, seen) => changed(connection, seen).await.is_ok(),
                }
            };
            tokio::select! {
                () = own => {
                    tokio::time::sleep(GATHER).await;
                    true
                }
                heard = elsewhere => heard,
                () = tokio::time::sleep(EVERY) => true,
            }
        };
        if !heard {
            self.other = Other::None;
        }
    }
}

async fn connect(db: &Db) -> Result<Other> {
    match db.engine() {
        Engine::Postgres => {
            let mut listener = PgListener::connect(db.url()).await?;
            listener.listen(CHANNEL).await?;
            Ok(Other::Postgres(Box::new(listener)))
        }
        Engine::Sqlite => {
            let mut connection = AnyConnection::connect(db.url()).await?;
            let seen = data_version(&mut connection).await?;
            Ok(Other::Sqlite(Box::new(connection), seen))
        }
    }
}

/// Resolves when another connection has changed the SQLite file.
async fn changed(connection: &mut AnyConnection, seen: &mut i64) -> Result<()> {
    loop {
        let version = data_version(connection).await?;
        if std::mem::replace(seen, version) != version {
            return Ok(());
        }
        tokio::time::sleep(DATA_VERSION_EVERY).await;
    }
}

async fn data_version(connection: &mut AnyConnection) -> Result<i64> {
    let row = timeout(
        EVERY,
        sqlx::query("PRAGMA data_version").fetch_one(connection),
    )
    .await
    .map_err(crate::Error::internal)??;
    Ok(sqlx::Row::try_get::<i64, _>(&row, 0)
        .or_else(|_| sqlx::Row::try_get::<i32, _>(&row, 0).map(i64::from))?)
}
