//! Senders that stop in the middle: nobody waits for them for ever.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{Request, StatusCode},
    response::Response,
};
use futures::StreamExt;
use http_body_util::BodyExt;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{advance, pause, resume},
};
use tower::ServiceExt;

use crate::test_app::{Creator, TestApp, photo};

/// A body that sends `pieces`, each when it is asked for, and then nothing; it tells each time that more is wanted.
fn stalling(pieces: Vec<Bytes>) -> (Body, mpsc::UnboundedReceiver<()>) {
    let (wanted, heard) = mpsc::unbounded_channel();
    let pieces = futures::stream::iter(pieces);
    let never = futures::stream::once(async move {
        wanted.send(()).expect("somebody waits");
        futures::future::pending::<Bytes>().await
    });
    let body = pieces.chain(never).map(Ok::<_, Infallible>);
    (Body::from_stream(body), heard)
}

/// Sends a request whose sender stops, and lets `wait` pass once it has.
async fn stop_for(
    app: &TestApp,
    clay: &Creator,
    request: axum::http::request::Builder,
    pieces: Vec<Bytes>,
    wait: Duration,
) -> JoinHandle<Response> {
    let (body, mut heard) = stalling(pieces);
    let at: std::net::SocketAddr = "127.0.0.1:50000".parse().expect("an address");
    let request = request
        .header("host", "localhost:3000")
        .header("origin", "http://localhost:3000")
        .header("cookie", &clay.cookie)
        .header("authorization", &clay.program)
        .extension(ConnectInfo(at))
        .body(body)
        .expect("a request");
    let router = app.router.clone();
    let answer = tokio::spawn(async move { router.oneshot(request).await.unwrap() });
    heard.recv().await.expect("it was asked for");
    // Only this wait is shortened: the database has a clock of its own.
    pause();
    advance(wait).await;
    resume();
    answer
}

#[tokio::test]
async fn a_form_whose_sender_stops_is_given_up_after_a_minute() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "38", "2").await;
    let whole = photo(64, 64);
    let mut head = b"--edge\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n".to_vec();
    head.extend(&whole[..whole.len() / 2]);
    let form = || {
        Request::post(format!("{path}/photos"))
            .header("content-type", "multipart/form-data; boundary=edge")
    };
    let seconds = Duration::from_secs;
    let pieces = vec![Bytes::from(head)];
    let waiting = stop_for(&app, &clay, form(), pieces.clone(), seconds(58)).await;
    assert!(!waiting.is_finished(), "it may still come");
    waiting.abort();
    let given_up = stop_for(&app, &clay, form(), pieces, seconds(62)).await;
    let response = given_up.await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let page = response.into_body().collect().await.unwrap().to_bytes();
    assert!(
        String::from_utf8_lossy(&page).contains("did not arrive whole"),
        "{page:?}"
    );
}

#[tokio::test]
async fn an_upload_whose_sender_stops_is_acknowledged_as_far_as_it_came() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let tus = |request: axum::http::request::Builder| request.header("tus-resumable", "1.0.0");
    let whole = photo(64, 64);
    let made = app
        .post("/api/uploads")
        .header("authorization", &clay.program)
        .header("tus-resumable", "1.0.0")
        .header("upload-length", &whole.len().to_string())
        .header("upload-metadata", "kind cGhvdG8=")
        .send()
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let location = made.header("location").to_owned();
    let path = &location[location.find("/api/").unwrap()..];
    let patch = tus(Request::patch(path))
        .header("content-type", "application/offset+octet-stream")
        .header("upload-offset", "0");
    let half = Bytes::copy_from_slice(&whole[..whole.len() / 2]);
    let length = half.len().to_string();
    let given_up = stop_for(&app, &clay, patch, vec![half], Duration::from_secs(32)).await;
    let response = given_up.await.unwrap();
    assert_ne!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let stands = app
        .request("HEAD", path)
        .header("authorization", &clay.program)
        .header("tus-resumable", "1.0.0")
        .send()
        .await;
    assert_eq!(stands.header("upload-offset"), length, "nothing is lost");
}
