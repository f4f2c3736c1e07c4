//! The page cache: finished public pages by key, dropped by tag. It knows no routes and no services: a fill is a function
//! that renders (origin) or forwards (edge).
//!
//! What it keeps is the same for everyone. Its one rule: an entry whose data changed is never served as fresh after the
//! purge that says so. A fill that was under way during a purge may have read the old data, so its result is given to those
//! who waited and not kept. Purges come from commits of this process at once, and from the feed for all others
//! (`services::event::feed`); while the feed cannot be read, entries are served as stale ([`freshness`]).
//!
//! A purge is soft where the page goes on in another shape: the entry stays, out of date, for when the fill cannot answer, and
//! one that many ask for is made anew at once. It is hard where the page must go: nothing of it stays.

mod entry;
mod freshness;
mod store;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, Shared},
};
use tokio::{sync::oneshot, time::Instant};

use self::store::{Index, Slot, Store};
pub use self::{
    entry::{Coding, Entry, RenderedPage, Representation, brotli, gzip},
    freshness::{FRESH_FOR, Freshness, STALE_FOR, freshness},
};

/// Makes a page; asked again whenever the page is to be made anew.
pub(crate) type Fill<E> =
    Arc<dyn Fn() -> BoxFuture<'static, Result<RenderedPage, E>> + Send + Sync>;

/// An entry that was asked for so often since it was made, the last time so lately (ms), is made anew by the purge itself.
const HOT: (u32, u64) = (10, 10_000);

/// How many pages are made anew at once after a purge: it may be one of a thousand pages.
const REFRESHING: usize = 4;

/// As often an entry was asked for when it is compressed as well as can be.
const PACKED_AT: u32 = 10;

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

/// Whether a page must go, or goes on in another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purge {
    /// It is out of date.
    Soft,
    /// It was withdrawn: not even a stale copy is served.
    Hard,
}

struct Inner<E> {
    store: Store<E>,
    gate: Mutex<Gate<E>>,
    budget: usize,
    is_passing: fn(&E) -> bool,
    born: Instant,
    /// When the feed was last read to its end, ms after `born`.
    feed_read_ms: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    /// An entry is being compressed as well as can be; one at a time.
    is_packing: AtomicBool,
}

impl<E> Clone for Cache<E> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

/// How a kept entry stands.
enum Standing {
    Fresh,
    /// Changes cannot be read, so it may be out of date.
    Unsure,
    /// It is out of date, or has been unsure for too long. `true` where it is better than no answer.
    Old(bool),
}

