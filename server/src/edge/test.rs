use std::sync::atomic::AtomicUsize;

use axum::Router;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::{net::TcpListener, sync::Notify};

use super::{
    gather::{Gathered, LONGEST_KEPT, gather},
    stored::Arrived,
    *,
};

/// An origin that says how often it was asked, with the headers that the query names.
struct TestOrigin {
    at: SocketAddr,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for TestOrigin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn origin() -> TestOrigin {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let answer = move |request: Request<Body>| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            let (parts, body) = request.into_parts();
            let sent = body.collect().await.unwrap().to_bytes().len();
            let mut answer = Response::new(Body::from(format!("answer {number}")));
            let headers = answer.headers_mut();
            for pair in parts.uri.query().unwrap_or_default().split('&') {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let value = match name {
                    "etag" => format!("\"{value}\""),
                    _ => value.to_owned(),
                };
                let name: Result<HeaderName, _> = name.parse();
                if let (Ok(name), Ok(value)) = (name, value.parse()) {
                    headers.append(name, value);
                }
            }
            headers.insert("x-sent", sent.into());
            for name in ["x-forwarded-for", "x-forwarded-host", "host", "via"] {
                if let Some(value) = parts.headers.get(name) {
                    headers.insert(
                        HeaderName::try_from(format!("got-{name}")).unwrap(),
                        value.clone(),
                    );
                }
            }
            let etag = headers.get(header::ETAG).cloned();
            if etag.is_some() && parts.headers.get(header::IF_NONE_MATCH) == etag.as_ref() {
                *answer.status_mut() = StatusCode::NOT_MODIFIED;
                *answer.body_mut() = Body::empty();
            }
            answer
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer);
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    TestOrigin { at, asked, task }
}

fn edge(origin: SocketAddr) -> Edge {
    edge_with(origin, None)
}

/// An edge that was told of nothing yet.
fn edge_with(origin: SocketAddr, key: Option<&str>) -> Edge {
    Edge::new(Settings {
        origin: format!("http://{origin}").parse().unwrap(),
        region: "here".to_owned(),
        budget: 1 << 20,
        proxies: Proxies::default(),
        key: key.map(|key| key.parse().unwrap()),
        clock: Clock::System,
    })
    .unwrap()
}

/// A status, a body and headers.
type Answered = (u16, String, HeaderMap);

async fn ask(edge: &Edge, method: &str, path: &str, headers: &[(&str, &str)]) -> Answered {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "shop.example");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = edge.answer("9.9.9.9".parse().unwrap(), request).await;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (parts.status.as_u16(), text, parts.headers)
}

async fn get(edge: &Edge, path: &str) -> String {
    ask(edge, "GET", path, &[]).await.1
}

#[tokio::test]
async fn what_may_be_kept_is_asked_for_once() {
    let origin = origin().await;
    let edge = edge(origin.at);
    let (status, text, headers) = ask(&edge, "GET", "/a?cache-control=max-age=60", &[]).await;
    assert_eq!((status, text.as_str()), (200, "answer 1"));
    assert_eq!(headers["cache-status"], "here; fwd=uri-miss; stored");
    assert_eq!(headers["got-host"], "shop.example");
    assert_eq!(headers["got-x-forwarded-for"], "9.9.9.9");
    let (_, text, headers) = ask(&edge, "GET", "/a?cache-control=max-age=60", &[]).await;
    assert_eq!(
        (text.as_str(), &headers["cache-status"]),
        ("answer 1", &"here; hit".parse().unwrap())
    );
    let head = ask(&edge, "HEAD", "/a?cache-control=max-age=60", &[]).await;
    assert_eq!(
        (head.1.as_str(), &head.2["content-length"]),
        ("", &"8".parse().unwrap())
    );
    let part = ask(
        &edge,
        "GET",
        "/a?cache-control=max-age=60",
        &[("range", "bytes=0-1")],
    )
    .await;
    assert_eq!((part.0, part.1.as_str()), (206, "an"));
    // Another query, another host, and what is for one person.
    for (path, host) in [
        ("/a?cache-control=max-age=61", "shop.example"),
        ("/a?cache-control=max-age=60", "other.example"),
        ("/b?cache-control=private", "shop.example"),
        ("/b?cache-control=private", "shop.example"),
    ] {
        let before = origin.asked.load(Ordering::SeqCst);
        ask(&edge, "GET", path, &[("host", host)]).await;
        assert_eq!(
            origin.asked.load(Ordering::SeqCst),
            before + 1,
            "{path} at {host}"
        );
    }
    assert_eq!(edge.counts().hits, 3);
}

