//! A response that is kept, and what is sent of it.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};
use bytes::Bytes;
use domain::time::UnixMs;
use tokio::time::Instant;

use super::age;
use crate::http::{
    fresh,
    range::{self, Wanted},
};

/// When an answer came, and how long after it was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived {
    pub(super) now: UnixMs,
    pub(super) took: Duration,
}

/// A whole response.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// How long it is fresh, s.
    pub(super) lifetime: u64,
    /// How old it was when it came, s.
    arrival_age: u64,
    arrived: Instant,
    /// What it was made of, as the origin names it in `Cache-Tag`.
    pub(super) tags: Vec<String>,
    /// The epoch of the feed in which it is vouched for.
    pub(super) vouched: Option<u64>,
    /// The request it answered, to be sent again; of what is vouched for alone.
    pub(super) asked: Option<HeaderMap>,
    /// When a change was told that it does not show.
    purged: OnceLock<Instant>,
    /// How often it was sent.
    hits: Arc<AtomicU32>,
}

const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");

/// What a 304 does not change: these describe the body that is kept (RFC 9111, section 3.2) and its name.
const KEPT: [HeaderName; 5] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::CONTENT_RANGE,
    header::ETAG,
];

/// What a 304 repeats of the response (RFC 9110, section 15.4.5): all but what describes a body.
const OF_THE_BODY: [HeaderName; 5] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_RANGE,
    header::CONTENT_LANGUAGE,
];

