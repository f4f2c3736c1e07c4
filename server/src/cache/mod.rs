//! The page cache: finished public pages by key, dropped by tag.
//!
//! What it keeps is the same for everyone. Its one rule: an entry whose data changed is never served after the purge that
//! says so. A fill that was under way during a purge may have read the old data, so its result is given to those who waited
//! and not kept. Purges come from the event log after the change is committed (`crate::purge`).

use std::{
    collections::HashMap,
    io::Write,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use cached::ShardedLruTtlCache;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use crate::http::error::Problem;

/// Most pages kept.
const MOST_PAGES: usize = 4096;

/// How long a page is kept at most: bounds the harm when another process changes the data and its event is late.
const LIFETIME: Duration = Duration::from_secs(600);

/// How long a page may take to make.
const PATIENCE: Duration = Duration::from_secs(20);

/// A page just made.
#[derive(Debug)]
pub struct Made {
    /// The whole document.
    pub html: String,
    /// What it was made of, e.g. `product:…`, `shop:…`.
    pub tags: Vec<String>,
    /// `Link` header that lets a browser (or a CDN, as 103) fetch the hero and the style sheet early.
    pub link: Option<String>,
}

/// A page ready to be sent.
#[derive(Debug)]
pub struct Entry {
    /// The document.
    pub plain: Bytes,
    /// The document, brotli.
    pub br: Bytes,
    /// The document, gzip.
    pub gzip: Bytes,
    /// BLAKE3 of the document, 32 hex digits.
    pub hash: String,
    /// What it was made of.
    pub tags: Vec<String>,
    /// `Link` header.
    pub link: Option<String>,
}

impl Entry {
    fn new(made: Made) -> Self {
        let plain = Bytes::from(made.html);
        let hash = blake3::hash(&plain).to_hex().as_str()[..32].to_owned();
        Self {
            br: brotli(&plain),
            gzip: gzip(&plain),
            plain,
            hash,
            tags: made.tags,
            link: made.link,
        }
    }
}

fn brotli(plain: &[u8]) -> Bytes {
    // Quality 5: a tenth of the time of 11 for a few percent more bytes; pages are filled while someone waits.
    let mut packed = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    // Writing to a Vec cannot fail.
    let _ = packed.write_all(plain);
    packed.into_inner().into()
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    // Writing to a Vec cannot fail.
    let _ = packed.write_all(plain);
    packed.finish().unwrap_or_default().into()
}

/// How a page was found, for `Cache-Status` (RFC 9211).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was there.
    Hit,
    /// It was made for this request.
    Miss,
    /// Another request was already making it.
    Joined,
}

type Outcome = Result<Arc<Entry>, Problem>;

#[derive(Clone)]
struct Flight {
    number: u64,
    outcome: Shared<BoxFuture<'static, Outcome>>,
}

#[derive(Default)]
struct Gate {
    /// Counts purges; a fill that saw another count than it ends with is not kept.
    purges: u64,
    flights: HashMap<String, Flight>,
    next_flight: u64,
}

/// The cache. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Cache {
    entries: ShardedLruTtlCache<String, Arc<Entry>>,
    gate: Arc<Mutex<Gate>>,
    hits: Arc<AtomicU64>,
    misses: Arc<AtomicU64>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            entries: ShardedLruTtlCache::new(MOST_PAGES, LIFETIME),
            gate: Arc::default(),
            hits: Arc::default(),
            misses: Arc::default(),
        }
    }
}

impl Cache {
    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page under `key`, made by `fill` when it is not there. Requests for one missing key share one fill, which runs
    /// in a task of its own to its end even when everyone who asked has gone.
    ///
    /// # Errors
    /// What `fill` says; problems are not kept.
    pub async fn get<F>(&self, key: &str, fill: F) -> Result<(Arc<Entry>, Found), Problem>
    where
        F: Future<Output = Result<Made, Problem>> + Send + 'static,
    {
        if let Some(entry) = self.entries.get(key) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok((entry, Found::Hit));
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let (flight, found) = self.board(key, fill);
        Ok((flight.outcome.await?, found))
    }

    fn board<F>(&self, key: &str, fill: F) -> (Flight, Found)
    where
        F: Future<Output = Result<Made, Problem>> + Send + 'static,
    {
        let mut gate = self.gate();
        if let Some(flight) = gate.flights.get(key) {
            return (flight.clone(), Found::Joined);
        }
        gate.next_flight += 1;
        let number = gate.next_flight;
        let seen = gate.purges;
        let cache = self.clone();
        let at = key.to_owned();
        let task = tokio::spawn(async move {
            let landing = Landing {
                cache,
                key: at,
                number,
            };
            let made = match tokio::time::timeout(PATIENCE, fill).await {
                Ok(made) => made?,
                Err(_late) => return Err(Problem::internal("a page took too long to make")),
            };
            // Compression of a page is a few milliseconds of arithmetic.
            let entry = tokio::task::spawn_blocking(move || Arc::new(Entry::new(made)))
                .await
                .map_err(Problem::internal)?;
            landing.keep(&entry, seen);
            Ok(entry)
        });
        let outcome = task
            .map(|ended| ended.unwrap_or_else(|broken| Err(Problem::internal(broken))))
            .boxed()
            .shared();
        let flight = Flight { number, outcome };
        gate.flights.insert(key.to_owned(), flight.clone());
        (flight, Found::Miss)
    }

