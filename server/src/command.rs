//! What each command does.

pub mod doctor;
pub mod edge;
pub mod jobs;
pub mod migrate;
pub mod owner_link;
pub mod seed;
pub mod serve;
pub mod token;

use std::{net::SocketAddr, process::ExitCode};

use tokio::net::TcpListener;

use crate::{
    asset::Files,
    config::{Proxies, PublicUrl, SiteSource},
};

/// Why a command ended early: a whole sentence for whoever typed it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// With a message: a whole sentence.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// How a command ends.
pub type Ended = Result<ExitCode, Failure>;

/// A socket that listens, and its address: the port is chosen here where 0 was asked for.
async fn bind(asked: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(asked).await.map_err(|error| {
        Failure::new(format!(
            "vitrine cannot listen on {asked}: {error}. Stop what listens there, or choose another address with --listen."
        ))
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("The socket has no address: {error}.")))?;
    Ok((listener, address))
}

/// A service's failure as the command's.
fn failure(error: &services::Error) -> Failure {
    match error {
        // At the terminal the owner may see the cause.
        services::Error::Internal(cause) => {
            Failure::new(format!("vitrine could not go on: {cause}."))
        }
        other => Failure::new(other.message()),
    }
}

/// What the services are opened with.
fn store(
    store: &crate::cli::Store,
    public_url: &PublicUrl,
    test_payments: bool,
) -> services::Config {
    let mut config = services::Config::new(&store.data, public_url.origin());
    config.database_url.clone_from(&store.database_url);
    config.media_url.clone_from(&store.media_url);
    config.shop_quota_bytes = store.shop_quota_gb * 1024 * 1024 * 1024;
    config.ffmpeg = std::env::var_os("PATH").and_then(|path| services::media::find_ffmpeg(&path));
    config.test_payments = test_payments;
    config.secret_key.clone_from(&store.secret_key);
    config.stripe_api.clone_from(&store.stripe_api);
    config
}

/// What is wrong where a proxy must stand in front, because the shop itself has no TLS, and none is trusted.
fn missing_proxy(public_url: &PublicUrl, proxies: &Proxies) -> Option<String> {
    (public_url.is_https() && proxies.networks.is_empty()).then(|| {
        format!(
            "{public_url} needs a proxy in front, and none is trusted: everyone behind it counts as one visitor and shares one limit. Start with --trusted-proxy and the proxy's address, for example --trusted-proxy 127.0.0.1."
        )
    })
}

/// The folder that was named, else what is inside the binary.
fn site_source(site: &crate::cli::Site) -> Result<SiteSource, Failure> {
    match &site.site {
        Some(folder) => Ok(SiteSource::Folder(folder.clone())),
        None if Files::embedded() => Ok(SiteSource::Embedded),
        None => Err(Failure::new(crate::asset::Error::NotEmbedded.to_string())),
    }
}

/// Logs to standard error; `RUST_LOG` narrows or widens it (for example `RUST_LOG=server=debug`).
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn"));
    // A second start in one process keeps the first log.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
