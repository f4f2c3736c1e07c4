//! Setting up and signing in.

use domain::{time::UnixMs, wire::address};
use serde_json::json;
use services::Clock;

use crate::{
    authenticator::Authenticator,
    test_app::{PASSWORD, TestApp},
};

#[tokio::test]
async fn a_setup_form_is_told_everything_at_once() {
    let app = TestApp::start().await;
    let wrong = |page: &str| {
        ["shop_name", "handle", "currency", "password"]
            .into_iter()
            .filter(|field| page.contains(&format!("id=\"{field}-wrong\"")))
            .collect::<Vec<_>>()
    };
    let link = app.link().await;
    let empty = app.post(&link).form(&[]).await;
    assert_eq!(empty.status, 422);
    assert_eq!(
        wrong(&empty.text()),
        ["shop_name", "handle", "currency", "password"]
    );
    // That a handle is taken does not hide that the password is short.
    app.creator("Clay", "clay").await;
    let link = app.link().await;
    let fields = [
        ("shop_name", "Clay"),
        ("handle", "clay"),
        ("currency", "EUR"),
        ("password", "short"),
    ];
    let taken = app.post(&link).form(&fields).await;
    assert_eq!(taken.status, 409);
    assert_eq!(wrong(&taken.text()), ["handle", "password"]);
    assert_eq!(app.get(&link).send().await.status, 200, "it is not used up");
    // A passkey asks for the same but the password.
    let token = link.trim_start_matches("/setup/");
    let asked =
        json!({ "token": token, "form": { "shop_name": "", "handle": "?", "currency": "EUR" } });
    let refused = app.post("/fn/start-passkey-setup").json(&asked).await;
    assert_eq!(refused.status, 422);
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("Give your shop a name.") && message.contains("A handle has"),
        "{message}"
    );
}

#[tokio::test]
async fn a_link_opens_one_shop_once() {
    let app = TestApp::start().await;
    let link = app.link().await;
    let page = app.get(&link).send().await;
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("name=\"shop_name\"") && page.text().contains("name=\"password\"")
    );
    assert_eq!(page.header("cache-control"), "private, no-store");
    let fields = [
        ("shop_name", "Clay"),
        ("handle", "clay"),
        ("currency", "EUR"),
        ("password", PASSWORD),
    ];
    let opened = app.post(&link).form(&fields).await;
    assert_eq!(
        (opened.status.as_u16(), opened.header("location")),
        (303, "/studio")
    );
    let cookie = opened.header("set-cookie");
    for part in [
        "vitrine_session=",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
        "; Max-Age=",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "on http://localhost the cookie must come back: {cookie}"
    );
    for response in [
        app.get(&link).send().await,
        app.post(&link).form(&fields).await,
    ] {
        assert_eq!(response.status, 410);
        assert!(
            response.text().contains("vitrine owner-link"),
            "{}",
            response.text()
        );
    }
    let unknown = app.get("/setup/never-was").send().await;
    assert_eq!(unknown.status, 410);
}

#[tokio::test]
async fn a_wrong_field_is_named_and_the_link_still_works() {
    let app = TestApp::start().await;
    let link = app.link().await;
    let short = app
        .post(&link)
        .form(&[
            ("shop_name", "<b>Clay</b>"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", "short"),
        ])
        .await;
    assert_eq!(short.status, 422);
    assert!(short.text().contains("at least 10 characters"));
    assert!(
        short.text().contains("&lt;b&gt;Clay") && !short.text().contains("<b>Clay"),
        "what was typed comes back, escaped"
    );
    assert!(
        !short.text().contains("value=\"short\""),
        "the password does not come back"
    );
    let good = app
        .post(&link)
        .form(&[
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", PASSWORD),
        ])
        .await;
    assert_eq!(good.status, 303);
    let other = app.link().await;
    let taken = app
        .post(&other)
        .form(&[
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", PASSWORD),
        ])
        .await;
    assert_eq!(taken.status, 409);
    assert_eq!(app.post(&other).form(&[]).await.status, 422);
}

#[tokio::test]
async fn signing_in_and_out() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let away = app.get("/manage/orders?show=all").send().await;
    assert_eq!(
        (away.status.as_u16(), away.header("location")),
        (303, "/sign-in?next=/manage/orders%3Fshow%3Dall")
    );
    let page = app.get(away.header("location")).send().await;
    assert!(
        page.text().contains("value=\"/manage/orders?show=all\""),
        "{}",
        page.text()
    );
    let wrong = app
        .post("/sign-in")
        .form(&[("handle", "clay"), ("password", "wrong password")])
        .await;
    let unknown = app
        .post("/sign-in")
        .form(&[("handle", "clai"), ("password", "wrong password")])
        .await;
    assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (403, 403));
    assert_eq!(
        wrong.text().replace("clay", "clai"),
        unknown.text(),
        "nobody learns which shops there are"
    );
    let signed = app
        .post("/sign-in")
        .form(&[
            ("handle", "clay"),
            ("password", PASSWORD),
            ("next", "/manage/orders?show=all"),
        ])
        .await;
    assert_eq!(
        (signed.status.as_u16(), signed.header("location")),
        (303, "/manage/orders?show=all")
    );
    let cookie = signed.cookie();
    assert_ne!(cookie, clay.cookie);
    assert_eq!(app.get("/manage").cookie(&cookie).send().await.status, 200);
    let out = app.post("/sign-out").cookie(&cookie).form(&[]).await;
    assert_eq!(out.status, 303);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        app.get("/manage").cookie(&cookie).send().await.status,
        303,
        "the session is over on the server too"
    );
    assert_eq!(
        app.get("/manage").cookie(&clay.cookie).send().await.status,
        200,
        "the other session is not"
    );
}

