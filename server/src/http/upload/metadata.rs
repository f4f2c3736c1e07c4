//! `Upload-Metadata` (tus 1.0, creation extension): pairs of a key and a base64 value, joined by commas.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};

/// Longest header that is read; names of files are short.
const LONGEST: usize = 4096;

/// Why the header cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// Longer than 4 096 bytes.
    #[error("Upload-Metadata is longer than 4096 bytes; send shorter values.")]
    TooLong,
    /// A pair without a key, with spaces too many, or with a key that comes twice.
    #[error(
        "Upload-Metadata must be pairs of a key, a space and a base64 value, joined by commas, each key once."
    )]
    Pair,
    /// A value that is not base64 of UTF-8.
    #[error("A value in Upload-Metadata is not base64 of UTF-8 text.")]
    Value,
    /// A value with control characters other than tabs and line ends.
    #[error("A value in Upload-Metadata has control characters. Send text without them.")]
    Control,
}

/// Reads the header. A key without a value has the empty value.
///
/// # Errors
/// See [`Malformed`].
pub(super) fn parse(header: &str) -> Result<BTreeMap<String, String>, Malformed> {
    if header.len() > LONGEST {
        return Err(Malformed::TooLong);
    }
    let mut pairs = BTreeMap::new();
    if header.trim().is_empty() {
        return Ok(pairs);
    }
    for pair in header.split(',') {
        let mut parts = pair.trim().split(' ');
        let key = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        if key.is_empty()
            || !key.bytes().all(|byte| byte.is_ascii_graphic())
            || parts.next().is_some()
        {
            return Err(Malformed::Pair);
        }
        let bytes = STANDARD.decode(value).map_err(|_| Malformed::Value)?;
        let text = String::from_utf8(bytes).map_err(|_| Malformed::Value)?;
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        {
            return Err(Malformed::Control);
        }
        if pairs.insert(key.to_owned(), text).is_some() {
            return Err(Malformed::Pair);
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_protocol() {
        let pairs = parse("filename d29ybGRfZG9taW5hdGlvbl9wbGFuLnBkZg==,is_confidential").unwrap();
        assert_eq!(pairs["filename"], "world_domination_plan.pdf");
        assert_eq!(pairs["is_confidential"], "");
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_metadata_is_refused() {
        assert_eq!(parse("a YQ== b"), Err(Malformed::Pair));
        assert_eq!(parse(",a YQ=="), Err(Malformed::Pair));
        assert_eq!(parse("a YQ==,a YQ=="), Err(Malformed::Pair));
        assert_eq!(parse("a !!"), Err(Malformed::Value));
        assert_eq!(parse("a /w=="), Err(Malformed::Value));
        assert_eq!(parse("a\tb YQ=="), Err(Malformed::Pair));
        assert_eq!(parse("a YQBi"), Err(Malformed::Control));
        assert_eq!(parse("a G1szMW0="), Err(Malformed::Control));
        assert!(parse("a YQpi").is_ok());
        assert_eq!(parse(&"a".repeat(5000)), Err(Malformed::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pairs in proptest::collection::btree_map("[a-z]{1,9}", "[^\\p{Cc}]{0,40}", 1..6)) {
            let header = pairs.iter().map(|(k, v)| format!("{k} {}", STANDARD.encode(v))).collect::<Vec<_>>().join(",");
            prop_assert_eq!(parse(&header).unwrap(), pairs);
        }

        #[test]
        fn any_text_is_survived(header in ".*") {
            let _ = parse(&header);
        }
    }
}