    /// Drops every page that carries one of `tags`, and lets nobody join a fill that began before.
    pub fn purge(&self, tags: &[String]) {
        if tags.is_empty() {
            return;
        }
        let mut gate = self.gate();
        gate.purges += 1;
        gate.flights.clear();
        self.entries
            .retain(|_key, entry| !entry.tags.iter().any(|tag| tags.contains(tag)));
    }

    /// Drops every page.
    pub fn clear(&self) {
        let mut gate = self.gate();
        gate.purges += 1;
        gate.flights.clear();
        self.entries.clear();
    }

    /// Pages found, pages missed, pages kept.
    #[must_use]
    pub fn counts(&self) -> (u64, u64, usize) {
        (
            self.hits.load(Ordering::Relaxed),
            self.misses.load(Ordering::Relaxed),
            self.entries.len(),
        )
    }
}

/// Takes the flight off the board however it ends, a panic included.
struct Landing {
    cache: Cache,
    key: String,
    number: u64,
}

impl Landing {
    fn keep(&self, entry: &Arc<Entry>, seen: u64) {
        let gate = self.cache.gate();
        if gate.purges == seen {
            self.cache.entries.set(self.key.clone(), Arc::clone(entry));
        }
    }
}

impl Drop for Landing {
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
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use tokio::sync::Notify;

    fn made(html: &str, tag: &str) -> Made {
        Made {
            html: html.to_owned(),
            tags: vec![tag.to_owned()],
            link: None,
        }
    }

    async fn text(cache: &Cache, html: &'static str) -> (String, Found) {
        let (entry, found) = cache
            .get("/p/cup", async move { Ok(made(html, "product:1")) })
            .await
            .unwrap();
        (String::from_utf8(entry.plain.to_vec()).unwrap(), found)
    }

    #[tokio::test]
    async fn a_page_is_made_once_and_dropped_by_its_tag() {
        let cache = Cache::default();
        assert_eq!(text(&cache, "one").await, ("one".to_owned(), Found::Miss));
        assert_eq!(text(&cache, "two").await, ("one".to_owned(), Found::Hit));
        cache.purge(&["product:2".to_owned()]);
        assert_eq!(text(&cache, "two").await, ("one".to_owned(), Found::Hit));
        cache.purge(&["product:1".to_owned()]);
        assert_eq!(text(&cache, "two").await, ("two".to_owned(), Found::Miss));
    }

    #[tokio::test]
    async fn a_fill_overtaken_by_a_purge_is_not_kept_and_not_joined() {
        let cache = Cache::default();
        let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (cache, began, go) = (cache.clone(), Arc::clone(&began), Arc::clone(&go));
            tokio::spawn(async move {
                cache
                    .get("/p/cup", async move {
                        began.notify_one();
                        go.notified().await;
                        Ok(made("old", "product:1"))
                    })
                    .await
            })
        };
        began.notified().await;
        cache.purge(&["product:1".to_owned()]);
        assert_eq!(text(&cache, "new").await, ("new".to_owned(), Found::Miss));
        go.notify_one();
        let (entry, _) = slow.await.unwrap().unwrap();
        assert_eq!(&entry.plain[..], b"old");
        assert_eq!(text(&cache, "newer").await, ("new".to_owned(), Found::Hit));
    }

    #[tokio::test]
    async fn many_requests_share_one_fill_and_a_leaver_does_not_stop_it() {
        let cache = Cache::default();
        let fills = Arc::new(AtomicUsize::new(0));
        let go = Arc::new(Notify::new());
        let ask = || {
            let (cache, fills, go) = (cache.clone(), Arc::clone(&fills), Arc::clone(&go));
            async move {
                cache
                    .get("/", async move {
                        fills.fetch_add(1, Ordering::SeqCst);
                        go.notified().await;
                        Ok(made("front", "shop:1"))
                    })
                    .await
            }
        };
        let leaver = tokio::spawn(ask());
        tokio::task::yield_now().await;
        let stayers: Vec<_> = (0..20).map(|_| tokio::spawn(ask())).collect();
        while fills.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        leaver.abort();
        go.notify_one();
        for stayer in stayers {
            assert!(stayer.await.unwrap().is_ok());
        }
        assert_eq!(fills.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_problem_and_a_panic_are_told_and_not_kept() {
        let cache = Cache::default();
        let gone = cache
            .get("/", async { Err::<Made, _>(Problem::not_found()) })
            .await;
        assert_eq!(gone.unwrap_err().status(), 404);
        let broken = cache.get("/", async { panic!("in a fill") }).await;
        assert_eq!(broken.unwrap_err().status(), 500);
        assert!(
            cache
                .get("/", async { Ok(made("well", "shop:1")) })
                .await
                .is_ok()
        );
        assert!(cache.gate().flights.is_empty());
    }

    #[test]
    fn packed_bodies_unpack_to_the_page() {
        let entry = Entry::new(made(&"<p>cup</p>".repeat(500), "product:1"));
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &entry.br[..], &mut plain).unwrap();
        assert_eq!(plain, entry.plain);
        let mut plain = Vec::new();
        std::io::copy(
            &mut flate2::read::GzDecoder::new(&entry.gzip[..]),
            &mut plain,
        )
        .unwrap();
        assert_eq!(plain, entry.plain);
        assert!(entry.br.len() < entry.plain.len() / 4);
    }
}
