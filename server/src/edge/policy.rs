//! What may be kept, and what may be sent of what is kept (RFC 9111, sections 3 and 4).

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};

use super::{age, directive::Directives, stored::Stored};

/// How long an old response is better than none where its sender says nothing, s. As pages of the origin's own cache.
const STALE_IF_ERROR: u64 = 600;

/// What a client asks of a cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Nothing of this is to be kept.
    pub(super) no_store: bool,
    /// Only what the origin has just confirmed.
    no_cache: bool,
    max_age: Option<u64>,
    min_fresh: u64,
    max_stale: Option<u64>,
    /// Nothing may be forwarded.
    pub(super) only_if_cached: bool,
}

impl Asked {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let directives = Directives::read(headers, &header::CACHE_CONTROL);
        let pragma = Directives::read(headers, &header::PRAGMA);
        Self {
            no_store: directives.has("no-store"),
            // Section 5.4: it counts only where nothing newer is said.
            no_cache: directives.has("no-cache")
                || (directives.is_empty() && pragma.has("no-cache")),
            max_age: directives.seconds("max-age"),
            min_fresh: directives.seconds("min-fresh").unwrap_or(0),
            max_stale: directives.open_seconds("max-stale"),
            only_if_cached: directives.has("only-if-cached"),
        }
    }
}

/// What may be done with a response that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Send it.
    Fresh,
    /// Send it, and ask the origin for a newer one meanwhile (RFC 5861, section 3).
    WhileRevalidating,
    /// Ask the origin first.
    Validate,
}

/// Whether a response may be kept, for whoever asks for the same.
pub(super) fn may_store(
    method: &Method,
    asked: &HeaderMap,
    status: StatusCode,
    answer: &HeaderMap,
) -> bool {
    let directives = age::directives(answer);
    // Section 5.2.2.3: who knows the status heeds what is said for it, and not the refusal for those who do not.
    let must_understand = directives.has("must-understand");
    let is_understood = status.canonical_reason().is_some();
    let is_final = status.as_u16() >= 200;
    // What was answered to a range or a condition is no answer to others.
    let is_whole = !matches!(status.as_u16(), 206 | 304 | 412 | 416 | 417);
    let is_for_all = !asked.contains_key(header::AUTHORIZATION)
        || ["public", "must-revalidate", "s-maxage"]
            .iter()
            .any(|name| directives.has(name));
    *method == Method::GET
        && is_final
        && is_whole
        && is_for_all
        && !directives.has("private")
        && (!must_understand || is_understood)
        && (!directives.has("no-store") || must_understand)
        && !Directives::read(asked, &header::CACHE_CONTROL).has("no-store")
        && Vary::read(answer) != Vary::Everything
}

/// What may be done with `stored`, which is `age` seconds old, for who asks so.
pub(super) fn may_use(stored: &Stored, age: u64, asked: &Asked) -> Use {
    let directives = age::directives(&stored.headers);
    if directives.has("no-cache") || asked.no_cache {
        return Use::Validate;
    }
    if asked.max_age.is_some_and(|most| age > most) {
        return Use::Validate;
    }
    let left = stored.lifetime.checked_sub(age).filter(|left| *left > 0);
    if left.is_some_and(|left| left >= asked.min_fresh) {
        return Use::Fresh;
    }
    let over = age.saturating_sub(stored.lifetime);
    let may_be_stale = !must_be_fresh(&directives) && asked.min_fresh == 0;
    if may_be_stale && asked.max_stale.is_some_and(|most| over <= most) {
        return Use::Fresh;
    }
    let meanwhile = directives.seconds("stale-while-revalidate");
    if may_be_stale && asked.max_age.is_none() && meanwhile.is_some_and(|most| over < most) {
        return Use::WhileRevalidating;
    }
    Use::Validate
}

/// Whether `stored` may be sent although the origin, asked for a newer one, is away (section 4.2.4; RFC 5861, section 4).
pub(super) fn may_use_instead(stored: &Stored, age: u64) -> bool {
    let directives = age::directives(&stored.headers);
    let most = directives
        .seconds("stale-if-error")
        .unwrap_or(STALE_IF_ERROR);
    !must_be_fresh(&directives)
        && !directives.has("no-cache")
        && age.saturating_sub(stored.lifetime) <= most
}

