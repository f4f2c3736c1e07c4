//! Responses by key, each key with its variants (RFC 9111, section 4.1), within a budget of bytes.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, HeaderName};
use tokio::time::Instant;

use super::{
    policy::{self, Vary},
    stored::Stored,
};

/// Most variants of a key: who asks with a hundred languages drops the oldest.
const VARIANTS: usize = 32;

/// What is kept. What was used longest ago goes first.
pub(super) struct Store {
    budget: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    slots: HashMap<String, Slot>,
    /// The keys that carry a tag.
    by_tag: HashMap<String, HashSet<String>>,
    bytes: usize,
    clock: u64,
}

struct Slot {
    variants: Vec<Variant>,
    used: u64,
}

struct Variant {
    names: Vec<HeaderName>,
    selecting: Vec<Option<String>>,
    stored: Arc<Stored>,
}

impl Slot {
    fn bytes(&self, key: &str) -> usize {
        let variants = self.variants.iter().map(|variant| {
            let said = variant.selecting.iter().flatten().map(String::len);
            // The key stands once more for each tag.
            variant.stored.bytes() + said.sum::<usize>() + variant.stored.tags.len() * key.len()
        });
        key.len() + variants.sum::<usize>()
    }
}

impl Store {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest variant under `key` for a request with these headers.
    pub(super) fn get(&self, key: &str, asked: &HeaderMap) -> Option<Arc<Stored>> {
        let mut inner = self.inner();
        inner.clock += 1;
        let now = inner.clock;
        let slot = inner.slots.get_mut(key)?;
        slot.used = now;
        let fits =
            |variant: &&Variant| policy::selecting(&variant.names, asked) == variant.selecting;
        // The newest stands last.
        let variant = slot.variants.iter().rev().find(fits)?;
        Some(Arc::clone(&variant.stored))
    }

    /// Keeps a response to a request with these headers, in the place of the variant it would have been sent.
    pub(super) fn put(&self, key: &str, asked: &HeaderMap, stored: Arc<Stored>) {
        let Vary::Names(names) = Vary::read(&stored.headers) else {
            return;
        };
        if stored.bytes() > self.budget / 4 {
            return;
        }
        let tags = stored.tags.clone();
        let mut inner = self.inner();
        inner.clock += 1;
        let now = inner.clock;
        let before = inner.slots.get(key).map_or(0, |slot| slot.bytes(key));
        let slot = inner.slots.entry(key.to_owned()).or_insert(Slot {
            variants: Vec::new(),
            used: now,
        });
        slot.used = now;
        slot.variants
            .retain(|variant| policy::selecting(&variant.names, asked) != variant.selecting);
        if slot.variants.len() == VARIANTS {
            slot.variants.remove(0);
        }
        slot.variants.push(Variant {
            selecting: policy::selecting(&names, asked),
            names,
            stored,
        });
        for tag in &tags {
            let keys = inner.by_tag.entry(tag.clone()).or_default();
            keys.insert(key.to_owned());
        }
        let after = inner.slots.get(key).map_or(0, |slot| slot.bytes(key));
        inner.bytes = inner.bytes.saturating_sub(before) + after;
        if inner.bytes > self.budget {
            inner.evict(self.budget / 10 * 9);
        }
    }

    /// Drops every variant under `key` (section 4.4).
    pub(super) fn invalidate(&self, key: &str) {
        self.inner().remove(key);
    }

    /// Drops what carries one of the tags.
    pub(super) fn drop_tagged(&self, tags: &[String]) {
        let mut inner = self.inner();
        for tag in tags {
            for key in inner.by_tag.get(tag).cloned().unwrap_or_default() {
                inner.remove(&key);
            }
        }
    }

    /// Marks what carries one of the tags as out of date. Answers what of it was sent `hot` times.
    pub(super) fn mark_tagged(&self, tags: &[String], hot: u32) -> Vec<(String, Arc<Stored>)> {
        let now = Instant::now();
        let inner = self.inner();
        let keys = tags
            .iter()
            .filter_map(|tag| inner.by_tag.get(tag))
            .flatten();
        let mut found = Vec::new();
        for key in keys {
            let variants = inner.slots.get(key).map(|slot| &slot.variants);
            for variant in variants.into_iter().flatten() {
                let stored = &variant.stored;
                let is_named = stored.tags.iter().any(|tag| tags.contains(tag));
                if is_named && stored.mark_purged(now) && stored.hits() >= hot {
                    found.push((key.clone(), Arc::clone(stored)));
                }
            }
        }
        found
    }

