//! Uploads by a device: a token for some minutes and a proof with each request (DPoP, RFC 9449); and the page that ends either.

use domain::time::UnixMs;
use services::Clock;

use crate::{
    signer::Signer,
    test_app::{Creator, TestApp, TestRequest, TestResponse, photo},
    upload::{PIECE, metadata},
};

const START: UnixMs = UnixMs(1_795_300_000_000);
const GRANT: &str = "/api/access-token";

/// A browser that is signed in, and its key.
struct Device<'a> {
    app: &'a TestApp,
    creator: &'a Creator,
    key: Signer,
}

impl<'a> Device<'a> {
    fn new(app: &'a TestApp, creator: &'a Creator, seed: u8) -> Self {
        let key = Signer::new(seed);
        Self { app, creator, key }
    }

    fn proof(&self, method: &str, path: &str, token: Option<&str>) -> String {
        let url = format!("{}{path}", self.app.origin);
        let now = self.app.vitrine.clock.now().0;
        self.key.proof(method, &url, now, token)
    }

    fn asking(&self) -> TestRequest<'a> {
        self.app
            .post(GRANT)
            .cookie(&self.creator.cookie)
            .header("dpop", &self.proof("POST", GRANT, None))
    }

    async fn token(&self) -> String {
        let granted = self.asking().send().await;
        assert_eq!(granted.status, 200, "{}", granted.text());
        assert_eq!(granted.header("cache-control"), "no-store");
        let granted = granted.json();
        assert_eq!(granted["token_type"], "DPoP");
        assert_eq!(granted["expires_in"], 300);
        granted["access_token"]
            .as_str()
            .expect("a token")
            .to_owned()
    }

    /// A request with a token and its proof, and no cookie.
    fn request(&self, method: &str, path: &str, token: &str) -> TestRequest<'a> {
        let query = path.find('?').unwrap_or(path.len());
        self.app
            .request(method, path)
            .header("tus-resumable", "1.0.0")
            .header("authorization", &format!("DPoP {token}"))
            .header("dpop", &self.proof(method, &path[..query], Some(token)))
    }

    fn creation(&self, token: &str, length: usize) -> TestRequest<'a> {
        self.request("POST", "/api/uploads", token)
            .header("upload-length", &length.to_string())
            .header("upload-metadata", &metadata(&[("kind", "photo")]))
    }
}

/// The code of a refusal, whose header names `error`.
fn refused(answer: &TestResponse, error: &str) -> String {
    assert_eq!(answer.status, 401, "{}", answer.text());
    let challenge = answer.header("www-authenticate");
    assert!(
        challenge.starts_with("DPoP ") && challenge.contains("algs=\"ES256\""),
        "{challenge}"
    );
    if !error.is_empty() {
        assert!(
            challenge.contains(&format!("error=\"{error}\"")),
            "{challenge}"
        );
    }
    answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn a_device_uploads_with_a_proof_for_each_request() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let phone = Device::new(&app, &clay, 1);
    let token = phone.token().await;
    let file = photo(64, 80);
    let made = phone.creation(&token, file.len()).send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("location").to_owned();
    let head = phone.request("HEAD", &path, &token).send().await;
    assert_eq!(head.header("upload-offset"), "0");
    let sent = phone
        .request("PATCH", &format!("{path}?try=1"), &token)
        .header("content-type", PIECE)
        .header("upload-offset", "0")
        .body(file)
        .send()
        .await;
    assert_eq!(sent.status, 204, "{}", sent.text());
    app.vitrine.services.drain().await.expect("the jobs run");
    let status = phone.request("GET", &path, &token).send().await;
    assert_eq!(status.json()["state"], "ready");
    assert_eq!(
        phone.request("DELETE", &path, &token).send().await.status,
        204
    );
}

