//! A request as an edge sees it: what it asks for, and the key under which the answer is kept.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::Authority};

/// What campaigns add to addresses; no page depends on it.
const CAMPAIGN: [&str; 8] = [
    "fbclid", "gclid", "dclid", "msclkid", "ttclid", "igshid", "mc_cid", "mc_eid",
];

/// A request without its body, which is asked for again where need be.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) key: String,
}

/// The key of what is asked for by a scheme under a name. None of the three holds a space.
pub(super) fn key(proto: &str, host: &str, path: &str) -> String {
    format!("{proto} {} {path}", host.to_ascii_lowercase())
}

impl Wanted {
    /// A page by its key, for whoever asks with these headers.
    pub(super) fn page(key: String, headers: HeaderMap) -> Self {
        let path = key.split(' ').nth(2).unwrap_or("/");
        Self {
            method: Method::GET,
            uri: path.parse().unwrap_or_default(),
            headers,
            key,
        }
    }

    /// Its headers without who asked and what they have.
    pub(super) fn anonymous(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for name in [
            header::HOST,
            header::VIA,
            header::ACCEPT,
            header::ACCEPT_ENCODING,
            header::ACCEPT_LANGUAGE,
            HeaderName::from_static("x-forwarded-for"),
            HeaderName::from_static("x-forwarded-host"),
            HeaderName::from_static("x-forwarded-proto"),
        ] {
            if let Some(value) = self.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    /// Somebody who may have just changed what they look at.
    pub(super) fn is_signed_in(&self) -> bool {
        let mut lines = self.headers.get_all(header::COOKIE).iter();
        lines.any(|line| {
            line.to_str()
                .is_ok_and(|line| line.contains("vitrine_session="))
        })
    }
}

/// What a request names as its host: once (RFC 9112, section 3.2), in the target where it stands there.
pub(super) fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut lines = headers.get_all(header::HOST).iter();
    let (first, second) = (lines.next(), lines.next());
    if second.is_some() {
        return None;
    }
    match uri.authority() {
        Some(target) if target.as_str().contains('@') => None,
        Some(target) => HeaderValue::from_str(target.as_str()).ok(),
        None => first
            .filter(|host| {
                host.to_str()
                    .is_ok_and(|host| host.parse::<Authority>().is_ok() && !host.contains('@'))
            })
            .cloned(),
    }
}

/// An address without what campaigns add to it.
pub(super) fn without_campaign(path: &str) -> String {
    let Some((bare, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let is_content = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !name.starts_with("utm_") && !CAMPAIGN.contains(&name)
    };
    let kept: Vec<&str> = query.split('&').filter(is_content).collect();
    if kept.is_empty() {
        bare.to_owned()
    } else {
        format!("{bare}?{}", kept.join("&"))
    }
}

/// The key of what a header of an answer names, where that lies on the host that was asked.
pub(super) fn key_beside(wanted: &Wanted, named: &str) -> Option<String> {
    let mut parts = wanted.key.split(' ');
    let (proto, host) = (parts.next()?, parts.next()?);
    let named: Uri = named.parse().ok()?;
    if let Some(authority) = named.authority()
        && !authority.as_str().eq_ignore_ascii_case(host)
    {
        return None;
    }
    let path = named.path_and_query()?.as_str();
    path.starts_with('/').then(|| key(proto, host, path))
}
