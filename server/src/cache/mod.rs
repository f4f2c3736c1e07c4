//! The page cache: finished public pages by key, dropped by tag. It knows no routes and no services: a fill is a function
//! that renders (origin) or forwards (edge).
//!
//! What it keeps is the same for everyone. Its one rule: an entry whose data changed is never served as fresh after the
//! purge that says so. A fill that was under way during a purge may have read the old data, so its result is given to those
//! who waited and not kept. Purges come from commits of this process at once, and from the feed for all others
//! (`services::event::feed`); while the feed cannot be read, entries are served as stale ([`freshness`]).

mod entry;
mod freshness;
mod store;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

use self::store::{Index, Store};
pub use self::{
    entry::{Entry, RenderedPage, brotli, gzip},
    freshness::{FRESH_FOR, Freshness, STALE_FOR, freshness},
};

/// Most bytes kept where nobody says otherwise.
const BUDGET: usize = 128 * 1024 * 1024;

/// Purged tags that are remembered for fills under way.
const REMEMBERED: usize = 4096;

/// How long a fill may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a page was found, for `Cache-Status` (RFC 9211).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheOutcome {
    /// It was there.
    Hit,
    /// It was there, and may be out of date, because changes cannot be read at the moment.
    Stale,
    /// It was made for this request.
    Miss,
    /// Another request was already making it.
    Joined,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillError<E> {
    /// What the fill says.
    Refused(E),
    /// It took longer than 20 s.
    TimedOut,
    /// It ended without an answer.
    Broken(String),
}

type Outcome<E> = Result<Arc<Entry>, FillError<E>>;

#[derive(Clone)]
struct Flight<E> {
    number: u64,
    outcome: Shared<BoxFuture<'static, Outcome<E>>>,
}

struct Gate<E> {
    /// Counts purges; a fill that began before a purge of one of its tags is not kept.
    purges: u64,
    /// The tags purged last, each with the number of its purge, oldest first.
    purged: VecDeque<(u64, String)>,
    /// The number of the last purge whose tags are not in `purged` any more.
    forgotten: u64,
    flights: HashMap<String, Flight<E>>,
    next_flight: u64,
    index: Index,
}

impl<E> Gate<E> {
    /// None of `tags` was purged after purge number `seen`, as far as is remembered.
    fn knows_no_purge_of(&self, tags: &[String], seen: u64) -> bool {
        self.forgotten <= seen
            && !self
                .purged
                .iter()
                .rev()
                .take_while(|(number, _)| *number > seen)
                .any(|(_, tag)| tags.contains(tag))
    }
}

/// What the cache did so far and has now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Requests answered with what was there.
    pub hits: u64,
    /// Requests that needed a fill, their own or another's.
    pub misses: u64,
    /// Pages kept.
    pub pages: usize,
    /// Bytes they take.
    pub bytes: usize,
}

/// The cache. Cheap to clone; clones share everything.
pub struct Cache<E> {
    inner: Arc<Inner<E>>,
}

struct Inner<E> {
    store: Store,
    gate: Mutex<Gate<E>>,
    budget: usize,
    born: Instant,
    /// When the feed was last read to its end, ms after `born`.
    feed_read_ms: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<E> Clone for Cache<E> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<E: Clone + Send + Sync + 'static> Default for Cache<E> {
    fn default() -> Self {
        Self::with_budget(BUDGET)
    }
}

