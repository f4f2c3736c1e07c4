//! What the services are opened with.

use std::{path::PathBuf, time::Duration};

use webauthn_rs::prelude::Url;

use crate::{db::sqlite_url, payment::Secret};

/// Where things are kept and how the instance is reached.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder: uploads in progress, and by default the database and the media.
    pub data: PathBuf,
    /// `sqlite:…` or `postgres://…`; `None`: `vitrine.sqlite` in the data folder.
    pub database_url: Option<String>,
    /// A folder's path or `s3://bucket/prefix`; `None`: `media` in the data folder.
    pub media_url: Option<String>,
    /// How browsers reach the instance, e.g. `http://localhost:3000`: relying party of passkeys.
    pub public_url: String,
    /// The most bytes that the photos and clips of one shop may take.
    pub shop_quota_bytes: u64,
    /// The program `ffmpeg`, which takes stills of clips that came without a poster; `None`: pages show a placeholder.
    pub ffmpeg: Option<PathBuf>,
    /// Whether the test gateway takes payments.
    pub test_payments: bool,
    /// What secrets are sealed with; `None`: a file in the data folder. Several processes need the same one.
    pub secret_key: Option<Secret>,
    /// Where Stripe's API is.
    pub stripe_api: String,
    /// How long Stripe may take to answer.
    pub stripe_timeout: Duration,
}

/// Where Stripe's API is.
pub(crate) const STRIPE_API: &str = "https://api.stripe.com";
/// Where Stripe's pages for buyers are.
const STRIPE_PAGES: &str = "https://checkout.stripe.com";

impl Config {
    /// Everything in one folder, reached under `public_url`, without payments.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>, public_url: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            database_url: None,
            media_url: None,
            public_url: public_url.into(),
            shop_quota_bytes: 20 * 1024 * 1024 * 1024,
            ffmpeg: None,
            test_payments: false,
            secret_key: None,
            stripe_api: STRIPE_API.to_owned(),
            stripe_timeout: Duration::from_secs(15),
        }
    }
}

impl Config {
    /// The database's address.
    pub(crate) fn database(&self) -> String {
        match &self.database_url {
            Some(url) => url.clone(),
            None => sqlite_url(&self.data.join("vitrine.sqlite")),
        }
    }

    /// The media store's place.
    pub(crate) fn media(&self) -> String {
        match &self.media_url {
            Some(url) => url.clone(),
            None => self.data.join("media").to_string_lossy().into_owned(),
        }
    }

    /// The origin of the processor's pages to which buyers are sent. A stand-in for Stripe has its pages where its API is.
    #[must_use]
    pub fn payment_pages(&self) -> String {
        if self.stripe_api.trim_end_matches('/') == STRIPE_API {
            return STRIPE_PAGES.to_owned();
        }
        Url::parse(&self.stripe_api).map_or_else(
            |_| STRIPE_PAGES.to_owned(),
            |url| url.origin().ascii_serialization(),
        )
    }

    /// Browsers reach it on this machine only.
    pub(crate) fn is_local(&self) -> bool {
        let Ok(url) = Url::parse(&self.public_url) else {
            return false;
        };
        let Some(host) = url.host_str() else {
            return false;
        };
        let host = host.trim_matches(['[', ']']);
        let loopback = host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
        loopback || host == "localhost" || host.ends_with(".localhost")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for (url, local) in [
            ("http://localhost:3000", true),
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("http://shop.localhost", true),
            ("https://shop.example", false),
            ("http://192.168.1.5", false),
            ("http://localhost.example", false),
            ("nonsense", false),
        ] {
            assert_eq!(Config::new("data", url).is_local(), local, "{url}");
        }
    }
}
