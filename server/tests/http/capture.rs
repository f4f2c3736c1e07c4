//! `/manage/contracts…`, `/contract/{token}…` and what an upload under a contract is answered.

use crate::{
    test_app::{Creator, TestApp, TestResponse},
    upload::{metadata, tus},
};

/// The template of a 30 s demo, made a shop's own. Answers the path of its editor.
async fn own(app: &TestApp, owner: &Creator) -> String {
    let made = app
        .post("/manage/contracts")
        .cookie(&owner.cookie)
        .form(&[("from", "demo-30/1")])
        .await;
    assert_eq!(made.status, 303, "{}", made.text());
    let editor = made.header("location");
    let path = editor.strip_suffix("?made").expect("says so");
    path.to_owned()
}

fn fields<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("version", "1"),
        ("name", "Mugs, turned"),
        ("film_least", "20"),
        ("film_most", "45"),
        ("orientation", "portrait"),
        ("light", "20"),
        ("sound", ""),
        ("shots", "Close up | 3\r\nIn the hand"),
        ("clips_least", "1"),
        ("clips_most", "5"),
        ("clip_least", "1.5"),
        ("clip_most", "6"),
        ("photos_most", "8"),
        ("reel", "15"),
        ("limit_clip_s", "15"),
        ("limit_clip_mb", "1"),
        ("limit_photo_mb", "1"),
        ("times", "on"),
    ];
    for (name, value) in more {
        all.retain(|(other, _)| other != name);
        all.push((name, value));
    }
    all
}

async fn saved(app: &TestApp, owner: &Creator, path: &str, more: &[(&str, &str)]) -> TestResponse {
    app.post(path)
        .cookie(&owner.cookie)
        .form(&fields(more))
        .await
}

async fn shared(app: &TestApp, owner: &Creator, editor: &str) -> String {
    let page = app
        .post(&format!("{editor}/links"))
        .cookie(&owner.cookie)
        .form(&[])
        .await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "private, no-store");
    let text = page.text();
    let (_, rest) = text
        .split_once("http://localhost:3000/contract/")
        .expect("the link");
    let (token, _) = rest.split_once('"').expect("its end");
    format!("/contract/{token}")
}

