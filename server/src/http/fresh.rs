//! Whether a browser already has what it asks for (RFC 9110, sections 13.1.2 and 13.1.5).

use axum::http::{HeaderMap, header};

/// Whether `If-None-Match` names `etag` (weak comparison, as the RFC says for reading).
#[must_use]
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH);
    lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// Whether a `Range` may be answered: `If-Range` is absent or is exactly `etag`. A date never is, because we send none.
#[must_use]
pub fn range_holds(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_RANGE)
        .is_none_or(|known| known.as_bytes() == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn an_etag_is_known_alone_in_a_list_weak_and_by_star() {
        for (sent, known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(sent));
            assert_eq!(is_known(&headers, "\"a\""), known, "{sent}");
        }
    }

    #[test]
    fn a_range_needs_the_same_bytes() {
        let mut headers = HeaderMap::new();
        assert!(range_holds(&headers, "\"a\""));
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
        assert!(range_holds(&headers, "\"a\""));
        assert!(!range_holds(&headers, "\"b\""));
        headers.insert(
            header::IF_RANGE,
            HeaderValue::from_static("Sun, 22 Nov 2026 10:00:00 GMT"),
        );
        assert!(!range_holds(&headers, "\"a\""));
    }
}
