//! Entries by key, found by tag, within a budget of bytes. What was used longest ago goes first.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

use cached::ShardedUnboundCache;

use super::{Fill, entry::Entry};

/// Where keys are looked up by whoever reads; the index beside it is held by whoever changes.
pub(super) struct Store<E> {
    slots: ShardedUnboundCache<Arc<str>, Arc<Slot<E>>>,
    clock: AtomicU64,
}

/// An entry with how it is used.
pub(super) struct Slot<E> {
    pub(super) entry: Arc<Entry>,
    /// What makes it anew.
    pub(super) fill: Fill<E>,
    /// When it was last used, in uses of the whole store.
    used: AtomicU64,
    /// How often it was asked for since it was made.
    hits: AtomicU32,
    /// When it was asked for last, ms after the cache was born.
    hit_ms: AtomicU64,
    /// When a purge first said that it is out of date, ms after the cache was born; [`NEVER`] where none did.
    purged_ms: AtomicU64,
    /// Somebody compresses it as well as can be.
    pub(super) is_packing: AtomicBool,
}

const NEVER: u64 = u64::MAX;

impl<E> Slot<E> {
    fn new(entry: Arc<Entry>, fill: Fill<E>, used: u64) -> Self {
        Self {
            entry,
            fill,
            used: AtomicU64::new(used),
            hits: AtomicU32::new(0),
            hit_ms: AtomicU64::new(0),
            purged_ms: AtomicU64::new(NEVER),
            is_packing: AtomicBool::new(false),
        }
    }

