//! How bytes travel to PostgreSQL: over a network only encrypted, to a server whose certificate proves its name, unless the
//! address says otherwise.

use std::{net::IpAddr, str::FromStr};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use webauthn_rs::prelude::Url;

/// The parameters of an address that say how it is encrypted.
const MODES: [&str; 2] = ["sslmode", "ssl-mode"];

/// How the bytes to a database travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// They stay on this machine.
    Local,
    /// Encrypted, to whom they are meant for.
    Verified,
    /// Whoever is between may read or change them, as the address says.
    Unverified,
}

/// `url` as it is connected to: without a word about encryption, a server on another machine must prove who it is.
pub(crate) fn with_encryption(url: &str) -> String {
    let (Ok(mut parsed), Ok(options)) = (Url::parse(url), PgConnectOptions::from_str(url)) else {
        // Connecting says what is wrong with it.
        return url.to_owned();
    };
    if is_local(&options) || says_mode(&parsed) {
        return url.to_owned();
    }
    parsed
        .query_pairs_mut()
        .append_pair("sslmode", "verify-full");
    parsed.into()
}

/// How the bytes to the database at `url` travel; `None` when it is no address of PostgreSQL.
pub(crate) fn of(url: &str) -> Option<Transport> {
    if !url.starts_with("postgres") {
        return None;
    }
    let options = PgConnectOptions::from_str(&with_encryption(url)).ok()?;
    Some(match options.get_ssl_mode() {
        _ if is_local(&options) => Transport::Local,
        PgSslMode::VerifyFull => Transport::Verified,
        _ => Transport::Unverified,
    })
}

fn says_mode(url: &Url) -> bool {
    url.query_pairs().any(|(key, _)| MODES.contains(&&*key))
}

/// A socket in the file system, or an address of this machine. A name other than `localhost` may be anywhere.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    options.get_socket().is_some()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_open() {
        for (url, transport) in [
            ("postgres://shop@127.0.0.1/shop", Transport::Local),
            ("postgres://shop@localhost:5433/shop", Transport::Local),
            (
                "postgresql:///shop?host=/var/run/postgresql",
                Transport::Local,
            ),
            (
                "postgres://shop@%2Fvar%2Frun%2Fpostgresql/shop",
                Transport::Local,
            ),
            ("postgres://shop:x@db.example/shop", Transport::Verified),
            ("postgresql://shop:x@10.0.0.7/shop", Transport::Verified),
            (
                "postgres://shop:x@db/shop?host=10.0.0.7",
                Transport::Verified,
            ),
            (
                "postgres://shop:x@localhost/shop?host=db.example",
                Transport::Verified,
            ),
            (
                "postgres://shop:x@localhost/shop?hostaddr=10.0.0.7",
                Transport::Verified,
            ),
            (
                "postgres://shop:x@db.example/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem",
                Transport::Verified,
            ),
            (
                "postgres://shop:x@db.example/shop?sslmode=disable",
                Transport::Unverified,
            ),
            (
                "postgres://shop:x@db.example/shop?ssl-mode=require",
                Transport::Unverified,
            ),
            (
                "postgres://shop:x@localhost.example/shop",
                Transport::Verified,
            ),
        ] {
            assert_eq!(of(url), Some(transport), "{url}");
        }
        assert_eq!(of("sqlite://x.sqlite"), None);
    }

    #[test]
    fn the_rest_of_an_address_stays() {
        assert_eq!(
            with_encryption("postgres://shop:p%40ss@db.example:5433/shop?options=-c%20x%3Dy"),
            "postgres://shop:p%40ss@db.example:5433/shop?options=-c%20x%3Dy&sslmode=verify-full"
        );
        let local = "postgres://shop@127.0.0.1/shop?options=-c%20x%3Dy";
        assert_eq!(with_encryption(local), local);
        assert_eq!(with_encryption("postgres://["), "postgres://[");
    }
}
