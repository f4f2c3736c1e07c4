//! The seller's pages.

use crate::test_app::{Creator, TestApp, TestResponse, photo};

#[tokio::test]
async fn every_page_needs_its_viewer() {
    let app = TestApp::start().await;
    for path in [
        "/manage",
        "/manage/products",
        "/manage/products/x",
        "/manage/orders",
        "/manage/orders/x",
        "/studio",
    ] {
        let response = app.get(path).send().await;
        assert_eq!(response.status, 303, "{path}");
        assert!(
            response.header("location").starts_with("/sign-in?next="),
            "{path}"
        );
        let forged = app.get(path).cookie("vitrine_session=forged").send().await;
        assert_eq!(forged.status, 303, "{path}");
    }
    for path in [
        "/manage/products",
        "/manage/products/x",
        "/manage/products/x/publish",
        "/manage/products/x/waitlist/notified",
        "/manage/products/x/photos",
        "/manage/orders/x/send",
    ] {
        let response = app.post(path).form(&[]).await;
        assert_eq!(
            (response.status.as_u16(), response.header("location")),
            (303, "/sign-in?next=/manage"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_page_opens() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for path in [
        "/manage",
        "/manage/products",
        "/manage/orders",
        "/manage/products?show=drafts",
        "/manage/orders?show=%00",
    ] {
        let response = app.get(path).cookie(&clay.cookie).send().await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("cache-control"), "private, no-store");
    }
    let products = app
        .get("/manage/products")
        .cookie(&clay.cookie)
        .send()
        .await;
    assert!(
        products
            .text()
            .contains("0 MB</span> of <span class=\"figure\">20 GB"),
        "what the shop takes of its share"
    );
    let unknown = app
        .get("/manage/products/unknown")
        .cookie(&clay.cookie)
        .send()
        .await;
    assert_eq!(unknown.status, 404);
    assert_eq!(
        app.get("/manage/orders/unknown")
            .cookie(&clay.cookie)
            .send()
            .await
            .status,
        404
    );
    assert_eq!(
        app.get("/manage/products/not%20an%20id")
            .cookie(&clay.cookie)
            .send()
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn nobody_reaches_another_shop() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let glas = app.creator("Glas", "glas").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "3").await;
    let bought = app.buy(&page, &[("price_seen_minor", "3800")]).await;
    let checkout = bought.header("location").to_owned();
    let paid = app
        .post(&format!("{checkout}/pay"))
        .form(&[
            ("email", "ana@example.org"),
            ("name", "Ana"),
            ("address", "1 Quiet St"),
            ("outcome", "success"),
        ])
        .await;
    assert_eq!(paid.status, 303);
    let order = app
        .get("/manage/orders")
        .cookie(&clay.cookie)
        .send()
        .await
        .between("href=\"/manage/orders/", "\"");
    let order = format!("/manage/orders/{order}");
    assert_eq!(
        app.get(&order).cookie(&clay.cookie).send().await.status,
        200
    );

    assert_eq!(app.get(&path).cookie(&glas.cookie).send().await.status, 404);
    assert_eq!(
        app.get(&order).cookie(&glas.cookie).send().await.status,
        404
    );
    for action in [
        "",
        "/publish",
        "/unpublish",
        "/delete",
        "/waitlist/notified",
        "/media/x/move",
        "/media/x/remove",
    ] {
        let response = app
            .post(&format!("{path}{action}"))
            .cookie(&glas.cookie)
            .form(&[("direction", "up"), ("title", "mine"), ("until", "0")])
            .await;
        assert_eq!(response.status, 404, "{action}");
    }
    let photos = app
        .post(&format!("{path}/photos"))
        .cookie(&glas.cookie)
        .files("photos", &[("x.jpg", &photo(64, 64))])
        .await;
    assert_eq!(photos.status, 404);
    assert_eq!(
        app.post(&format!("{order}/send"))
            .cookie(&glas.cookie)
            .form(&[])
            .await
            .status,
        404
    );
    assert!(
        !app.get("/manage/orders")
            .cookie(&glas.cookie)
            .send()
            .await
            .text()
            .contains("Ana")
    );
    assert!(app.get(&page).send().await.text().contains("Blue cup"));
    let sent = app
        .post(&format!("{order}/send"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(
        (sent.status.as_u16(), sent.header("location")),
        (303, order.as_str())
    );
}

#[tokio::test]
async fn the_editor_names_what_is_wrong_and_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "38", "2").await;
    for (price, words) in [
        ("-1", "below zero"),
        ("99999999999", "too large"),
        ("twelve", "not a price"),
        ("1e400", "not a price"),
    ] {
        let response = app
            .post(&path)
            .cookie(&clay.cookie)
            .form(&[("title", "New <title>"), ("price", price), ("stock", "2")])
            .await;
        assert_eq!(response.status, 422, "{price}");
        let text = response.text();
        assert!(
            text.contains(words) && text.contains("New &lt;title&gt;"),
            "{price}: {text}"
        );
    }
    let stock = app
        .post(&path)
        .cookie(&clay.cookie)
        .form(&[("title", "Cup"), ("price", "38"), ("stock", "-5")])
        .await;
    assert_eq!(stock.status, 422);
    let empty = app
        .post("/manage/products")
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    let refused = app
        .post(&format!("{}/publish", empty.header("location")))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("title"), "{}", refused.text());
    let gone = app
        .post(&format!("{}/delete", empty.header("location")))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(
        (gone.status.as_u16(), gone.header("location")),
        (303, "/manage/products")
    );
    assert_eq!(
        app.get(empty.header("location"))
            .cookie(&clay.cookie)
            .send()
            .await
            .status,
        404
    );
    let page = app
        .get(&format!("{path}?flash=%3Cscript%3E"))
        .cookie(&clay.cookie)
        .send()
        .await;
    assert!(!page.text().contains("<script>"), "no words from a link");
}

#[tokio::test]
async fn photos_are_added_moved_replaced_and_removed() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "38", "2").await;
    let added = app
        .post(&format!("{path}/photos"))
        .cookie(&clay.cookie)
        .files(
            "photos",
            &[("a.jpg", &photo(90, 60)), ("b.jpg", &photo(60, 90))],
        )
        .await;
    assert_eq!(added.status, 303, "{}", added.text());
    let order = || async {
        let text = app.get(&path).cookie(&clay.cookie).send().await.text();
        let place = format!("{path}/media/");
        let mut ids: Vec<String> = Vec::new();
        for part in text.split(&place).skip(1) {
            let id = part.split('/').next().unwrap().to_owned();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    };
    let ids = order().await;
    assert_eq!(ids.len(), 3);
    let moved = app
        .post(&format!("{path}/media/{}/move", ids[2]))
        .cookie(&clay.cookie)
        .form(&[("direction", "first")])
        .await;
    assert_eq!(moved.status, 303);
    assert_eq!(
        order().await,
        [ids[2].clone(), ids[0].clone(), ids[1].clone()]
    );
    let sideways = app
        .post(&format!("{path}/media/{}/move", ids[2]))
        .cookie(&clay.cookie)
        .form(&[("direction", "sideways")])
        .await;
    assert_eq!(sideways.status, 422);
    let replaced = app
        .post(&format!("{path}/media/{}/replace", ids[0]))
        .cookie(&clay.cookie)
        .files(&format!("replace-{}", ids[0]), &[("c.jpg", &photo(80, 80))])
        .await;
    assert_eq!(replaced.status, 303, "{}", replaced.text());
    let now = order().await;
    assert!(now.len() == 3 && now[0] == ids[2] && now[1] != ids[0] && now[2] == ids[1]);
    let removed = app
        .post(&format!("{path}/media/{}/remove", ids[1]))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(removed.status, 303);
    assert_eq!(order().await.len(), 2);
    assert_eq!(
        app.post(&format!("{path}/media/unknown/remove"))
            .cookie(&clay.cookie)
            .form(&[])
            .await
            .status,
        404
    );
    let elsewhere = app
        .post(&format!("{path}/media/unknown/replace"))
        .cookie(&clay.cookie)
        .files("photo", &[("c.jpg", &photo(64, 64))])
        .await;
    assert_eq!(elsewhere.status, 404);
}

