//! The socket: accepts connections, limits what one may cost before it has sent a request, and shuts down gracefully.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::net::TcpListener;
use tower::{Service, ServiceExt};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// Most bytes of a request's head.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 64;

/// How long requests in flight get to finish after the shutdown signal.
pub const DRAIN: Duration = Duration::from_secs(20);

/// Serves `router` until `shutdown` resolves, then accepts nothing more and waits up to [`DRAIN`] for requests in flight.
/// Returns `true` when all of them finished.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> bool {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD_BYTES as u32)
        .max_concurrent_streams(100)
        .keep_alive_interval(Duration::from_secs(30));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
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
        // Small answers would otherwise wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let service = hyper::service::service_fn({
            let router = router.clone();
            move |request| respond(router.clone(), peer, request)
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    tracing::info!(
        connections = graceful.count(),
        "shutting down: finishing requests in flight"
    );
    tokio::time::timeout(DRAIN, graceful.shutdown())
        .await
        .is_ok()
}

async fn respond(
    mut router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    ServiceExt::<Request<Body>>::ready(&mut router)
        .await?
        .call(request)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        sync::oneshot,
    };

    async fn listening(
        router: Router,
    ) -> (
        SocketAddr,
        oneshot::Sender<()>,
        tokio::task::JoinHandle<bool>,
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router, async {
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
}
