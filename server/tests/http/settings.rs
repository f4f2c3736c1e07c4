//! `/manage/settings`: what an owner changes, and what old addresses lead to.

use domain::{
    time::UnixMs,
    wire::address::{FINISH_PASSKEY_ADDITION, START_PASSKEY_ADDITION},
};
use serde_json::json;
use services::Clock;

use crate::{
    authenticator::Authenticator,
    test_app::{Creator, PASSWORD, TestApp, TestResponse},
};

async fn send(app: &TestApp, owner: &Creator, path: &str, fields: &[(&str, &str)]) -> TestResponse {
    app.post(&format!("/manage/settings{path}"))
        .cookie(&owner.cookie)
        .form(fields)
        .await
}

async fn page(app: &TestApp, owner: &Creator) -> String {
    let page = app
        .get("/manage/settings")
        .cookie(&owner.cookie)
        .send()
        .await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.text()
}

async fn flash(app: &TestApp, owner: &Creator, changed: &TestResponse) -> String {
    assert_eq!(changed.status, 303, "{}", changed.text());
    let to = changed.header("location");
    assert!(to.starts_with("/manage/settings?flash="), "{to}");
    app.get(to).cookie(&owner.cookie).send().await.text()
}

#[tokio::test]
async fn a_new_name_stands_on_every_page_at_once() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, product) = app.product(&clay, "Cup", "38", "1").await;
    for path in ["/", "/@clay", &product] {
        assert!(!app.get(path).send().await.text().contains("Ash &amp; Clay"));
    }
    let saved = send(&app, &clay, "/name", &[("shop_name", "Ash & Clay")]).await;
    assert!(flash(&app, &clay, &saved).await.contains("Saved."));
    for path in ["/", "/@clay", &product] {
        let page = app.get(path).send().await.text();
        assert!(page.contains("Ash &amp; Clay"), "{path}: {page}");
    }
    let wrong = send(&app, &clay, "/name", &[("shop_name", " ")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Give your shop a name."));
}

#[tokio::test]
async fn an_old_handle_leads_to_the_new_one() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    app.creator("Glas", "glas").await;
    assert_eq!(app.get("/@clay").send().await.status, 200);
    let changed = send(&app, &clay, "/handle", &[("handle", "@Ash")]).await;
    assert!(flash(&app, &clay, &changed).await.contains("Changed."));
    let list = app.get("/").send().await.text();
    assert!(list.contains("/@ash") && !list.contains("/@clay"), "{list}");
    for (from, to) in [
        ("/@clay", "/@ash"),
        ("/@clay?utm=x%20y&a=1", "/@ash?utm=x%20y&a=1"),
    ] {
        let old = app.get(from).send().await;
        assert_eq!((old.status.as_u16(), old.header("location")), (308, to));
        assert_eq!(old.header("cache-control"), "no-cache");
    }
    assert_eq!(app.get("/@ash").send().await.status, 200);
    assert_eq!(app.get("/@nobody").send().await.status, 404);

    // Back again: no address leads in a circle.
    send(&app, &clay, "/handle", &[("handle", "clay")]).await;
    assert_eq!(app.get("/@clay").send().await.status, 200);
    let other = app.get("/@ash").send().await;
    assert_eq!(
        (other.status.as_u16(), other.header("location")),
        (308, "/@clay")
    );

    let taken = send(&app, &clay, "/handle", &[("handle", "glas")]).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text().contains("is taken") && taken.text().contains("value=\"glas\""));
    let wrong = send(&app, &clay, "/handle", &[("handle", "<b>")]).await;
    assert_eq!(wrong.status, 422);
    assert!(
        !wrong.text().contains("<b>"),
        "what was typed comes back escaped"
    );
}

#[tokio::test]
async fn the_currency_stays_once_something_is_sold() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, product) = app.product(&clay, "Cup", "38", "2").await;
    assert!(app.get(&product).send().await.text().contains('€'));
    let changed = send(&app, &clay, "/currency", &[("currency", "USD")]).await;
    assert!(
        flash(&app, &clay, &changed)
            .await
            .contains("Look through your prices")
    );
    let shown = app.get(&product).send().await.text();
    assert!(shown.contains('$') && !shown.contains('€'), "{shown}");
    let bought = app.buy(&product, &[("quantity", "1")]).await;
    assert_eq!(bought.status, 303, "{}", bought.text());
    let refused = send(&app, &clay, "/currency", &[("currency", "EUR")]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("so the shop stays with it"));
    let page = page(&app, &clay).await;
    assert!(
        !page.contains("name=\"currency\"") && page.contains("so it stays"),
        "{page}"
    );
    let odd = send(&app, &clay, "/currency", &[("currency", "DOGE")]).await;
    assert_eq!(odd.status, 422);
}

