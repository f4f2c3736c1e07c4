//! Structured fields (RFC 9651), as far as resumable uploads use them: Items that are an Integer or a Boolean, and Byte
//! Sequences of a Dictionary. What is of another form is ignored as a whole, as the draft says.

use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The only value of a field; `None` without one, with several, or where it is no text.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    if values.next().is_some() {
        return None;
    }
    Some(only.to_str().ok()?.trim_matches(' '))
}

/// The bare item of an Item, without its parameters, which nothing here reads; `None` where they are malformed.
fn bare(item: &str) -> Option<&str> {
    let (bare, parameters) = item.split_once(';').unwrap_or((item, ""));
    let is_parameter = |parameter: &str| {
        let key = parameter.trim_start_matches(' ');
        let key = key.split_once('=').map_or(key, |(key, _)| key);
        key.starts_with(|c: char| c.is_ascii_lowercase() || c == '*')
            && key
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*".contains(c))
    };
    let well_formed = item.len() == bare.len() || parameters.split(';').all(is_parameter);
    well_formed.then_some(bare)
}

/// An Item that is an Integer of 0 or more (RFC 9651, section 3.3.1: at most 15 digits).
pub(super) fn count(headers: &HeaderMap, name: &str) -> Option<u64> {
    let digits = bare(single(headers, name)?)?;
    let is_count = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if is_count { digits.parse().ok() } else { None }
}

/// An Item that is a Boolean (RFC 9651, section 3.3.6).
pub(super) fn boolean(headers: &HeaderMap, name: &str) -> Option<bool> {
    match bare(single(headers, name)?)? {
        "?1" => Some(true),
        "?0" => Some(false),
        _ => None,
    }
}

/// How a Boolean is written.
pub(super) const fn written(value: bool) -> HeaderValue {
    HeaderValue::from_static(if value { "?1" } else { "?0" })
}

/// The Byte Sequence under `key` of a Dictionary of Byte Sequences (RFC 9530); the last one of that key counts.
pub(super) fn digest(headers: &HeaderMap, name: &str, key: &str) -> Option<Vec<u8>> {
    let lines = headers.get_all(name).iter();
    let members = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let mut found = None;
    for member in members {
        let (named, value) = member.trim_matches([' ', '\t']).split_once('=')?;
        let encoded = bare(value)?.strip_prefix(':')?.strip_suffix(':')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        if named == key {
            found = Some(bytes);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append("x", value);
            }
        }
        headers
    }

    #[test]
    fn counts() {
        for (value, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("999999999999999", Some(999_999_999_999_999)),
            ("25;a", Some(25)),
            ("25; a=1;b2", Some(25)),
            ("25;", None),
            ("25;=1", None),
            ("1000000000000000", None),
            ("-1", None),
            ("-0", None),
            ("+1", None),
            ("1.0", None),
            ("1e3", None),
            ("\"1\"", None),
            ("", None),
            ("1, 1", None),
        ] {
            assert_eq!(count(&headers(&[value]), "x"), expected, "{value}");
        }
        assert_eq!(count(&headers(&["1", "1"]), "x"), None);
        assert_eq!(count(&headers(&[]), "x"), None);
    }

    #[test]
    fn booleans() {
        for (value, expected) in [
            ("?1", Some(true)),
            ("?0", Some(false)),
            ("?1;later", Some(true)),
            ("1", None),
            ("true", None),
            ("?2", None),
            ("? 1", None),
        ] {
            assert_eq!(boolean(&headers(&[value]), "x"), expected, "{value}");
        }
    }

    #[test]
    fn digests() {
        let read = |values: &[&str]| digest(&headers(values), "x", "sha-256");
        assert_eq!(read(&["sha-256=:YWJj:"]), Some(b"abc".to_vec()));
        assert_eq!(
            read(&["sha-512=:eA==:, sha-256=:YQ==:", "sha-256=:Yg==:"]),
            Some(b"b".to_vec())
        );
        assert_eq!(read(&["sha-512=:eA==:"]), None);
        assert_eq!(read(&["sha-256=YWJj"]), None);
        assert_eq!(read(&["sha-256=:!:"]), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(value in "[ -~]*") {
            let headers = headers(&[&value]);
            let found = count(&headers, "x");
            prop_assert!(found.is_none_or(|found| found < 1_000_000_000_000_000));
            let _ = boolean(&headers, "x");
            let _ = digest(&headers, "x", "sha-256");
        }

        #[test]
        fn what_is_written_is_read(number in 0_u64..1_000_000_000_000_000, truth: bool) {
            prop_assert_eq!(count(&headers(&[&number.to_string()]), "x"), Some(number));
            let written = written(truth);
            prop_assert_eq!(boolean(&headers(&[written.to_str().unwrap()]), "x"), Some(truth));
        }
    }
}
