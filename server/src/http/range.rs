//! Byte ranges (RFC 9110, section 14): one range per answer. Several ranges are answered with the whole, which the RFC allows.

/// What a `Range` header asks of something `length` bytes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// No range, or one that may be ignored.
    Whole,
    /// Bytes `start..end`; never empty, `end` ≤ length.
    Part {
        /// First byte.
        start: u64,
        /// One past the last byte.
        end: u64,
    },
    /// A range that lies outside: 416.
    Unsatisfiable,
}

/// Reads a `Range` header. Anything that is not one well-formed `bytes` range means the whole.
#[must_use]
pub fn parse(header: &str, length: u64) -> Wanted {
    let Some((unit, spec)) = header.split_once('=') else {
        return Wanted::Whole;
    };
    let spec = spec.trim();
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = spec.split_once('-') else {
        return Wanted::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    match (number(first), number(last)) {
        (Some(start), Some(last)) if start > last => Wanted::Whole,
        (Some(start), _) if start >= length && (last.is_empty() || number(last).is_some()) => {
            Wanted::Unsatisfiable
        }
        (Some(start), Some(last)) => Wanted::Part {
            start,
            end: last.saturating_add(1).min(length),
        },
        (Some(start), None) if last.is_empty() => Wanted::Part { start, end: length },
        (None, Some(0)) if first.is_empty() => Wanted::Unsatisfiable,
        (None, Some(_)) if first.is_empty() && length == 0 => Wanted::Unsatisfiable,
        (None, Some(count)) if first.is_empty() => Wanted::Part {
            start: length.saturating_sub(count),
            end: length,
        },
        _ => Wanted::Whole,
    }
}

/// Digits only: `parse` alone would take a sign. A number too large for the file's length is as good as the largest.
fn number(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rfc_examples() {
        let part = |start, end| Wanted::Part { start, end };
        assert_eq!(parse("bytes=0-499", 10_000), part(0, 500));
        assert_eq!(parse("bytes=500-999", 10_000), part(500, 1000));
        assert_eq!(parse("bytes=-500", 10_000), part(9500, 10_000));
        assert_eq!(parse("bytes=9500-", 10_000), part(9500, 10_000));
        assert_eq!(parse("bytes=0-0", 10_000), part(0, 1));
        assert_eq!(parse("bytes=0-99999", 10_000), part(0, 10_000));
        assert_eq!(parse("bytes=-99999", 10_000), part(0, 10_000));
        assert_eq!(parse("bytes=10000-", 10_000), Wanted::Unsatisfiable);
        assert_eq!(parse("bytes=-0", 10_000), Wanted::Unsatisfiable);
        assert_eq!(parse("bytes=0-", 0), Wanted::Unsatisfiable);
        assert_eq!(parse("bytes=0-1,4-5", 10_000), Wanted::Whole);
        assert_eq!(parse("bytes=5-2", 10_000), Wanted::Whole);
        assert_eq!(parse("seconds=1-2", 10_000), Wanted::Whole);
        assert_eq!(parse("bytes=+1-2", 10_000), Wanted::Whole);
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_outside(header in "(bytes ?= ?)?[-0-9, +a-z]{0,30}", length in any::<u64>()) {
            if let Wanted::Part { start, end } = parse(&header, length) {
                prop_assert!(start < end && end <= length);
            }
        }

        #[test]
        fn any_text_is_survived(header in ".*", length in any::<u64>()) {
            let _ = parse(&header, length);
        }

        #[test]
        fn a_plain_range_inside_is_itself(a in 0u64..1000, more in 0u64..1000, rest in 1u64..1000) {
            let wanted = parse(&format!("bytes={a}-{}", a + more), a + more + rest);
            prop_assert_eq!(wanted, Wanted::Part { start: a, end: a + more + 1 });
        }
    }
}
