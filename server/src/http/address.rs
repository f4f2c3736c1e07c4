//! One address for each page. However a link was typed, cut out of a sentence or taken from an old message, it leads there.

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// First segments below which names are files or calls of programs, which have one spelling.
const EXACT: [&str; 5] = ["media", "pkg", "static", "api", "fn"];

/// First segments before a secret, in which capitals count.
const SECRET: [&str; 4] = ["setup", "order", "checkout", "contract"];

/// What a sentence puts behind an address.
const PUNCTUATION: [char; 20] = [
    '.', ',', ';', ':', '!', '?', ')', ']', '}', '>', '\'', '"', '’', '”', '»', '›', '…', '。',
    '、', ' ',
];

/// How long a redirect to the right spelling may be kept: it is the same for ever, but a mistake of ours should not be.
const LIFETIME: &str = "public, max-age=3600";

/// Redirects reads under another spelling (308), with their query.
pub async fn canonical(request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    match spelled(request.uri().path()).filter(|_| is_reading) {
        Some(path) => moved(&path, request.uri(), LIFETIME),
        None => next.run(request).await,
    }
}

/// A permanent redirect to `path` with the query of `uri`.
#[must_use]
pub fn moved(path: &str, uri: &Uri, lifetime: &'static str) -> Response {
    let onward = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    match HeaderValue::try_from(onward) {
        Ok(onward) => (
            StatusCode::PERMANENT_REDIRECT,
            [
                (header::LOCATION, onward),
                (header::CACHE_CONTROL, HeaderValue::from_static(lifetime)),
            ],
        )
            .into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The right spelling of a path; `None` when it is spelled right, or has none.
///
/// Empty segments go, and so does what a sentence left at the end. Words, handles and slugs are lower case. Only what must be
/// percent-encoded is.
#[must_use]
pub fn spelled(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mut segments = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let text = decoded(segment)?;
        let is_odd = |c: char| c.is_control() || matches!(c, '/' | '\\');
        if text.chars().any(is_odd) || text == ".." {
            return None;
        }
        segments.push(text);
    }
    let first = segments.first().map(|first| first.to_ascii_lowercase());
    if first
        .as_ref()
        .is_some_and(|first| EXACT.contains(&first.as_str()))
    {
        return None;
    }
    while let Some(last) = segments.last_mut() {
        last.truncate(last.trim_end_matches(PUNCTUATION).len());
        if !last.is_empty() {
            break;
        }
        segments.pop();
    }
    let has_secret = first.is_some_and(|first| SECRET.contains(&first.as_str()));
    for (at, segment) in segments.iter_mut().enumerate() {
        if !(has_secret && at == 1) {
            segment.make_ascii_lowercase();
        }
    }
    let spelled: String = match segments.as_slice() {
        [] => "/".to_owned(),
        segments => segments
            .iter()
            .map(|segment| format!("/{}", encoded(segment)))
            .collect(),
    };
    (spelled != path).then_some(spelled)
}

/// A segment without percent-encoding (RFC 3986, section 2.1); `None` when it is malformed or no UTF-8.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// A segment with everything percent-encoded that is no `pchar` (RFC 3986, section 3.3).
fn encoded(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// What answers a method that an address does not have. An address that only takes forms stands in the browser after a form
/// was refused; whoever opens it again comes to the page of the form.
pub async fn other_method(request: Request) -> Response {
    let path = request.uri().path();
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    match form_page(path).filter(|page| is_reading && page != path) {
        Some(page) => {
            let mut response = Redirect::to(&page).into_response();
            let no_store = HeaderValue::from_static("no-store");
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, no_store);
            response
        }
        None => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// The page of the form that is sent to `path`; `None` where programs ask. Each step is shorter than `path`, so that an address
/// without a page leads to one in the end.
fn form_page(path: &str) -> Option<String> {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let kept = match segments.as_slice() {
        ["api" | "hooks" | "media" | "pkg" | "static", ..] => return None,
        ["fn", name] if format!("/fn/{name}") != app::catalog::api::JOIN_WAITLIST => return None,
        ["p" | "checkout" | "order" | "setup", _, ..] => 2,
        ["manage", "products" | "orders", _, _, ..] => 3,
        ["manage", "jobs", ..] | ["manage", _, _, ..] => 2,
        ["manage", ..] => 1,
        _ => 0,
    };
    Some(format!("/{}", segments[..kept].join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_leads_to_one() {
        for (path, right) in [
            ("/P/Blue-Cup", "/p/blue-cup"),
            ("/p/blue-cup/", "/p/blue-cup"),
            ("/p/blue-cup.", "/p/blue-cup"),
            ("/p/blue-cup).", "/p/blue-cup"),
            ("/p/blue-cup%E2%80%A6", "/p/blue-cup"),
            ("/p/blue-cup%22", "/p/blue-cup"),
            ("/p/blue-cup%20", "/p/blue-cup"),
            ("//p///blue-cup//", "/p/blue-cup"),
            ("/p/blue%2Dcup", "/p/blue-cup"),
            ("/%40Clay", "/@clay"),
            ("/@Clay/", "/@clay"),
            ("/manage/", "/manage"),
            ("/Studio/", "/studio"),
            ("/sign-in/", "/sign-in"),
            ("/order/AbC.", "/order/AbC"),
            ("/Checkout/AbC/Pay", "/checkout/AbC/pay"),
            ("//evil.test/", "/evil.test"),
            ("//", "/"),
            ("/.", "/"),
        ] {
            assert_eq!(spelled(path).as_deref(), Some(right), "{path}");
        }
        for path in [
            "/",
            "/p/blue-cup",
            "/@clay",
            "/manage/products/0abc",
            "/order/AbC-_x",
            "/robots.txt",
            "/pkg/Shop.css/",
            "/static/a./",
            "/media/x/y.",
            "/p/%ff",
            "/p/%00/",
            "/p/%5Cevil/",
            "/\\evil.test/",
            "/p/..%2f/",
            "/p/%",
            "*",
            "",
        ] {
            assert_eq!(spelled(path), None, "{path}");
        }
    }

    #[test]
    fn an_address_of_a_form_has_a_page() {
        for (path, page) in [
            ("/p/cup/buy", Some("/p/cup")),
            ("/checkout/t/pay", Some("/checkout/t")),
            ("/sign-out", Some("/")),
            ("/manage/products/x/photos", Some("/manage/products/x")),
            (
                "/manage/products/x/media/y/move",
                Some("/manage/products/x"),
            ),
            ("/manage/orders/x/send", Some("/manage/orders/x")),
            ("/manage/jobs/x/retry", Some("/manage/jobs")),
            ("/manage/settings/password", Some("/manage/settings")),
            ("/manage/settings", Some("/manage")),
            ("/fn/create-product", None),
            ("/api/uploads", None),
        ] {
            assert_eq!(form_page(path).as_deref(), page, "{path}");
        }
        assert_eq!(
            form_page(app::catalog::api::JOIN_WAITLIST).as_deref(),
            Some("/")
        );
    }

    proptest! {
        /// A redirect leads to an address that is not redirected again, and never to another site.
        #[test]
        fn the_right_spelling_is_right(path in "/[ -~é…]{0,40}") {
            if let Some(right) = spelled(&path) {
                prop_assert_eq!(spelled(&right), None);
                prop_assert!(!right.starts_with("//") && right.starts_with('/') && !right.contains('\\'));
                prop_assert!(HeaderValue::try_from(right).is_ok());
            }
        }
    }
}