#[tokio::test]
async fn a_contract_is_made_changed_shared_and_ended() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let list = app
        .get("/manage/contracts")
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    for words in ["30 s demo", "90 s review", "3-shot tutorial", "Free"] {
        assert!(list.contains(words), "{words}");
    }
    let editor = own(&app, &clay).await;
    let done = saved(&app, &clay, &editor, &[]).await;
    assert_eq!(
        (done.status.as_u16(), done.header("location")),
        (303, format!("{editor}?saved").as_str())
    );
    let page = app.get(&editor).cookie(&clay.cookie).send().await.text();
    assert!(
        page.contains("Version 2")
            && page.contains("Mugs, turned")
            && page.contains("Close up | 3"),
        "{page}"
    );

    // What is wrong stands beside its field, and what was typed is not lost.
    let wrong = saved(
        &app,
        &clay,
        &editor,
        &[("version", "2"), ("light", "90"), ("name", "<b>Bright</b>")],
    )
    .await;
    assert_eq!(wrong.status, 422);
    let text = wrong.text();
    assert!(
        text.contains("0 to 60 per cent") && text.contains("&lt;b&gt;Bright&lt;/b&gt;"),
        "{text}"
    );
    let stale = saved(&app, &clay, &editor, &[("name", "Old")]).await;
    assert_eq!(stale.status, 409);
    assert!(stale.text().contains("Version 2 was saved"));

    let path = shared(&app, &clay, &editor).await;
    let link = app.get(&path).send().await;
    assert_eq!(link.status, 200);
    assert_eq!(link.header("cache-control"), "private, no-store");
    assert_eq!(link.header("x-robots-tag"), "noindex, nofollow");
    let text = link.text();
    assert!(
        text.contains("Mugs, turned") && text.contains("Raw footage") && text.contains("noindex")
    );
    let json = app.get(&format!("{path}/contract.json")).send().await;
    assert_eq!(json.header("content-type"), "application/json");
    let contract = services::capture::parse(&json.text()).expect("a contract");
    assert_eq!(
        (contract.version, contract.limits.clip_bytes),
        (2, 1024 * 1024)
    );

    // Somebody else takes it into their shop; nobody does so without signing in.
    let wool = app.creator("Wool", "wool").await;
    let text = app.get(&path).cookie(&wool.cookie).send().await.text();
    assert!(text.contains("Take it into"), "{text}");
    let anybody = app.post(&format!("{path}/take")).form(&[]).await;
    assert_eq!(anybody.status, 303);
    assert!(anybody.header("location").starts_with("/sign-in"));
    let taken = app
        .post(&format!("{path}/take"))
        .cookie(&wool.cookie)
        .form(&[])
        .await;
    let theirs = taken.header("location").to_owned();
    assert!(theirs.starts_with("/manage/contracts/"), "{theirs}");
    let hidden = app.get(&theirs).cookie(&clay.cookie).send().await;
    assert_eq!(hidden.status, 404, "it is Wool's now");

    let page = app.get(&editor).cookie(&clay.cookie).send().await.text();
    let (_, rest) = page.split_once("/links/").expect("a link");
    let (id, _) = rest.split_once("/revoke").expect("its button");
    let revoked = app
        .post(&format!("{editor}/links/{id}/revoke"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(revoked.status, 303);
    for gone in [
        path.clone(),
        format!("{path}/contract.json"),
        "/contract/x".to_owned(),
    ] {
        let answer = app.get(&gone).send().await;
        assert_eq!(answer.status, 404, "{gone}");
        assert!(answer.text().contains("does not work any more"));
    }

    let ended = app
        .post(&format!("{editor}/end"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(ended.header("location"), "/manage/contracts?ended");
    let late = saved(&app, &clay, &editor, &[("version", "2")]).await;
    assert_eq!(late.status, 410);
}

#[tokio::test]
async fn strangers_reach_no_contract() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let editor = own(&app, &clay).await;
    let wool = app.creator("Wool", "wool").await;
    for path in [
        editor.clone(),
        format!("{editor}x"),
        "/manage/contracts/..%2f".to_owned(),
    ] {
        let found = app.get(&path).cookie(&wool.cookie).send().await;
        assert_eq!(found.status, 404, "{path}");
    }
    for act in ["", "/end", "/links"] {
        let done = app
            .post(&format!("{editor}{act}"))
            .cookie(&wool.cookie)
            .form(&fields(&[]))
            .await;
        assert_eq!(done.status, 404, "{act}");
        let foreign = app
            .post(&format!("{editor}{act}"))
            .cookie(&clay.cookie)
            .header("origin", "https://evil.test")
            .form(&fields(&[]))
            .await;
        assert_eq!(foreign.status, 403, "{act}");
        assert_eq!(
            app.post(&format!("{editor}{act}")).form(&[]).await.status,
            303
        );
    }
    for from in ["", "demo-30", "demo-30/2", "../1", "a/99999999999"] {
        let made = app
            .post("/manage/contracts")
            .cookie(&clay.cookie)
            .form(&[("from", from)])
            .await;
        assert!(matches!(made.status.as_u16(), 400 | 404), "{from}");
    }
}

#[tokio::test]
async fn an_upload_is_held_against_its_contract_when_it_is_created() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let editor = own(&app, &clay).await;
    assert_eq!(saved(&app, &clay, &editor, &[]).await.status, 303);
    let id = editor.rsplit('/').next().expect("an id");
    let create = async |contract: &str, length: &str, more: &[(&str, &str)]| {
        let mut pairs = vec![("kind", "clip"), ("contract", contract)];
        pairs.extend_from_slice(more);
        tus(&app, &clay, "POST", "/api/uploads")
            .header("upload-length", length)
            .header("upload-metadata", &metadata(&pairs))
            .send()
            .await
    };
    let second = format!("{id}/2");
    assert_eq!(
        create(&second, "1048576", &[("start", "1"), ("end", "9")])
            .await
            .status,
        201
    );
    // The first version took more, and what waits on a device may still name it.
    assert_eq!(create(&format!("{id}/1"), "1048577", &[]).await.status, 201);
    let large = create(&second, "1048577", &[]).await;
    assert_eq!(large.status, 413);
    assert!(large.text().contains("at most 1 MB"), "{}", large.text());
    assert_eq!(
        create(&second, "10", &[("start", "1"), ("end", "30")])
            .await
            .status,
        413
    );
    let told = create(&second, "10", &[("gps", "51.5,-0.1")]).await;
    assert_eq!(told.status, 422);
    assert!(told.text().contains("gps"), "{}", told.text());
    assert_eq!(create(&format!("{id}/3"), "10", &[]).await.status, 422);
    for malformed in ["demo", "demo/x", "../../1", "demo-30/0"] {
        assert_eq!(
            create(malformed, "10", &[]).await.status,
            400,
            "{malformed}"
        );
    }
    assert!(
        app.parts().len() <= 2,
        "nothing was kept of what was refused"
    );
}

#[tokio::test]
async fn the_studio_is_told_what_can_be_filmed_under() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let editor = own(&app, &clay).await;
    let studio = app.get("/studio").cookie(&clay.cookie).send().await;
    assert!(
        studio
            .header("permissions-policy")
            .contains("geolocation=(self)")
    );
    let page = studio.text();
    let (_, rest) = page.split_once("studio-config").expect("its configuration");
    let (_, rest) = rest.split_once('>').expect("its begin");
    let (json, _) = rest.split_once("</script>").expect("its end");
    let config: domain::wire::studio::Config = serde_json::from_str(json).expect("JSON");
    let ids: Vec<&str> = config.contracts.iter().map(|one| one.id.as_str()).collect();
    let id = editor.rsplit('/').next().expect("an id");
    assert_eq!(ids, ["free", "demo-30", "review-90", "tutorial-3", id]);
}
