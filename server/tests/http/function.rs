//! Server functions: what the router checks before one runs, and how it refuses.

use domain::wire::{
    Problem,
    address::{
        CREATE_PRODUCT, FINISH_PASSKEY_ADDITION, FINISH_PASSKEY_SETUP, FINISH_PASSKEY_SIGN_IN,
        START_PASSKEY_ADDITION, START_PASSKEY_SETUP, START_PASSKEY_SIGN_IN,
    },
};

use crate::test_app::{TestApp, TestResponse};

/// Functions that scripts call.
const FOR_SCRIPTS: [&str; 7] = [
    CREATE_PRODUCT,
    START_PASSKEY_SETUP,
    FINISH_PASSKEY_SETUP,
    START_PASSKEY_SIGN_IN,
    FINISH_PASSKEY_SIGN_IN,
    START_PASSKEY_ADDITION,
    FINISH_PASSKEY_ADDITION,
];

/// The function that a form calls.
const FOR_FORMS: &str = "/fn/join-waitlist";

/// Asserts a refusal with `status` as JSON.
fn assert_problem(response: &TestResponse, status: u16, what: &str) {
    assert_eq!(response.status, status, "{what}: {}", response.text());
    assert_eq!(
        response.header("content-type"),
        "application/json",
        "{what}"
    );
    assert_eq!(response.header("cache-control"), "no-store", "{what}");
    assert_eq!(response.header("serverfnerror"), "", "{what}");
    let problem: Problem = serde_json::from_slice(&response.body).expect("a problem as JSON");
    assert_eq!(problem.status, status, "{what}");
    assert!(
        !problem.code.is_empty() && problem.message.ends_with('.'),
        "{what}: {problem:?}"
    );
}

#[tokio::test]
async fn a_wrong_content_type_is_refused() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for path in FOR_SCRIPTS {
        for kind in [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/jsonp",
            "",
        ] {
            let response = app
                .post(path)
                .cookie(&clay.cookie)
                .header("content-type", kind)
                .body("{}")
                .send()
                .await;
            assert_problem(&response, 415, &format!("{path} {kind}"));
        }
        let untyped = app.post(path).cookie(&clay.cookie).body("{}").send().await;
        assert_problem(&untyped, 415, path);
    }
}

#[tokio::test]
async fn arguments_that_are_too_long_are_refused() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for path in FOR_SCRIPTS {
        let max = if path == CREATE_PRODUCT {
            1024 * 1024
        } else {
            64 * 1024
        };
        let filler = |bytes: usize| format!("{}{{}}", " ".repeat(bytes - 2));
        for (bytes, status) in [(max, 422), (max + 1, 413)] {
            let response = app
                .post(path)
                .cookie(&clay.cookie)
                .header("content-type", "application/json")
                .body(filler(bytes))
                .send()
                .await;
            assert_problem(&response, status, &format!("{path} {bytes}"));
        }
    }
    let form = app
        .post(FOR_FORMS)
        .form(&[("slug", "cup"), ("email", &"a".repeat(4096))])
        .await;
    assert_eq!(form.status, 413);
}

#[tokio::test]
async fn another_origin_calls_nothing() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for path in FOR_SCRIPTS.into_iter().chain([FOR_FORMS]) {
        for origin in ["https://evil.test", "null", "http://localhost:3001"] {
            let response = app
                .post(path)
                .cookie(&clay.cookie)
                .header("origin", origin)
                .json(&serde_json::json!({ "draft": {} }))
                .await;
            assert_problem(&response, 403, &format!("{path} from {origin}"));
            assert_eq!(response.header("set-cookie"), "");
        }
        let nowhere = app
            .post(path)
            .cookie(&clay.cookie)
            .without("origin")
            .json(&serde_json::json!({ "draft": {} }))
            .await;
        assert_problem(&nowhere, 403, path);
    }
    let drafts = app
        .get("/manage/products")
        .cookie(&clay.cookie)
        .send()
        .await;
    assert!(drafts.text().contains("No products yet"));
}

#[tokio::test]
async fn unknown_functions_and_methods_are_refused() {
    let app = TestApp::start().await;
    for path in [
        "/fn/",
        "/fn/nothing",
        "/fn/create-product/",
        "/fn/create_product",
        "/fn/create-product/x",
        "/fn/%63reate-product%00",
    ] {
        let response = app.post(path).json(&serde_json::json!({})).await;
        assert_problem(&response, 404, path);
    }
    for path in FOR_SCRIPTS {
        for method in ["GET", "PUT", "DELETE"] {
            let response = app.request(method, path).send().await;
            assert_problem(&response, 405, &format!("{method} {path}"));
        }
    }
    for gone in ["/api/products", "/sign-in/passkey/start"] {
        let response = app.post(gone).json(&serde_json::json!({})).await;
        assert_eq!(response.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn a_script_gets_json_and_a_form_gets_a_page() {
    let app = TestApp::start().await;
    let script = app.post("/fn/nothing").json(&serde_json::json!({})).await;
    assert_problem(&script, 404, "a script");
    let person = app
        .post("/fn/nothing")
        .header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
        .form(&[])
        .await;
    assert_eq!(person.status, 404);
    assert!(person.header("content-type").starts_with("text/html"));
    assert!(person.text().contains("<!DOCTYPE html>"));
}

#[tokio::test]
async fn what_needs_a_viewer_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    for cookie in ["", "vitrine_session=", "vitrine_session=forged"] {
        let response = app
            .post(CREATE_PRODUCT)
            .cookie(cookie)
            .json(&serde_json::json!({ "draft": { "title": "x".repeat(2_000_000) } }))
            .await;
        assert_problem(&response, 401, cookie);
        assert_eq!(response.json()["code"], "signed_out");
    }
}

#[tokio::test]
async fn what_was_kept_for_one_person_is_not_sent_by_another() {
    let app = TestApp::start().await;
    let (clay, glass) = (
        app.creator("Clay", "clay").await,
        app.creator("Glass", "glass").await,
    );
    let viewer = app.viewer(&clay).await;
    let meant = domain::wire::viewer::value(&viewer.person, &viewer.shop.id);
    let draft = serde_json::json!({ "draft": { "id": "d-1", "title": "Cup" } });
    for path in [CREATE_PRODUCT, "/api/uploads"] {
        let refused = app
            .post(path)
            .cookie(&glass.cookie)
            .header("tus-resumable", "1.0.0")
            .header(domain::wire::viewer::HEADER, &meant)
            .json(&draft)
            .await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
        assert_eq!(refused.json()["code"], domain::wire::viewer::OTHER_VIEWER);
    }
    let list = app
        .get("/manage/products")
        .cookie(&glass.cookie)
        .send()
        .await;
    assert!(!list.text().contains("Cup"));

    // Its own person sends it, and an answer that was lost makes no second draft.
    let mut made = Vec::new();
    for _ in 0..2 {
        let answer = app
            .post(CREATE_PRODUCT)
            .cookie(&clay.cookie)
            .header(domain::wire::viewer::HEADER, &meant)
            .json(&draft)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        made.push(answer.json());
    }
    assert_eq!(made[0], made[1]);
    let list = app
        .get("/manage/products")
        .cookie(&clay.cookie)
        .send()
        .await;
    assert_eq!(list.text().matches("/manage/products/d-1\"").count(), 1);
    // An identifier is no way to another shop's product.
    let other = app
        .post(CREATE_PRODUCT)
        .cookie(&glass.cookie)
        .json(&draft)
        .await;
    assert_eq!(other.status, 409, "{}", other.text());
}
