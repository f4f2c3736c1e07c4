//! Metrics for Prometheus (text format 0.0.4). None of them is about a person.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::state::Pages;

/// Upper bounds of the buckets of response times, microseconds: from a cached page to a slow database.
const BUCKETS_US: [u64; 8] = [
    500, 1_000, 5_000, 25_000, 100_000, 500_000, 2_500_000, 10_000_000,
];

/// The metrics of one process.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Responses by class of status, 1xx first.
    responses: [AtomicU64; 5],
    /// Responses by time, the last for those above every bound.
    durations: [AtomicU64; BUCKETS_US.len() + 1],
    duration_sum_us: AtomicU64,
    /// Bytes of uploads that were acknowledged.
    pub uploaded_bytes: AtomicU64,
    /// Connections that are open.
    pub connections: AtomicU64,
    /// Connections refused because there were too many.
    pub refused_connections: AtomicU64,
    /// Requests with forwarded headers from somebody who is not trusted.
    untrusted_forwarded: AtomicU64,
}

impl Metrics {
    /// Counts a response with `status` whose head was ready after `duration`.
    pub fn count(&self, status: u16, duration: Duration) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.responses[class].fetch_add(1, Ordering::Relaxed);
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.partition_point(|bound| *bound < us);
        self.durations[bucket].fetch_add(1, Ordering::Relaxed);
        self.duration_sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Counts a request whose forwarded headers are not believed.
    pub fn untrusted_forwarded(&self) {
        self.untrusted_forwarded.fetch_add(1, Ordering::Relaxed);
    }

    /// All of them as text.
    #[must_use]
    pub fn text(&self, pages: &Pages, loops: &[services::Loop]) -> String {
        let mut text = String::new();
        self.write_responses(&mut text);
        self.write_durations(&mut text);
        let counts = pages.counts();
        let uploaded = self.uploaded_bytes.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            (
                "page_cache_hits_total",
                "counter",
                "Pages found in the cache.",
                counts.hits,
            ),
            (
                "page_cache_misses_total",
                "counter",
                "Pages that had to be rendered.",
                counts.misses,
            ),
            (
                "page_cache_entries",
                "gauge",
                "Pages in the cache.",
                counts.pages as u64,
            ),
            (
                "page_cache_bytes",
                "gauge",
                "Bytes that the pages in the cache take.",
                counts.bytes as u64,
            ),
            (
                "upload_bytes_total",
                "counter",
                "Bytes of uploads that were acknowledged.",
                uploaded,
            ),
            (
                "http_connections",
                "gauge",
                "Connections that are open.",
                self.connections.load(Ordering::Relaxed),
            ),
            (
                "http_connections_refused_total",
                "counter",
                "Connections refused because there were too many.",
                self.refused_connections.load(Ordering::Relaxed),
            ),
            (
                "forwarded_untrusted_total",
                "counter",
                "Requests with forwarded headers from a peer that is not trusted.",
                self.untrusted_forwarded.load(Ordering::Relaxed),
            ),
        ] {
            head(&mut text, name, kind, help);
            line(&mut text, name, value);
        }
        let name = "background_loop_restarts_total";
        head(
            &mut text,
            name,
            "counter",
            "Restarts of a loop after it ended or panicked.",
        );
        for one in loops {
            let series = format!("{name}{{loop=\"{}\"}}", one.name);
            line(&mut text, &series, one.restarts);
        }
        text
    }

    fn write_responses(&self, text: &mut String) {
        let name = "http_responses_total";
        head(text, name, "counter", "Responses by class of status.");
        for (class, count) in (1..).zip(&self.responses) {
            let series = format!("{name}{{class=\"{class}xx\"}}");
            line(text, &series, count.load(Ordering::Relaxed));
        }
    }

    /// A histogram: every bucket counts what the smaller ones count too.
    fn write_durations(&self, text: &mut String) {
        let name = "http_request_duration_seconds";
        head(
            text,
            name,
            "histogram",
            "Time from a request to the head of its response.",
        );
        let bounds = BUCKETS_US.map(|us| seconds(us).to_string());
        let bounds = bounds.iter().map(String::as_str).chain(["+Inf"]);
        let mut count = 0;
        for (bound, own) in bounds.zip(&self.durations) {
            count += own.load(Ordering::Relaxed);
            line(text, &format!("{name}_bucket{{le=\"{bound}\"}}"), count);
        }
        let sum = seconds(self.duration_sum_us.load(Ordering::Relaxed));
        line(text, &format!("{name}_sum"), sum);
        line(text, &format!("{name}_count"), count);
    }
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, series: &str, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{series} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted_by_class_and_by_time() {
        let metrics = Metrics::default();
        for (status, ms) in [(200, 0), (204, 1), (404, 30), (503, 60_000)] {
            metrics.count(status, Duration::from_millis(ms));
        }
        let text = metrics.text(&Pages::new(|_| false), &[]);
        for wanted in [
            "# TYPE http_responses_total counter\n",
            "http_responses_total{class=\"1xx\"} 0\n",
            "http_responses_total{class=\"2xx\"} 2\n",
            "http_responses_total{class=\"5xx\"} 1\n",
            "# TYPE http_request_duration_seconds histogram\n",
            "http_request_duration_seconds_bucket{le=\"0.0005\"} 1\n",
            "http_request_duration_seconds_bucket{le=\"0.001\"} 2\n",
            "http_request_duration_seconds_bucket{le=\"0.1\"} 3\n",
            "http_request_duration_seconds_bucket{le=\"10\"} 3\n",
            "http_request_duration_seconds_bucket{le=\"+Inf\"} 4\n",
            "http_request_duration_seconds_sum 60.031\n",
            "http_request_duration_seconds_count 4\n",
            "page_cache_hits_total 0\n",
            "upload_bytes_total 0\n",
        ] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
    }
}
