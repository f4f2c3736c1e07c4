//! What proxies in front may say, and who else tries to.

use server::config::{Proxies, parse_network};

use crate::test_app::TestApp;

/// The tests connect from this machine.
fn trusted(hops: Option<usize>) -> Proxies {
    Proxies {
        networks: vec![parse_network("127.0.0.1").expect("an address")],
        hops,
    }
}

/// Asks for a set-up link that is none, as a visitor whom the proxy names.
async fn try_link(app: &TestApp, forwarded: &str) -> u16 {
    let asked = app.get("/setup/none").header("x-forwarded-for", forwarded);
    asked.send().await.status.as_u16()
}

#[tokio::test]
async fn behind_a_trusted_proxy_everyone_has_limits_of_their_own() {
    let app = TestApp::behind("http://localhost:3000", trusted(None)).await;
    for _ in 0..20 {
        assert_ne!(try_link(&app, "203.0.113.7").await, 429);
    }
    assert_eq!(try_link(&app, "203.0.113.7").await, 429);
    assert_eq!(
        try_link(&app, "198.51.100.1, 203.0.113.7").await,
        429,
        "what stands left of the visitor is the visitor's own word"
    );
    assert_ne!(try_link(&app, "203.0.113.8").await, 429);
    assert_ne!(try_link(&app, "[2001:db8::1]:4711").await, 429);
    assert_eq!(app.metric("forwarded_untrusted_total").await, 0);
}

#[tokio::test]
async fn who_is_not_trusted_is_counted_and_not_believed() {
    let app = TestApp::start().await;
    for visitor in 0..20 {
        assert_ne!(try_link(&app, &format!("203.0.113.{visitor}")).await, 429);
    }
    assert_eq!(try_link(&app, "203.0.113.99").await, 429, "all are one");
    assert_eq!(app.metric("forwarded_untrusted_total").await, 21);
}

#[tokio::test]
async fn a_list_of_hosts_leads_nowhere_for_ever() {
    let app = TestApp::behind("https://shop.example", trusted(None)).await;
    let asked = async |pairs: &[(&str, &str)]| {
        let mut request = app.get("/sign-in").header("host", "127.0.0.1:3000");
        for (name, value) in pairs {
            request = request.header(name, value);
        }
        request.send().await.status.as_u16()
    };
    assert_eq!(asked(&[]).await, 308);
    for (hosts, status) in [
        ("shop.example", 200),
        ("evil.test, shop.example", 200),
        ("SHOP.example:443", 200),
        // The proxy that connects was asked under another name than the browser: a redirect would come back the same way.
        ("shop.example, inner:8080", 421),
        ("evil.test", 308),
        ("evil.test, other.test", 308),
    ] {
        assert_eq!(
            asked(&[("x-forwarded-host", hosts)]).await,
            status,
            "{hosts}"
        );
    }
    let elements = "for=203.0.113.7;host=shop.example;proto=https";
    assert_eq!(asked(&[("forwarded", elements)]).await, 200);
    let two = TestApp::behind("https://shop.example", trusted(Some(2))).await;
    let inner = two
        .get("/sign-in")
        .header("host", "127.0.0.1:3000")
        .header("x-forwarded-host", "shop.example, inner:8080");
    assert_eq!(inner.send().await.status, 200);
    let stranger = TestApp::at("https://shop.example").await;
    let answer = stranger
        .get("/sign-in")
        .header("host", "127.0.0.1:3000")
        .header("x-forwarded-host", "shop.example")
        .send()
        .await;
    assert_eq!(answer.status, 421);
    assert!(
        answer.text().contains("--trusted-proxy"),
        "{}",
        answer.text()
    );
}