#[tokio::test]
async fn what_a_client_says_of_itself_poisons_nothing() {
    let origin = origin().await;
    let edge = edge(origin.at);
    let path = "/?cache-control=max-age=60";
    let evil = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-for", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6;host=evil.example"),
        ("connection", "x-forwarded-for"),
    ];
    let (.., headers) = ask(&edge, "GET", path, &evil).await;
    assert_eq!(headers["got-x-forwarded-host"], "shop.example");
    assert_eq!(headers["got-x-forwarded-for"], "9.9.9.9");
    for (host, status) in [("a@b", 400), ("", 400), ("shop.example/p", 400)] {
        assert_eq!(
            ask(&edge, "GET", "/", &[("host", host)]).await.0,
            status,
            "{host}"
        );
    }
    let twice = [("host", "a.example"), ("host", "b.example")];
    assert_eq!(ask(&edge, "GET", "/", &twice).await.0, 400);
    assert_eq!(ask(&edge, "TRACE", "/", &[]).await.0, 405);
}

#[tokio::test]
async fn many_who_ask_at_once_cost_one_request() {
    let origin = origin().await;
    let edge = edge(origin.at);
    let path = "/page?cache-control=max-age=60";
    let all = (0..200).map(|_| get(&edge, path));
    for text in futures::future::join_all(all).await {
        assert_eq!(text, "answer 1");
    }
    // What is for one each costs one each, and nobody gets another's.
    let path = "/mine?cache-control=no-store";
    let all: Vec<String> = futures::future::join_all((0..20).map(|_| get(&edge, path))).await;
    let different: std::collections::HashSet<&String> = all.iter().collect();
    assert_eq!(different.len(), 20);
}

#[tokio::test]
async fn an_old_response_is_confirmed_and_served_when_the_origin_is_away() {
    let origin = origin().await;
    let edge = edge(origin.at);
    let path = "/a?cache-control=max-age=0&etag=v1";
    assert_eq!(get(&edge, path).await, "answer 1");
    let (status, text, headers) = ask(&edge, "GET", path, &[]).await;
    assert_eq!(
        (status, text.as_str()),
        (200, "answer 1"),
        "the second was a 304"
    );
    assert_eq!(
        headers["cache-status"],
        "here; hit; fwd=stale; fwd-status=304"
    );
    let known = ask(&edge, "GET", path, &[("if-none-match", "\"v1\"")]).await;
    assert_eq!((known.0, known.1.as_str()), (304, ""));
    let strict = "/a?cache-control=max-age=0,must-revalidate&etag=v1";
    get(&edge, strict).await;
    drop(origin);
    // The connection that is kept alive may still be open; the answer is the same either way.
    let (status, text, _) = ask(&edge, "GET", path, &[]).await;
    assert_eq!((status, text.as_str()), (200, "answer 1"));
    let (status, ..) = ask(&edge, "GET", "/never", &[]).await;
    assert!(status == 502 || status == 200, "{status}");
}

#[tokio::test]
async fn a_dead_origin_is_said_and_what_must_be_fresh_is_not_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    drop(listener);
    let edge = edge(at);
    let (status, text, headers) = ask(&edge, "GET", "/", &[]).await;
    assert_eq!(status, 502);
    assert!(text.contains("Try again") && headers["cache-control"] == "no-store");
    assert_eq!(ask(&edge, "POST", "/", &[]).await.0, 502);
    let oic = [("cache-control", "only-if-cached")];
    assert_eq!(ask(&edge, "GET", "/", &oic).await.0, 504);
    let arrived = Arrived {
        now: edge.0.clock.now(),
        took: Duration::ZERO,
    };
    for (value, expected) in [
        ("max-age=60", 200),
        ("max-age=0", 200),
        ("max-age=0, must-revalidate", 502),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, value.parse().unwrap());
        let kept = Stored::new(
            StatusCode::OK,
            headers,
            Bytes::from_static(b"kept"),
            arrived,
        );
        edge.0
            .store
            .put("http shop.example /kept", &HeaderMap::new(), Arc::new(kept));
        assert_eq!(ask(&edge, "GET", "/kept", &[]).await.0, expected, "{value}");
    }
}

