//! What a process is: the origin ([`serve`]), or a region's copy of it ([`edge`]). Both end in order on the first signal.

pub mod edge;
pub mod serve;

use tokio::sync::watch;

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