/// Whether `stored` may be sent although the origin answered, with an error: where it allows that by name (RFC 5861, section 4).
pub(super) fn may_use_for_error(stored: &Stored, age: u64) -> bool {
    age::directives(&stored.headers)
        .seconds("stale-if-error")
        .is_some()
        && may_use_instead(stored, age)
}

/// `s-maxage` says so too (section 5.2.2.10).
fn must_be_fresh(directives: &Directives) -> bool {
    ["must-revalidate", "proxy-revalidate", "s-maxage"]
        .iter()
        .any(|name| directives.has(name))
}

/// Which headers of a request chose the response (section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Vary {
    /// These; none of them where there is no `Vary`.
    Names(Vec<HeaderName>),
    /// `*`: something that no request shows.
    Everything,
}

impl Vary {
    pub(super) fn read(answer: &HeaderMap) -> Self {
        let mut names = Vec::new();
        let lines = answer.get_all(header::VARY).iter();
        for name in lines.flat_map(|line| line.to_str().unwrap_or("*").split(',')) {
            match name.trim() {
                "" => {}
                // What is no name of a header may mean anything.
                name => match name.parse() {
                    Ok(name) if name != "*" => names.push(name),
                    _ => return Self::Everything,
                },
            }
        }
        names.sort_unstable_by(|a: &HeaderName, b| a.as_str().cmp(b.as_str()));
        names.dedup();
        Self::Names(names)
    }
}

