//! tus 1.0, a whole conversation.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    round::rounds,
    test_app::{Creator, TestApp, TestRequest, TestResponse, photo},
};

pub(crate) const PIECE: &str = "application/offset+octet-stream";

pub(crate) fn metadata(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key} {}", STANDARD.encode(value)))
        .collect();
    pairs.join(",")
}

/// A request of the protocol.
pub(crate) fn tus<'a>(
    app: &'a TestApp,
    creator: &Creator,
    method: &str,
    path: &str,
) -> TestRequest<'a> {
    app.request(method, path)
        .header("authorization", &creator.program)
        .header("tus-resumable", "1.0.0")
}

pub(crate) async fn create(app: &TestApp, creator: &Creator, kind: &str, length: usize) -> String {
    let made = tus(app, creator, "POST", "/api/uploads")
        .header("upload-length", &length.to_string())
        .header(
            "upload-metadata",
            &metadata(&[("kind", kind), ("filename", "x")]),
        )
        .send()
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("tus-resumable"), "1.0.0");
    assert!(
        made.header("upload-expires").ends_with(" GMT"),
        "{}",
        made.header("upload-expires")
    );
    made.header("location").to_owned()
}

pub(crate) async fn send(
    app: &TestApp,
    creator: &Creator,
    path: &str,
    offset: usize,
    bytes: &[u8],
) -> TestResponse {
    tus(app, creator, "PATCH", path)
        .header("content-type", PIECE)
        .header("upload-offset", &offset.to_string())
        .body(bytes)
        .send()
        .await
}

pub(crate) async fn settled(app: &TestApp, creator: &Creator, path: &str) -> serde_json::Value {
    app.vitrine.services.drain().await.expect("the jobs run");
    let status = app.get(path).header("authorization", &creator.program);
    let status = status.send().await;
    assert_eq!(status.status, 200, "{}", status.text());
    let status = status.json();
    assert!(
        status["state"] == "ready" || status["state"] == "failed",
        "{status}"
    );
    status
}

#[tokio::test]
async fn a_server_says_what_it_can() {
    let app = TestApp::start().await;
    let response = app.request("OPTIONS", "/api/uploads").send().await;
    assert_eq!(response.status, 204);
    assert_eq!(
        (
            response.header("tus-version"),
            response.header("tus-resumable")
        ),
        ("1.0.0", "1.0.0")
    );
    assert_eq!(
        response.header("tus-extension"),
        "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum,checksum-trailer,concatenation"
    );
    assert_eq!(response.header("tus-checksum-algorithm"), "sha1,sha256");
    assert!(response.header("tus-max-size").parse::<u64>().unwrap() > 1_000_000);
}

#[tokio::test]
async fn a_photo_in_pieces_becomes_media() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(160, 200);
    let path = create(&app, &clay, "photo", file.len()).await;
    let first = send(&app, &clay, &path, 0, &file[..1000]).await;
    assert_eq!(
        (first.status.as_u16(), first.header("upload-offset")),
        (204, "1000")
    );
    let head = tus(&app, &clay, "HEAD", &path).send().await;
    assert_eq!(head.status, 200);
    assert_eq!(
        (head.header("upload-offset"), head.header("upload-length")),
        ("1000", file.len().to_string().as_str())
    );
    assert_eq!(head.header("cache-control"), "no-store");
    for wrong in [0, 999, 1001, file.len()] {
        assert_eq!(
            send(&app, &clay, &path, wrong, &file[..10]).await.status,
            409,
            "{wrong}"
        );
    }
    let receiving = app
        .get(&path)
        .header("authorization", &clay.program)
        .send()
        .await
        .json();
    assert_eq!(
        (receiving["state"].as_str(), receiving["received"].as_u64()),
        (Some("receiving"), Some(1000))
    );
    let rest = send(&app, &clay, &path, 1000, &file[1000..]).await;
    assert_eq!(
        (rest.status.as_u16(), rest.header("upload-offset")),
        (204, file.len().to_string().as_str())
    );
    let status = settled(&app, &clay, &path).await;
    assert_eq!(status["state"], "ready", "{status}");
    assert_eq!(
        (
            status["media"]["width"].as_u64(),
            status["media"]["height"].as_u64()
        ),
        (Some(160), Some(200))
    );
    let mimes: Vec<&str> = status["media"]["variants"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|v| v["mime"].as_str())
        .collect();
    for mime in ["image/webp", "image/jpeg"] {
        assert!(mimes.contains(&mime), "{mime} in {mimes:?}");
    }
    let draft = serde_json::json!({ "draft": { "title": "Cup", "media": [status["media"]["id"]], "session": null, "highlights": null } });
    let made = app
        .post(domain::wire::address::CREATE_PRODUCT)
        .cookie(&clay.cookie)
        .json(&draft)
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
}