impl Stored {
    /// A response that has just come.
    pub(super) fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        arrived: Arrived,
    ) -> Self {
        let mut stored = Self {
            status,
            headers,
            body,
            ..Self::empty()
        };
        stored.begin(arrived);
        stored
    }

    /// Nothing, with no lifetime.
    pub(super) fn empty() -> Self {
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            lifetime: 0,
            arrival_age: 0,
            arrived: Instant::now(),
            tags: Vec::new(),
            vouched: None,
            asked: None,
            purged: OnceLock::new(),
            hits: Arc::default(),
        }
    }

    /// It was sent.
    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn hits(&self) -> u32 {
        self.hits.load(Ordering::Relaxed)
    }

    /// A change was told then that it does not show. Answers whether this is the first.
    pub(super) fn mark_purged(&self, at: Instant) -> bool {
        self.purged.set(at).is_ok()
    }

    /// It was fresh when it came: whoever sent it thought so.
    pub(super) const fn is_fresh_on_arrival(&self) -> bool {
        self.lifetime > self.arrival_age
    }

    /// How long ago a change was told that it does not show.
    pub(super) fn purged_since(&self) -> Option<Duration> {
        self.purged.get().map(Instant::elapsed)
    }

    /// Its life begins now.
    fn begin(&mut self, Arrived { now, took }: Arrived) {
        self.arrived = Instant::now();
        self.arrival_age = age::on_arrival(&self.headers, now, took);
        self.lifetime = age::lifetime(self.status, &self.headers, now);
        self.tags = self
            .headers
            .get_all(CACHE_TAG)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| !tag.is_empty())
            .collect();
        self.vouched = None;
        self.purged = OnceLock::new();
        self.hits = Arc::default();
    }

    /// How old it is, s.
    pub(super) fn age(&self) -> u64 {
        self.arrival_age
            .saturating_add(self.arrived.elapsed().as_secs())
    }

    /// The origin can say whether it has changed.
    pub(super) fn has_validator(&self) -> bool {
        self.headers.contains_key(header::ETAG) || self.headers.contains_key(header::LAST_MODIFIED)
    }

    /// It is of use: fresh for a while, or fresh again once the origin says so.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.has_validator() || self.is_fresh_on_arrival()
    }

    /// The same response after a 304 that says so.
    #[must_use]
    pub(super) fn confirmed(&self, headers: &HeaderMap, arrived: Arrived) -> Self {
        let mut stored = self.clone();
        // It tells the age of the response that it confirms anew.
        stored.headers.remove(header::AGE);
        for name in headers.keys().filter(|name| !KEPT.contains(name)) {
            stored.headers.remove(name);
            for value in headers.get_all(name) {
                stored.headers.append(name.clone(), value.clone());
            }
        }
        stored.begin(arrived);
        stored
    }

    /// Turns a request into one that asks the origin whether this is still the response.
    pub(super) fn validate(&self, headers: &mut HeaderMap) {
        for name in [
            header::IF_NONE_MATCH,
            header::IF_MODIFIED_SINCE,
            header::IF_RANGE,
            header::RANGE,
        ] {
            headers.remove(name);
        }
        if let Some(etag) = self.headers.get(header::ETAG) {
            headers.insert(header::IF_NONE_MATCH, etag.clone());
        }
        if let Some(changed) = self.headers.get(header::LAST_MODIFIED) {
            headers.insert(header::IF_MODIFIED_SINCE, changed.clone());
        }
    }

    /// What is sent to who asks so: all of it, a part, or that it has not changed.
    pub(super) fn answer(&self, method: &Method, asked: &HeaderMap, age: u64) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        let head = response.headers_mut();
        *head = self.headers.clone();
        head.insert(header::AGE, HeaderValue::from(age));
        if self.status == StatusCode::OK && self.is_known(asked) {
            for name in OF_THE_BODY {
                head.remove(name);
            }
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        let (status, body) = match self.wanted(method, asked) {
            Wanted::Whole => (self.status, self.body.clone()),
            Wanted::Part { start, end } => {
                set_range(
                    head,
                    &format!("bytes {start}-{}/{}", end - 1, self.body.len()),
                );
                let [start, end] = [start, end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
                (StatusCode::PARTIAL_CONTENT, self.body.slice(start..end))
            }
            Wanted::Unsatisfiable => {
                set_range(head, &format!("bytes */{}", self.body.len()));
                (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new())
            }
        };
        *response.status_mut() = status;
        let has_body = !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if has_body {
            let head = response.headers_mut();
            head.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            if *method != Method::HEAD {
                *response.body_mut() = Body::from(body);
            }
        }
        response
    }

    /// Whether the client has it already (RFC 9110, section 13.2.2).
    fn is_known(&self, asked: &HeaderMap) -> bool {
        if asked.contains_key(header::IF_NONE_MATCH) {
            let etag = self.headers.get(header::ETAG);
            return etag
                .and_then(|etag| etag.to_str().ok())
                .is_some_and(|etag| {
                    fresh::is_known(asked, etag.strip_prefix("W/").unwrap_or(etag))
                });
        }
        let Some(since) = age::named_date(asked, &header::IF_MODIFIED_SINCE) else {
            return false;
        };
        // Section 4.3.2 of RFC 9111: without a date of its last change, the date it was sent.
        age::named_date(&self.headers, &header::LAST_MODIFIED)
            .or_else(|| age::named_date(&self.headers, &header::DATE))
            .is_some_and(|changed| changed <= since)
    }

    fn wanted(&self, method: &Method, asked: &HeaderMap) -> Wanted {
        let range = asked.get(header::RANGE).and_then(|line| line.to_str().ok());
        let holds = match asked.get(header::IF_RANGE) {
            None => true,
            Some(known) => [header::ETAG, header::LAST_MODIFIED]
                .iter()
                .filter_map(|name| self.headers.get(name))
                .any(|own| own == known && !own.as_bytes().starts_with(b"W/")),
        };
        match range {
            Some(range) if holds && self.status == StatusCode::OK && *method == Method::GET => {
                range::parse(range, self.body.len() as u64)
            }
            _ => Wanted::Whole,
        }
    }

    /// Memory it takes, bytes.
    pub(super) fn bytes(&self) -> usize {
        let headers = self.headers.iter().chain(self.asked.iter().flatten());
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len() + 64)
            .sum();
        let tags: usize = self.tags.iter().map(String::len).sum();
        self.body.len() + headers + tags
    }
}