    /// Marks everything as out of date.
    pub(super) fn mark_all(&self) {
        let now = Instant::now();
        for slot in self.inner().slots.values() {
            for variant in &slot.variants {
                variant.stored.mark_purged(now);
            }
        }
    }

    /// Keys and bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        let inner = self.inner();
        (inner.slots.len(), inner.bytes)
    }
}

impl Inner {
    fn remove(&mut self, key: &str) {
        if let Some(slot) = self.slots.remove(key) {
            self.bytes = self.bytes.saturating_sub(slot.bytes(key));
            for tag in slot
                .variants
                .iter()
                .flat_map(|variant| &variant.stored.tags)
            {
                if let Some(keys) = self.by_tag.get_mut(tag) {
                    keys.remove(key);
                    if keys.is_empty() {
                        self.by_tag.remove(tag);
                    }
                }
            }
        }
    }

    fn evict(&mut self, down_to: usize) {
        let mut ages: Vec<(u64, String)> = self
            .slots
            .iter()
            .map(|(key, slot)| (slot.used, key.clone()))
            .collect();
        ages.sort_unstable();
        for (_, key) in ages {
            if self.bytes <= down_to {
                break;
            }
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, StatusCode};
    use bytes::Bytes;
    use domain::time::UnixMs;
    use std::time::Duration;

    use crate::edge::stored::Arrived;

    fn stored(text: &str, vary: Option<&'static str>) -> Arc<Stored> {
        let mut headers = HeaderMap::new();
        if let Some(vary) = vary {
            headers.insert("vary", HeaderValue::from_static(vary));
        }
        let body = Bytes::from(text.to_owned());
        let arrived = Arrived {
            now: UnixMs(0),
            took: Duration::ZERO,
        };
        Arc::new(Stored::new(StatusCode::OK, headers, body, arrived))
    }

    fn asked(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !value.is_empty() {
            headers.insert("foo", HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn variants_live_beside_each_other() {
        let store = Store::new(1 << 20);
        let text = |value| {
            let found = store.get("k", &asked(value));
            found.map(|stored| String::from_utf8(stored.body.to_vec()).unwrap())
        };
        store.put("k", &asked("1"), stored("one", Some("foo")));
        store.put("k", &asked("2"), stored("two", Some("foo")));
        store.put("k", &asked("1"), stored("uno", Some("foo")));
        assert_eq!(text("1").as_deref(), Some("uno"));
        assert_eq!(text("2").as_deref(), Some("two"));
        assert_eq!((text("3"), text("")), (None, None));
        store.put("k", &asked("9"), stored("for all", None));
        assert_eq!(text("3").as_deref(), Some("for all"));
        assert_eq!(text("1").as_deref(), Some("for all"), "the newest");
        store.invalidate("k");
        assert_eq!(text("1"), None);
        assert_eq!(store.size(), (0, 0));
    }

    #[test]
    fn never_more_than_the_budget() {
        let store = Store::new(10_000);
        let page = "x".repeat(1_000);
        for number in 0..50 {
            store.put(&format!("k{number}"), &asked(""), stored(&page, None));
            assert!(store.size().1 <= 10_000);
            assert!(store.get("k0", &asked("")).is_some() || number > 9);
        }
        assert!(store.get("k49", &asked("")).is_some());
        store.put("huge", &asked(""), stored(&"x".repeat(5_000), None));
        assert!(store.get("huge", &asked("")).is_none());
        for language in 0..100 {
            let mut headers = HeaderMap::new();
            headers.insert("foo", HeaderValue::from(language));
            store.put("k", &headers, stored("a", Some("foo")));
        }
        assert_eq!(store.inner().slots["k"].variants.len(), VARIANTS);
    }
}
