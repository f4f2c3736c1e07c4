//! Uploads by programs without a browser: a token for one shop, which can do nothing else.

use domain::time::UnixMs;
use services::{Clock, identity::upload_token::NewUploadToken};

use crate::{
    test_app::{Creator, TestApp, TestRequest, photo},
    upload::{PIECE, create, metadata, tus},
};

/// 22 November 2026.
const START: UnixMs = UnixMs(1_795_300_000_000);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn token(app: &TestApp, creator: &Creator, days: u32) -> NewUploadToken {
    let identity = app.vitrine.services.identity();
    let made = identity.create_upload_token(&creator.handle, "Build machine", days);
    made.await.expect("a token")
}

/// A request as a program sends it: with neither a cookie nor an origin.
fn by<'a>(app: &'a TestApp, token: &str, method: &str, path: &str) -> TestRequest<'a> {
    app.request(method, path)
        .without("origin")
        .header("authorization", &format!("Bearer {token}"))
        .header("tus-resumable", "1.0.0")
}

fn creation<'a>(app: &'a TestApp, token: &str, length: usize) -> TestRequest<'a> {
    by(app, token, "POST", "/api/uploads")
        .header("upload-length", &length.to_string())
        .header("upload-metadata", &metadata(&[("filetype", "image/jpeg")]))
}

#[tokio::test]
async fn a_token_uploads_to_its_shop() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let glas = app.creator("Glas", "glas").await;
    let made = token(&app, &clay, 30).await;
    assert!(made.value.starts_with("vitrine_upload_"));
    let file = photo(64, 80);
    let created = creation(&app, &made.value, file.len()).send().await;
    assert_eq!(created.status, 201, "{}", created.text());
    let path = created.header("location").to_owned();
    let sent = by(&app, &made.value, "PATCH", &path)
        .header("content-type", PIECE)
        .header("upload-offset", "0")
        .body(file.clone())
        .send()
        .await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    app.vitrine.services.drain().await.expect("the jobs run");
    let status = by(&app, &made.value, "GET", &path).send().await.json();
    assert_eq!(status["state"], "ready", "{status}");
    let media = app.vitrine.services.media();
    let viewer = app.viewer(&clay).await;
    assert_eq!(media.all(&viewer).await.expect("list").len(), 1);

    let foreign = create(&app, &glas, "photo", 10).await;
    assert_eq!(
        by(&app, &made.value, "HEAD", &foreign).send().await.status,
        404
    );
    let draft = app
        .post("/api/uploads")
        .without("origin")
        .header("authorization", &format!("bearer {}", made.value))
        .header("upload-draft-interop-version", "8")
        .header("upload-complete", "?1")
        .header("content-type", "image/jpeg")
        .body(file)
        .send()
        .await;
    assert_eq!(draft.status, 201, "{}", draft.text());
}

#[tokio::test]
async fn a_token_can_do_nothing_else() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let made = token(&app, &clay, 30).await;
    let header = format!("Bearer {}", made.value);
    let page = app.get("/manage").header("authorization", &header).send();
    assert_eq!(page.await.status, 303, "to the sign-in page");
    let form = app
        .post("/manage/products")
        .without("origin")
        .header("authorization", &header);
    assert_eq!(form.send().await.status, 403);
    let with_origin = app
        .post("/manage/products")
        .header("authorization", &header)
        .form(&[]);
    assert!(with_origin.await.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn what_does_not_work_is_told() {
    let clock = Clock::set(START);
    let app = TestApp::with("http://localhost:3000", clock.clone()).await;
    let clay = app.creator("Clay", "clay").await;
    let short = token(&app, &clay, 1).await;
    clock.advance_ms(1);
    let revoked = token(&app, &clay, 30).await;
    for value in [&short.value, &revoked.value] {
        assert_eq!(creation(&app, value, 10).send().await.status, 201);
    }
    let identity = app.vitrine.services.identity();
    let listed = identity.upload_tokens().await.expect("list");
    // Beside them is the one that the creator of every test has.
    let own: Vec<_> = listed.iter().filter(|token| token.name != "Test").collect();
    assert_eq!(own, [&short.token, &revoked.token]);
    identity
        .revoke_upload_token(&revoked.token.id)
        .await
        .expect("revoked");
    assert!(
        identity
            .revoke_upload_token(&revoked.token.id)
            .await
            .is_err()
    );
    clock.advance_ms(DAY_MS);
    let unknown = format!("vitrine_upload_{}", "a".repeat(43));
    let values = [
        short.value.as_str(),
        revoked.value.as_str(),
        &unknown,
        "a",
        "",
    ];
    for value in values {
        // The cookie of somebody who is signed in does not count beside it.
        let refused = creation(&app, value, 10).cookie(&clay.cookie).send().await;
        assert_eq!(refused.status, 401, "{value}");
        assert!(refused.header("www-authenticate").contains("invalid_token"));
        let problem = refused.json();
        assert_eq!(problem["code"], "wrong_token");
    }
    assert_eq!(identity.upload_tokens().await.expect("list").len(), 1);
    // What a proxy in front asks for is not ours.
    let basic = tus(&app, &clay, "POST", "/api/uploads")
        .header("authorization", "Basic YTpi")
        .header("upload-length", "10")
        .header("upload-metadata", &metadata(&[("kind", "photo")]));
    let refused = basic.cookie(&clay.cookie).send().await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["code"], "needs_proof");
}

#[tokio::test]
async fn only_a_shop_with_a_sensible_name_and_time_gets_one() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let identity = app.vitrine.services.identity();
    for (handle, name, days) in [
        ("nobody", "x", 1),
        ("clay", "", 1),
        ("clay", " \n ", 1),
        ("clay", "x", 0),
        ("clay", "x", 367),
    ] {
        let made = identity.create_upload_token(handle, name, days).await;
        let error = made.err().expect("refused").message();
        assert!(error.ends_with('.'), "{error}");
    }
    // And the one that the creator of every test has.
    for _ in 0..99 {
        token(&app, &clay, 1).await;
    }
    let more = identity.create_upload_token("clay", "x", 1).await;
    assert!(
        more.err()
            .expect("refused")
            .message()
            .contains("Revoke one")
    );
}
