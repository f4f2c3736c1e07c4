//! Asking the origin: what a proxy changes of a request and an answer (RFC 9110, section 7.6), and nothing else.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    http::{
        HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header,
        uri::{Authority, Scheme},
    },
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls_platform_verifier::ConfigVerifierExt;

use crate::http::forwarded::Forwarded;

/// How long the origin may take to begin its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same, where a body is sent first: photos on a slow line.
const PATIENCE_WITH_BODY: Duration = Duration::from_secs(1800);

/// How long connecting to it may take.
const CONNECTING: Duration = Duration::from_secs(3);

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(30);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What belongs to one connection and is passed on by nobody, beside what `Connection` lists.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why there is no answer of the origin.
#[derive(Debug, thiserror::Error)]
pub(super) enum Away {
    /// It cannot be reached, or broke off.
    #[error("the origin cannot be reached: {0}")]
    Broken(#[from] hyper_util::client::legacy::Error),
    /// It broke off in the middle of an answer.
    #[error("the origin broke off in the middle of an answer")]
    Cut,
    /// Somebody else who asked for the same was told so.
    #[error("the origin is away")]
    Joined,
    /// It does not answer.
    #[error("the origin did not answer in time")]
    Late,
}

/// Where everything comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    scheme: Scheme,
    authority: Authority,
}

impl std::str::FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "{text:?} is not the address of an origin. Write it as http://10.0.0.1:3000 or https://shop.example, without a path."
            )
        };
        let parts = text.parse::<Uri>().map_err(|_| refused())?.into_parts();
        let is_bare = parts.path_and_query.is_none_or(|path| path == "/");
        let scheme = parts
            .scheme
            .filter(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
        match (scheme, parts.authority, is_bare) {
            (Some(scheme), Some(authority), true) if !authority.as_str().contains('@') => {
                Ok(Self { scheme, authority })
            }
            _ => Err(refused()),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// The way to the origin.
#[derive(Debug)]
pub(super) struct Forwarder {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    origin: Origin,
}

impl Forwarder {
    pub(super) fn new(origin: Origin) -> Result<Self, rustls::Error> {
        // An error means that there is one already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECTING));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(rustls::ClientConfig::with_platform_verifier()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client, origin })
    }

    /// The origin's answer, with the headers that are meant for whoever asked.
    pub(super) async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Away> {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::builder()
            .scheme(self.origin.scheme.clone())
            .authority(self.origin.authority.clone())
            .path_and_query(path.unwrap_or_else(|| axum::http::uri::PathAndQuery::from_static("/")))
            .build()
            .unwrap_or_default();
        *request.version_mut() = Version::HTTP_11;
        let patience = if request.body().is_end_stream() {
            PATIENCE
        } else {
            PATIENCE_WITH_BODY
        };
        let answer = tokio::time::timeout(patience, self.client.request(request))
            .await
            .map_err(|_late| Away::Late)??;
        let mut answer = answer.map(Body::new);
        strip(answer.headers_mut());
        Ok(answer)
    }
}

/// Takes off what belongs to the connection a message came by.
pub(super) fn strip(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&listed) {
        headers.remove(name);
    }
}

/// Says on a request to the origin who asked, under which name and by which scheme, in the place of whatever the client said of
/// that. The host goes on as it is, because the origin answers under the public name.
pub(super) fn sign(headers: &mut HeaderMap, from: &Forwarded, host: Option<&HeaderValue>) {
    headers.remove(header::FORWARDED);
    let mut set = |name: HeaderName, value: Option<HeaderValue>| match value {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    };
    set(X_FORWARDED_FOR, from.client.to_string().parse().ok());
    let asked = from.host.as_ref().and_then(|host| host.parse().ok());
    set(X_FORWARDED_HOST, asked.or_else(|| host.cloned()));
    let proto = from.proto.as_deref().unwrap_or("http");
    set(X_FORWARDED_PROTO, proto.parse().ok());
    if let Some(host) = host {
        set(header::HOST, Some(host.clone()));
    }
    headers.append(header::VIA, HeaderValue::from_static("1.1 vitrine"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for right in [
            "http://10.0.0.1:3000",
            "https://shop.example",
            "http://[::1]:3000/",
        ] {
            let origin: Origin = right.parse().unwrap();
            assert_eq!(origin.to_string(), right.trim_end_matches('/'));
        }
        for wrong in [
            "",
            "shop.example",
            "ftp://shop.example",
            "http://shop.example/shop",
            "http://a@shop.example",
            "http://",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_belongs_to_a_connection_stays_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "a, B"),
            ("a", "1"),
            ("b", "2"),
            ("c", "3"),
            ("keep-alive", "timeout=5"),
            ("proxy-authenticate", "x"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        strip(&mut headers);
        assert_eq!(
            headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["c"]
        );
    }

    #[test]
    fn who_asked_stands_in_the_place_of_what_was_said() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("forwarded", "for=6.6.6.6"),
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
        ] {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let host = HeaderValue::from_static("shop.example");
        let from = Forwarded {
            client: "9.9.9.9".parse().unwrap(),
            host: None,
            proto: None,
        };
        sign(&mut headers, &from, Some(&host));
        assert_eq!(headers["x-forwarded-for"], "9.9.9.9");
        assert_eq!(
            (&headers["host"], &headers["x-forwarded-host"]),
            (&host, &host)
        );
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert!(!headers.contains_key("forwarded"));
    }
}
