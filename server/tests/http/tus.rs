//! What tus 1.0 asks of a server beside the bytes: metadata, versions, other methods, and what it cannot do.

use crate::{
    test_app::TestApp,
    upload::{PIECE, create, metadata, settled, tus},
};

#[tokio::test]
async fn head_gives_the_metadata_back() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = create(&app, &clay, "photo", 1000).await;
    let head = tus(&app, &clay, "HEAD", &path).send().await;
    assert_eq!(
        head.header("upload-metadata"),
        metadata(&[("kind", "photo"), ("filename", "x")])
    );
}

#[tokio::test]
async fn post_can_stand_for_other_methods() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = create(&app, &clay, "photo", 1000).await;
    let over =
        |method: &str| tus(&app, &clay, "POST", &path).header("x-http-method-override", method);
    let patched = over("PATCH")
        .header("content-type", PIECE)
        .header("upload-offset", "0")
        .body("abc")
        .send()
        .await;
    assert_eq!(
        (patched.status.as_u16(), patched.header("upload-offset")),
        (204, "3")
    );
    let head = over("head").send().await;
    assert_eq!(
        (head.status.as_u16(), head.header("upload-offset")),
        (200, "3")
    );
    assert_eq!(over("PURGE").send().await.status, 405);
    assert_eq!(tus(&app, &clay, "POST", &path).send().await.status, 405);
    let foreign = over("DELETE")
        .without("authorization")
        .header("origin", "https://evil.test")
        .send()
        .await;
    assert_eq!(foreign.status, 403);
    assert_eq!(over("DELETE").send().await.status, 204);
    assert!(matches!(
        over("HEAD").send().await.status.as_u16(),
        404 | 410
    ));
    let made = tus(&app, &clay, "POST", "/api/uploads")
        .header("x-http-method-override", "PATCH")
        .header("upload-length", "10")
        .header("upload-metadata", &metadata(&[("kind", "photo")]))
        .send()
        .await;
    assert_eq!(made.status, 400);
}

#[tokio::test]
async fn every_answer_names_the_version() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = create(&app, &clay, "photo", 1000).await;
    let answers = [
        app.request("HEAD", &path)
            .header("tus-resumable", "1.0.0")
            .send()
            .await,
        tus(&app, &clay, "PATCH", &path)
            .without("authorization")
            .header("origin", "https://evil.test")
            .send()
            .await,
        tus(&app, &clay, "PUT", &path).send().await,
        tus(&app, &clay, "BREW", &path).send().await,
        tus(&app, &clay, "HEAD", &path).without("host").send().await,
        tus(&app, &clay, "POST", "/api/uploads").send().await,
        tus(&app, &clay, "POST", "/api/uploads/a/b").send().await,
        tus(&app, &clay, "PATCH", &path).send().await,
        app.get(&path)
            .header("authorization", &clay.program)
            .send()
            .await,
        app.get(&path).cookie(&clay.cookie).send().await,
    ];
    for answer in answers {
        assert_eq!(answer.header("tus-resumable"), "1.0.0", "{answer:?}");
    }
    assert_eq!(app.get("/").send().await.header("tus-resumable"), "");
}

#[tokio::test]
async fn an_upload_whose_first_bytes_fail_is_there() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let first = |length: &'static str| {
        tus(&app, &clay, "POST", "/api/uploads")
            .header("upload-length", length)
            .header("upload-metadata", &metadata(&[("kind", "photo")]))
            .header("content-type", PIECE)
            .body("abc")
    };
    let wrong = first("1000")
        .header("upload-checksum", "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        .send()
        .await;
    assert_eq!(wrong.status.as_u16(), 460);
    let more = first("2").send().await;
    assert_eq!(more.status, 413);
    for (answer, offset) in [(wrong, "0"), (more, "0")] {
        let head = tus(&app, &clay, "HEAD", answer.header("location"))
            .send()
            .await;
        assert_eq!(
            (head.status.as_u16(), head.header("upload-offset")),
            (200, offset)
        );
    }
}

#[tokio::test]
async fn an_empty_upload_is_complete_and_fails_with_a_message() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let made = tus(&app, &clay, "POST", "/api/uploads")
        .header("upload-length", "0")
        .header("upload-metadata", &metadata(&[("kind", "photo")]))
        .send()
        .await;
    assert_eq!(
        (made.status.as_u16(), made.header("upload-offset")),
        (201, "0")
    );
    let path = made.header("location").to_owned();
    let head = tus(&app, &clay, "HEAD", &path).send().await;
    assert_eq!(
        (head.header("upload-offset"), head.header("upload-length")),
        ("0", "0")
    );
    let status = settled(&app, &clay, &path).await;
    assert_eq!(status["state"], "failed");
    assert!(
        status["error"].as_str().unwrap().contains("empty"),
        "{status}"
    );
}
