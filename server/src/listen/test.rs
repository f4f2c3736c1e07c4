use std::convert::Infallible;

use super::*;
use axum::{
    Router,
    body::Body,
    routing::{get, post},
};
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
    let (at, _stop, _task) = listening(Router::new().route("/", get(|| async { "fine" }))).await;
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

/// Says that it was dropped.
struct Dropped(tokio::sync::mpsc::UnboundedSender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn who_takes_nothing_of_an_answer_is_let_go() {
    let (dropped, mut was_dropped) = tokio::sync::mpsc::unbounded_channel();
    let large = get(move || {
        let dropped = Dropped(dropped.clone());
        async move {
            let piece = axum::body::Bytes::from(vec![0_u8; 1 << 20]);
            let pieces = futures::stream::repeat_with(move || {
                let _held = &dropped;
                Ok::<_, Infallible>(piece.clone())
            });
            Body::from_stream(pieces)
        }
    });
    let (at, _stop, _task) = limited(Router::new().route("/", large), short()).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let gone = tokio::time::timeout(Duration::from_secs(20), was_dropped.recv()).await;
    assert_eq!(gone.unwrap(), Some(()));
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
    let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let (dropped, mut was_dropped) = tokio::sync::mpsc::unbounded_channel();
    let never = post(move |body: Body| {
        let (began, dropped) = (began.clone(), Dropped(dropped.clone()));
        async move {
            let _dropped = dropped;
            began.send(()).unwrap();
            let _ = axum::body::to_bytes(body, 1 << 20).await;
        }
    });
    let (at, stop, task) = limited(Router::new().route("/", never), short()).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let half = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf";
    stream.write_all(half).await.unwrap();
    begun.recv().await.unwrap();
    stop.send(()).unwrap();
    let drained = tokio::time::timeout(Duration::from_secs(10), task).await;
    assert!(!drained.unwrap().unwrap(), "it was cut");
    was_dropped.try_recv().unwrap();
    until_closed(stream).await;
}
