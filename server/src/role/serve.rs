//! The origin: answers requests, runs jobs and follows the feed, until a signal; then takes itself down in order.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch};

use crate::{
    http,
    listen::{self, Admission, Limits},
    state::Vitrine,
};

/// How long jobs, the feed and the database get to end after the last request.
const REST: Duration = Duration::from_secs(10);

/// Runs until SIGTERM or SIGINT, and returns when everything has ended.
pub async fn run(vitrine: Vitrine, listener: TcpListener) {
    let (stop, stopped) = watch::channel(false);
    let services = vitrine.services.clone();
    let jobs = tokio::spawn({
        let (services, stopped) = (services.clone(), stopped.clone());
        async move { services.run_jobs(shutdown(stopped)).await }
    });
    let feed = tokio::spawn({
        let (vitrine, stopped) = (vitrine.clone(), stopped.clone());
        async move { vitrine.follow_feed(shutdown(stopped)).await }
    });
    tokio::spawn(signals(stop));

    let admission = Admission {
        limits: Limits::of_this_process(),
        proxies: vitrine.config.proxies.clone(),
        metrics: Arc::clone(&vitrine.metrics),
    };
    let drained = listen::serve(
        listener,
        http::router(vitrine),
        admission,
        shutdown(stopped),
    )
    .await;
    if !drained {
        tracing::warn!(
            "some requests did not finish in time and were cut off; uploads go on where they were"
        );
    }
    let rest = async {
        // A loop that panicked has nothing left to end.
        let _ = tokio::join!(jobs, feed);
        services.close().await;
    };
    if tokio::time::timeout(REST, rest).await.is_err() {
        tracing::warn!("work in the background did not stop in time; it is done again");
    }
    tracing::info!("stopped");
}

/// Resolves once the process shall stop, or nobody is left to say so.
async fn shutdown(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a reason to stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// The first SIGTERM or SIGINT begins to stop; the second ends the process at once.
async fn signals(stop: watch::Sender<bool>) {
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