#[tokio::test]
async fn creation_can_carry_the_bytes() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(64, 80);
    let made = tus(&app, &clay, "POST", "/api/uploads")
        .header("upload-length", &file.len().to_string())
        .header(
            "upload-metadata",
            &metadata(&[
                ("kind", "photo"),
                ("session", "s-1"),
                ("start", "1.5"),
                ("end", "1.5"),
            ]),
        )
        .header("content-type", PIECE)
        .body(file.clone())
        .send()
        .await;
    assert_eq!(
        (made.status.as_u16(), made.header("upload-offset")),
        (201, file.len().to_string().as_str())
    );
    assert_eq!(
        settled(&app, &clay, made.header("location")).await["state"],
        "ready"
    );
}

#[tokio::test]
async fn what_is_no_clip_fails_with_a_message() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for (kind, file, words) in [
        ("clip", photo(64, 64), "picture"),
        ("clip", b"just words, no film".to_vec(), "text"),
        (
            "clip",
            b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2broken".to_vec(),
            "",
        ),
        ("photo", b"\xff\xd8\xff\xe0 no more".to_vec(), ""),
    ] {
        let path = create(&app, &clay, kind, file.len()).await;
        assert_eq!(send(&app, &clay, &path, 0, &file).await.status, 204);
        let status = settled(&app, &clay, &path).await;
        assert_eq!(status["state"], "failed", "{status}");
        let error = status["error"].as_str().unwrap();
        assert!(
            error.contains(words) && error.ends_with('.') && status["media"].is_null(),
            "{status}"
        );
    }
}

#[tokio::test]
async fn the_protocol_is_kept() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = create(&app, &clay, "photo", 1000).await;
    for version in ["0.2.2", "2.0.0", "nonsense"] {
        for (method, target) in [
            ("POST", "/api/uploads"),
            ("HEAD", &path),
            ("PATCH", &path),
            ("DELETE", &path),
        ] {
            let response = tus(&app, &clay, method, target)
                .header("tus-resumable", version)
                .send()
                .await;
            assert_eq!(
                (response.status.as_u16(), response.header("tus-version")),
                (412, "1.0.0"),
                "{method} {version}"
            );
        }
    }
    let silent = app
        .request("PATCH", &path)
        .header("authorization", &clay.program)
        .send()
        .await;
    assert_eq!(silent.status, 412);
    let typed = tus(&app, &clay, "PATCH", &path)
        .header("upload-offset", "0")
        .header("content-type", "image/jpeg")
        .body("x")
        .send()
        .await;
    assert_eq!(
        (typed.status.as_u16(), typed.json()["code"].as_str()),
        (415, Some("unsupported_media_type"))
    );
    let nowhere = tus(&app, &clay, "PATCH", &path)
        .header("content-type", PIECE)
        .body("x")
        .send()
        .await;
    assert_eq!(nowhere.status, 400);
    for offset in ["-1", "+0", "1e3", "99999999999999999999999", ""] {
        let odd = tus(&app, &clay, "PATCH", &path)
            .header("content-type", PIECE)
            .header("upload-offset", offset)
            .body("x")
            .send()
            .await;
        assert_eq!(odd.status, 400, "{offset}");
    }
    let more = send(&app, &clay, &path, 0, &[0; 1001]).await;
    assert_eq!(more.status, 413);
    let unknown = tus(&app, &clay, "HEAD", "/api/uploads/unknown")
        .send()
        .await;
    assert_eq!(
        (unknown.status.as_u16(), unknown.header("tus-resumable")),
        (404, "1.0.0")
    );
    assert_eq!(
        tus(&app, &clay, "HEAD", "/api/uploads/NOT%20AN%20ID")
            .send()
            .await
            .status,
        404
    );

    for (header, value) in [
        ("upload-metadata", "kind !!"),
        ("upload-metadata", ""),
        ("upload-metadata", "kind c29uZw=="),
        ("upload-length", "-5"),
        ("upload-length", "many"),
        ("upload-defer-length", "1"),
    ] {
        let refused = tus(&app, &clay, "POST", "/api/uploads")
            .header("upload-length", "10")
            .header("upload-metadata", &metadata(&[("kind", "photo")]))
            .header(header, value)
            .send()
            .await;
        assert_eq!(refused.status, 400, "{header}: {value}");
        assert!(refused.json()["message"].as_str().unwrap().len() > 10);
    }
    let huge = tus(&app, &clay, "POST", "/api/uploads")
        .header("upload-length", "999999999999999")
        .header("upload-metadata", &metadata(&[("kind", "clip")]))
        .send()
        .await;
    assert_eq!(huge.status, 413);
    let backwards = tus(&app, &clay, "POST", "/api/uploads")
        .header("upload-length", "10")
        .header(
            "upload-metadata",
            &metadata(&[("kind", "clip"), ("start", "5"), ("end", "NaN")]),
        )
        .send()
        .await;
    assert_eq!(backwards.status, 400);
}

