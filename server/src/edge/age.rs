//! How old a response is and how long it is fresh (RFC 9111, section 4.2). Seconds throughout, as in the headers.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use domain::time::UnixMs;

use super::directive::{Directives, seconds};

/// A lifetime for caches like this one alone (RFC 9213).
pub(super) const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// The share of its age that a response without a lifetime is thought to stay as it is (RFC 9111, section 4.2.2).
const HEURISTIC_SHARE: u64 = 10;

/// The longest that is guessed, s: a day.
const HEURISTIC_MOST: u64 = 24 * 3600;

/// An age that is above every lifetime.
const ANCIENT: u64 = 1 << 40;

/// The directives that count for this cache: those for CDNs alone, where there are any (RFC 9213, section 2.2).
pub(super) fn directives(headers: &HeaderMap) -> Directives {
    let targeted = Directives::read(headers, &CDN_CACHE_CONTROL);
    if targeted.is_empty() {
        Directives::read(headers, &header::CACHE_CONTROL)
    } else {
        targeted
    }
}

/// How long a response is fresh, s, where its sender says so.
pub(super) fn explicit(headers: &HeaderMap, received: UnixMs) -> Option<u64> {
    let directives = directives(headers);
    let lifetime = directives
        .seconds("s-maxage")
        .or_else(|| directives.seconds("max-age"));
    if lifetime.is_some() || headers.contains_key(&CDN_CACHE_CONTROL) {
        return lifetime;
    }
    let mut expires = headers.get_all(header::EXPIRES).iter().peekable();
    expires.peek()?;
    // What is no date lies in the past (section 5.3); of several the first to come counts.
    let expires = expires
        .map(|line| line.to_str().ok().and_then(date).unwrap_or(0))
        .min()?;
    let sent = named_date(headers, &header::DATE).unwrap_or_else(|| seconds_of(received));
    Some(expires.saturating_sub(sent))
}

/// How long a response is fresh, s, by what its sender says or else by how long it has not changed.
pub(super) fn lifetime(status: StatusCode, headers: &HeaderMap, received: UnixMs) -> u64 {
    explicit(headers, received)
        .or_else(|| heuristic(status, headers, received))
        .unwrap_or(0)
}

fn heuristic(status: StatusCode, headers: &HeaderMap, received: UnixMs) -> Option<u64> {
    if !may_be_guessed(status) && !directives(headers).has("public") {
        return None;
    }
    // What sets a cookie is for one browser, unless its sender says how long it is good for all.
    if headers.contains_key(header::SET_COOKIE) {
        return None;
    }
    let changed = named_date(headers, &header::LAST_MODIFIED)?;
    let sent = named_date(headers, &header::DATE).unwrap_or_else(|| seconds_of(received));
    Some((sent.saturating_sub(changed) / HEURISTIC_SHARE).min(HEURISTIC_MOST))
}

/// The statuses whose definition allows a guess (RFC 9110, section 15.1). 206 is not kept here.
fn may_be_guessed(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

/// How old a response was when it came, s. An `Age` that is not one number makes it older than any lifetime.
pub(super) fn on_arrival(headers: &HeaderMap, received: UnixMs, took: Duration) -> u64 {
    let mut lines = headers.get_all(header::AGE).iter();
    let said = match (lines.next(), lines.next()) {
        (None, _) => 0,
        (Some(line), None) => line.to_str().ok().and_then(seconds).unwrap_or(ANCIENT),
        (Some(_), Some(_)) => ANCIENT,
    };
    let apparent = named_date(headers, &header::DATE)
        .map_or(0, |sent| seconds_of(received).saturating_sub(sent));
    said.saturating_add(took.as_secs()).max(apparent)
}

/// The date in a header, s after 1970.
pub(super) fn named_date(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    date(headers.get(name)?.to_str().ok()?)
}

/// A date in one of the three forms of RFC 9110 (section 5.6.7), s after 1970.
fn date(text: &str) -> Option<u64> {
    let at = httpdate::parse_http_date(text).ok()?;
    let since = at.duration_since(UNIX_EPOCH);
    Some(since.map_or(0, |since| since.as_secs()))
}

fn seconds_of(at: UnixMs) -> u64 {
    u64::try_from(at.0 / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const NOON: u64 = 1_800_000_000;

    fn at(unix: u64) -> UnixMs {
        UnixMs(i64::try_from(unix).unwrap() * 1000)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn written(unix: u64) -> String {
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix))
    }

    #[test]
    fn a_lifetime_is_what_the_nearest_header_says() {
        let (now, later, sooner) = (written(NOON), written(NOON + 300), written(NOON - 300));
        for (pairs, expected) in [
            (vec![("cache-control", "max-age=60")], 60),
            (vec![("cache-control", "max-age=60, s-maxage=5")], 5),
            (vec![("cache-control", "max-age=0"), ("expires", &later)], 0),
            (
                vec![("cache-control", "max-age=60"), ("expires", &sooner)],
                60,
            ),
            (
                vec![
                    ("cache-control", "max-age=60"),
                    ("cdn-cache-control", "max-age=9"),
                ],
                9,
            ),
            (
                vec![
                    ("cache-control", "max-age=60"),
                    ("cdn-cache-control", "no-cache"),
                ],
                0,
            ),
            (vec![("expires", &later), ("date", &now)], 300),
            (vec![("expires", &later)], 300),
            (vec![("expires", &later), ("date", "foo")], 300),
            (vec![("expires", &later), ("expires", &sooner)], 0),
            (vec![("expires", "0")], 0),
            (
                vec![("last-modified", &written(NOON - 1000)), ("date", &now)],
                100,
            ),
            (
                vec![("last-modified", &written(0)), ("date", &now)],
                HEURISTIC_MOST,
            ),
            (vec![], 0),
        ] {
            let headers = headers(&pairs);
            let found = lifetime(StatusCode::OK, &headers, at(NOON));
            assert_eq!(found, expected, "{pairs:?}");
        }
    }

    #[test]
    fn only_some_statuses_are_guessed() {
        let mut sent = headers(&[("last-modified", &written(NOON - 1000))]);
        let of = |status: u16, sent: &HeaderMap| {
            lifetime(StatusCode::from_u16(status).unwrap(), sent, at(NOON))
        };
        assert_eq!([200, 404, 410].map(|status| of(status, &sent)), [100; 3]);
        assert_eq!([201, 403, 503, 599].map(|status| of(status, &sent)), [0; 4]);
        sent.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
        assert_eq!(of(599, &sent), 100);
    }

    #[test]
    fn an_age_is_one_number_or_too_much() {
        let sent = written(NOON - 7);
        for (pairs, expected) in [
            (vec![("age", "30")], 31),
            (vec![("age", "30"), ("date", &sent)], 31),
            (vec![("age", "2"), ("date", &sent)], 7),
            (vec![("date", &sent)], 7),
            (vec![("date", &written(NOON + 50))], 1),
            (vec![], 1),
        ] {
            let age = on_arrival(&headers(&pairs), at(NOON), Duration::from_secs(1));
            assert_eq!(age, expected, "{pairs:?}");
        }
        for odd in ["abc", "-1", "7.0", "0, 0", "7;a=1", ""] {
            let age = on_arrival(&headers(&[("age", odd)]), at(NOON), Duration::ZERO);
            assert!(age >= ANCIENT, "{odd}");
        }
        let twice = headers(&[("age", "0"), ("age", "0")]);
        assert!(on_arrival(&twice, at(NOON), Duration::ZERO) >= ANCIENT);
    }
}
