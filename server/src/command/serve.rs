//! `vitrine serve`: assembles the shop and runs it as the origin ([`role::serve`]).

use std::process::ExitCode;

use services::{Clock, ServeLock, Services};

use super::{Ended, Failure, site_source};
use crate::{
    asset::Files,
    cli,
    config::{Config, PublicUrl},
    role,
    state::Vitrine,
};

/// Runs the shop.
pub async fn run(args: cli::Serve) -> Ended {
    super::start_log();
    let proxies = args.proxy.read()?;
    let (listener, listen) = super::bind(args.listen).await?;
    let public_url = args
        .public
        .public_url
        .clone()
        .unwrap_or_else(|| PublicUrl::localhost(listen.port()));
    let test_payments = args.public.takes_test_payments(&public_url);
    warn(&public_url, test_payments);
    if let Some(missing) = super::missing_proxy(&public_url, &proxies) {
        tracing::warn!("{missing}");
    }

    let files = Files::new(site_source(&args.site)?);
    let manifest = files
        .manifest()
        .map_err(|error| Failure::new(error.to_string()))?;
    let assets = app::Assets::parse(&manifest).map_err(|error| {
        Failure::new(crate::asset::Error::Manifest(error.to_string()).to_string())
    })?;

    let opened_with = super::store(&args.store, &public_url, test_payments);
    let lock = ServeLock::take(&opened_with)
        .await
        .map_err(|error| super::failure(&error))?;
    let services = Services::open(opened_with)
        .await
        .map_err(|error| super::failure(&error))?;
    let config = Config {
        listen,
        public_url: public_url.clone(),
        test_payments,
        proxies,
        edge_key: args.edge_key.key,
    };
    let vitrine = Vitrine::new(services.clone(), Clock::System, assets, files, config);
    greet(&services, &public_url, test_payments).await?;

    role::serve::run(vitrine, listener).await;
    drop(lock);
    Ok(ExitCode::SUCCESS)
}

fn warn(public_url: &PublicUrl, test_payments: bool) {
    if !public_url.is_https() && !public_url.is_loopback() {
        tracing::warn!(
            "{public_url} is not encrypted: browsers give no camera and keep no passkey there. Put a proxy with TLS in front and use https."
        );
    }
    if test_payments && !public_url.is_loopback() {
        tracing::warn!(
            "test payments are on under a public address: orders are marked as tests and no money moves"
        );
    }
}

/// Where the shop is, and how to become its owner.
async fn greet(
    services: &Services,
    public_url: &PublicUrl,
    test_payments: bool,
) -> Result<(), Failure> {
    // Before anything is printed: a new link ends those before it, and whoever reads that the shop is open may ask for one.
    let link = services
        .identity()
        .first_run_link()
        .await
        .map_err(|error| super::failure(&error))?;
    println!("Vitrine is open at {public_url}");
    if test_payments {
        println!("Test payments are on: no money moves.");
    }
    if let Some(link) = link {
        println!("It has no owner yet. Open this link once to become its owner:");
        println!("{}", public_url.link(&link.path));
    }
    Ok(())
}