#[tokio::test]
async fn checksums_are_checked_before_anything_counts() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = create(&app, &clay, "photo", 1000).await;
    let patch = |checksum: &'static str| {
        tus(&app, &clay, "PATCH", &path)
            .header("content-type", PIECE)
            .header("upload-offset", "0")
            .header("upload-checksum", checksum)
            .body("abc")
    };
    let wrong = patch("sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=").send().await;
    assert_eq!(wrong.status.as_u16(), 460);
    assert_eq!(
        tus(&app, &clay, "HEAD", &path)
            .send()
            .await
            .header("upload-offset"),
        "0"
    );
    assert_eq!(
        patch("md5 kAFQmDzST7DWlj99KOF/cg==").send().await.status,
        400
    );
    let right = patch("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=").send().await;
    assert_eq!(
        (right.status.as_u16(), right.header("upload-offset")),
        (204, "3")
    );
}

#[tokio::test]
async fn an_upload_belongs_to_its_shop_and_can_be_given_up() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let glas = app.creator("Glas", "glas").await;
    let path = create(&app, &clay, "photo", 1000).await;
    for method in ["HEAD", "DELETE"] {
        assert_eq!(
            tus(&app, &glas, method, &path).send().await.status,
            404,
            "{method}"
        );
    }
    assert_eq!(send(&app, &glas, &path, 0, b"x").await.status, 404);
    let asked = app.get(&path).header("authorization", &glas.program);
    assert_eq!(asked.send().await.status, 404);
    let nobody = app
        .request("HEAD", &path)
        .header("tus-resumable", "1.0.0")
        .send()
        .await;
    assert_eq!(nobody.status, 401);
    let crossing = tus(&app, &clay, "PATCH", &path)
        .without("authorization")
        .cookie(&clay.cookie)
        .header("origin", "https://evil.test")
        .header("content-type", PIECE)
        .header("upload-offset", "0")
        .body("x")
        .send()
        .await;
    assert_eq!(crossing.status, 403);
    let gone = tus(&app, &clay, "DELETE", &path).send().await;
    assert_eq!(
        (gone.status.as_u16(), gone.header("tus-resumable")),
        (204, "1.0.0")
    );
    let after = tus(&app, &clay, "HEAD", &path).send().await;
    assert!(
        matches!(after.status.as_u16(), 404 | 410),
        "{}",
        after.status
    );
}

#[tokio::test]
async fn a_cut_connection_resumes_where_it_was() {
    for round in rounds(1) {
        let app = TestApp::start().await;
        let clay = app.creator("Clay", "clay").await;
        let file = photo(160, 200);
        let path = create(&app, &clay, "photo", file.len()).await;
        let cut = 2 + round.below(file.len() - 2, 0);
        let came: Vec<Result<Vec<u8>, std::io::Error>> = vec![
            Ok(file[..cut / 2].to_vec()),
            Ok(file[cut / 2..cut].to_vec()),
            Err(std::io::Error::other("the train went into a tunnel")),
        ];
        let request = axum::http::Request::builder()
            .method("PATCH")
            .uri(&path)
            .header("host", "localhost:3000")
            .header("origin", "http://localhost:3000")
            .header("authorization", &clay.program)
            .header("tus-resumable", "1.0.0")
            .header("content-type", PIECE)
            .header("upload-offset", "0")
            .body(axum::body::Body::from_stream(futures::stream::iter(came)))
            .unwrap();
        let response = tower::ServiceExt::oneshot(app.router.clone(), request)
            .await
            .unwrap();
        assert!(
            !response.status().is_server_error(),
            "{}",
            response.status()
        );
        let head = tus(&app, &clay, "HEAD", &path).send().await;
        assert_eq!(
            head.header("upload-offset"),
            cut.to_string(),
            "what came before the cut was kept"
        );
        let rest = send(&app, &clay, &path, cut, &file[cut..]).await;
        assert_eq!(
            (rest.status.as_u16(), rest.header("upload-offset")),
            (204, file.len().to_string().as_str())
        );
        assert_eq!(settled(&app, &clay, &path).await["state"], "ready");
    }
}
