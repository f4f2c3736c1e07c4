//! What proxies in front say of a request: `X-Forwarded-For`, `-Host` and `-Proto`, or `Forwarded` (RFC 7239).
//!
//! Every one of them is a list to which each proxy appends what it saw, so it is read from the right: as many entries count as
//! there are trusted proxies, and whatever stands left of those was written by the client.

mod element;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{Extensions, HeaderMap, header},
    middleware::Next,
    response::Response,
};

use self::element::{Element, node};
use crate::{config::Proxies, state::Vitrine};

const X_FOR: &str = "x-forwarded-for";
const X_HOST: &str = "x-forwarded-host";
const X_PROTO: &str = "x-forwarded-proto";

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// The client's address: the other end of the socket where no trusted proxy says another.
    pub client: IpAddr,
    /// The host that the outermost trusted proxy was asked under.
    pub host: Option<String>,
    /// The scheme that the outermost trusted proxy was asked with, lower case.
    pub proto: Option<String>,
}

/// The other end of the socket.
#[must_use]
pub fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(at)| {
            at.ip().to_canonical()
        })
}

/// Reads the headers of a request that came from `peer`.
#[must_use]
pub fn read(proxies: &Proxies, peer: IpAddr, headers: &HeaderMap) -> Forwarded {
    if !proxies.trusts(peer) {
        return Forwarded {
            client: peer,
            host: None,
            proto: None,
        };
    }
    let elements = Element::list(headers);
    let listed: Vec<Option<IpAddr>> = list(headers, X_FOR).into_iter().map(node).collect();
    let written: Vec<Option<IpAddr>> = elements.iter().map(|element| element.node).collect();
    let by_list = walk(proxies, peer, &listed);
    let by_elements = walk(proxies, peer, &written);
    let (client, hops) = match (listed.is_empty(), written.is_empty()) {
        (_, true) => by_list,
        (true, false) => by_elements,
        (false, false) if by_list.0 == by_elements.0 => by_list,
        // The proxies write one of the two, and the client wrote the other; which is not known.
        (false, false) => (peer, by_list.1),
    };
    let hops = proxies.hops.unwrap_or(hops);
    let outermost = |name| counted(&list(headers, name), hops).map(|entry| (*entry).to_owned());
    let element = counted(&elements, hops);
    Forwarded {
        client,
        host: outermost(X_HOST).or_else(|| element.and_then(|element| element.host.clone())),
        proto: outermost(X_PROTO)
            .or_else(|| element.and_then(|element| element.proto.clone()))
            .map(|proto| proto.to_ascii_lowercase()),
    }
}

/// Every host that these headers name, whoever wrote them.
#[must_use]
pub fn hosts(headers: &HeaderMap) -> Vec<String> {
    let listed = list(headers, X_HOST).into_iter().map(str::to_owned);
    let written = Element::list(headers)
        .into_iter()
        .filter_map(|element| element.host);
    listed.chain(written).collect()
}

/// The client, and how many trusted proxies the request passed.
fn walk(proxies: &Proxies, peer: IpAddr, nodes: &[Option<IpAddr>]) -> (IpAddr, usize) {
    let mut client = peer;
    // `client` is a trusted proxy, so it wrote the next node.
    let mut hops = 1;
    for node in nodes.iter().rev() {
        let Some(address) = *node else { break };
        client = address;
        let is_client = match proxies.hops {
            Some(most) => hops >= most,
            None => !proxies.trusts(address),
        };
        if is_client {
            break;
        }
        hops += 1;
    }
    (client, hops)
}

/// What the outermost of `hops` proxies appended; where fewer did, the first entry there is.
fn counted<T>(entries: &[T], hops: usize) -> Option<&T> {
    entries.get(entries.len().saturating_sub(hops.max(1)))
}

/// The entries of a list that may be spread over several lines.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers
        .get_all(name)
        .iter()
        // A line that is no text still takes its place.
        .map(|line| line.to_str().unwrap_or_default())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect()
}

/// Whether there is nothing in these headers that [`watch`] would count or warn about, and no other name than the public one.
pub fn is_quiet(vitrine: &Vitrine, peer: IpAddr, headers: &HeaderMap) -> bool {
    if !says_something(headers) {
        return true;
    }
    let (peer, config) = (peer.to_canonical(), &vitrine.config);
    if !config.proxies.trusts(peer) {
        return false;
    }
    let said = read(&config.proxies, peer, headers);
    let is_public = said
        .host
        .is_none_or(|host| config.public_url.is_named_by(&host));
    is_public && !(config.public_url.is_https() && said.proto.as_deref() == Some("http"))
}

fn says_something(headers: &HeaderMap) -> bool {
    headers.contains_key(header::FORWARDED)
        || [X_FOR, X_HOST, X_PROTO]
            .iter()
            .any(|name| headers.contains_key(*name))
}