#[tokio::test]
async fn a_cookie_alone_uploads_nothing_by_script() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let phone = Device::new(&app, &clay, 1);
    let token = phone.token().await;
    for (method, path) in [
        ("POST", "/api/uploads"),
        ("HEAD", "/api/uploads/u1"),
        ("GET", "/api/uploads/u1"),
        ("PATCH", "/api/uploads/u1"),
        ("DELETE", "/api/uploads/u1"),
    ] {
        let by_cookie = app
            .request(method, path)
            .cookie(&clay.cookie)
            .header("tus-resumable", "1.0.0");
        let answer = by_cookie.send().await;
        assert_eq!(answer.status, 401, "{method}");
        assert!(answer.header("www-authenticate").contains("DPoP algs"));
        // Nor does a cookie help a token without a proof, or one that is sent as a program's.
        for scheme in ["DPoP", "Bearer"] {
            let stolen = app
                .request(method, path)
                .cookie(&clay.cookie)
                .header("tus-resumable", "1.0.0")
                .header("authorization", &format!("{scheme} {token}"));
            assert_eq!(stolen.send().await.status, 401, "{method} {scheme}");
        }
    }
    let answer = app.get("/api/uploads/u1").cookie(&clay.cookie).send().await;
    assert_eq!(answer.json()["code"], "needs_proof");
    let nobody = app.get("/api/uploads/u1").send().await;
    assert_eq!(nobody.json()["code"], "signed_out");
}

#[tokio::test]
async fn every_way_to_be_wrong_has_its_word() {
    let clock = Clock::set(START);
    let app = TestApp::with("http://localhost:3000", clock.clone()).await;
    let clay = app.creator("Clay", "clay").await;
    let phone = Device::new(&app, &clay, 1);
    let thief = Device::new(&app, &clay, 2);
    let token = phone.token().await;
    let proof = |method: &str, path: &str| phone.proof(method, path, Some(&token));
    let with = |proof: &str| phone.creation(&token, 10).header("dpop", proof).send();
    let used = proof("POST", "/api/uploads");
    assert_eq!(with(&used).await.status, 201);
    let late = {
        let url = format!("{}/api/uploads", app.origin);
        phone
            .key
            .proof("POST", &url, START.0 - 90_000, Some(&token))
    };
    for (proof, code) in [
        (used, "replayed_proof"),
        (proof("PATCH", "/api/uploads"), "wrong_method"),
        (proof("POST", "/api/uploads/u1"), "wrong_target"),
        (
            phone.proof("POST", "/api/uploads", None),
            "wrong_token_hash",
        ),
        (late, "wrong_time"),
        ("nothing".to_owned(), "malformed_proof"),
    ] {
        assert_eq!(refused(&with(&proof).await, "invalid_dpop_proof"), code);
    }
    let twice = phone
        .creation(&token, 10)
        .raw("dpop", proof("POST", "/api/uploads").as_bytes());
    assert_eq!(
        refused(&twice.send().await, "invalid_dpop_proof"),
        "malformed_proof"
    );
    let other_key = thief.creation(&token, 10).send().await;
    assert_eq!(refused(&other_key, "invalid_token"), "wrong_key");
    assert_eq!(
        refused(&thief.asking().send().await, "invalid_token"),
        "wrong_key"
    );
    let without = phone.asking().without("dpop").send().await;
    assert_eq!(refused(&without, ""), "needs_proof");
    let unknown = phone.creation("vitrine_access_none", 10).send().await;
    assert_eq!(refused(&unknown, "invalid_token"), "wrong_access_token");
    let elsewhere = phone
        .creation(&token, 10)
        .header("origin", "https://evil.test");
    assert_eq!(
        refused(&elsewhere.send().await, "invalid_token"),
        "wrong_access_token"
    );
    let crossing = phone.asking().header("origin", "https://evil.test").send();
    assert_eq!(crossing.await.status, 403);
    // The draft's words are the same.
    let draft = app
        .post("/api/uploads")
        .header("upload-draft-interop-version", "8")
        .header("upload-complete", "?1")
        .header("authorization", &format!("DPoP {token}"))
        .header("dpop", "nothing")
        .send()
        .await;
    assert_eq!(draft.status, 401);
    assert!(
        draft
            .header("www-authenticate")
            .contains("invalid_dpop_proof")
    );
    clock.advance_ms(300_000);
    let over = phone.creation(&token, 10).send().await;
    assert_eq!(refused(&over, "invalid_token"), "wrong_access_token");
    let again = phone.token().await;
    assert_eq!(phone.creation(&again, 10).send().await.status, 201);
}