fn set_range(head: &mut HeaderMap, range: &str) {
    if let Ok(range) = HeaderValue::from_str(range) {
        head.insert(header::CONTENT_RANGE, range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    /// The first second of 2027, when it took so many seconds.
    fn at(took: u64) -> Arrived {
        Arrived {
            now: UnixMs(1_798_761_600_000),
            took: Duration::from_secs(took),
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn stored() -> Stored {
        let headers = headers(&[
            ("cache-control", "max-age=60"),
            ("etag", "\"a\""),
            ("last-modified", "Fri, 01 Jan 2027 00:00:00 GMT"),
            ("content-type", "text/plain"),
        ]);
        Stored::new(
            StatusCode::OK,
            headers,
            Bytes::from_static(b"0123456789"),
            at(0),
        )
    }

    async fn asked(pairs: &[(&'static str, &'static str)]) -> (u16, String, HeaderMap) {
        let (parts, body) = stored()
            .answer(&Method::GET, &headers(pairs), 0)
            .into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            parts.status.as_u16(),
            String::from_utf8(body.to_vec()).unwrap(),
            parts.headers,
        )
    }

    #[tokio::test]
    async fn the_whole_a_part_or_that_nothing_changed() {
        for (pairs, status, text) in [
            (&[][..], 200, "0123456789"),
            (&[("range", "bytes=2-3")], 206, "23"),
            (&[("range", "bytes=8-")], 206, "89"),
            (&[("range", "bytes=-1")], 206, "9"),
            (&[("range", "bytes=20-")], 416, ""),
            (&[("range", "bytes=0-1"), ("if-range", "\"a\"")], 206, "01"),
            (
                &[("range", "bytes=0-1"), ("if-range", "\"b\"")],
                200,
                "0123456789",
            ),
            (&[("if-none-match", "\"b\", W/\"a\"")], 304, ""),
            (&[("if-none-match", "\"b\"")], 200, "0123456789"),
            (
                &[("if-modified-since", "Fri, 01 Jan 2027 00:00:00 GMT")],
                304,
                "",
            ),
            (
                &[("if-modified-since", "Thu, 31 Dec 2026 00:00:00 GMT")],
                200,
                "0123456789",
            ),
            (&[("if-modified-since", "yesterday")], 200, "0123456789"),
            (
                &[
                    ("if-none-match", "\"b\""),
                    ("if-modified-since", "Fri, 01 Jan 2027 00:00:00 GMT"),
                ],
                200,
                "0123456789",
            ),
        ] {
            let (found, body, headers) = asked(pairs).await;
            assert_eq!((found, body.as_str()), (status, text), "{pairs:?}");
            assert!(headers.contains_key("age") && headers["etag"] == "\"a\"");
        }
        let (.., head) = asked(&[("range", "bytes=2-3")]).await;
        assert_eq!(
            (&head["content-range"], &head["content-length"]),
            (&"bytes 2-3/10".parse().unwrap(), &"2".parse().unwrap())
        );
        let (.., head) = asked(&[("if-none-match", "*")]).await;
        assert!(!head.contains_key("content-type"));
        let head = stored().answer(&Method::HEAD, &HeaderMap::new(), 0);
        assert_eq!(head.headers()["content-length"], "10");
        assert!(
            head.into_body()
                .collect()
                .await
                .unwrap()
                .to_bytes()
                .is_empty()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_confirmed_response_is_young_again_and_keeps_its_body() {
        let old = stored();
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(old.age(), 50);
        let news = headers(&[
            ("cache-control", "max-age=5"),
            ("x-new", "1"),
            ("etag", "\"b\""),
            ("content-length", "3"),
        ]);
        let new = old.confirmed(&news, at(2));
        assert_eq!((new.age(), new.lifetime, new.body.len()), (2, 5, 10));
        assert_eq!(
            (&new.headers["etag"], &new.headers["x-new"]),
            (&"\"a\"".parse().unwrap(), &"1".parse().unwrap())
        );
        assert!(!new.headers.contains_key("content-length"));
        let mut asked = headers(&[
            ("if-none-match", "\"mine\""),
            ("range", "bytes=0-1"),
            ("accept", "a"),
        ]);
        new.validate(&mut asked);
        assert_eq!(
            (&asked["if-none-match"], asked.len()),
            (&"\"a\"".parse().unwrap(), 3)
        );
    }
}