#[tokio::test]
async fn what_matters_asks_for_a_recent_sign_in() {
    let clock = Clock::set(UnixMs(1_800_000_000_000));
    let app = TestApp::with("http://localhost:3000", clock.clone()).await;
    let clay = app.creator("Clay", "clay").await;
    assert!(page(&app, &clay).await.contains("name=\"password\""));
    clock.advance_ms(16 * 60 * 1000);
    let later = page(&app, &clay).await;
    assert!(later.contains("/sign-in?next=/manage/settings"), "{later}");
    for field in ["handle", "password", "passkey_name"] {
        assert!(!later.contains(&format!("name=\"{field}\"")), "{field}");
    }
    for (path, fields) in [
        ("/handle", [("handle", "ash")]),
        ("/password", [("password", "another long password")]),
        ("/password/remove", [("x", "")]),
        ("/passkeys/any/remove", [("x", "")]),
    ] {
        let refused = send(&app, &clay, path, &fields).await;
        assert_eq!(
            (refused.status.as_u16(), refused.header("location")),
            (303, "/sign-in?next=/manage/settings"),
            "{path}"
        );
    }
    let refused = app
        .post(START_PASSKEY_ADDITION)
        .cookie(&clay.cookie)
        .json(&json!({ "name": "" }))
        .await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("Sign in again"));
    assert_eq!(
        send(&app, &clay, "/name", &[("shop_name", "Ash")])
            .await
            .status,
        303,
        "a name is no secret"
    );

    let form = app
        .get("/sign-in?next=/manage/settings")
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    assert!(
        form.contains("Sign in again") && form.contains("value=\"clay\""),
        "{form}"
    );
    let again = app
        .post("/sign-in")
        .cookie(&clay.cookie)
        .form(&[
            ("handle", "clay"),
            ("password", PASSWORD),
            ("next", "/manage/settings"),
        ])
        .await;
    assert_eq!(again.header("location"), "/manage/settings");
    let again = Creator {
        program: String::new(),
        cookie: again.cookie(),
        handle: "clay".to_owned(),
    };
    assert_eq!(
        send(&app, &again, "/handle", &[("handle", "ash")])
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn passkeys_are_added_and_removed_but_for_the_last_way_in() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let before = page(&app, &clay).await;
    assert!(before.contains("/pkg/passkey-1.js") && before.contains("data-passkey=\"add\""));
    let refused = send(&app, &clay, "/password/remove", &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("only way in"));
    let anyone = app
        .post(START_PASSKEY_ADDITION)
        .json(&json!({ "name": "" }))
        .await;
    assert_eq!(anyone.status, 401);

    let mut key = Authenticator::new(7);
    let options = app
        .post(START_PASSKEY_ADDITION)
        .cookie(&clay.cookie)
        .json(&json!({ "name": "Key & ring" }))
        .await;
    assert_eq!(options.status, 200, "{}", options.text());
    let added = app
        .post(FINISH_PASSKEY_ADDITION)
        .cookie(&clay.cookie)
        .json(&json!({ "credential": key.create(&options.json()) }))
        .await;
    assert_eq!(
        added.json(),
        json!({ "next": "/manage/settings?flash=passkey" })
    );
    assert_eq!(added.header("set-cookie"), "", "the session stays");
    let listed = app
        .get("/manage/settings")
        .cookie(&clay.cookie)
        .send()
        .await;
    assert!(listed.text().contains("Key &amp; ring"));
    let removed = send(&app, &clay, "/password/remove", &[]).await;
    assert!(flash(&app, &clay, &removed).await.contains("Removed."));
    let id = listed.between("/manage/settings/passkeys/", "/remove");
    let last = send(&app, &clay, &format!("/passkeys/{id}/remove"), &[]).await;
    assert_eq!(last.status, 409);
    let set = send(
        &app,
        &clay,
        "/password",
        &[("password", "another long password")],
    )
    .await;
    assert!(flash(&app, &clay, &set).await.contains("Set."));
    let short = send(&app, &clay, "/password", &[("password", "short")]).await;
    assert_eq!(short.status, 422);
    assert!(!short.text().contains("value=\"short\""));
    let gone = send(&app, &clay, &format!("/passkeys/{id}/remove"), &[]).await;
    assert_eq!(gone.status, 303);
    let twice = send(&app, &clay, &format!("/passkeys/{id}/remove"), &[]).await;
    assert_eq!(twice.status, 404);
}