/// Counts requests whose forwarded headers are not believed, and warns about them now and then.
pub async fn watch(State(vitrine): State<Vitrine>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if says_something(headers) {
        let (peer, proxies) = (peer(request.extensions()), &vitrine.config.proxies);
        if !proxies.trusts(peer) {
            vitrine.metrics.untrusted_forwarded();
            if vitrine.notices.untrusted_proxy.is_due(vitrine.clock.now()) {
                tracing::warn!(
                    "{peer} sends forwarded headers and is not trusted, so they are ignored and everyone behind it counts as one visitor. If it is your proxy, start with --trusted-proxy {peer}; if not, let only the proxy reach this port"
                );
            }
        } else if vitrine.config.public_url.is_https()
            && read(proxies, peer, headers).proto.as_deref() == Some("http")
            && vitrine.notices.plain_http.is_due(vitrine.clock.now())
        {
            tracing::warn!(
                "the proxy at {peer} was asked without encryption. Let it redirect http to {}",
                vitrine.config.public_url
            );
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn proxies(networks: &[&str], hops: Option<usize>) -> Proxies {
        Proxies {
            networks: networks
                .iter()
                .map(|text| crate::config::parse_network(text).unwrap())
                .collect(),
            hops,
        }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn client(proxies: &Proxies, pairs: &[(&'static str, &str)]) -> String {
        let peer = "10.0.0.1".parse().unwrap();
        read(proxies, peer, &headers(pairs)).client.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let sent = [
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-host", "a.example"),
        ];
        assert_eq!(client(&Proxies::default(), &sent), "10.0.0.1");
        assert_eq!(client(&proxies(&["10.0.0.1"], None), &sent), "9.9.9.9");
        let peer = "10.0.0.1".parse().unwrap();
        let unheard = read(&Proxies::default(), peer, &headers(&sent));
        assert_eq!((unheard.host, unheard.proto), (None, None));
    }

    #[test]
    fn a_client_cannot_prepend_an_address() {
        let two = proxies(&["10.0.0.0/8"], None);
        for (sent, expected) in [
            ("6.6.6.6, 9.9.9.9, 10.0.0.2", "9.9.9.9"),
            ("6.6.6.6,9.9.9.9", "9.9.9.9"),
            ("nonsense", "10.0.0.1"),
            ("9.9.9.9, nonsense, 10.0.0.2", "10.0.0.2"),
            ("", "10.0.0.1"),
            (",,", "10.0.0.1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:9.9.9.9", "9.9.9.9"),
            ("9.9.9.9:80, 10.0.0.2:9000", "9.9.9.9"),
        ] {
            assert_eq!(
                client(&two, &[("x-forwarded-for", sent)]),
                expected,
                "{sent}"
            );
        }
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "9.9.9.9"),
        ];
        assert_eq!(client(&two, &lines), "9.9.9.9");
    }

    #[test]
    fn counted_hops_need_no_addresses() {
        let sent = [("x-forwarded-for", "6.6.6.6, 9.9.9.9, 104.16.0.1")];
        for (hops, expected) in [
            (1, "104.16.0.1"),
            (2, "9.9.9.9"),
            (3, "6.6.6.6"),
            (9, "6.6.6.6"),
        ] {
            assert_eq!(client(&proxies(&["10.0.0.1"], Some(hops)), &sent), expected);
        }
    }

    #[test]
    fn the_standard_header_is_read_too() {
        let two = proxies(&["10.0.0.0/8"], None);
        for (sent, expected) in [
            ("for=9.9.9.9", "9.9.9.9"),
            (
                "for=6.6.6.6, For=\"[2001:db8::7]:4711\";proto=https;by=10.0.0.1",
                "2001:db8::7",
            ),
            ("for=9.9.9.9;host=a.example, for=10.0.0.2", "9.9.9.9"),
            ("for=unknown", "10.0.0.1"),
            ("for=_hidden, for=10.0.0.2", "10.0.0.2"),
            ("for=\"9.9.9.9, for=8.8.8.8", "10.0.0.1"),
            ("by=9.9.9.9", "10.0.0.1"),
        ] {
            assert_eq!(client(&two, &[("forwarded", sent)]), expected, "{sent}");
        }
        // One of the two is the client's own word.
        let both = |mine: &'static str| {
            client(&two, &[("x-forwarded-for", "9.9.9.9"), ("forwarded", mine)])
        };
        assert_eq!(both("for=9.9.9.9"), "9.9.9.9");
        assert_eq!(both("for=6.6.6.6"), "10.0.0.1");
    }

    #[test]
    fn hosts_and_schemes_are_counted_from_the_right() {
        let peer = "10.0.0.1".parse().unwrap();
        let sent = headers(&[
            ("x-forwarded-for", "9.9.9.9, 10.0.0.2"),
            ("x-forwarded-host", "evil.test, shop.example, inner:8080"),
            ("x-forwarded-proto", "ftp, HTTPS, http"),
        ]);
        let found = read(&proxies(&["10.0.0.0/8"], None), peer, &sent);
        assert_eq!(found.host.as_deref(), Some("shop.example"));
        assert_eq!(found.proto.as_deref(), Some("https"));
        let one = read(&proxies(&["10.0.0.1"], None), peer, &sent);
        assert_eq!(one.host.as_deref(), Some("inner:8080"));
        let alone = headers(&[("x-forwarded-host", "shop.example")]);
        let many = read(&proxies(&["10.0.0.1"], Some(3)), peer, &alone);
        assert_eq!(many.host.as_deref(), Some("shop.example"));
        let standard = headers(&[(
            "forwarded",
            "for=9.9.9.9;host=\"shop.example:8443\";proto=https",
        )]);
        let found = read(&proxies(&["10.0.0.1"], None), peer, &standard);
        assert_eq!(found.host.as_deref(), Some("shop.example:8443"));
        assert_eq!(found.proto.as_deref(), Some("https"));
    }

    proptest! {
        /// Whatever a client sends before the proxy appends its address: the address stays.
        #[test]
        fn nothing_a_client_sends_hides_its_address(sent in "[ -~]{0,60}", hops in proptest::option::of(1_usize..2)) {
            let appended = format!("{sent}, 9.9.9.9");
            let known = proxies(&["10.0.0.1"], hops);
            prop_assert_eq!(client(&known, &[("x-forwarded-for", &appended)]), "9.9.9.9");
        }

        #[test]
        fn any_text_is_survived(sent in "[ -~]{0,80}") {
            let pairs = [("forwarded", sent.as_str()), ("x-forwarded-for", &sent), ("x-forwarded-host", &sent)];
            let _ = client(&proxies(&["10.0.0.0/8"], None), &pairs);
        }
    }
}
