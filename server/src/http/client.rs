//! Who asks: the address of the socket, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};

use crate::state::Vitrine;

/// The address a request comes from, for rate limits. IPv6 is cut to its /64: a household has that many to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

impl FromRequestParts<Vitrine> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        vitrine: &Vitrine,
    ) -> Result<Self, Self::Rejection> {
        let socket = peer(&parts.extensions);
        Ok(Self(coarse(seen_through(
            &vitrine.config.trusted_proxies,
            socket,
            &parts.headers,
        ))))
    }
}

/// Whether the other end of the socket is a proxy that may speak for others.
#[must_use]
pub fn is_trusted(proxies: &[IpAddr], extensions: &Extensions) -> bool {
    proxies.contains(&peer(extensions))
}

fn peer(extensions: &Extensions) -> IpAddr {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(at)| {
            at.ip().to_canonical()
        })
}

/// Walks `X-Forwarded-For` from the right: every entry was written by the hop after it, so the first one that no trusted proxy
/// wrote of another trusted proxy is the client. Anything unreadable ends the walk.
fn seen_through(proxies: &[IpAddr], socket: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut seen = socket;
    let said: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    for entry in said.iter().rev() {
        if !proxies.contains(&seen) {
            break;
        }
        match entry.trim().parse::<IpAddr>() {
            Ok(ip) => seen = ip.to_canonical(),
            Err(_) => break,
        }
    }
    seen
}

fn coarse(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6([a, b, c, d, 0, 0, 0, 0].into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn forwarded(text: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-forwarded-for",
            axum::http::HeaderValue::from_static(text),
        );
        headers
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        let headers = forwarded("9.9.9.9");
        assert_eq!(seen_through(&[], ip("1.2.3.4"), &headers), ip("1.2.3.4"));
        assert_eq!(
            seen_through(&[ip("10.0.0.1")], ip("10.0.0.1"), &headers),
            ip("9.9.9.9")
        );
    }

    #[test]
    fn a_client_cannot_prepend_an_address() {
        let headers = forwarded("6.6.6.6, 9.9.9.9, 10.0.0.2");
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        assert_eq!(
            seen_through(&proxies, ip("10.0.0.1"), &headers),
            ip("9.9.9.9")
        );
        assert_eq!(
            seen_through(&proxies, ip("10.0.0.1"), &forwarded("nonsense")),
            ip("10.0.0.1")
        );
    }

    #[test]
    fn a_household_shares_one_bucket() {
        assert_eq!(
            coarse(ip("2001:db8:1:2:3:4:5:6")),
            coarse(ip("2001:db8:1:2::9"))
        );
        assert_ne!(coarse(ip("2001:db8:1:2::1")), coarse(ip("2001:db8:1:3::1")));
    }
}