impl<E: Clone + Send + Sync + 'static> Cache<E> {
    /// A cache that keeps at most `budget` bytes.
    #[must_use]
    pub fn with_budget(budget: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                store: Store::default(),
                gate: Mutex::new(Gate {
                    purges: 0,
                    purged: VecDeque::new(),
                    forgotten: 0,
                    flights: HashMap::new(),
                    next_flight: 0,
                    index: Index::default(),
                }),
                budget,
                born: Instant::now(),
                feed_read_ms: AtomicU64::new(0),
                hits: AtomicU64::new(0),
                misses: AtomicU64::new(0),
            }),
        }
    }

    fn gate(&self) -> MutexGuard<'_, Gate<E>> {
        self.inner
            .gate
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that was committed before `at` has been purged.
    pub fn mark_feed_read(&self, at: Instant) {
        let since = at.saturating_duration_since(self.inner.born);
        let ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.inner.feed_read_ms.fetch_max(ms, Ordering::Relaxed);
    }

    fn freshness(&self) -> Freshness {
        let read = Duration::from_millis(self.inner.feed_read_ms.load(Ordering::Relaxed));
        freshness(self.inner.born.elapsed().saturating_sub(read))
    }

    /// The page under `key`, made by `fill` when it is not there. Requests for one missing key share one fill, which runs
    /// in a task of its own to its end even when everyone who asked has gone.
    ///
    /// # Errors
    /// What `fill` says; errors are not kept.
    pub async fn get<F>(
        &self,
        key: &str,
        fill: F,
    ) -> Result<(Arc<Entry>, CacheOutcome), FillError<E>>
    where
        F: Future<Output = Result<RenderedPage, E>> + Send + 'static,
    {
        if let Some(entry) = self.inner.store.get(key) {
            let outcome = match self.freshness() {
                Freshness::Fresh => Some(CacheOutcome::Hit),
                Freshness::Stale => Some(CacheOutcome::Stale),
                Freshness::Expired => None,
            };
            if let Some(outcome) = outcome {
                self.inner.hits.fetch_add(1, Ordering::Relaxed);
                return Ok((entry, outcome));
            }
        }
        self.inner.misses.fetch_add(1, Ordering::Relaxed);
        let (flight, outcome) = self.board(key, fill);
        Ok((flight.outcome.await?, outcome))
    }

    fn board<F>(&self, key: &str, fill: F) -> (Flight<E>, CacheOutcome)
    where
        F: Future<Output = Result<RenderedPage, E>> + Send + 'static,
    {
        let mut gate = self.gate();
        if let Some(flight) = gate.flights.get(key) {
            return (flight.clone(), CacheOutcome::Joined);
        }
        gate.next_flight += 1;
        let number = gate.next_flight;
        let seen = gate.purges;
        let guard = FillGuard {
            cache: self.clone(),
            key: key.to_owned(),
            number,
        };
        let task = tokio::spawn(async move {
            let page = match tokio::time::timeout(PATIENCE, fill).await {
                Ok(page) => page.map_err(FillError::Refused)?,
                Err(_late) => return Err(FillError::TimedOut),
            };
            let entry = tokio::task::spawn_blocking(move || Arc::new(Entry::new(page)))
                .await
                .map_err(|broken| FillError::Broken(broken.to_string()))?;
            guard.keep(&entry, seen);
            Ok(entry)
        });
        let outcome = task
            .map(|ended| ended.unwrap_or_else(|broken| Err(FillError::Broken(broken.to_string()))))
            .boxed()
            .shared();
        let flight = Flight { number, outcome };
        gate.flights.insert(key.to_owned(), flight.clone());
        (flight, CacheOutcome::Miss)
    }

    /// Drops every page that carries one of `tags`, and lets nobody join a fill that began before.
    pub fn purge(&self, tags: &[String]) {
        if tags.is_empty() {
            return;
        }
        let mut gate = self.gate();
        gate.purges += 1;
        let number = gate.purges;
        for tag in tags {
            gate.purged.push_back((number, tag.clone()));
        }
        while gate.purged.len() > REMEMBERED {
            if let Some((number, _)) = gate.purged.pop_front() {
                gate.forgotten = number;
            }
        }
        gate.flights.clear();
        self.inner.store.purge(&mut gate.index, tags);
    }

    /// Drops every page.
    pub fn clear(&self) {
        let mut gate = self.gate();
        gate.purges += 1;
        gate.forgotten = gate.purges;
        gate.purged.clear();
        gate.flights.clear();
        self.inner.store.clear(&mut gate.index);
    }

    /// What it did so far and has now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            hits: self.inner.hits.load(Ordering::Relaxed),
            misses: self.inner.misses.load(Ordering::Relaxed),
            pages: self.inner.store.len(),
            bytes: self.gate().index.bytes(),
        }
    }
}

/// Takes the flight off the board however it ends, a panic included.
struct FillGuard<E: Clone + Send + Sync + 'static> {
    cache: Cache<E>,
    key: String,
    number: u64,
}

impl<E: Clone + Send + Sync + 'static> FillGuard<E> {
    fn keep(&self, entry: &Arc<Entry>, seen: u64) {
        let mut gate = self.cache.gate();
        if gate.knows_no_purge_of(&entry.tags, seen) {
            let inner = &self.cache.inner;
            inner
                .store
                .put(&mut gate.index, &self.key, entry, inner.budget);
        }
    }
}

impl<E: Clone + Send + Sync + 'static> Drop for FillGuard<E> {
    fn drop(&mut self) {
        let mut gate = self.cache.gate();
        if gate
            .flights
            .get(&self.key)
            .is_some_and(|flight| flight.number == self.number)
        {
            gate.flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod test;
