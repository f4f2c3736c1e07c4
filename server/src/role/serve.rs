//! The origin: answers requests, runs jobs and follows the feed, until a signal; then takes itself down in order.

use std::{sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch};

use super::{shutdown, signals};
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
    tokio::spawn({
        let (vitrine, stopped) = (vitrine.clone(), stopped.clone());
        async move {
            shutdown(stopped).await;
            vitrine.closing.send_replace(true);
        }
    });

    let admission = Admission {
        limits: Limits::of_this_process(),
        proxies: vitrine.config.proxies.clone(),
        metrics: Arc::clone(&vitrine.metrics),
    };
    let drained = listen::serve(
        listener,
        http::service(vitrine),
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
