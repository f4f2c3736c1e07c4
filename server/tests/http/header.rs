//! What every response carries, and who may ask for what.

use domain::wire::address::CREATE_PRODUCT;

use crate::test_app::TestApp;

#[tokio::test]
async fn drawings_and_errors_travel_packed() {
    let app = TestApp::start().await;
    let get = async |path: &str, accepted: &str| {
        let request = app.get(path).header("accept-encoding", accepted);
        request.send().await
    };
    let drawing = get("/static/favicon.svg", "br").await;
    assert_eq!(drawing.header("content-type"), "image/svg+xml");
    assert_eq!(drawing.header("content-encoding"), "br");
    assert_eq!(drawing.body, b"packed"[..]);
    let plain = get("/static/favicon.svg", "identity").await;
    assert_eq!(
        (plain.header("content-encoding"), &plain.body[..]),
        ("", &b"<svg/>"[..])
    );
    for path in ["/p/nothing-here", "/nowhere/at/all"] {
        let whole = get(path, "identity").await;
        assert_eq!(
            (whole.status.as_u16(), whole.header("content-encoding")),
            (404, "")
        );
        for encoding in ["br", "gzip"] {
            let packed = get(path, encoding).await;
            assert_eq!(packed.status, 404);
            assert_eq!(packed.header("content-encoding"), encoding, "{path}");
            assert!(packed.header("vary").contains("accept-encoding"), "{path}");
            assert!(packed.body.len() < whole.body.len(), "{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_closed_in() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/sign-in",
        "/nowhere",
        "/pkg/shop-1.css",
        "/healthz",
        "/api/nothing",
    ] {
        let response = app.get(path).send().await;
        let policy = response.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"),
            "{path}: {policy}"
        );
        assert_eq!(
            response.header("x-content-type-options"),
            "nosniff",
            "{path}"
        );
        assert_eq!(response.header("referrer-policy"), "same-origin", "{path}");
        assert!(
            response.header("permissions-policy").contains("camera=()"),
            "{path}"
        );
        assert_eq!(response.header("strict-transport-security"), "", "{path}");
    }
}

#[tokio::test]
async fn only_the_studio_may_have_a_camera() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let studio = app.get("/studio").cookie(&clay.cookie).send().await;
    assert_eq!(studio.status, 200);
    assert!(
        studio
            .header("permissions-policy")
            .contains("camera=(self)")
    );
    assert!(
        studio
            .header("permissions-policy")
            .contains("display-capture=(self)")
    );
    let config = studio.between("id=\"studio-config\">", "</script>");
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["shop"]["handle"], "clay");
    assert_eq!(config["public_url"], "http://localhost:3000");
    assert!(config["max_upload_bytes"].as_u64().unwrap() > 1_000_000);
}

