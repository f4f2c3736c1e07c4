//! Directives of `Cache-Control` and headers of its kind (RFC 9111, section 5.2).

use axum::http::{HeaderMap, HeaderName};

/// The longest time that counts, s: about 68 years, as RFC 9111 (section 1.2.2) says of what is longer.
const LONGEST: u64 = 1 << 31;

/// The directives of all lines of one header, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    /// Reads every line of the header `name`. What is malformed is read as far as it makes sense.
    pub(super) fn read(headers: &HeaderMap, name: &HeaderName) -> Self {
        let mut all = Vec::new();
        for line in headers.get_all(name) {
            // A byte that is no text hides nothing that stands beside it.
            read_line(&String::from_utf8_lossy(line.as_bytes()), &mut all);
        }
        Self(all)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is a directive of that name, with or without an argument.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The argument of a directive in seconds. Of several the least counts, and one that cannot be read is 0: what is not
    /// understood is better asked for again.
    pub(super) fn seconds(&self, name: &str) -> Option<u64> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        named
            .map(|(_, argument)| argument.as_deref().and_then(seconds).unwrap_or(0))
            .min()
    }

    /// A directive without an argument, or the seconds of its argument: `max-stale` is both.
    pub(super) fn open_seconds(&self, name: &str) -> Option<u64> {
        let named = self.0.iter().filter(|(known, _)| known == name);
        named
            .map(|(_, argument)| match argument {
                None => LONGEST,
                Some(argument) => seconds(argument).unwrap_or(0),
            })
            .min()
    }
}

/// Seconds in decimal digits and nothing else; what is too large is the longest time there is.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(LONGEST).min(LONGEST))
}

fn read_line(line: &str, all: &mut Vec<(String, Option<String>)>) {
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return;
        }
        let end = rest.find([',', '=']).unwrap_or(rest.len());
        let name = rest[..end].trim().to_ascii_lowercase();
        rest = &rest[end..];
        let argument = rest.strip_prefix('=').map(|after| {
            let (argument, left) = match after.strip_prefix('"') {
                Some(quoted) => unquoted(quoted),
                None => {
                    let end = after.find(',').unwrap_or(after.len());
                    (after[..end].trim().to_owned(), &after[end..])
                }
            };
            // Whatever stands behind a quoted string up to the comma belongs to nothing.
            rest = &left[left.find(',').unwrap_or(left.len())..];
            argument
        });
        all.push((name, argument));
    }
}

/// The text of a quoted string whose first quote was taken off, and what follows its last (RFC 9110, section 5.6.4).
fn unquoted(text: &str) -> (String, &str) {
    let mut plain = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (plain, &text[at + 1..]),
            '\\' => plain.extend(chars.next().map(|(_, escaped)| escaped)),
            c => plain.push(c),
        }
    }
    (plain, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header::CACHE_CONTROL};
    use proptest::prelude::*;

    fn read(lines: &[&str]) -> Directives {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_CONTROL, HeaderValue::from_str(line).unwrap());
        }
        Directives::read(&headers, &CACHE_CONTROL)
    }

    #[test]
    fn seconds_are_digits_and_the_least_counts() {
        for (lines, expected) in [
            (&["max-age=60"][..], Some(60)),
            (&["MaX-AgE=60"], Some(60)),
            (&["max-age=\"60\""], Some(60)),
            (&["max-age=0060"], Some(60)),
            (&["max-age='60'"], Some(0)),
            (&["max-age=-60"], Some(0)),
            (&["max-age=6.0"], Some(0)),
            (&["max-age"], Some(0)),
            (&["max-age="], Some(0)),
            (&["max-age=99999999999999999999999"], Some(LONGEST)),
            (&["max-age=60, max-age=5"], Some(5)),
            (&["max-age=60", "max-age=5"], Some(5)),
            (&["extension=\"max-age=3600\", max-age=1"], Some(1)),
            (&["max-age=1, extension=\"a, max-age=0\""], Some(1)),
            (&["extension=\"\\\"max-age=3600\\\"\""], None),
            (&["s-maxage=60"], None),
            (&[], None),
        ] {
            assert_eq!(read(lines).seconds("max-age"), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_directive_is_a_whole_name() {
        let read = read(&["private=\"set-cookie\", , No-Cache", "x-no-store"]);
        assert!(read.has("private") && read.has("no-cache"));
        assert!(!read.has("no-store") && !read.is_empty());
        assert_eq!(
            self::read(&["max-stale"]).open_seconds("max-stale"),
            Some(LONGEST)
        );
        assert_eq!(
            self::read(&["max-stale=7"]).open_seconds("max-stale"),
            Some(7)
        );
        assert!(self::read(&[" , ,"]).is_empty());
    }

    proptest! {
        #[test]
        fn any_line_is_survived(line in "[ -~]{0,80}") {
            let _ = read(&[&line]);
        }

        /// A directive that stands in front of anything is read.
        #[test]
        fn what_follows_changes_nothing(age in 0_u64..100_000, rest in "[a-z=\", ]{0,40}") {
            let read = read(&[&format!("max-age={age}, x{rest}")]);
            prop_assert!(read.seconds("max-age").is_some_and(|least| least <= age));
        }
    }
}