#[tokio::test]
async fn signing_in_leads_only_to_this_shop() {
    let app = TestApp::start().await;
    app.creator("Clay", "clay").await;
    for evil in [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "javascript:alert(1)",
    ] {
        let signed = app
            .post("/sign-in")
            .form(&[("handle", "clay"), ("password", PASSWORD), ("next", evil)])
            .await;
        assert_eq!(
            (signed.status.as_u16(), signed.header("location")),
            (303, "/manage"),
            "{evil}"
        );
    }
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let app = TestApp::start().await;
    app.creator("Clay", "clay").await;
    let mut refused = None;
    for _ in 0..60 {
        let response = app
            .post("/sign-in")
            .form(&[("handle", "clay"), ("password", "wrong password")])
            .await;
        if response.status == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(refused.text().contains("Wait"), "{}", refused.text());
}

#[tokio::test]
async fn guessing_links_is_slowed_down() {
    let app = TestApp::start().await;
    let mut last = 0;
    for n in 0..60 {
        last = app
            .get(&format!("/setup/guess-{n}"))
            .send()
            .await
            .status
            .as_u16();
        if last == 429 {
            break;
        }
        assert_eq!(last, 410);
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_recovery_link_ends_the_other_ways_in_only_when_asked() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let identity = app.vitrine.services.identity();
    let link = async || identity.create_owner_link(Some("clay")).await.unwrap().path;
    let first = link().await;
    let page = app.get(&first).send().await.text();
    assert!(page.contains("Clay") && !page.contains("name=\"shop_name\""));
    assert!(
        page.contains("name=\"end_others\"") && !page.contains("checked"),
        "{page}"
    );
    let sibling = link().await;
    let renewed = app
        .post(&first)
        .form(&[("password", "another long password")])
        .await;
    assert_eq!(renewed.status, 303, "{}", renewed.text());
    for cookie in [&clay.cookie, &renewed.cookie()] {
        assert_eq!(app.get("/manage").cookie(cookie).send().await.status, 200);
    }
    let old = app
        .post("/sign-in")
        .form(&[("handle", "clay"), ("password", PASSWORD)])
        .await;
    assert_eq!(old.status, 403, "a new password takes the old one's place");
    assert_eq!(app.get(&sibling).send().await.status, 410);

    let second = link().await;
    let fields = [("password", "short"), ("end_others", "yes")];
    let short = app.post(&second).form(&fields).await;
    assert_eq!(short.status, 422);
    assert!(short.text().contains("checked"), "the tick stays");
    let fields = [("password", PASSWORD), ("end_others", "yes")];
    let last = app.post(&second).form(&fields).await;
    assert_eq!(last.status, 303);
    for cookie in [&clay.cookie, &renewed.cookie()] {
        assert_eq!(app.get("/manage").cookie(cookie).send().await.status, 303);
    }
    assert_eq!(
        app.get("/manage")
            .cookie(&last.cookie())
            .send()
            .await
            .status,
        200
    );
}

/// The token of a link's path.
fn token(link: &str) -> &str {
    link.trim_start_matches("/setup/")
}

#[tokio::test]
async fn passkeys_begin_with_a_challenge_for_this_name() {
    let app = TestApp::start().await;
    let link = app.link().await;
    let form = json!({ "shop_name": "Clay", "handle": "clay", "currency": "EUR" });
    let options = app
        .post(address::START_PASSKEY_SETUP)
        .json(&json!({ "token": token(&link), "form": form }))
        .await;
    assert_eq!(options.status, 200, "{}", options.text());
    assert_eq!(options.json()["publicKey"]["rp"]["id"], "localhost");
    assert_eq!(options.header("cache-control"), "no-store");
    let nonsense = app
        .post(address::FINISH_PASSKEY_SETUP)
        .json(&json!({ "token": token(&link), "credential": { "id": "x" } }))
        .await;
    assert!(nonsense.status.is_client_error(), "{}", nonsense.status);
    assert!(nonsense.json()["message"].is_string());
    let unread = app
        .post(address::START_PASSKEY_SETUP)
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await;
    assert_eq!(unread.status, 400);
    assert!(unread.json()["message"].is_string());
    let taken = app
        .post(address::START_PASSKEY_SETUP)
        .json(&json!({ "token": "never-was", "form": form }))
        .await;
    assert_eq!(
        (taken.status.as_u16(), taken.json()["code"].as_str()),
        (410, Some("gone"))
    );
    assert!(taken.text().contains("vitrine owner-link"));
    let nobody = app
        .post(address::START_PASSKEY_SIGN_IN)
        .json(&json!({ "handle": "nobody" }))
        .await;
    assert_eq!(nobody.status, 403);
}

#[tokio::test]
async fn a_passkey_opens_a_shop_and_signs_in() {
    let app = TestApp::start().await;
    let link = app.link().await;
    let mut key = Authenticator::new(7);
    let form = json!({ "shop_name": "Clay", "handle": "clay", "currency": "EUR" });
    let options = app
        .post(address::START_PASSKEY_SETUP)
        .json(&json!({ "token": token(&link), "form": form }))
        .await
        .json();
    let opened = app
        .post(address::FINISH_PASSKEY_SETUP)
        .json(&json!({ "token": token(&link), "credential": key.create(&options) }))
        .await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    assert_eq!(opened.json(), json!({ "next": "/studio" }));
    assert_eq!(opened.header("cache-control"), "no-store");
    let cookie = opened.header("set-cookie");
    for part in [
        "vitrine_session=",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let studio = app.get("/studio").cookie(&opened.cookie()).send().await;
    assert_eq!(studio.status, 200);

    for (next, followed) in [
        (json!("/manage/orders?show=all"), "/manage/orders?show=all"),
        (json!("https://evil.test/"), "/manage"),
        (json!(null), "/manage"),
    ] {
        let options = app
            .post(address::START_PASSKEY_SIGN_IN)
            .json(&json!({ "handle": "clay" }))
            .await;
        assert_eq!(options.header("set-cookie"), "");
        let credential = key.get(&options.json());
        let signed = app
            .post(address::FINISH_PASSKEY_SIGN_IN)
            .json(&json!({ "credential": credential, "next": next }))
            .await;
        assert_eq!(signed.status, 200, "{}", signed.text());
        assert_eq!(signed.json()["next"], followed);
        let manage = app.get("/manage").cookie(&signed.cookie()).send().await;
        assert_eq!(manage.status, 200);
        let again = app
            .post(address::FINISH_PASSKEY_SIGN_IN)
            .json(&json!({ "credential": credential }))
            .await;
        assert_eq!(
            (again.status.as_u16(), again.header("set-cookie")),
            (403, "")
        );
    }
}

#[tokio::test]
async fn guessing_by_passkey_is_slowed_down_too() {
    let app = TestApp::start().await;
    let mut refused = None;
    for _ in 0..60 {
        let response = app
            .post(address::START_PASSKEY_SIGN_IN)
            .json(&json!({ "handle": "clay" }))
            .await;
        if response.status == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(refused.json()["code"], "rate_limited");
    let mut last = 0;
    for n in 0..60 {
        let response = app
            .post(address::START_PASSKEY_SETUP)
            .json(&json!({ "token": format!("guess-{n}"), "form": {} }))
            .await;
        last = response.status.as_u16();
        if last == 429 {
            assert!(!response.header("retry-after").is_empty());
            break;
        }
        assert_eq!(last, 410);
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_link_expires() {
    let clock = Clock::set(UnixMs(1_800_000_000_000));
    let app = TestApp::with("http://localhost:3000", clock.clone()).await;
    let link = app.link().await;
    assert_eq!(app.get(&link).send().await.status, 200);
    clock.advance_ms(366 * 24 * 3600 * 1000);
    let late = app.get(&link).send().await;
    assert_eq!(late.status, 410);
    assert!(late.text().contains("vitrine owner-link"));
    let posted = app
        .post(&link)
        .form(&[
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", PASSWORD),
        ])
        .await;
    assert_eq!(posted.status, 410);
}