#[tokio::test]
async fn a_change_makes_what_is_kept_doubtful() {
    let origin = origin().await;
    let edge = edge(origin.at);
    let path = "/a?cache-control=max-age=60";
    for (method, at, is_gone) in [
        ("POST", path, true),
        ("DELETE", path, true),
        ("M-SEARCH", path, true),
        ("OPTIONS", path, false),
        ("POST", "/b?location=/a?cache-control=max-age=60", true),
        (
            "PUT",
            "/b?content-location=http://shop.example/a?cache-control=max-age=60",
            true,
        ),
        (
            "PUT",
            "/b?content-location=http://else.example/a?cache-control=max-age=60",
            false,
        ),
    ] {
        let before = get(&edge, path).await;
        ask(&edge, method, at, &[]).await;
        assert_eq!(get(&edge, path).await != before, is_gone, "{method} {at}");
    }
}

#[tokio::test]
async fn a_fill_goes_on_when_whoever_asked_has_left() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let answer = {
        let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
        move || {
            let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
            async move {
                asked.notify_one();
                go.notified().await;
                ([(header::CACHE_CONTROL, "max-age=60")], "slow")
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer);
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let edge = edge(at);
    let leaver = tokio::spawn({
        let edge = edge.clone();
        async move { get(&edge, "/slow").await }
    });
    asked.notified().await;
    let stayer = tokio::spawn({
        let edge = edge.clone();
        async move { get(&edge, "/slow").await }
    });
    tokio::task::yield_now().await;
    leaver.abort();
    go.notify_one();
    assert_eq!(stayer.await.unwrap(), "slow");
    assert_eq!(edge.counts().misses, 1);
    task.abort();
}

#[tokio::test]
async fn a_long_answer_is_passed_on_as_it_comes() {
    let long = "x".repeat(LONGEST_KEPT + 1);
    let sized = Body::from(long.clone());
    assert!(matches!(gather(sized).await, Gathered::Long(_)));
    let pieces: Vec<Result<Bytes, std::io::Error>> = vec![
        Ok(Bytes::from(long.clone())),
        Ok(Bytes::from_static(b"end")),
    ];
    let Gathered::Long(body) = gather(Body::from_stream(futures::stream::iter(pieces))).await
    else {
        panic!("it is long");
    };
    assert_eq!(
        body.collect().await.unwrap().to_bytes().len(),
        long.len() + 3
    );
    let broken: Vec<Result<Bytes, std::io::Error>> = vec![
        Ok(Bytes::from_static(b"a")),
        Err(std::io::Error::other("gone")),
    ];
    let broken = Body::from_stream(futures::stream::iter(broken));
    assert!(matches!(gather(broken).await, Gathered::Broken));
}

const KEY: Option<&str> = Some("a key of more than thirty-two characters");

fn change(stale: &[&str], withdrawn: &[&str]) -> Change {
    let texts = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect();
    Change {
        stale: texts(stale),
        withdrawn: texts(withdrawn),
        whole: true,
    }
}

#[tokio::test]
async fn what_is_told_to_have_changed_is_fetched_and_what_is_gone_is_not_shown() {
    let origin = origin().await;
    let edge = edge_with(origin.at, KEY);
    let path =
        "/p/cup?cache-tag=product:1,shop:1&cdn-cache-control=max-age=60,stale-while-revalidate=600";
    assert_eq!(get(&edge, path).await, "answer 1");
    assert_eq!(get(&edge, path).await, "answer 1");
    edge.purge(&change(&["product:2"], &[]));
    assert_eq!(get(&edge, path).await, "answer 1");
    edge.purge(&change(&["shop:1"], &[]));
    // For a moment the old one is sent while the new one is fetched; whoever is signed in waits for it.
    let signed_in = [("cookie", "a=b; vitrine_session=c")];
    let mine = ask(&edge, "GET", path, &signed_in).await.1;
    assert_ne!(mine, "answer 1");
    let seen = get(&edge, path).await;
    assert!(seen != "answer 1", "{seen}");
    edge.purge(&change(&["product:1"], &["product:1"]));
    assert_eq!(edge.counts().keys, 0);
}

#[tokio::test]
async fn campaigns_share_a_page() {
    let origin = origin().await;
    let edge = edge_with(origin.at, KEY);
    let asked = origin.asked.load(Ordering::SeqCst);
    let page = "/?cache-control=max-age=60";
    for campaign in ["", "&utm_source=mail", "&fbclid=1&utm_medium=x", "&gclid=2"] {
        get(&edge, &format!("{page}{campaign}")).await;
    }
    assert_eq!(origin.asked.load(Ordering::SeqCst), asked + 1);
    get(&edge, &format!("{page}&size=2")).await;
    assert_eq!(origin.asked.load(Ordering::SeqCst), asked + 2);
}

#[tokio::test]
async fn nothing_is_vouched_for_that_was_kept_before_a_gap() {
    let origin = origin().await;
    let edge = edge_with(origin.at, KEY);
    let path = "/p/cup?cache-tag=product:1&cache-control=max-age=60&etag=v1";
    get(&edge, path).await;
    edge.doubt();
    drop(origin);
    // It is old now, and still better than nothing.
    let (status, text, headers) = ask(&edge, "GET", path, &[]).await;
    assert_eq!((status, text.as_str()), (200, "answer 1"));
    assert_ne!(headers["cache-status"], "here; hit");
}

#[tokio::test]
async fn what_was_withdrawn_while_it_was_fetched_is_not_kept() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let answer = {
        let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
        move || {
            let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
            async move {
                asked.notify_one();
                go.notified().await;
                let tags = HeaderName::from_static("cache-tag");
                (
                    [(header::CACHE_CONTROL, "max-age=60"), (tags, "product:1")],
                    "old",
                )
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = Router::new().fallback(answer);
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let edge = edge_with(at, KEY);
    for (told, keys) in [
        (change(&["product:1"], &["product:1"]), 0),
        (change(&["product:2"], &[]), 0),
    ] {
        let fetching = tokio::spawn({
            let edge = edge.clone();
            async move { get(&edge, "/p/cup").await }
        });
        asked.notified().await;
        edge.purge(&told);
        go.notify_one();
        assert_eq!(fetching.await.unwrap(), "old", "for who asked before");
        assert_eq!(edge.counts().keys, keys);
    }
    task.abort();
}

#[tokio::test]
async fn an_answer_to_one_is_not_kept_for_all() {
    let origin = origin().await;
    let (plain, fed) = (edge(origin.at), edge_with(origin.at, KEY));
    let asked = || origin.asked.load(Ordering::SeqCst);
    for (edge, path, is_kept) in [
        (&plain, "/?set-cookie=a=b&cache-control=max-age=60", true),
        (
            &plain,
            "/?set-cookie=a=b&last-modified=Fri,%2001%20Jan%202021",
            false,
        ),
        (&fed, "/?set-cookie=a=b&cache-control=max-age=60", false),
        (&plain, "/?cache-control=max-age=60,private", false),
    ] {
        get(edge, path).await;
        let before = asked();
        get(edge, path).await;
        assert_eq!(asked() == before, is_kept, "{path}");
    }
    // By another scheme it is another page, and a campaign is no part of what the origin is asked for.
    let trusting = Edge::new(Settings {
        origin: format!("http://{}", origin.at).parse().unwrap(),
        region: "here".to_owned(),
        budget: 1 << 20,
        proxies: Proxies {
            networks: vec![crate::config::parse_network("9.9.9.9").unwrap()],
            hops: None,
        },
        key: KEY.map(|key| key.parse().unwrap()),
        clock: Clock::System,
    })
    .unwrap();
    let path = "/?cache-control=max-age=60&utm_source=mail";
    let before = asked();
    for proto in ["http", "https", "http"] {
        let (_, _, headers) = ask(&trusting, "GET", path, &[("x-forwarded-proto", proto)]).await;
        assert!(!headers.contains_key("utm_source"), "{headers:?}");
    }
    assert_eq!(asked(), before + 2);
}
