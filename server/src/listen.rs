//! The socket: accepts connections, limits what each may cost, and shuts down gracefully.

mod activity;
mod limit;
mod service;
mod timed;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use self::{
    activity::Activity,
    limit::{Gate, Place},
    service::respond,
    timed::Timed,
};
use crate::{config::Proxies, metric::Metrics};

pub use self::{limit::Limits, service::Service};

/// Most bytes of a request's head.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// How long a connection that was told to end gets to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Time between two warnings of too many connections.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// The answer to a connection too many; it is sent as it is, because nothing of the request is read.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 56\r\nconnection: close\r\n\r\nThere are too many connections. Try again in a moment.\r\n";

/// Who may connect, and how much.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    /// Limits on connections.
    pub limits: Limits,
    /// Proxies, which bring many people each.
    pub proxies: Proxies,
    /// Where connections are counted.
    pub metrics: Arc<Metrics>,
}

/// How far closing is, for every connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// Requests in flight are finished.
    Closing,
    /// Nothing is waited for.
    Cut,
}

/// Serves until `shutdown` resolves, then accepts nothing more and waits up to [`Limits::drain`] for requests in
/// flight; what stays is cut. Returns `true` when all of them finished.
pub async fn serve(
    listener: TcpListener,
    service: impl Into<Service>,
    admission: Admission,
    shutdown: impl Future<Output = ()>,
) -> bool {
    let service = service.into();
    let limits = admission.limits;
    let builder = Arc::new(builder(&limits));
    let gate = Gate::new(limits, admission.proxies, admission.metrics);
    let (phase, _) = watch::channel(Phase::Open);
    let mut shutdown = std::pin::pin!(shutdown);
    let mut warned: Option<Instant> = None;
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, mostly: give connections a moment to end instead of spinning.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            },
        };
        let Some(place) = gate.admit(peer.ip()) else {
            if warned.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
                warned = Some(Instant::now());
                tracing::warn!(%peer, "there are too many connections, or too many of one household; further ones are refused");
            }
            tokio::spawn(refuse(stream));
            continue;
        };
        // Small answers would otherwise wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            builder: Arc::clone(&builder),
            service: service.clone(),
            peer,
            limits,
            phase: phase.subscribe(),
            _place: place,
        };
        tokio::spawn(connection.run(stream));
    }
    drop(listener);
    phase.send_replace(Phase::Closing);
    let open = limits.connections as usize - gate.all.available_permits();
    tracing::info!(
        connections = open,
        "shutting down: finishing requests in flight"
    );
    let ended = || gate.all.acquire_many(limits.connections);
    let drained = tokio::time::timeout(limits.drain, ended()).await.is_ok();
    phase.send_replace(Phase::Cut);
    // So that whatever a connection holds is dropped before its caller goes on.
    let _ = tokio::time::timeout(GOODBYE, ended()).await;
    drained
}

/// Says why and closes. A new connection has room for so little, so that this ends at once.
async fn refuse(mut stream: TcpStream) {
    let saying = async {
        stream.write_all(TOO_MANY).await?;
        stream.shutdown().await
    };
    // Whoever does not hear it sees a closed connection.
    let _ = tokio::time::timeout(GOODBYE, saying).await;
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .max_concurrent_streams(100)
        .keep_alive_interval(limits.idle / 2);
    builder
}

/// One connection and its place.
struct Connection {
    builder: Arc<auto::Builder<TokioExecutor>>,
    service: Service,
    peer: SocketAddr,
    limits: Limits,
    phase: watch::Receiver<Phase>,
    _place: Place,
}

impl Connection {
    async fn run(mut self, stream: TcpStream) {
        let (limits, peer) = (self.limits, self.peer);
        let activity = Activity::new();
        let service = hyper::service::service_fn({
            let (service, activity) = (self.service, activity.clone());
            move |request| respond(service.clone(), peer, activity.clone(), request)
        });
        let stream = Timed::new(stream, limits.head, limits.stalled);
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let mut cut = self.phase.clone();
        let closing = async {
            tokio::select! {
                _ = self.phase.wait_for(|phase| *phase >= Phase::Closing) => false,
                () = activity.silence(limits.idle) => true,
            }
        };
        let mut closing = std::pin::pin!(closing);
        let is_silent = tokio::select! {
            ended = connection.as_mut() => return note(ended),
            is_silent = closing.as_mut() => is_silent,
        };
        connection.as_mut().graceful_shutdown();
        let cut = async {
            if is_silent {
                tokio::time::sleep(GOODBYE).await;
            } else {
                // An error means that the listener is gone, which is a reason to stop as well.
                let _ = cut.wait_for(|phase| *phase == Phase::Cut).await;
            }
        };
        tokio::select! {
            ended = connection => note(ended),
            () = cut => tracing::debug!(%peer, "a connection was cut"),
        }
    }
}

fn note<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod test;