    /// Notes that it was asked for, and says how often it was.
    pub(super) fn hit(&self, now_ms: u64) -> u32 {
        self.hit_ms.store(now_ms, Ordering::Relaxed);
        self.hits.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// When a purge first said that it is out of date, ms after the cache was born.
    pub(super) fn purged_ms(&self) -> Option<u64> {
        let at = self.purged_ms.load(Ordering::Acquire);
        (at != NEVER).then_some(at)
    }

    /// Asked for `times` at least, the last time within `within_ms`.
    fn is_hot(&self, now_ms: u64, times: u32, within_ms: u64) -> bool {
        self.hits.load(Ordering::Relaxed) >= times
            && now_ms.saturating_sub(self.hit_ms.load(Ordering::Relaxed)) <= within_ms
    }
}

/// Which keys carry a tag, and how many bytes there are.
#[derive(Default)]
pub(super) struct Index {
    by_tag: HashMap<String, HashSet<Arc<str>>>,
    bytes: usize,
}

impl<E> Default for Store<E> {
    fn default() -> Self {
        Self {
            slots: ShardedUnboundCache::new(),
            clock: AtomicU64::default(),
        }
    }
}

impl<E> Store<E> {
    pub(super) fn get(&self, key: &str) -> Option<Arc<Slot<E>>> {
        let slot = self.slots.get(key)?;
        slot.used.store(self.tick(), Ordering::Relaxed);
        Some(slot)
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Keeps an entry and drops what that pushes over `budget`, down to nine tenths of it, so that not every entry pays for
    /// the sorting.
    pub(super) fn put(
        &self,
        index: &mut Index,
        key: &str,
        entry: &Arc<Entry>,
        fill: &Fill<E>,
        budget: usize,
    ) {
        if entry.bytes() > budget {
            self.remove(index, key);
            return;
        }
        // The old one is there until the new one is: whoever asks in between finds one of them.
        if let Some(old) = self.slots.get(key) {
            index.forget(key, &old.entry);
        }
        let key: Arc<str> = key.into();
        index.bytes += entry.bytes();
        for tag in &entry.tags {
            index
                .by_tag
                .entry(tag.clone())
                .or_default()
                .insert(Arc::clone(&key));
        }
        let slot = Slot::new(Arc::clone(entry), Arc::clone(fill), self.tick());
        self.slots.set(key, Arc::new(slot));
        if index.bytes <= budget {
            return;
        }
        let mut ages: Vec<(u64, Arc<str>)> = Vec::with_capacity(self.slots.len());
        self.slots.retain(|key, slot| {
            ages.push((slot.used.load(Ordering::Relaxed), Arc::clone(key)));
            true
        });
        ages.sort_unstable();
        for (_, key) in ages {
            if index.bytes <= budget / 10 * 9 {
                break;
            }
            self.remove(index, &key);
        }
    }

    /// Puts `entry` in the place of `old`, where that is still there and nothing says that it is out of date.
    pub(super) fn replace(
        &self,
        index: &mut Index,
        key: &str,
        old: &Arc<Slot<E>>,
        entry: &Arc<Entry>,
        budget: usize,
    ) {
        let is_there = self.slots.get(key).is_some_and(|at| Arc::ptr_eq(&at, old));
        if is_there && old.purged_ms().is_none() {
            self.put(index, key, entry, &old.fill, budget);
            if let Some(new) = self.slots.get(key) {
                let hits = old.hits.load(Ordering::Relaxed);
                new.hits.fetch_add(hits, Ordering::Relaxed);
                let hit_ms = old.hit_ms.load(Ordering::Relaxed);
                new.hit_ms.fetch_max(hit_ms, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn remove(&self, index: &mut Index, key: &str) {
        let Some(slot) = self.slots.remove(key) else {
            return;
        };
        index.forget(key, &slot.entry);
    }

    /// Drops what carries one of the tags; costs what it drops, not what is kept.
    pub(super) fn drop_tagged(&self, index: &mut Index, tags: &[String]) {
        for tag in tags {
            for key in index.by_tag.remove(tag).unwrap_or_default() {
                self.remove(index, &key);
            }
        }
    }

    /// Marks what carries one of the tags as out of date. Answers what of it is asked for again and again: `times` since it was
    /// made, the last time within `within_ms`.
    pub(super) fn mark_tagged(
        &self,
        index: &Index,
        tags: &[String],
        now_ms: u64,
        (times, within_ms): (u32, u64),
    ) -> Vec<(Arc<str>, Arc<Slot<E>>)> {
        let mut hot = Vec::new();
        for key in tags
            .iter()
            .filter_map(|tag| index.by_tag.get(tag))
            .flatten()
        {
            let Some(slot) = self.slots.get(key) else {
                continue;
            };
            let is_first = slot
                .purged_ms
                .compare_exchange(NEVER, now_ms, Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
            if is_first && slot.is_hot(now_ms, times, within_ms) {
                hot.push((Arc::clone(key), slot));
            }
        }
        hot
    }

    pub(super) fn clear(&self, index: &mut Index) {
        self.slots.clear();
        *index = Index::default();
    }
}

impl Index {
    fn forget(&mut self, key: &str, entry: &Entry) {
        self.bytes = self.bytes.saturating_sub(entry.bytes());
        for tag in &entry.tags {
            if let Some(keys) = self.by_tag.get_mut(tag) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_tag.remove(tag);
                }
            }
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::entry::RenderedPage;

    fn entry(text: &str, tags: &[&str]) -> Arc<Entry> {
        Arc::new(Entry::new(RenderedPage {
            html: text.to_owned(),
            tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
            headers: axum::http::HeaderMap::new(),
        }))
    }

    fn fill() -> Fill<()> {
        Arc::new(|| Box::pin(async { Err(()) }))
    }

    #[test]
    fn bytes_are_accounted_and_the_least_used_goes_first() {
        let (store, mut index) = (Store::<()>::default(), Index::default());
        let page = entry("a page", &["shop:1"]);
        let budget = page.bytes() * 10;
        for number in 0..10 {
            store.put(&mut index, &format!("/{number}"), &page, &fill(), budget);
        }
        assert_eq!(index.bytes(), budget);
        assert!(store.get("/0").is_some(), "used again");
        store.put(&mut index, "/new", &page, &fill(), budget);
        assert!(index.bytes() <= budget);
        assert!(store.get("/0").is_some() && store.get("/new").is_some());
        assert!(store.get("/1").is_none());
        store.put(
            &mut index,
            "/huge",
            &entry(&"x".repeat(1 << 20), &[]),
            &fill(),
            budget,
        );
        assert!(store.get("/huge").is_none(), "never more than the budget");
        store.clear(&mut index);
        assert_eq!((store.len(), index.bytes()), (0, 0));
    }

    #[test]
    fn a_purge_forgets_every_trace() {
        let (store, mut index) = (Store::<()>::default(), Index::default());
        store.put(
            &mut index,
            "/p/a",
            &entry("a", &["product:a", "shop:1"]),
            &fill(),
            1 << 20,
        );
        store.put(
            &mut index,
            "/p/b",
            &entry("b", &["product:b", "shop:1"]),
            &fill(),
            1 << 20,
        );
        store.drop_tagged(
            &mut index,
            &["product:a".to_owned(), "product:z".to_owned()],
        );
        assert!(store.get("/p/a").is_none() && store.get("/p/b").is_some());
        assert!(!index.by_tag.contains_key("product:a"));
        store.drop_tagged(&mut index, &["shop:1".to_owned()]);
        assert_eq!((store.len(), index.bytes(), index.by_tag.len()), (0, 0, 0));
    }
}
