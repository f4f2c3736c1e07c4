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
