//! An edge: answers requests from what it keeps and from the origin, until a signal.

use std::sync::Arc;

use axum::Router;
use tokio::{net::TcpListener, sync::watch};

use super::{shutdown, signals};
use crate::{
    config::Proxies,
    edge::{self, Edge},
    listen::{self, Admission, Limits},
};

/// Runs until SIGTERM or SIGINT, and returns when everything has ended.
pub async fn run(edge: Edge, proxies: Proxies, listener: TcpListener) {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(signals(stop));
    let admission = Admission {
        limits: Limits::of_this_process(),
        proxies,
        metrics: Arc::default(),
    };
    let follower = tokio::spawn({
        let edge = edge.clone();
        async move { edge.follow().await }
    });
    let router = Router::new()
        .fallback(edge::handle)
        .with_state(edge.clone());
    if !listen::serve(listener, router, admission, shutdown(stopped)).await {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    follower.abort();
    let counts = edge.counts();
    tracing::info!(counts.hits, counts.misses, "stopped");
}