#[tokio::test]
async fn what_is_meant_for_somebody_else_is_refused() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let phone = Device::new(&app, &clay, 1);
    let token = phone.token().await;
    let meant = phone
        .creation(&token, 10)
        .header(domain::wire::viewer::HEADER, "p9/s9");
    let answer = meant.send().await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["code"], domain::wire::viewer::OTHER_VIEWER);
    let asked = phone.asking().header(domain::wire::viewer::HEADER, "p9/s9");
    assert_eq!(asked.send().await.status, 403);
}

#[tokio::test]
async fn devices_and_programs_are_listed_and_revoked() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let glas = app.creator("Glas", "glas").await;
    let page = || app.get("/manage/uploads").cookie(&clay.cookie).send();
    let before = page().await;
    assert_eq!(before.status, 200);
    assert!(before.text().contains("No browser has uploaded"));
    let phone = Device::new(&app, &clay, 1);
    let token = phone.token().await;
    let listed = page().await;
    let revoke = format!(
        "/manage/uploads/devices/{}/revoke",
        listed.between("/manage/uploads/devices/", "/revoke")
    );

    let form = |fields| {
        let path = "/manage/uploads/tokens";
        app.post(path).cookie(&clay.cookie).form(fields)
    };
    for fields in [
        &[("name", ""), ("days", "1")][..],
        &[("name", "x"), ("days", "0")],
        &[("name", "x"), ("days", "367")],
        &[("name", "x"), ("days", "soon")],
        &[],
    ] {
        let wrong = form(fields).await;
        assert_eq!(wrong.status, 422, "{fields:?}");
        assert!(!wrong.text().contains("vitrine_upload_"));
    }
    let made = form(&[("name", "Camera <1>"), ("days", "30")]).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.header("cache-control"), "no-store");
    let value = made.between("id=\"made-token\">", "<");
    assert!(made.text().contains("Camera &lt;1&gt;"));
    let shown = page().await.text();
    assert!(
        shown.contains("Camera &lt;1&gt;") && !shown.contains(&value),
        "shown once"
    );
    let by_program = || {
        app.post("/api/uploads")
            .without("origin")
            .header("authorization", &format!("Bearer {value}"))
            .header("tus-resumable", "1.0.0")
            .header("upload-length", "10")
            .header("upload-metadata", &metadata(&[("kind", "photo")]))
            .send()
    };
    assert_eq!(by_program().await.status, 201);
    let identity = app.vitrine.services.identity();
    let tokens = identity.upload_tokens_of(&app.viewer(&clay).await).await;
    let id = tokens.unwrap().last().unwrap().id.clone();
    let end = format!("/manage/uploads/tokens/{id}/revoke");
    let foreign = app.post(&end).cookie(&glas.cookie).form(&[]).await;
    assert_eq!(foreign.status, 404);
    let foreign = app.post(&revoke).cookie(&glas.cookie).form(&[]).await;
    assert_eq!(foreign.status, 404);
    let crossing = app
        .post(&end)
        .cookie(&clay.cookie)
        .header("origin", "https://evil.test");
    assert_eq!(crossing.form(&[]).await.status, 403);
    assert_eq!(
        by_program().await.status,
        201,
        "nothing of that changed anything"
    );
    let ended = app.post(&end).cookie(&clay.cookie).form(&[]).await;
    assert_eq!(
        (ended.status.as_u16(), ended.header("location")),
        (303, "/manage/uploads?token")
    );
    assert_eq!(by_program().await.status, 401);

    assert_eq!(phone.creation(&token, 10).send().await.status, 201);
    let ended = app.post(&revoke).cookie(&clay.cookie).form(&[]).await;
    assert_eq!(ended.status, 303);
    let stopped = phone.creation(&token, 10).send().await;
    assert_eq!(refused(&stopped, "invalid_token"), "wrong_access_token");
    assert_eq!(
        phone.asking().send().await.status,
        401,
        "it is signed out too"
    );
}