#[tokio::test]
async fn a_bad_file_costs_only_itself() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "38", "2").await;
    let mixed = app
        .post(&format!("{path}/photos"))
        .cookie(&clay.cookie)
        .files(
            "photos",
            &[
                ("good.jpg", &photo(90, 60)),
                ("bad.jpg", b"%PDF-1.7 not a photo"),
            ],
        )
        .await;
    assert_eq!(mixed.status, 422);
    assert!(
        mixed.text().contains("bad.jpg") && mixed.text().contains("PDF"),
        "{}",
        mixed.text()
    );
    assert_eq!(
        mixed.text().matches("/remove\"").count(),
        2,
        "the good one was kept"
    );
    let none = app
        .post(&format!("{path}/photos"))
        .cookie(&clay.cookie)
        .files("photos", &[("", b"")])
        .await;
    assert_eq!(none.status, 422);
    let large = vec![0xff_u8; 41 * 1024 * 1024];
    let refused = app
        .post(&format!("{path}/photos"))
        .cookie(&clay.cookie)
        .files("photos", &[("large.jpg", &large)])
        .await;
    assert_eq!(refused.status, 413);
    assert!(
        refused.text().contains("large.jpg") && refused.text().contains("40 MB"),
        "{}",
        refused.text()
    );
    let broken = app
        .post(&format!("{path}/photos"))
        .cookie(&clay.cookie)
        .header("content-type", "multipart/form-data; boundary=edge")
        .body("--edge\r\nnonsense")
        .send()
        .await;
    assert_eq!(broken.status, 400);
}

