//! Counters for Prometheus (text format 0.0.4). Nothing in them is about a person.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::page;

/// Counters of one process.
#[derive(Debug, Default)]
pub struct Metrics {
    answers: [AtomicU64; 5],
    /// Bytes of uploads that were acknowledged.
    pub uploaded_bytes: AtomicU64,
}

impl Metrics {
    /// Counts an answer with `status`.
    pub fn count(&self, status: u16) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    /// Everything as text.
    #[must_use]
    pub fn text(&self, pages: &page::Cache) -> String {
        let mut text = String::from(
            "# HELP vitrine_http_answers_total Answers by class of status.\n# TYPE vitrine_http_answers_total counter\n",
        );
        for (class, count) in self.answers.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "vitrine_http_answers_total{{class=\"{}xx\"}} {}",
                class + 1,
                count.load(Ordering::Relaxed)
            );
        }
        let (hits, misses, kept) = pages.counts();
        for (name, kind, help, value) in [
            (
                "vitrine_page_cache_hits_total",
                "counter",
                "Pages found in the cache.",
                hits,
            ),
            (
                "vitrine_page_cache_misses_total",
                "counter",
                "Pages that had to be made.",
                misses,
            ),
            (
                "vitrine_page_cache_entries",
                "gauge",
                "Pages kept.",
                kept as u64,
            ),
            (
                "vitrine_uploaded_bytes_total",
                "counter",
                "Bytes of uploads that were acknowledged.",
                self.uploaded_bytes.load(Ordering::Relaxed),
            ),
        ] {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
            );
        }
        text
    }
}
