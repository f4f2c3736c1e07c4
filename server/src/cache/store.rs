//! Entries by key, found by tag, within a budget of bytes. What was used longest ago goes first.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cached::ShardedUnboundCache;

use super::entry::Entry;

/// Where keys are looked up by whoever reads; the index beside it is held by whoever changes.
#[derive(Clone)]
pub(super) struct Store {
    slots: ShardedUnboundCache<Arc<str>, Arc<Slot>>,
    clock: Arc<AtomicU64>,
}

struct Slot {
    entry: Arc<Entry>,
    /// When it was last used, in uses of the whole store.
    used: AtomicU64,
}

/// Which keys carry a tag, and how many bytes there are.
#[derive(Default)]
pub(super) struct Index {
    by_tag: HashMap<String, HashSet<Arc<str>>>,
    bytes: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            slots: ShardedUnboundCache::new(),
            clock: Arc::default(),
        }
    }
}

impl Store {
    pub(super) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        let slot = self.slots.get(key)?;
        slot.used.store(self.tick(), Ordering::Relaxed);
        Some(Arc::clone(&slot.entry))
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Keeps an entry and drops what that pushes over `budget`, down to nine tenths of it, so that not every entry pays for
    /// the sorting.
    pub(super) fn put(&self, index: &mut Index, key: &str, entry: &Arc<Entry>, budget: usize) {
        self.remove(index, key);
        if entry.bytes() > budget {
            return;
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
        let slot = Slot {
            entry: Arc::clone(entry),
            used: AtomicU64::new(self.tick()),
        };
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

    pub(super) fn remove(&self, index: &mut Index, key: &str) {
        let Some(slot) = self.slots.remove(key) else {
            return;
        };
        index.bytes = index.bytes.saturating_sub(slot.entry.bytes());
        for tag in &slot.entry.tags {
            if let Some(keys) = index.by_tag.get_mut(tag) {
                keys.remove(key);
                if keys.is_empty() {
                    index.by_tag.remove(tag);
                }
            }
        }
    }

    /// Drops what carries one of the tags; costs what it drops, not what is kept.
    pub(super) fn purge(&self, index: &mut Index, tags: &[String]) {
        for tag in tags {
            for key in index.by_tag.remove(tag).unwrap_or_default() {
                self.remove(index, &key);
            }
        }
    }

    pub(super) fn clear(&self, index: &mut Index) {
        self.slots.clear();
        *index = Index::default();
    }
}

impl Index {
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
            link: None,
        }))
    }

    #[test]
    fn bytes_are_accounted_and_the_least_used_goes_first() {
        let (store, mut index) = (Store::default(), Index::default());
        let page = entry("a page", &["shop:1"]);
        let budget = page.bytes() * 10;
        for number in 0..10 {
            store.put(&mut index, &format!("/{number}"), &page, budget);
        }
        assert_eq!(index.bytes(), budget);
        assert!(store.get("/0").is_some(), "used again");
        store.put(&mut index, "/new", &page, budget);
        assert!(index.bytes() <= budget);
        assert!(store.get("/0").is_some() && store.get("/new").is_some());
        assert!(store.get("/1").is_none());
        store.put(
            &mut index,
            "/huge",
            &entry(&"x".repeat(1 << 20), &[]),
            budget,
        );
        assert!(store.get("/huge").is_none(), "never more than the budget");
        store.clear(&mut index);
        assert_eq!((store.len(), index.bytes()), (0, 0));
    }

    #[test]
    fn a_purge_forgets_every_trace() {
        let (store, mut index) = (Store::default(), Index::default());
        store.put(
            &mut index,
            "/p/a",
            &entry("a", &["product:a", "shop:1"]),
            1 << 20,
        );
        store.put(
            &mut index,
            "/p/b",
            &entry("b", &["product:b", "shop:1"]),
            1 << 20,
        );
        store.purge(
            &mut index,
            &["product:a".to_owned(), "product:z".to_owned()],
        );
        assert!(store.get("/p/a").is_none() && store.get("/p/b").is_some());
        assert!(!index.by_tag.contains_key("product:a"));
        store.purge(&mut index, &["shop:1".to_owned()]);
        assert_eq!((store.len(), index.bytes(), index.by_tag.len()), (0, 0, 0));
    }
}
