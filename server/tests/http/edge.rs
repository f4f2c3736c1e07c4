//! The feed that edges follow.

use axum::{body::Body, extract::ConnectInfo, http::Request};
use http_body_util::BodyExt;
use server::edge::Key;
use tower::ServiceExt;

use crate::test_app::{EDGE_KEY, TestApp};

fn token(app: &TestApp) -> String {
    let key: Key = EDGE_KEY.parse().expect("it is well formed");
    format!("Bearer {}", key.token("eu-west", app.vitrine.clock.now()))
}

/// An open feed, read event by event.
struct Feed {
    body: Body,
    text: String,
}

impl Feed {
    async fn open(app: &TestApp, last: Option<&str>) -> Self {
        let host = app.origin.split_once("://").expect("an origin").1;
        let at: std::net::SocketAddr = "127.0.0.1:50000".parse().expect("it is well formed");
        let mut request = Request::builder()
            .uri("/edge/feed")
            .header("host", host)
            .header("authorization", token(app))
            .extension(ConnectInfo(at));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).expect("a request");
        let answer = app
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        Self {
            body: answer.into_body(),
            text: String::new(),
        }
    }

    /// The next event: its name, its id and its data.
    async fn next(&mut self) -> (String, String, String) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let found = (field("event:"), field("id:"), field("data:"));
                self.text = rest.to_owned();
                return found;
            }
            let frame = self
                .body
                .frame()
                .await
                .expect("it goes on")
                .expect("a frame");
            let piece = frame.into_data().expect("data");
            self.text
                .push_str(std::str::from_utf8(&piece).expect("text"));
        }
    }

    /// The next event that is no heartbeat.
    async fn news(&mut self) -> (String, String, String) {
        loop {
            let next = self.next().await;
            if next.0 != "current" {
                return next;
            }
        }
    }
}

#[tokio::test]
async fn a_change_is_told_to_whoever_knows_the_key() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, _) = app.product(&clay, "Blue cup", "38", "2").await;
    let mut feed = Feed::open(&app, None).await;
    let (event, start, _) = feed.next().await;
    assert_eq!(event, "current");
    assert_eq!(feed.next().await.0, "current", "a heartbeat");

    let gone = app
        .post(&format!("{path}/unpublish"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    let (event, id, data) = feed.news().await;
    assert_eq!(event, "purge");
    assert!(id.parse::<i64>().unwrap() > start.parse().unwrap());
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let list = |name: &str| -> Vec<String> { serde_json::from_value(data[name].clone()).unwrap() };
    assert!(list("stale").iter().any(|tag| tag.starts_with("product:")));
    assert!(list("stale").iter().any(|tag| tag.starts_with("listing:")));
    assert_eq!(list("withdrawn").len(), 1);

    // Who was away hears what they missed, and who comes from another feed that it does not lead here.
    let mut late = Feed::open(&app, Some(&start)).await;
    assert_eq!(
        late.next().await,
        ("hello".to_owned(), start, String::new())
    );
    assert_eq!(late.news().await.1, id);
    for other in ["999999", "-1"] {
        let mut lost = Feed::open(&app, Some(other)).await;
        assert_eq!(
            lost.next().await,
            ("reset".to_owned(), id.clone(), String::new())
        );
    }
    // A shop that shuts down ends it.
    app.vitrine.closing.send_replace(true);
    while let Some(frame) = feed.body.frame().await {
        frame.unwrap();
    }
}

#[tokio::test]
async fn nobody_else_is_told() {
    let app = TestApp::start().await;
    let other: Key = "another key of thirty-two characters and more"
        .parse()
        .unwrap();
    let now = app.vitrine.clock.now();
    let key: Key = EDGE_KEY.parse().unwrap();
    let old = domain::time::UnixMs(now.0 - 1_200_000);
    for bearer in [
        String::new(),
        "Bearer".to_owned(),
        format!("Bearer {EDGE_KEY}"),
        format!("Basic {}", key.token("eu-west", now)),
        format!("Bearer {}", other.token("eu-west", now)),
        format!("Bearer {}", key.token("eu-west", old)),
    ] {
        let answer = app
            .get("/edge/feed")
            .header("authorization", &bearer)
            .send()
            .await;
        assert_eq!(answer.status, 401, "{bearer}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let twice = app
        .get("/edge/feed")
        .header("authorization", &token(&app))
        .raw("authorization", b"Bearer x")
        .send()
        .await;
    assert_eq!(twice.status, 401);
}
