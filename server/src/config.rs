//! What the command line and the environment say, checked once.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use axum::http::Uri;
use ipnet::IpNet;

/// The address people type: scheme, host and port, nothing after them. Decides the RP ID of passkeys, whether cookies
/// are `Secure`, which `Origin` may change something, and every absolute link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    https: bool,
    host: String,
    port: Option<u16>,
}

/// Why a text is no public address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a public address: {why}. Write it like https://shop.example or http://localhost:3000"
)]
pub struct NotPublic {
    text: String,
    why: &'static str,
}

impl PublicUrl {
    /// `http://localhost:{port}`: the address of a shop that only this machine can reach.
    #[must_use]
    pub fn localhost(port: u16) -> Self {
        Self {
            https: false,
            host: "localhost".to_owned(),
            port: (port != 80).then_some(port),
        }
    }

    /// Scheme, host and port as browsers write them in `Origin`: the default port is left out.
    #[must_use]
    pub fn origin(&self) -> String {
        format!(
            "{}://{}",
            if self.https { "https" } else { "http" },
            self.authority()
        )
    }

    /// Host and port as browsers write them in `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The host alone: the RP ID of passkeys.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers reach the shop encrypted.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// Whether only this machine can reach the shop by that name.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self
                .host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether a `Host` header (or `:authority`) names this address.
    #[must_use]
    pub fn is_named_by(&self, host: &str) -> bool {
        let default_port = if self.https { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        host.eq_ignore_ascii_case(&self.authority())
    }

    /// An absolute link to `path`, which starts with `/`.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

impl FromStr for PublicUrl {
    type Err = NotPublic;

    fn from_str(text: &str) -> Result<Self, NotPublic> {
        let fail = |why| NotPublic {
            text: text.to_owned(),
            why,
        };
        let uri: Uri = text.parse().map_err(|_| fail("it cannot be read"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(fail("it must start with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| fail("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(fail("it must not hold a name or password"));
        }
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(fail("it must end after the host and port"));
        }
        if authority.host().is_empty() {
            return Err(fail("it has no host"));
        }
        let port = authority.port_u16();
        if authority.port().is_some() && port.is_none() {
            return Err(fail("its port is not a number up to 65535"));
        }
        Ok(Self {
            https,
            host: authority.host().to_ascii_lowercase(),
            port: port.filter(|p| *p != if https { 443 } else { 80 }),
        })
    }
}

/// The proxies in front whose forwarded headers are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Networks that they are in; an address is the network of itself.
    pub networks: Vec<IpNet>,
    /// How many of them a request passes, the one that connects included. `None`: as many as are in the networks.
    pub hops: Option<usize>,
}

impl Proxies {
    /// Whether what connects from `address` is one of them.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Whether a client could pass for a proxy: a network holds every address, and nothing bounds the hops.
    #[must_use]
    pub fn trusts_everyone(&self) -> bool {
        self.hops.is_none()
            && self
                .networks
                .iter()
                .any(|network| network.prefix_len() == 0)
    }
}

/// Reads an address or a network in CIDR notation, for the command line.
///
/// # Errors
/// A sentence about what it should look like.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text
        .parse::<IpNet>()
        .ok()
        .or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical())));
    network
        .map(|network| network.trunc())
        .ok_or_else(|| format!("`{text}` is neither an address nor a network. Write it like 127.0.0.1, 10.0.0.0/8 or fd00::/8"))
}

/// Where the built browser bundles, styles and icons come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteSource {
    /// A folder made by `cargo xtask`.
    Folder(PathBuf),
    /// Inside the binary.
    Embedded,
}

/// Everything `vitrine serve` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The socket to listen on.
    pub listen: SocketAddr,
    /// The address people type.
    pub public_url: PublicUrl,
    /// Whether the test gateway takes "payments".
    pub test_payments: bool,
    /// Whose forwarded headers are believed.
    pub proxies: Proxies,
    /// What edges open the feed of changes with; without it there is none.
    pub edge_key: Option<crate::edge::Key>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PublicUrl {
        text.parse().unwrap()
    }

    #[test]
    fn default_ports_are_left_out_and_case_is_folded() {
        assert_eq!(
            url("https://Shop.Example:443/").origin(),
            "https://shop.example"
        );
        assert_eq!(
            url("http://localhost:3000").origin(),
            "http://localhost:3000"
        );
        assert_eq!(url("http://localhost:80").authority(), "localhost");
        assert_eq!(PublicUrl::localhost(80), url("http://localhost"));
    }

    #[test]
    fn a_host_header_matches_with_and_without_the_default_port() {
        let shop = url("https://shop.example");
        assert!(shop.is_named_by("shop.example"));
        assert!(shop.is_named_by("SHOP.example:443"));
        assert!(!shop.is_named_by("shop.example:80"));
        assert!(!shop.is_named_by("shop.example.evil.test"));
        assert!(!url("http://localhost:3000").is_named_by("127.0.0.1:3000"));
    }

    #[test]
    fn loopback_is_a_matter_of_the_name() {
        assert!(url("http://localhost:3000").is_loopback());
        assert!(url("http://shop.localhost").is_loopback());
        assert!(url("http://127.0.0.1:8080").is_loopback());
        assert!(url("http://[::1]:8080").is_loopback());
        assert!(!url("http://192.168.1.4").is_loopback());
        assert!(!url("https://localhost.example").is_loopback());
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        let proxies = |texts: &[&str]| Proxies {
            networks: texts
                .iter()
                .map(|text| parse_network(text).unwrap())
                .collect(),
            hops: None,
        };
        let known = proxies(&["127.0.0.1", "10.1.2.3/8", " ::1 ", "fd00::/8"]);
        for (address, trusted) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.200.0.9", true),
            ("11.0.0.1", false),
            ("::1", true),
            ("fd12::9", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(known.trusts(address.parse().unwrap()), trusted, "{address}");
        }
        assert!(!known.trusts_everyone());
        assert!(proxies(&["0.0.0.0/0"]).trusts_everyone());
        for text in ["", "proxy.example", "10.0.0.0/33", "10.0.0.1:80", "[::1]"] {
            assert!(parse_network(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        for (text, why) in [
            ("shop.example", "must start with"),
            ("ftp://shop.example", "must start with"),
            ("https://shop.example/path", "must end after"),
            ("https://shop.example?x=1", "must end after"),
            ("https://me:secret@shop.example", "name or password"),
            ("https://", "cannot be read"),
        ] {
            let said = text.parse::<PublicUrl>().unwrap_err().to_string();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
