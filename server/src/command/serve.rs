//! `vitrine serve`: assembles the shop, runs it until a signal, and takes it down in order.

use std::{process::ExitCode, sync::Arc};

use services::{Clock, Services};
use tokio::{net::TcpListener, sync::watch};

use super::{Ended, Failure, site_source};
use crate::{
    asset::Files,
    cli,
    config::{Config, PublicUrl},
    http, listen,
    state::Vitrine,
};

/// Runs the shop.
pub async fn run(args: cli::Serve) -> Ended {
    super::start_log();
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(format!(
            "vitrine cannot listen on {}: {error}. Stop what listens there, or choose another address with --listen.",
            args.listen
        ))
    })?;
    let listen = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("The socket has no address: {error}.")))?;
    let public_url = args
        .public
        .public_url
        .clone()
        .unwrap_or_else(|| PublicUrl::localhost(listen.port()));
    let test_payments = args.public.takes_test_payments(&public_url);
    warn(&public_url, test_payments);

    let files = Files::new(site_source(&args.site)?);
    let manifest = files
        .manifest()
        .map_err(|error| Failure::new(error.to_string()))?;
    let assets = app::Assets::parse(&manifest).map_err(|error| {
        Failure::new(crate::asset::Error::Manifest(error.to_string()).to_string())
    })?;

    let services = Services::open(super::store(&args.store, &public_url, test_payments))
        .await
        .map_err(|error| super::said(&error))?;
    let config = Config {
        listen,
        public_url: public_url.clone(),
        test_payments,
        trusted_proxies: args.trusted_proxies,
    };
    let vitrine = Vitrine::new(services.clone(), Clock::System, assets, files, config);
    greet(&services, &public_url, test_payments).await?;

    let (stop, stopped) = watch::channel(false);
    let house = tokio::spawn({
        let (services, stopped) = (services.clone(), stopped.clone());
        async move { services.keep_house(told(stopped)).await }
    });
    let purging = tokio::spawn({
        let (vitrine, stopped) = (vitrine.clone(), stopped.clone());
        async move { vitrine.purger.follow(told(stopped)).await }
    });
    let stop = Arc::new(stop);
    tokio::spawn(signals(Arc::clone(&stop)));

    let drained = listen::serve(listener, http::router(vitrine), told(stopped)).await;
    if !drained {
        tracing::warn!(
            "some requests did not finish in time and were cut off; uploads go on where they were"
        );
    }
    for task in [house, purging] {
        if tokio::time::timeout(listen::DRAIN, task).await.is_err() {
            tracing::warn!("a task in the background did not stop in time");
        }
    }
    services.close().await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Resolves once the signal to stop was given, or its giver is gone.
async fn told(mut stopped: watch::Receiver<bool>) {
    // An error means that nobody is left to tell, which is a reason to stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The first SIGTERM or SIGINT begins to stop; the second ends the process at once.
async fn signals(stop: Arc<watch::Sender<bool>>) {
    signal().await;
    tracing::info!("stopping; press again to stop at once");
    stop.send_replace(true);
    signal().await;
    std::process::exit(130);
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    match (interrupt, terminate) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        _ => {
            tracing::error!("signals cannot be received; stop this process with SIGKILL");
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
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
    println!("Vitrine is open at {public_url}");
    if test_payments {
        println!("Test payments are on: no money moves.");
    }
    let link = services
        .identity()
        .first_run_link()
        .await
        .map_err(|error| super::said(&error))?;
    if let Some(link) = link {
        println!("It has no owner yet. Open this link once to become its owner:");
        println!("{}", public_url.link(&link.path));
    }
    Ok(())
}