/// What a request says under these names, in one spelling: lines are joined, and space around commas does not count.
/// `Accept-Language` is a set of weighed languages whose order and case do not count either.
pub(super) fn selecting(names: &[HeaderName], asked: &HeaderMap) -> Vec<Option<String>> {
    names
        .iter()
        .map(|name| {
            asked.contains_key(name).then(|| {
                let lines = asked.get_all(name).iter();
                let text: Vec<String> = lines
                    .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
                    .collect();
                let mut parts: Vec<String> = text
                    .iter()
                    .flat_map(|line| line.split(','))
                    .map(|part| part.trim().to_owned())
                    .filter(|part| !part.is_empty())
                    .collect();
                if *name == header::ACCEPT_LANGUAGE {
                    parts
                        .iter_mut()
                        .for_each(|part| part.make_ascii_lowercase());
                    parts.sort_unstable();
                }
                parts.join(",")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn stored(answer: &[(&'static str, &str)], lifetime: u64) -> Stored {
        let mut stored = Stored::empty();
        stored.lifetime = lifetime;
        stored.headers = headers(answer);
        stored
    }

    #[test]
    fn what_is_for_one_person_or_nobody_is_not_kept() {
        let get = |asked: &[(&'static str, &str)], status: u16, answer: &[(&'static str, &str)]| {
            let status = StatusCode::from_u16(status).unwrap();
            may_store(&Method::GET, &headers(asked), status, &headers(answer))
        };
        for (asked, status, answer, expected) in [
            (&[][..], 200, &[][..], true),
            (&[], 200, &[("cache-control", "max-age=9, No-Store")], false),
            (&[], 200, &[("cache-control", "private, max-age=9")], false),
            (
                &[],
                200,
                &[("cache-control", "private=\"x\", max-age=9")],
                false,
            ),
            (
                &[],
                200,
                &[
                    ("cdn-cache-control", "max-age=9"),
                    ("cache-control", "no-store"),
                ],
                true,
            ),
            (&[], 200, &[("vary", "a, *")], false),
            (&[], 200, &[("vary", "a b")], false),
            (&[], 206, &[], false),
            (&[], 304, &[], false),
            (&[], 416, &[("cache-control", "max-age=9")], false),
            (&[], 599, &[("cache-control", "max-age=9")], true),
            (
                &[],
                599,
                &[("cache-control", "max-age=9, must-understand")],
                false,
            ),
            (
                &[],
                200,
                &[("cache-control", "no-store, must-understand")],
                true,
            ),
            (
                &[("authorization", "a")],
                200,
                &[("cache-control", "max-age=9")],
                false,
            ),
            (
                &[("authorization", "a")],
                200,
                &[("cache-control", "public")],
                true,
            ),
            (
                &[("authorization", "a")],
                200,
                &[("cache-control", "s-maxage=9")],
                true,
            ),
            (&[("cache-control", "no-store")], 200, &[], false),
        ] {
            assert_eq!(get(asked, status, answer), expected, "{asked:?} {answer:?}");
        }
        let none = HeaderMap::new();
        for method in [Method::POST, Method::HEAD, Method::OPTIONS] {
            assert!(
                !may_store(&method, &none, StatusCode::OK, &none),
                "{method}"
            );
        }
    }

    #[test]
    fn fresh_until_the_lifetime_is_over() {
        let none = Asked::default();
        let asked = |value: &str| Asked::read(&headers(&[("cache-control", value)]));
        let swr = ("cache-control", "max-age=10, stale-while-revalidate=20");
        for (answer, age, asked, expected) in [
            (&[][..], 9, none.clone(), Use::Fresh),
            (&[], 10, none.clone(), Use::Validate),
            (
                &[("cache-control", "no-cache")],
                0,
                none.clone(),
                Use::Validate,
            ),
            (&[swr], 15, none.clone(), Use::WhileRevalidating),
            (&[swr], 30, none.clone(), Use::Validate),
            (&[swr], 15, asked("max-age=60"), Use::Validate),
            (&[], 5, asked("max-age=4"), Use::Validate),
            (&[], 5, asked("max-age=5"), Use::Fresh),
            (&[], 5, asked("min-fresh=5"), Use::Fresh),
            (&[], 5, asked("min-fresh=6"), Use::Validate),
            (&[], 5, asked("no-cache"), Use::Validate),
            (&[], 15, asked("max-stale=5"), Use::Fresh),
            (&[], 15, asked("max-stale"), Use::Fresh),
            (&[], 15, asked("max-stale=4"), Use::Validate),
            (
                &[("cache-control", "must-revalidate")],
                15,
                asked("max-stale"),
                Use::Validate,
            ),
        ] {
            let found = may_use(&stored(answer, 10), age, &asked);
            assert_eq!(found, expected, "{answer:?} at {age} for {asked:?}");
        }
        let pragma = Asked::read(&headers(&[("pragma", "no-cache")]));
        assert_eq!(may_use(&stored(&[], 10), 1, &pragma), Use::Validate);
    }

    #[test]
    fn an_old_response_is_better_than_none_unless_it_says_otherwise() {
        for (value, age, expected) in [
            ("max-age=10", 11, true),
            ("max-age=10", 10 + STALE_IF_ERROR + 1, false),
            ("max-age=10, stale-if-error=5", 15, true),
            ("max-age=10, stale-if-error=5", 16, false),
            ("max-age=10, must-revalidate", 11, false),
            ("max-age=10, proxy-revalidate", 11, false),
            ("s-maxage=10", 11, false),
            ("max-age=10, no-cache", 11, false),
        ] {
            let stored = stored(&[("cache-control", value)], 10);
            assert_eq!(may_use_instead(&stored, age), expected, "{value} at {age}");
        }
    }

    #[test]
    fn a_variant_is_chosen_by_what_its_headers_mean() {
        let names = |answer: &str| match Vary::read(&headers(&[("vary", answer)])) {
            Vary::Names(names) => names,
            Vary::Everything => panic!("{answer}"),
        };
        assert_eq!(names("B, a,,a"), ["a", "b"]);
        let one = |name: &'static str, lines: &[&str]| {
            let pairs: Vec<_> = lines.iter().map(|line| (name, *line)).collect();
            selecting(&names(name), &headers(&pairs))
        };
        assert_eq!(one("foo", &["1, 2"]), one("foo", &["1", "2"]));
        assert_eq!(one("foo", &["1,2"]), one("foo", &[" 1 ,  2 "]));
        assert_ne!(one("foo", &["1,2"]), one("foo", &["2,1"]));
        assert_ne!(one("foo", &["a"]), one("foo", &["A"]));
        assert_ne!(one("foo", &[""]), one("foo", &[]));
        let language = "accept-language";
        assert_eq!(one(language, &["en, de"]), one(language, &["De,eN"]));
        assert_ne!(one(language, &["en"]), one(language, &["de"]));
    }

    proptest! {
        /// Nothing is sent unasked once it is older than it may be, whatever is asked.
        #[test]
        fn what_must_be_fresh_is(age in 10_u64..100, asked in "(max-stale(=[0-9]{1,3})?|min-fresh=[0-9]|max-age=[0-9]{1,3}|,| )*") {
            let stored = stored(&[("cache-control", "must-revalidate, stale-while-revalidate=99")], 10);
            let asked = Asked::read(&headers(&[("cache-control", &asked)]));
            prop_assert_eq!(may_use(&stored, age, &asked), Use::Validate);
        }
    }
}
