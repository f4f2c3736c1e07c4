//! HTTP as it comes over the wire: heads that are wrong, methods nobody has, and `HEAD` beside `GET`.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::test_app::TestApp;

/// The head and the body of an answer.
async fn exchange(at: SocketAddr, request: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(at).await.expect("connects");
    stream.write_all(request).await.expect("is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("is answered");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("{:?}", String::from_utf8_lossy(&answer)));
    let head = String::from_utf8(answer[..end].to_vec()).expect("is text");
    (head.to_lowercase(), answer[end + 4..].to_vec())
}

async fn status(at: SocketAddr, head: &str) -> u16 {
    let request = format!("{head}connection: close\r\n\r\n");
    let (head, _) = exchange(at, request.as_bytes()).await;
    let status = head.split(' ').nth(1).expect("has a status");
    status.parse().expect("is a number")
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let app = TestApp::start().await;
    let at = app.listen().await;
    let host = "host: localhost:3000\r\n";
    for (head, expected) in [
        (format!("GET /sign-in HTTP/1.1\r\n{host}"), 200),
        (format!("GET /sign-in HTTP/1.1\r\n{host}{host}"), 400),
        (
            format!("GET /sign-in HTTP/1.1\r\n{host}host: evil.test\r\n"),
            400,
        ),
        ("GET /sign-in HTTP/1.1\r\n".to_owned(), 400),
        ("GET /healthz HTTP/1.1\r\n".to_owned(), 400),
        ("GET /sign-in HTTP/1.1\r\nhost:\r\n".to_owned(), 400),
        ("GET /sign-in HTTP/1.1\r\nhost: a b\r\n".to_owned(), 400),
        (
            "GET /sign-in HTTP/1.1\r\nhost: me@localhost:3000\r\n".to_owned(),
            400,
        ),
        ("GET /sign-in HTTP/1.0\r\n".to_owned(), 308),
        ("GET /healthz HTTP/1.0\r\n".to_owned(), 200),
        (
            format!("GET http://localhost:3000/sign-in HTTP/1.1\r\n{host}"),
            200,
        ),
        (
            "GET http://localhost:3000/sign-in HTTP/1.1\r\nhost: evil.test\r\n".to_owned(),
            200,
        ),
        (
            format!("GET http://evil.test/sign-in HTTP/1.1\r\n{host}"),
            308,
        ),
        (
            "GET http://localhost:3000/sign-in HTTP/1.1\r\n".to_owned(),
            400,
        ),
    ] {
        assert_eq!(status(at, &head).await, expected, "{head}");
    }
}

#[tokio::test]
async fn methods_that_nobody_has_are_refused_whoever_asks() {
    let app = TestApp::start().await;
    let at = app.listen().await;
    for origin in [
        "",
        "origin: http://localhost:3000\r\n",
        "origin: https://evil.test\r\n",
    ] {
        for (method, target, expected) in [
            ("TRACE", "/", 405),
            ("CONNECT", "localhost:3000", 405),
            ("BREW", "/p/cup", 501),
            ("PROPFIND", "/", 501),
            ("get", "/", 501),
        ] {
            let head = format!("{method} {target} HTTP/1.1\r\nhost: localhost:3000\r\n{origin}");
            assert_eq!(status(at, &head).await, expected, "{head}");
        }
    }
    let (head, _) = exchange(
        at,
        b"PUT /sign-in HTTP/1.1\r\nhost: localhost:3000\r\norigin: http://localhost:3000\r\nconnection: close\r\n\r\n",
    )
    .await;
    assert!(head.contains("405") && head.contains("\nallow: "), "{head}");
}

#[tokio::test]
async fn odd_targets_and_floods_get_a_clear_status() {
    let app = TestApp::start().await;
    let at = app.listen().await;
    let host = "host: localhost:3000\r\n";
    for target in [
        "/%",
        "/%00",
        "/p/%00",
        "/p/%ff%fe",
        "/@%ff",
        "/p/..%2f..%2fetc",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/p/%u0041",
        "/\\\\evil.test/",
        "/p/%5c%5cevil.test",
        "/order/%ff",
        "/setup/%0d%0aset-cookie:x",
        "*",
    ] {
        let head = format!("GET {target} HTTP/1.1\r\n{host}");
        let found = status(at, &head).await;
        assert!((400..500).contains(&found), "{target}: {found}");
    }
    let long = format!("GET /p/{} HTTP/1.1\r\n{host}", "a".repeat(20_000));
    assert_eq!(status(at, &long).await, 404);
    let longer = format!("GET /p/{} HTTP/1.1\r\n{host}", "a".repeat(70_000));
    assert!(matches!(status(at, &longer).await, 414 | 431));
    let flood = format!("GET / HTTP/1.1\r\n{host}{}", "x: y\r\n".repeat(100));
    assert_eq!(status(at, &flood).await, 431);
    assert_eq!(
        status(at, &format!("GET /healthz HTTP/1.1\r\n{host}")).await,
        200
    );
}

#[tokio::test]
async fn head_says_what_get_would() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let bought = app
        .post(&format!("{page}/buy"))
        .form(&[("quantity", "1")])
        .await;
    let checkout = bought.header("location").to_owned();
    let media = app.get(&page).send().await.between("src=\"/media/", "\"");
    let at = app.listen().await;
    let mut targets: Vec<String> = [
        "/",
        "/@clay",
        "/sign-in",
        "/studio",
        "/manage",
        "/manage/products",
        "/manage/orders",
        "/manage/jobs",
        "/healthz",
        "/robots.txt",
        "/sitemap.xml",
        "/favicon.ico",
        "/static/favicon.svg",
        "/pkg/shop-1.css",
        "/nowhere",
        "/p/none",
        "/p/Blue-Cup.",
        "/sign-out",
        "/setup/none",
        "/order/none",
        "/api/uploads/none",
        "/api/nothing",
    ]
    .map(str::to_owned)
    .to_vec();
    targets.extend([
        path.clone(),
        page.clone(),
        format!("{page}/waitlist"),
        format!("{page}/buy"),
        checkout,
    ]);
    targets.push(format!("/media/{media}"));
    for target in targets {
        for accept in ["", "accept-encoding: br\r\n", "accept-encoding: gzip\r\n"] {
            let ask = async |method: &str| {
                let cookie = &clay.cookie;
                let tus = if target.starts_with("/api/uploads") {
                    "tus-resumable: 1.0.0\r\n"
                } else {
                    ""
                };
                let request = format!(
                    "{method} {target} HTTP/1.1\r\nhost: localhost:3000\r\ncookie: {cookie}\r\n{accept}{tus}connection: close\r\n\r\n"
                );
                let (head, body) = exchange(at, request.as_bytes()).await;
                // How the body is framed is no header of the answer (RFC 9110, section 9.3.2).
                let lines = head.lines().filter(|line| {
                    !["date:", "transfer-encoding:", "cache-status:"]
                        .iter()
                        .any(|name| line.starts_with(name))
                });
                let mut lines: Vec<String> = lines.map(str::to_owned).collect();
                lines.sort();
                (lines, body)
            };
            // The first one fills the cache.
            ask("GET").await;
            let (get, head) = (ask("GET").await, ask("HEAD").await);
            assert_eq!(get.0, head.0, "{target} {accept}");
            assert!(head.1.is_empty(), "{target}");
        }
    }
}

#[tokio::test]
async fn errors_are_packed_like_pages() {
    let app = TestApp::start().await;
    for coding in ["br", "gzip"] {
        let found = app
            .get("/nowhere")
            .header("accept-encoding", coding)
            .send()
            .await;
        assert_eq!(found.status, 404);
        assert_eq!(found.header("content-encoding"), coding);
        assert_eq!(found.header("vary"), "accept-encoding");
        assert_eq!(found.header("content-length"), found.body.len().to_string());
    }
    let plain = app.get("/nowhere").send().await;
    assert!(plain.header("content-encoding").is_empty() && plain.text().contains("Nothing here"));
    let refused = app
        .get("/nowhere")
        .header("accept-encoding", "br;q=0, gzip;q=0.1")
        .send()
        .await;
    assert_eq!(refused.header("content-encoding"), "gzip");
    let icon = app.get("/favicon.ico").send().await;
    assert_eq!(
        (icon.status.as_u16(), icon.header("content-type")),
        (200, "image/x-icon")
    );
}