impl<E: Clone + Send + Sync + 'static> Cache<E> {
    /// An empty cache. `is_passing` tells an error of a fill that says nothing about the page (the database is away, say) from
    /// one that does (there is none): the former leaves what is kept, and is answered with it.
    #[must_use]
    pub fn new(is_passing: fn(&E) -> bool) -> Self {
        Self::with_budget(BUDGET, is_passing)
    }

    /// A cache that keeps at most `budget` bytes.
    #[must_use]
    pub fn with_budget(budget: usize, is_passing: fn(&E) -> bool) -> Self {
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
                is_passing,
                born: Instant::now(),
                feed_read_ms: AtomicU64::new(0),
                hits: AtomicU64::new(0),
                misses: AtomicU64::new(0),
                is_packing: AtomicBool::new(false),
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

    fn now_ms(&self) -> u64 {
        u64::try_from(self.inner.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The slot under `key` and how it stands at `now_ms`.
    fn look(&self, key: &str, now_ms: u64) -> Option<(Arc<Slot<E>>, Standing)> {
        let slot = self.inner.store.get(key)?;
        let since = |then| Duration::from_millis(now_ms.saturating_sub(then));
        let read = since(self.inner.feed_read_ms.load(Ordering::Relaxed));
        let standing = match (slot.purged_ms(), freshness(read)) {
            (None, Freshness::Fresh) => Standing::Fresh,
            (None, Freshness::Stale) => Standing::Unsure,
            (Some(at), Freshness::Fresh | Freshness::Stale) => {
                Standing::Old(since(at) <= STALE_FOR)
            }
            (_, Freshness::Expired) => Standing::Old(false),
        };
        Some((slot, standing))
    }

    /// The page under `key` where it is there and fresh; `None` counts as nothing, because whoever gets it asks [`Self::get`].
    #[must_use]
    pub fn fresh(&self, key: &str) -> Option<Arc<Entry>> {
        let now_ms = self.now_ms();
        match self.look(key, now_ms)? {
            (slot, Standing::Fresh) => Some(self.hit(key, &slot, now_ms)),
            _ => None,
        }
    }

    fn hit(&self, key: &str, slot: &Arc<Slot<E>>, now_ms: u64) -> Arc<Entry> {
        self.inner.hits.fetch_add(1, Ordering::Relaxed);
        if slot.hit(now_ms) >= PACKED_AT && !slot.entry.is_packed {
            self.pack(key, slot);
        }
        Arc::clone(&slot.entry)
    }

    /// Compresses an entry as well as can be, on a thread of its own, one entry at a time: it takes a tenth of a second.
    fn pack(&self, key: &str, slot: &Arc<Slot<E>>) {
        if slot.is_packing.load(Ordering::Relaxed)
            || self.inner.is_packing.swap(true, Ordering::AcqRel)
        {
            return;
        }
        slot.is_packing.store(true, Ordering::Relaxed);
        let (cache, key, slot) = (self.clone(), key.to_owned(), Arc::clone(slot));
        tokio::task::spawn_blocking(move || {
            let entry = Arc::new(slot.entry.packed());
            let inner = &cache.inner;
            let mut gate = cache.gate();
            inner
                .store
                .replace(&mut gate.index, &key, &slot, &entry, inner.budget);
            drop(gate);
            inner.is_packing.store(false, Ordering::Release);
        });
    }

    /// The page under `key`, made by `fill` when it is not there or out of date. Requests for one key share one fill, which
    /// runs in a task of its own to its end even when everyone who asked has gone. Where the fill fails for a reason that
    /// passes, an entry that is not too old is the answer.
    ///
    /// # Errors
    /// What `fill` says; errors are not kept.
    pub async fn get<F, Filling>(
        &self,
        key: &str,
        fill: F,
    ) -> Result<(Arc<Entry>, CacheOutcome), FillError<E>>
    where
        F: Fn() -> Filling + Send + Sync + 'static,
        Filling: Future<Output = Result<RenderedPage, E>> + Send + 'static,
    {
        let now_ms = self.now_ms();
        match self.look(key, now_ms) {
            Some((slot, Standing::Fresh)) => {
                return Ok((self.hit(key, &slot, now_ms), CacheOutcome::Hit));
            }
            Some((slot, Standing::Unsure)) => {
                return Ok((self.hit(key, &slot, now_ms), CacheOutcome::Stale));
            }
            Some((_, Standing::Old(_))) | None => {}
        }
        self.inner.misses.fetch_add(1, Ordering::Relaxed);
        let (flight, outcome) = self.board(key, Arc::new(move || fill().boxed()));
        match flight.outcome.await {
            Ok(entry) => Ok((entry, outcome)),
            Err(error) => self.instead(key, &error).ok_or(error),
        }
    }

    /// What is served although it is out of date, because the fill failed for a reason that passes.
    fn instead(&self, key: &str, error: &FillError<E>) -> Option<(Arc<Entry>, CacheOutcome)> {
        if !self.is_passing(error) {
            return None;
        }
        // Looked at again: what was withdrawn meanwhile is not there any more.
        match self.look(key, self.now_ms())? {
            (_, Standing::Old(false)) => None,
            (slot, _) => Some((Arc::clone(&slot.entry), CacheOutcome::Stale)),
        }
    }

    fn is_passing(&self, error: &FillError<E>) -> bool {
        match error {
            FillError::Refused(error) => (self.inner.is_passing)(error),
            FillError::TimedOut | FillError::Broken(_) => true,
        }
    }

    fn board(&self, key: &str, fill: Fill<E>) -> (Flight<E>, CacheOutcome) {
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
        let filling = async move {
            let page = match tokio::time::timeout(PATIENCE, fill()).await {
                Ok(Ok(page)) => page,
                Ok(Err(error)) => {
                    let error = FillError::Refused(error);
                    if !guard.cache.is_passing(&error) {
                        guard.forget();
                    }
                    return Err(error);
                }
                Err(_late) => return Err(FillError::TimedOut),
            };
            let entry = tokio::task::spawn_blocking(move || Arc::new(Entry::new(page)))
                .await
                .map_err(|broken| FillError::Broken(broken.to_string()))?;
            guard.keep(&entry, &fill, seen);
            Ok(entry)
        };
        let (end, ended) = oneshot::channel();
        let outcome = ended
            .map(|ended| {
                let broken = |_| {
                    Err(FillError::Broken(
                        "a fill ended without an answer".to_owned(),
                    ))
                };
                ended.unwrap_or_else(broken)
            })
            .boxed()
            .shared();
        let flight = Flight { number, outcome };
        gate.flights.insert(key.to_owned(), flight.clone());
        // A runtime that ends drops a task at once, whose guard then waits for the gate.
        drop(gate);
        tokio::spawn(async move {
            let ended = filling.await;
            // Nobody may be left who asked.
            let _ = end.send(ended);
        });
        (flight, CacheOutcome::Miss)
    }

    /// Says of every page that carries one of `tags` that it is out of date, and lets nobody join a fill that began before.
    pub fn purge(&self, tags: &[String], purge: Purge) {
        if tags.is_empty() {
            return;
        }
        let now_ms = self.now_ms();
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
        let store = &self.inner.store;
        match purge {
            Purge::Soft => {
                let hot = store.mark_tagged(&gate.index, tags, now_ms, HOT);
                drop(gate);
                self.refresh(hot);
            }
            Purge::Hard => store.drop_tagged(&mut gate.index, tags),
        }
    }

    /// Makes pages anew before anybody asks, a few at a time.
    fn refresh(&self, hot: Vec<(Arc<str>, Arc<Slot<E>>)>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if hot.is_empty() {
            return;
        }
        let cache = self.clone();
        runtime.spawn(async move {
            futures::stream::iter(hot)
                .for_each_concurrent(REFRESHING, |(key, slot)| {
                    let cache = &cache;
                    async move {
                        let there = cache.inner.store.get(&key);
                        if there.is_some_and(|at| at.purged_ms().is_some()) {
                            let (flight, _) = cache.board(&key, Arc::clone(&slot.fill));
                            // Whoever asks next is told what went wrong.
                            let _ = flight.outcome.await;
                        }
                    }
                })
                .await;
        });
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
    fn keep(&self, entry: &Arc<Entry>, fill: &Fill<E>, seen: u64) {
        let mut gate = self.cache.gate();
        if gate.knows_no_purge_of(&entry.tags, seen) {
            let inner = &self.cache.inner;
            inner
                .store
                .put(&mut gate.index, &self.key, entry, fill, inner.budget);
        }
    }

    /// There is no such page any more.
    fn forget(&self) {
        let mut gate = self.cache.gate();
        let store = &self.cache.inner.store;
        if store
            .get(&self.key)
            .is_some_and(|slot| slot.purged_ms().is_some())
        {
            store.remove(&mut gate.index, &self.key);
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
