//! Setting up and signing in.

use domain::time::UnixMs;
use services::Clock;

use crate::door::{Door, PASSWORD};

#[tokio::test]
async fn a_link_opens_one_shop_once() {
    let door = Door::open().await;
    let link = door.link().await;
    let page = door.get(&link).send().await;
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
    let opened = door.post(&link).form(&fields).await;
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
    for answer in [
        door.get(&link).send().await,
        door.post(&link).form(&fields).await,
    ] {
        assert_eq!(answer.status, 410);
        assert!(
            answer.text().contains("vitrine owner-link"),
            "{}",
            answer.text()
        );
    }
    let unknown = door.get("/setup/never-was").send().await;
    assert_eq!(unknown.status, 410);
}

#[tokio::test]
async fn a_wrong_field_is_named_and_the_link_still_works() {
    let door = Door::open().await;
    let link = door.link().await;
    let short = door
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
    let good = door
        .post(&link)
        .form(&[
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", PASSWORD),
        ])
        .await;
    assert_eq!(good.status, 303);
    let other = door.link().await;
    let taken = door
        .post(&other)
        .form(&[
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", PASSWORD),
        ])
        .await;
    assert_eq!(taken.status, 409);
    assert_eq!(door.post(&other).form(&[]).await.status, 422);
}

#[tokio::test]
async fn signing_in_and_out() {
    let door = Door::open().await;
    let clay = door.creator("Clay", "clay").await;
    let away = door.get("/manage/orders?show=all").send().await;
    assert_eq!(
        (away.status.as_u16(), away.header("location")),
        (303, "/sign-in?next=/manage/orders%3Fshow%3Dall")
    );
    let page = door.get(away.header("location")).send().await;
    assert!(
        page.text().contains("value=\"/manage/orders?show=all\""),
        "{}",
        page.text()
    );
    let wrong = door
        .post("/sign-in")
        .form(&[("handle", "clay"), ("password", "wrong password")])
        .await;
    let unknown = door
        .post("/sign-in")
        .form(&[("handle", "clai"), ("password", "wrong password")])
        .await;
    assert_eq!((wrong.status.as_u16(), unknown.status.as_u16()), (403, 403));
    assert_eq!(
        wrong.text().replace("clay", "clai"),
        unknown.text(),
        "nobody learns which shops there are"
    );
    let signed = door
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
    assert_eq!(door.get("/manage").cookie(&cookie).send().await.status, 200);
    let out = door.post("/sign-out").cookie(&cookie).form(&[]).await;
    assert_eq!(out.status, 303);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        door.get("/manage").cookie(&cookie).send().await.status,
        303,
        "the session is over on the server too"
    );
    assert_eq!(
        door.get("/manage").cookie(&clay.cookie).send().await.status,
        200,
        "the other session is not"
    );
}

#[tokio::test]
async fn signing_in_leads_only_to_this_shop() {
    let door = Door::open().await;
    door.creator("Clay", "clay").await;
    for evil in [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "javascript:alert(1)",
    ] {
        let signed = door
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
    let door = Door::open().await;
    door.creator("Clay", "clay").await;
    let mut refused = None;
    for _ in 0..60 {
        let answer = door
            .post("/sign-in")
            .form(&[("handle", "clay"), ("password", "wrong password")])
            .await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(refused.text().contains("Wait"), "{}", refused.text());
}

#[tokio::test]
async fn guessing_links_is_slowed_down() {
    let door = Door::open().await;
    let mut last = 0;
    for n in 0..60 {
        last = door
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
async fn a_recovery_link_changes_the_password_and_ends_old_sessions() {
    let door = Door::open().await;
    let clay = door.creator("Clay", "clay").await;
    let link = door
        .vitrine
        .services
        .identity()
        .create_owner_link(Some("clay"))
        .await
        .unwrap()
        .path;
    let page = door.get(&link).send().await;
    assert!(page.text().contains("Clay") && !page.text().contains("name=\"shop_name\""));
    let renewed = door
        .post(&link)
        .form(&[("password", "another long password")])
        .await;
    assert_eq!(renewed.status, 303, "{}", renewed.text());
    assert_eq!(
        door.get("/manage").cookie(&clay.cookie).send().await.status,
        303
    );
    assert_eq!(
        door.get("/manage")
            .cookie(&renewed.cookie())
            .send()
            .await
            .status,
        200
    );
    let old = door
        .post("/sign-in")
        .form(&[("handle", "clay"), ("password", PASSWORD)])
        .await;
    assert_eq!(old.status, 403);
}

#[tokio::test]
async fn passkeys_begin_with_a_challenge_for_this_name() {
    let door = Door::open().await;
    let link = door.link().await;
    let fields = serde_json::json!({ "shop_name": "Clay", "handle": "clay", "currency": "EUR" });
    let task = door
        .post(&format!("{link}/passkey/start"))
        .json(&fields)
        .await;
    assert_eq!(task.status, 200, "{}", task.text());
    assert_eq!(task.json()["publicKey"]["rp"]["id"], "localhost");
    assert_eq!(task.header("cache-control"), "no-store");
    let nonsense = door
        .post(&format!("{link}/passkey/finish"))
        .json(&serde_json::json!({ "id": "x" }))
        .await;
    assert!(nonsense.status.is_client_error(), "{}", nonsense.status);
    assert!(nonsense.json()["error"].is_string());
    let unread = door
        .post(&format!("{link}/passkey/start"))
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await;
    assert_eq!(unread.status, 400);
    assert!(unread.json()["error"].is_string());
    let nobody = door
        .post("/sign-in/passkey/start")
        .json(&serde_json::json!({ "handle": "nobody" }))
        .await;
    assert_eq!(nobody.status, 403);
}

#[tokio::test]
async fn a_link_expires() {
    let clock = Clock::set(UnixMs(1_800_000_000_000));
    let door = Door::with("http://localhost:3000", clock.clone()).await;
    let link = door.link().await;
    assert_eq!(door.get(&link).send().await.status, 200);
    clock.advance_ms(366 * 24 * 3600 * 1000);
    let late = door.get(&link).send().await;
    assert_eq!(late.status, 410);
    assert!(late.text().contains("vitrine owner-link"));
    let posted = door
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