#[tokio::test]
async fn browsers_are_named_in_plain_words_and_ended() {
    let clock = Clock::set(UnixMs(1_800_000_000_000));
    let app = TestApp::with("http://localhost:3000", clock).await;
    let clay = app.creator("Clay", "clay").await;
    let signed = app
        .post("/sign-in")
        .header("user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1")
        .form(&[("handle", "clay"), ("password", PASSWORD)])
        .await;
    let phone = Creator {
        program: String::new(),
        cookie: signed.cookie(),
        handle: "clay".to_owned(),
    };
    let cookies: Vec<&str> = signed
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    assert_eq!(cookies.len(), 2);
    for (cookie, days) in [(cookies[0], 90), (cookies[1], 180)] {
        assert!(
            cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"),
            "{cookie}"
        );
        assert!(
            cookie.contains(&format!("; Max-Age={}", days * 24 * 3600)),
            "{cookie}"
        );
    }
    assert!(cookies[1].starts_with("vitrine_device="), "{}", cookies[1]);

    let listed = app
        .get("/manage/settings")
        .cookie(&clay.cookie)
        .send()
        .await;
    let text = listed.text();
    assert!(
        text.contains("Safari on iPhone") && text.contains("This one"),
        "{text}"
    );
    let id = listed.between("/manage/settings/browsers/", "/end");
    let ended = send(&app, &clay, &format!("/browsers/{id}/end"), &[]).await;
    assert!(flash(&app, &clay, &ended).await.contains("signed out"));
    assert_eq!(
        app.get("/manage").cookie(&phone.cookie).send().await.status,
        303
    );
    assert_eq!(
        send(&app, &clay, &format!("/browsers/{id}/end"), &[])
            .await
            .status,
        404
    );

    let other = app
        .post("/sign-in")
        .form(&[("handle", "clay"), ("password", PASSWORD)])
        .await
        .cookie();
    let ended = send(&app, &clay, "/browsers/end-others", &[]).await;
    assert_eq!(ended.status, 303);
    assert_eq!(app.get("/manage").cookie(&other).send().await.status, 303);
    page(&app, &clay).await;
}

#[tokio::test]
async fn a_known_browser_is_let_past_what_strangers_use_up() {
    let app = TestApp::start().await;
    app.creator("Clay", "clay").await;
    let form = [("handle", "clay"), ("password", PASSWORD)];
    let signed = app.post("/sign-in").form(&form).await;
    let device = signed.headers.get_all("set-cookie").iter().nth(1);
    let device = device
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let device = device.split(';').next().unwrap_or_default().to_owned();
    let mut status = 0;
    for _ in 0..60 {
        let wrong = [("handle", "clay"), ("password", "wrong password")];
        status = app.post("/sign-in").form(&wrong).await.status.as_u16();
        if status == 429 {
            break;
        }
    }
    assert_eq!(status, 429);
    assert_eq!(app.post("/sign-in").form(&form).await.status, 429);
    let known = app.post("/sign-in").cookie(&device).form(&form).await;
    assert_eq!(known.status, 303);
}

#[tokio::test]
async fn nobody_else_opens_the_settings() {
    let app = TestApp::start().await;
    let away = app.get("/manage/settings").send().await;
    assert_eq!(
        (away.status.as_u16(), away.header("location")),
        (303, "/sign-in?next=/manage/settings")
    );
    for path in [
        "/name",
        "/handle",
        "/currency",
        "/password",
        "/browsers/end-others",
    ] {
        let refused = app.post(&format!("/manage/settings{path}")).form(&[]).await;
        assert_eq!(refused.status, 303);
        assert!(refused.header("location").starts_with("/sign-in"), "{path}");
    }
}
