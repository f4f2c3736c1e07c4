//! The socket: accepts connections, limits what each may cost, and shuts down gracefully.

mod activity;
mod limit;
mod timed;

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower::{Service, ServiceExt};

use self::{
    activity::Activity,
    limit::{Gate, Place},
    timed::Timed,
};
use crate::{config::Proxies, metric::Metrics};

pub use self::limit::Limits;

/// Most bytes of a request's head.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// How long a connection that was told to end gets to say goodbye.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(2);

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

/// Serves `router` until `shutdown` resolves, then accepts nothing more and waits up to [`Limits::drain`] for requests in
/// flight; what stays is cut. Returns `true` when all of them finished.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    admission: Admission,
    shutdown: impl Future<Output = ()>,
) -> bool {
    let limits = admission.limits;
    let builder = Arc::new(builder(&limits));
    let gate = Gate::new(limits, admission.proxies, admission.metrics);
    let (phase, _) = watch::channel(Phase::Open);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file handles, mostly: give connections a moment to end instead of spinning.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    continue;
                }
            },
        };
        let Some(place) = gate.admit(peer.ip()) else {
            tracing::debug!(%peer, "a connection too many");
            tokio::spawn(refuse(stream));
            continue;
        };
        // Small answers would otherwise wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            builder: Arc::clone(&builder),
            router: router.clone(),
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
    router: Router,
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
            let (router, activity) = (self.router.clone(), activity.clone());
            move |request| respond(router.clone(), peer, activity.clone(), request)
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

async fn respond(
    mut router: Router,
    peer: SocketAddr,
    activity: Activity,
    request: Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    let handling = activity.handle();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = ServiceExt::<Request<Body>>::ready(&mut router)
        .await?
        .call(request)
        .await?;
    let response = response.map(|body| activity.send(body));
    drop(handling);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use axum::routing::{get, post};
    use tokio::{io::AsyncReadExt, sync::oneshot};

    async fn listening(
        router: Router,
    ) -> (
        SocketAddr,
        oneshot::Sender<()>,
        tokio::task::JoinHandle<bool>,
    ) {
        limited(router, Limits::default()).await
    }

    async fn limited(
        router: Router,
        limits: Limits,
    ) -> (
        SocketAddr,
        oneshot::Sender<()>,
        tokio::task::JoinHandle<bool>,
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let admission = Admission {
            limits,
            ..Admission::default()
        };
        let task = tokio::spawn(serve(listener, router, admission, async {
            let _ = stopped.await;
        }));
        (at, stop, task)
    }

    async fn exchange(at: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        String::from_utf8_lossy(&response).into_owned()
    }

    #[tokio::test]
    async fn a_request_in_flight_is_finished_and_no_new_one_taken() {
        let (began, begun) = oneshot::channel();
        let began = std::sync::Mutex::new(Some(began));
        let began = std::sync::Arc::new(began);
        let slow = get(move || {
            let began = std::sync::Arc::clone(&began);
            async move {
                if let Some(began) = began.lock().unwrap().take() {
                    began.send(()).unwrap();
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
                "done"
            }
        });
        let (at, stop, task) = listening(Router::new().route("/", slow)).await;
        let asked =
            tokio::spawn(async move { exchange(at, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await });
        begun.await.unwrap();
        stop.send(()).unwrap();
        assert!(asked.await.unwrap().ends_with("done"));
        assert!(task.await.unwrap(), "drained in time");
        assert!(TcpStream::connect(at).await.is_err());
    }

    #[tokio::test]
    async fn hostile_heads_are_refused_and_survived() {
        let (at, _stop, _task) =
            listening(Router::new().route("/", get(|| async { "fine" }))).await;
        let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
        assert!(
            exchange(at, long.as_bytes())
                .await
                .starts_with("HTTP/1.1 4")
        );
        let many = format!(
            "GET / HTTP/1.1\r\nhost: x\r\n{}\r\n",
            "x: y\r\n".repeat(500)
        );
        assert!(
            exchange(at, many.as_bytes())
                .await
                .starts_with("HTTP/1.1 431")
        );
        exchange(at, b"\x00\xff\xfe nonsense\r\n\r\n").await;
        let well = exchange(
            at,
            b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        )
        .await;
        assert!(well.ends_with("fine"), "{well}");
    }

    /// Waits until the other end closes; answers what it said.
    async fn until_closed(mut stream: TcpStream) -> String {
        let mut said = Vec::new();
        let reading = stream.read_to_end(&mut said);
        // A cut connection is an error here, and closed as well.
        let _ = tokio::time::timeout(Duration::from_secs(20), reading)
            .await
            .unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }

    fn short() -> Limits {
        Limits {
            head: Duration::from_millis(300),
            idle: Duration::from_millis(400),
            stalled: Duration::from_millis(400),
            drain: Duration::from_millis(300),
            ..Limits::default()
        }
    }

    #[tokio::test]
    async fn who_says_nothing_or_half_of_it_is_let_go() {
        let router = Router::new().route("/", get(|| async { "fine" }));
        let (at, _stop, _task) = limited(router, short()).await;
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let settings = [&preface[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
        for said in [
            &b""[..],
            b"P",
            b"PRI * HTTP/2.0",
            b"GET / HT",
            b"GET / HTTP/1.1\r\nhost: x\r\n",
            b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
            preface,
            &settings,
        ] {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(said).await.unwrap();
            let start = Instant::now();
            until_closed(stream).await;
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{}",
                String::from_utf8_lossy(said)
            );
        }
    }

    #[tokio::test]
    async fn who_takes_nothing_of_an_answer_is_let_go() {
        let (ended, mut has_ended) = tokio::sync::mpsc::channel::<()>(1);
        let large = get(move || {
            let alive = ended.clone();
            async move {
                let piece = axum::body::Bytes::from(vec![0_u8; 1 << 20]);
                let pieces = futures::stream::repeat_with(move || {
                    let _alive = &alive;
                    Ok::<_, Infallible>(piece.clone())
                });
                Body::from_stream(pieces)
            }
        });
        let (at, stop, _task) = limited(Router::new().route("/", large), short()).await;
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        // The router's own sender goes with the server.
        stop.send(()).unwrap();
        let gone = tokio::time::timeout(Duration::from_secs(20), has_ended.recv()).await;
        assert_eq!(gone.unwrap(), None);
    }

    #[tokio::test]
    async fn a_connection_too_many_is_told_so() {
        let router = Router::new().route("/", get(|| async { "fine" }));
        let limits = Limits {
            household: 3,
            ..Limits::default()
        };
        let (at, _stop, _task) = limited(router, limits).await;
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(at).await.unwrap();
            let ask = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
            stream.write_all(ask).await.unwrap();
            // Once it is answered, it has been counted.
            stream.read_u8().await.unwrap();
            held.push(stream);
        }
        let refused = until_closed(TcpStream::connect(at).await.unwrap()).await;
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        let body = refused.split_once("\r\n\r\n").unwrap().1;
        assert!(refused.contains(&format!("content-length: {}\r\n", body.len())));
    }

    #[tokio::test]
    async fn closing_has_a_bound_though_a_connection_stays() {
        let never = post(|body: Body| async move {
            let _ = axum::body::to_bytes(body, 1 << 20).await;
        });
        let (at, stop, task) = limited(Router::new().route("/", never), short()).await;
        let mut stream = TcpStream::connect(at).await.unwrap();
        let half = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf";
        stream.write_all(half).await.unwrap();
        tokio::task::yield_now().await;
        let start = Instant::now();
        stop.send(()).unwrap();
        let _ = task.await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        until_closed(stream).await;
    }
}
