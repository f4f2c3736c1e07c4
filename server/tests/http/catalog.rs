//! Product pages and the studio's drafts.

use domain::wire::address::CREATE_PRODUCT;

use crate::test_app::TestApp;

#[tokio::test]
async fn a_page_is_the_same_for_everyone_and_kept() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let first = app.get(&page).send().await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("set-cookie"), "");
    assert!(first.text().contains("Blue cup") && first.text().contains("38"));
    assert_eq!(first.header("cache-control"), "public, no-cache");
    assert!(
        first
            .header("cdn-cache-control")
            .contains("stale-while-revalidate")
    );
    assert!(
        first.header("cache-tag").contains("product:")
            && first.header("cache-tag").contains("shop:")
    );
    assert_eq!(first.header("vary"), "accept-encoding");
    assert!(
        first.header("cache-status").contains("stored"),
        "{}",
        first.header("cache-status")
    );
    assert!(first.header("link").contains("/pkg/shop-1.css"));
    let mine = app.get(&page).cookie(&clay.cookie).send().await;
    assert_eq!(mine.header("cache-status"), "vitrine; hit");
    assert_eq!(mine.body, first.body, "the owner sees what everyone sees");
    let same = app
        .get(&page)
        .header("if-none-match", first.header("etag"))
        .send()
        .await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    assert_eq!(same.header("etag"), first.header("etag"));

    let slug = page.trim_start_matches("/p/");
    let saved = app
        .post(&path)
        .cookie(&clay.cookie)
        .form(&[
            ("slug", slug),
            ("title", "Green cup"),
            ("price", "39"),
            ("stock", "2"),
        ])
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let changed = app
        .get(&page)
        .header("if-none-match", first.header("etag"))
        .send()
        .await;
    assert_eq!(
        changed.status, 200,
        "the change is seen by the very next look"
    );
    assert!(changed.text().contains("Green cup"));
}

#[tokio::test]
async fn a_page_comes_packed_the_way_it_is_wanted() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let plain = app.get(&page).send().await;
    let br = app
        .get(&page)
        .header("accept-encoding", "gzip, br")
        .send()
        .await;
    let gzip = app
        .get(&page)
        .header("accept-encoding", "gzip")
        .send()
        .await;
    assert_eq!(
        (
            br.header("content-encoding"),
            gzip.header("content-encoding")
        ),
        ("br", "gzip")
    );
    let mut unpacked = Vec::new();
    brotli::BrotliDecompress(&mut &br.body[..], &mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let mut unpacked = Vec::new();
    std::io::copy(
        &mut flate2::read::GzDecoder::new(&gzip.body[..]),
        &mut unpacked,
    )
    .unwrap();
    assert_eq!(unpacked, plain.body);
    let tags = [plain.header("etag"), br.header("etag"), gzip.header("etag")];
    assert!(
        tags[0] != tags[1] && tags[1] != tags[2] && tags.iter().all(|tag| tag.starts_with('"'))
    );
    let kept = app
        .get(&page)
        .header("accept-encoding", "br")
        .header("if-none-match", tags[2])
        .send()
        .await;
    assert_eq!(kept.status, 304);
}

#[tokio::test]
async fn titles_cannot_write_the_page() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app
        .product(&clay, "</script><script>alert(1)</script>\"'&", "38", "2")
        .await;
    for response in [
        app.get(&page).send().await,
        app.get("/@clay").send().await,
        app.get(&path).cookie(&clay.cookie).send().await,
    ] {
        assert_eq!(response.status, 200);
        assert!(
            !response.text().contains("<script>alert"),
            "{}",
            response.text()
        );
    }
}

#[tokio::test]
async fn unknown_and_odd_addresses_are_not_there() {
    let app = TestApp::start().await;
    for path in [
        "/p/nothing",
        "/p/%20",
        "/p/no_thing",
        "/p/-",
        &format!("/p/{}", "x".repeat(500)),
    ] {
        let response = app.get(path).send().await;
        assert_eq!(response.status, 404, "{path}");
        assert_eq!(response.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn the_studio_makes_a_draft() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let draft = serde_json::json!({ "draft": { "title": "From the studio", "media": [], "session": "s-1", "highlights": null } });
    let nobody = app.post(CREATE_PRODUCT).json(&draft).await;
    assert_eq!(
        (nobody.status.as_u16(), nobody.json()["code"].as_str()),
        (401, Some("signed_out"))
    );
    let made = app
        .post(CREATE_PRODUCT)
        .cookie(&clay.cookie)
        .json(&draft)
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(made.header("cache-control"), "no-store");
    let edit = made.json()["edit_url"].as_str().unwrap().to_owned();
    assert!(
        app.get(&edit)
            .cookie(&clay.cookie)
            .send()
            .await
            .text()
            .contains("From the studio")
    );
    for wrong in [
        serde_json::json!({ "draft": { "title": "x", "media": ["../../etc"] } }),
        serde_json::json!({ "draft": { "title": 7 } }),
        serde_json::json!({ "draft": { "title": "x", "session": "not a session" } }),
        serde_json::json!({ "title": "x" }),
        serde_json::json!([]),
    ] {
        let response = app
            .post(CREATE_PRODUCT)
            .cookie(&clay.cookie)
            .json(&wrong)
            .await;
        assert_eq!(response.status, 422, "{wrong}");
        assert!(response.json()["message"].as_str().unwrap().len() > 10);
    }
    let foreign = app
        .post(CREATE_PRODUCT)
        .cookie(&clay.cookie)
        .json(&serde_json::json!({ "draft": { "title": "x", "media": ["unknown"] } }))
        .await;
    assert_eq!(foreign.status, 404);
}