#[tokio::test]
async fn https_brings_hsts_and_a_host_cookie() {
    let app = TestApp::at("https://shop.example").await;
    assert!(
        app.get("/")
            .send()
            .await
            .header("strict-transport-security")
            .contains("max-age=")
    );
    let opened = app
        .post(&app.link().await)
        .form(&[
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", crate::test_app::PASSWORD),
        ])
        .await;
    let cookie = opened.header("set-cookie");
    assert!(cookie.starts_with("__Host-vitrine_session="), "{cookie}");
    for part in [
        "; Secure",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
        "; Max-Age=",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn nothing_changes_from_elsewhere() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    for target in [
        format!("{path}/unpublish"),
        format!("{page}/buy"),
        "/sign-out".to_owned(),
        CREATE_PRODUCT.to_owned(),
    ] {
        for origin in ["https://evil.test", "null", "http://localhost:3001"] {
            let response = app
                .post(&target)
                .cookie(&clay.cookie)
                .header("origin", origin)
                .form(&[])
                .await;
            assert_eq!(response.status, 403, "{target} from {origin}");
        }
        let nobody = app
            .post(&target)
            .cookie(&clay.cookie)
            .without("origin")
            .form(&[])
            .await;
        assert_eq!(nobody.status, 403, "{target} from nowhere");
        let sent = app
            .post(&target)
            .cookie(&clay.cookie)
            .header("sec-fetch-site", "cross-site")
            .form(&[])
            .await;
        assert_eq!(sent.status, 403, "{target} cross-site");
    }
    assert_eq!(app.get(&page).send().await.status, 200, "still published");
    assert_eq!(
        app.get("/manage").cookie(&clay.cookie).send().await.status,
        200,
        "still signed in"
    );
}

#[tokio::test]
async fn another_name_is_sent_on_to_the_shop() {
    let app = TestApp::start().await;
    let response = app
        .get("/p/cup?from=mail")
        .header("host", "127.0.0.1:3000")
        .send()
        .await;
    assert_eq!(response.status, 308);
    assert_eq!(
        response.header("location"),
        "http://localhost:3000/p/cup?from=mail"
    );
    let odd = app
        .get("//evil.test/x")
        .header("host", "evil.test")
        .send()
        .await;
    assert!(
        odd.header("location").starts_with("http://localhost:3000/"),
        "{}",
        odd.header("location")
    );
    let post = app
        .post("/sign-in")
        .header("host", "127.0.0.1:3000")
        .form(&[("handle", "clay")])
        .await;
    assert_eq!(post.status, 421);
    assert!(
        post.text().contains("http://localhost:3000"),
        "{}",
        post.text()
    );
}

#[tokio::test]
async fn hostile_requests_are_answered() {
    let app = TestApp::start().await;
    let long = "x".repeat(20_000);
    for name in [
        "cookie",
        "accept-encoding",
        "if-none-match",
        "range",
        "if-range",
        "user-agent",
        "x-forwarded-for",
        "upload-metadata",
    ] {
        for value in [long.as_bytes(), b"\xff\xfe\x80", b"=;,;=\"", b"bytes=-"] {
            for path in [
                "/",
                "/p/cup",
                "/media/abc/640.avif",
                "/pkg/shop-1.css",
                "/manage",
                "/api/uploads/x",
            ] {
                let response = app.get(path).raw(name, value).send().await;
                assert!(
                    !response.status.is_server_error(),
                    "{name} on {path}: {}",
                    response.status
                );
            }
        }
    }
    for path in [
        "/%",
        "/p/%ff",
        "/p/%00",
        "/@%ff",
        "/media/..%2f..%2f/x",
        "/pkg/..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e/manifest.json",
        "/setup/%00",
        "/order/%ff",
    ] {
        let response = app.get(path).send().await;
        assert!(
            response.status.is_client_error(),
            "{path}: {}",
            response.status
        );
    }
}

#[tokio::test]
async fn errors_have_words_for_people_and_for_programs() {
    let app = TestApp::start().await;
    let page = app.get("/nowhere").send().await;
    assert_eq!(page.status, 404);
    assert!(
        page.header("content-type").starts_with("text/html")
            && page.text().contains("<!DOCTYPE html>")
    );
    let api = app.get("/api/uploads/u1").send().await;
    assert_eq!(api.status, 401);
    assert_eq!(api.json()["code"], "signed_out");
    assert_eq!(api.json()["status"], 401);
    assert!(api.json()["message"].as_str().unwrap().ends_with('.'));
    let method = app.request("PUT", "/sign-in").send().await;
    assert_eq!(method.status, 405);
    assert!(method.text().contains("<!DOCTYPE html>"));
    let head = app.request("HEAD", "/nowhere").send().await;
    assert_eq!((head.status.as_u16(), head.body.len()), (404, 0));
}

#[tokio::test]
async fn forms_have_a_limit() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "1", "1").await;
    let text = "x".repeat(70_000);
    let response = app
        .post(&path)
        .cookie(&clay.cookie)
        .form(&[("text", &text)])
        .await;
    assert_eq!(response.status, 413);
    assert!(response.text().contains("larger"), "{}", response.text());
    let draft = app
        .post(CREATE_PRODUCT)
        .cookie(&clay.cookie)
        .json(&serde_json::json!({ "draft": { "title": "x".repeat(1_100_000) } }))
        .await;
    assert_eq!(draft.status, 413);
    assert!(draft.json()["message"].is_string());
}

#[tokio::test]
async fn the_service_worker_is_asked_for_each_time() {
    let app = TestApp::start().await;
    let worker = app.get("/service-worker.js").send().await;
    assert_eq!(
        (worker.status.as_u16(), worker.text().as_str()),
        (200, "self")
    );
    assert_eq!(worker.header("cache-control"), "no-cache");
    assert_eq!(
        worker.header("content-type"),
        "text/javascript; charset=utf-8"
    );
}

#[tokio::test]
async fn site_files_are_kept_for_ever_and_packed() {
    let app = TestApp::start().await;
    let plain = app.get("/pkg/shop-1.css").send().await;
    assert_eq!(
        (plain.status.as_u16(), plain.text().as_str()),
        (200, "body{}")
    );
    assert!(plain.header("cache-control").contains("immutable"));
    assert_eq!(plain.header("content-type"), "text/css; charset=utf-8");
    let packed = app
        .get("/pkg/shop-1.css")
        .header("accept-encoding", "gzip, br")
        .send()
        .await;
    assert_eq!(
        (packed.header("content-encoding"), packed.text().as_str()),
        ("br", "packed")
    );
    assert_ne!(plain.header("etag"), packed.header("etag"));
    let again = app
        .get("/pkg/shop-1.css")
        .header("if-none-match", plain.header("etag"))
        .send()
        .await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(
        app.get("/static/favicon.svg")
            .send()
            .await
            .header("content-type"),
        "image/svg+xml"
    );
    assert_eq!(app.get("/static/none.svg").send().await.status, 404);
    assert_eq!(app.get("/pkg/../manifest.json").send().await.status, 404);
}
