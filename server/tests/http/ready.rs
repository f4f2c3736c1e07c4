//! Pages that are answered before the router: as the router answers them, and only where nothing else has a say.

use std::net::IpAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, Response, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use server::http::public;
use tower::ServiceExt;

use crate::test_app::TestApp;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));

fn request(method: &Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let at = std::net::SocketAddr::new(PEER, 50_000);
    request
        .extension(ConnectInfo(at))
        .body(Body::empty())
        .expect("a request")
}

async fn whole<B: axum::body::HttpBody<Data = Bytes, Error: std::fmt::Debug>>(
    response: Response<B>,
) -> (u16, Vec<(String, String)>, Bytes) {
    let (parts, body) = response.into_parts();
    let mut headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .filter(|(name, _)| name != "content-length")
        .collect();
    headers.sort();
    let body = body.collect().await.expect("a body").to_bytes();
    (parts.status.as_u16(), headers, body)
}

fn ready(app: &TestApp, request: &Request<Body>) -> Option<Response<Full<Bytes>>> {
    // Nothing follows the feed here, and nothing changes behind the shop's back.
    app.vitrine
        .pages
        .mark_feed_read(tokio::time::Instant::now());
    public::ready(&app.vitrine, PEER, request)
}

#[tokio::test]
async fn what_is_ready_is_what_the_router_answers() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let host = app.origin.split_once("://").unwrap().1.to_owned();
    let host = ("host", host.as_str());
    for path in ["/", "/@clay", "/@clay/terms", &page] {
        let early = request(&Method::GET, path, &[host]);
        assert!(ready(&app, &early).is_none(), "nothing is there yet");
        let first = app.get(path).send().await;
        let etag = first.header("etag").to_owned();
        // What is asked for often is packed anew under another name; after that it stays as it is.
        let packed = async {
            let asked = || request(&Method::GET, path, &[host, ("accept-encoding", "br")]);
            let is_packed = |response: &Response<Full<Bytes>>| {
                let etag = response.headers()[header::ETAG].to_str().unwrap();
                etag.ends_with("-br11\"")
            };
            while !ready(&app, &asked()).is_some_and(|response| is_packed(&response)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), packed)
            .await
            .unwrap();
        for accept in [
            "br",
            "gzip, deflate, br, zstd",
            "gzip",
            "identity",
            "",
            "*;q=0",
        ] {
            for known in ["", "\"else\"", "*", &etag] {
                for (method, query) in [
                    (Method::GET, ""),
                    (Method::GET, "?utm_source=mail"),
                    (Method::HEAD, ""),
                ] {
                    let asked = || {
                        let headers = [
                            host,
                            ("accept-encoding", accept),
                            ("if-none-match", known),
                            ("cookie", &clay.cookie),
                            ("range", "bytes=0-9"),
                        ];
                        request(&method, &format!("{path}{query}"), &headers)
                    };
                    let quick = ready(&app, &asked()).expect("it is there");
                    let routed = app.router.clone().oneshot(asked()).await.unwrap();
                    assert_eq!(
                        whole(quick).await,
                        whole(routed).await,
                        "{method} {path}{query} {accept} {known}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn whatever_a_layer_looks_at_goes_to_the_router() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let host = app.origin.split_once("://").unwrap().1.to_owned();
    let host = ("host", host.as_str());
    app.get(&page).send().await;
    assert!(ready(&app, &request(&Method::GET, &page, &[host])).is_some());
    for (method, path, headers) in [
        (Method::POST, page.as_str(), vec![host]),
        (Method::OPTIONS, &page, vec![host]),
        (Method::GET, &page, vec![]),
        (Method::GET, &page, vec![("host", "elsewhere.example")]),
        (Method::GET, &page, vec![host, host]),
        (
            Method::GET,
            &format!("http://elsewhere.example{page}"),
            vec![host],
        ),
        (Method::GET, &page.to_uppercase(), vec![host]),
        (Method::GET, &format!("/{page}"), vec![host]),
        (Method::GET, &format!("{page}/"), vec![host]),
        (Method::GET, "/p/nothing", vec![host]),
        (
            Method::GET,
            &page,
            vec![host, ("x-forwarded-for", "9.9.9.9")],
        ),
        (Method::GET, &page, vec![host, ("forwarded", "for=9.9.9.9")]),
        (Method::GET, &page, vec![host, ("expect", "100-continue")]),
        (Method::GET, &page, vec![host, ("upgrade", "h2c")]),
        (
            Method::GET,
            &page,
            vec![host, ("transfer-encoding", "chunked")],
        ),
    ] {
        let asked = request(&method, path, &headers);
        assert!(ready(&app, &asked).is_none(), "{method} {path} {headers:?}");
    }

    let saved = app
        .post(&format!("{path}/unpublish"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let gone = request(&Method::GET, &page, &[host]);
    assert!(ready(&app, &gone).is_none(), "a commit drops it");
}

#[tokio::test]
async fn a_head_says_the_length_of_the_body_it_leaves_out() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let whole = app.get(&page).send().await.body.len();
    let host = app.origin.split_once("://").unwrap().1.to_owned();
    let asked = request(&Method::HEAD, &page, &[("host", &host)]);
    let headers: HeaderMap = ready(&app, &asked).unwrap().headers().clone();
    assert_eq!(headers[header::CONTENT_LENGTH], whole.to_string());
}
