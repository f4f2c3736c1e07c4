//! An edge in front of an origin, each a process of its own.

use crate::child::{Serve, build_site, command};

#[tokio::test]
async fn a_shop_is_reached_through_an_edge_and_seen_when_its_origin_is_dead() {
    let folder = tempfile::tempdir().unwrap();
    let (site, data) = (folder.path().join("site"), folder.path().join("data"));
    build_site(&site);
    let data = data.to_str().unwrap();
    let mut origin = Serve::spawn(&site, &["--data", data, "--trusted-proxy", "127.0.0.1"]);
    origin.open().await;
    let mut edge = Serve::edge(&origin, &[]).await;

    // A shop is opened, and its owner signed in, through the edge.
    let cookie = edge.set_up(&["--data", data]).await;
    let mine = edge.get("/manage", &cookie).await;
    assert_eq!(mine.status, 200, "{}", mine.text());
    assert_eq!(edge.get("/manage", "").await.status, 303, "and nobody else");

    // A page is asked for once, and comes as the origin sends it.
    let first = edge.get("/@clay", "").await;
    let second = edge.get("/@clay", &cookie).await;
    assert_eq!((first.status, second.status), (200, 200));
    assert!(second.header("cache-status").ends_with("here; hit") || second.text().contains("Clay"));
    let straight = origin.get("/@clay", "").await;
    assert_eq!(second.body, straight.body);
    for name in [
        "etag",
        "content-type",
        "cdn-cache-control",
        "cache-tag",
        "content-security-policy",
    ] {
        assert_eq!(second.header(name), straight.header(name), "{name}");
    }
    let etag = straight.header("etag").to_owned();
    let known = edge
        .send("GET", "/@clay", &[("if-none-match", &etag)], &[])
        .await;
    assert_eq!((known.status, known.body.len()), (304, 0));

    // Nothing that is for one person is kept for another.
    let products = edge.form("/manage/products", &cookie, &[]).await;
    assert_eq!(products.status, 303, "{}", products.text());
    assert_eq!(edge.get(products.header("location"), "").await.status, 303);

    origin.kill().await;
    let page = edge.get("/@clay", "").await;
    assert_eq!((page.status, &page.body), (200, &straight.body));
    let unseen = edge.get("/p/never-seen", "").await;
    assert_eq!(unseen.status, 502);
    assert!(unseen.text().contains("Try again"));
    edge.stop().await;
}

#[tokio::test]
async fn a_change_at_the_origin_is_seen_at_an_edge_that_knows_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let (site, data) = (folder.path().join("site"), folder.path().join("data"));
    build_site(&site);
    let data = data.to_str().unwrap();
    let key = ["--edge-key", "a key of more than thirty-two characters"];
    let arguments = [&["--data", data, "--trusted-proxy", "127.0.0.1"], &key[..]].concat();
    let mut origin = Serve::spawn(&site, &arguments);
    origin.open().await;
    let cookie = origin.set_up(&["--data", data]).await;
    let edge = Serve::edge(&origin, &key).await;

    // Before the feed is heard nothing is vouched for, so that the first pages may be confirmed a few times.
    until(async || {
        let page = edge.get("/@clay", "").await;
        page.header("age") == "0" && page.header("cache-status").ends_with("here; hit")
    })
    .await;
    for name in ["Loam", "Marl", "Slip"] {
        let saved = origin
            .form("/manage/settings/name", &cookie, &[("shop_name", name)])
            .await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        let mine = edge.get("/@clay", &cookie).await;
        assert!(
            mine.text().contains(name),
            "who is signed in sees what the origin has"
        );
        until(async || edge.get("/@clay", "").await.text().contains(name)).await;
    }

    // The feed's end does not keep the origin from stopping.
    origin.stop().await;
    assert_eq!(edge.get("/@clay", "").await.status, 200);
}

/// Asks until it is so. Each answer comes over a socket of its own, so this does not spin.
async fn until(is_so: impl AsyncFn() -> bool) {
    let asked = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), asked)
        .await
        .expect("it comes to be so");
}

#[test]
fn an_edge_says_what_is_wrong_with_its_settings() {
    for (arguments, words) in [
        (&["edge"][..], "--origin"),
        (&["edge", "--origin", "shop.example"], "http://"),
        (
            &["edge", "--origin", "http://127.0.0.1:1", "--region", "Ü"],
            "lower-case",
        ),
        (
            &[
                "edge",
                "--origin",
                "http://127.0.0.1:1",
                "--listen",
                "192.0.2.1:1",
            ],
            "cannot listen",
        ),
    ] {
        let ended = command(arguments);
        assert!(!ended.status.success());
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}
