//! Clips that were cut already, so that one asked for twice is cut once.

use std::collections::VecDeque;

use domain::highlight::Span;

/// A clip with what was asked for.
#[derive(Debug)]
struct Entry<V> {
    spans: Vec<Span>,
    bytes: u64,
    clip: V,
}

/// The clips of one session that were asked for last, up to a number of bytes.
#[derive(Debug)]
pub struct ClipCache<V> {
    budget: u64,
    /// Least recently asked for first.
    entries: VecDeque<Entry<V>>,
}

impl<V> ClipCache<V> {
    /// A cache that keeps at most `budget` bytes of clips.
    #[must_use]
    pub const fn new(budget: u64) -> Self {
        Self {
            budget,
            entries: VecDeque::new(),
        }
    }

    /// The clip of exactly these spans, where it is kept.
    pub fn get(&mut self, spans: &[Span]) -> Option<&V> {
        let at = self.entries.iter().position(|entry| entry.spans == spans)?;
        let entry = self.entries.remove(at)?;
        self.entries.push_back(entry);
        self.entries.back().map(|entry| &entry.clip)
    }

    /// Keeps a clip of so many bytes, and drops those that were not asked for longest where there is no room. One that is
    /// larger than the whole budget is not kept.
    pub fn put(&mut self, spans: Vec<Span>, bytes: u64, clip: V) {
        self.entries.retain(|entry| entry.spans != spans);
        if bytes > self.budget {
            return;
        }
        let mut kept: u64 = self.entries.iter().map(|entry| entry.bytes).sum();
        while kept + bytes > self.budget {
            let Some(dropped) = self.entries.pop_front() else {
                break;
            };
            kept -= dropped.bytes;
        }
        self.entries.push_back(Entry { spans, bytes, clip });
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    fn spans(starts: &[f64]) -> Vec<Span> {
        let span = |&start: &f64| Span {
            start,
            end: start + 2.0,
        };
        starts.iter().map(span).collect()
    }

    #[test]
    fn a_clip_asked_for_twice_is_there_the_second_time() {
        let mut cache = ClipCache::new(100);
        assert_eq!(cache.get(&spans(&[1.0])), None);
        cache.put(spans(&[1.0]), 10, "clip");
        cache.put(spans(&[1.0, 5.0]), 20, "reel");
        assert_eq!(cache.get(&spans(&[1.0])), Some(&"clip"));
        assert_eq!(cache.get(&spans(&[1.0, 5.0])), Some(&"reel"));
        // A reel in another order is another film.
        assert_eq!(cache.get(&spans(&[5.0, 1.0])), None);
    }

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let mut cache = ClipCache::new(100);
        for (start, clip) in [(1.0, "a"), (2.0, "b"), (3.0, "c")] {
            cache.put(spans(&[start]), 33, clip);
        }
        assert!(cache.get(&spans(&[1.0])).is_some());
        cache.put(spans(&[4.0]), 34, "d");
        assert_eq!(cache.get(&spans(&[2.0])), None);
        for start in [1.0, 3.0, 4.0] {
            assert!(cache.get(&spans(&[start])).is_some(), "{start}");
        }
        cache.put(spans(&[5.0]), 101, "larger than all there is");
        assert_eq!(cache.get(&spans(&[5.0])), None);
        assert!(cache.get(&spans(&[4.0])).is_some());
    }

    #[test]
    fn a_clip_of_the_same_spans_replaces_the_one_before() {
        let mut cache = ClipCache::new(100);
        cache.put(spans(&[1.0]), 60, "old");
        cache.put(spans(&[1.0]), 70, "new");
        assert_eq!(cache.get(&spans(&[1.0])), Some(&"new"));
        cache.put(spans(&[2.0]), 30, "other");
        assert!(
            cache.get(&spans(&[1.0])).is_some(),
            "70 and 30 are the budget"
        );
    }
}