#[tokio::test]
async fn the_list_of_failed_work_is_for_its_owner_and_says_what_would_stand_there() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let list = app.get("/manage/jobs").cookie(&clay.cookie).send().await;
    assert_eq!(
        (list.status.as_u16(), list.header("cache-control")),
        (200, "private, no-store")
    );
    assert!(list.text().contains("Nothing failed"), "{}", list.text());
    assert_eq!(app.get("/manage/jobs").send().await.status, 303);
    let unknown = app
        .post("/manage/jobs/nothing/retry")
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(unknown.status, 404, "{}", unknown.text());
    assert_eq!(
        app.post("/manage/jobs/nothing/retry")
            .form(&[])
            .await
            .status,
        303
    );
}

/// What the editor's form would send, as it stands on the page.
async fn opened(app: &TestApp, path: &str, creator: &Creator) -> Vec<(String, String)> {
    let page = app.get(path).cookie(&creator.cookie).send().await;
    let field = |name: &str| {
        let tag = page.between(&format!("name=\"{name}\""), ">");
        let value = tag.split_once("value=\"").map_or("", |(_, rest)| rest);
        let value = value.split('"').next().unwrap_or_default();
        (name.to_owned(), value.to_owned())
    };
    let names = [
        "title",
        "summary",
        "price",
        "stock",
        "slug",
        "version",
        "stock_seen",
        "form_key",
    ];
    names.into_iter().map(field).collect()
}

async fn save(
    app: &TestApp,
    path: &str,
    creator: &Creator,
    form: &[(String, String)],
    changes: &[(&str, &str)],
) -> TestResponse {
    let fields: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| {
            let changed = changes.iter().find(|(changed, _)| changed == name);
            (
                name.as_str(),
                changed.map_or(value.as_str(), |(_, value)| value),
            )
        })
        .collect();
    app.post(path).cookie(&creator.cookie).form(&fields).await
}

#[tokio::test]
async fn an_open_editor_brings_nothing_back_that_was_sold() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "5").await;
    let form = opened(&app, &path, &clay).await;
    let bought = app.buy(&page, &[("quantity", "3")]).await;
    let paid = app
        .post(&format!("{}/pay", bought.header("location")))
        .form(&[
            ("email", "ana@example.org"),
            ("name", "Ana"),
            ("address", "1 Quiet St"),
        ])
        .await;
    assert_eq!(paid.status, 303);
    let saved = save(&app, &path, &clay, &form, &[("summary", "For soup.")]).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let now = opened(&app, &path, &clay).await;
    assert!(
        now.contains(&("stock".to_owned(), "2".to_owned())),
        "{now:?}"
    );
    // An error keeps what was seen, so that the correction stays the one that was meant.
    let wrong = save(
        &app,
        &path,
        &clay,
        &form,
        &[("price", "1,234"), ("stock", "6"), ("summary", "For soup.")],
    )
    .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.between("name=\"stock_seen\" value=\"", "\""), "5");
    assert!(
        wrong
            .text()
            .contains("There were 5 when you opened this and there are 2 now: saving makes it 3."),
        "{}",
        wrong.text()
    );
}

#[tokio::test]
async fn two_editors_of_one_product_lose_nothing() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "5").await;
    let (one, two) = (
        opened(&app, &path, &clay).await,
        opened(&app, &path, &clay).await,
    );
    assert_eq!(
        save(
            &app,
            &path,
            &clay,
            &one,
            &[("title", "Green cup"), ("stock", "6")]
        )
        .await
        .status,
        303
    );
    let stock_only = save(
        &app,
        &path,
        &clay,
        &two,
        &[("title", "Green cup"), ("stock", "4")],
    )
    .await;
    assert_eq!(stock_only.status, 303, "corrections of two tabs add up");
    let both = save(
        &app,
        &path,
        &clay,
        &two,
        &[("price", "44"), ("summary", "Mine")],
    )
    .await;
    assert_eq!(both.status, 409);
    let text = both.text();
    assert!(
        text.contains("saved elsewhere after you opened it"),
        "{text}"
    );
    assert!(
        text.contains("value=\"44\"") && text.contains("value=\"Mine\""),
        "what was typed: {text}"
    );
    assert!(
        text.contains("Green cup") && text.contains(">38<"),
        "what is saved: {text}"
    );
    let version = both.between("name=\"version\" value=\"", "\"");
    let again = save(
        &app,
        &path,
        &clay,
        &two,
        &[("price", "44"), ("version", &version)],
    )
    .await;
    assert_eq!(again.status, 303, "{}", again.text());
    assert!(app.get(&page).send().await.text().contains("Blue cup"));
}

#[tokio::test]
async fn an_order_list_has_pages_and_any_address_of_one_is_answered() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for query in [
        "?show=unpaid&before=7",
        "?before=0",
        "?before=-1",
        "?before=many",
        "?before=99999999999",
        "?show=%00&before=",
    ] {
        let list = app
            .get(&format!("/manage/orders{query}"))
            .cookie(&clay.cookie)
            .send()
            .await;
        assert_eq!(list.status, 200, "{query}");
    }
}
