//! The address of the client: the other end of the socket, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};

use services::rate_limit::household;

use crate::state::Vitrine;

/// The address that a request comes from, for rate limits: its [`household`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(pub IpAddr);

impl FromRequestParts<Vitrine> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        vitrine: &Vitrine,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self(household(client_address(
            &vitrine.config.trusted_proxies,
            peer(&parts.extensions),
            &parts.headers,
        ))))
    }
}

/// Whether the other end of the socket is a proxy whose `X-Forwarded-…` headers are believed.
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
fn client_address(proxies: &[IpAddr], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = peer;
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    for entry in forwarded.iter().rev() {
        if !proxies.contains(&client) {
            break;
        }
        match entry.trim().parse::<IpAddr>() {
            Ok(ip) => client = ip.to_canonical(),
            Err(_) => break,
        }
    }
    client
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
    fn only_a_trusted_proxy_is_believed() {
        let headers = forwarded("9.9.9.9");
        assert_eq!(client_address(&[], ip("1.2.3.4"), &headers), ip("1.2.3.4"));
        assert_eq!(
            client_address(&[ip("10.0.0.1")], ip("10.0.0.1"), &headers),
            ip("9.9.9.9")
        );
    }

    #[test]
    fn a_client_cannot_prepend_an_address() {
        let headers = forwarded("6.6.6.6, 9.9.9.9, 10.0.0.2");
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        assert_eq!(
            client_address(&proxies, ip("10.0.0.1"), &headers),
            ip("9.9.9.9")
        );
        assert_eq!(
            client_address(&proxies, ip("10.0.0.1"), &forwarded("nonsense")),
            ip("10.0.0.1")
        );
    }
}
