//! `/manage/delivery`, `/manage/taxes`, `/manage/codes` and `/manage/texts`, and what they do to a checkout.

use crate::test_app::{Creator, TestApp, TestResponse};

async fn send(app: &TestApp, owner: &Creator, path: &str, fields: &[(&str, &str)]) -> TestResponse {
    app.post(path).cookie(&owner.cookie).form(fields).await
}

/// Does something and answers with the page that it leads to.
async fn saved(app: &TestApp, owner: &Creator, path: &str, fields: &[(&str, &str)]) -> String {
    let done = send(app, owner, path, fields).await;
    assert_eq!(done.status, 303, "{path}: {}", done.text());
    let page = app
        .get(done.header("location"))
        .cookie(&owner.cookie)
        .send()
        .await;
    assert_eq!(page.status, 200);
    page.text()
}

/// What stands between `before` and `after` in a page, the first time.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split_once(after).map_or(rest, |(found, _)| found)
}

async fn with_delivery(app: &TestApp) -> Creator {
    let clay = app.creator("Clay", "clay").await;
    let page = saved(
        app,
        &clay,
        "/manage/delivery/zones",
        &[("zone_name", "Europe"), ("countries", "EU, Switzerland")],
    )
    .await;
    let zone = between(&page, "/manage/delivery/zones/", "/").to_owned();
    let methods = format!("/manage/delivery/zones/{zone}/methods");
    let page = saved(
        app,
        &clay,
        &methods,
        &[
            ("method_name", "Parcel"),
            ("price", "4,90"),
            ("free_from", ""),
        ],
    )
    .await;
    assert!(
        page.contains("Parcel") && page.contains("4,90\u{a0}€"),
        "{page}"
    );
    clay
}

async fn bought(app: &TestApp, page: &str) -> String {
    let bought = app
        .buy(page, &[("quantity", "1"), ("price_seen_minor", "3800")])
        .await;
    assert_eq!(bought.status, 303, "{}", bought.text());
    bought.header("location").to_owned()
}

const BUYER: [(&str, &str); 3] = [
    ("email", "ana@example.org"),
    ("name", "Ana"),
    ("address", "1 Quiet St\nLeeds"),
];

fn with<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = BUYER.to_vec();
    all.extend_from_slice(fields);
    all
}

#[tokio::test]
async fn a_country_makes_the_total_and_nothing_is_paid_by_asking() {
    let app = TestApp::start().await;
    let clay = with_delivery(&app).await;
    let (_, page) = app.product(&clay, "Cup", "38", "2").await;
    let checkout = bought(&app, &page).await;
    let form = app.get(&checkout).send().await.text();
    assert!(
        form.contains("Choose a country")
            && form.contains(">Austria<")
            && !form.contains(">Japan<"),
        "{form}"
    );

    let quoted = app
        .post(&format!("{checkout}/quote"))
        .form(&with(&[("country", "FR")]))
        .await;
    assert_eq!(quoted.status, 200, "{}", quoted.text());
    assert_eq!(quoted.header("cache-control"), "private, no-store");
    let html = quoted.text();
    assert!(
        html.contains("Pay 42,90\u{a0}€") && html.contains("value=\"ana@example.org\""),
        "{html}"
    );

    for (country, sentence) in [
        ("JP", "does not send to Japan"),
        ("", "Choose a country"),
        ("ZZ", "Choose a country"),
    ] {
        for act in ["quote", "pay"] {
            let refused = app
                .post(&format!("{checkout}/{act}"))
                .form(&with(&[("country", country)]))
                .await;
            assert_eq!(refused.status, 422);
            assert!(refused.text().contains(sentence), "{}", refused.text());
        }
    }
    // A page that is older than the price of its delivery.
    let stale = app
        .post(&format!("{checkout}/pay"))
        .form(&with(&[("country", "FR"), ("total_seen_minor", "3800")]))
        .await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.text().contains("Nothing was charged") && stale.text().contains("Pay 42,90"),
        "{}",
        stale.text()
    );
    let paid = app
        .post(&format!("{checkout}/pay"))
        .form(&with(&[("country", "FR"), ("total_seen_minor", "4290")]))
        .await;
    assert_eq!(paid.status, 303, "{}", paid.text());
    let receipt = app.get(paid.header("location")).send().await.text();
    assert!(
        receipt.contains("Parcel")
            && receipt.contains("42,90\u{a0}€")
            && receipt.contains("France"),
        "{receipt}"
    );
    // What is over cannot be priced anew.
    let late = app
        .post(&format!("{checkout}/quote"))
        .form(&with(&[("country", "DE")]))
        .await;
    assert_eq!(late.status, 410);
}

#[tokio::test]
async fn a_code_is_applied_or_says_why_not() {
    let app = TestApp::start().await;
    let clay = with_delivery(&app).await;
    let page = saved(
        &app,
        &clay,
        "/manage/codes",
        &[("code", "Spring"), ("kind", "percent"), ("value", "10")],
    )
    .await;
    assert!(
        page.contains("SPRING") && page.contains("Not used yet"),
        "{page}"
    );
    for (fields, status) in [
        (&[("code", "spring"), ("kind", "delivery")][..], 409),
        (&[("code", "x"), ("kind", "delivery")], 422),
        (
            &[("code", "more"), ("kind", "percent"), ("value", "a lot")],
            422,
        ),
    ] {
        let refused = send(&app, &clay, "/manage/codes", fields).await;
        assert_eq!(refused.status, status, "{}", refused.text());
        assert!(refused.text().contains("aria-invalid=\"true\""));
    }
    let (_, page) = app.product(&clay, "Cup", "38", "2").await;
    let checkout = bought(&app, &page).await;
    let quoted = app
        .post(&format!("{checkout}/quote"))
        .form(&with(&[("country", "FR"), ("code", "spring ")]))
        .await;
    assert!(
        quoted.text().contains("−3,80\u{a0}€") && quoted.text().contains("Pay 39,10"),
        "{}",
        quoted.text()
    );
    let refused = app
        .post(&format!("{checkout}/quote"))
        .form(&with(&[("country", "FR"), ("code", "<b>winter</b>")]))
        .await;
    assert_eq!(refused.status, 422);
    assert!(!refused.text().contains("<b>winter"), "{}", refused.text());
    let page = saved(&app, &clay, "/manage/codes/end", &[("code", "SPRING")]).await;
    assert!(page.contains("Ended"), "{page}");

    let made = saved(
        &app,
        &clay,
        "/manage/codes",
        &[
            ("code", "fair"),
            ("kind", "amount"),
            ("value", "5"),
            ("count", "3"),
        ],
    )
    .await;
    let file = format!(
        "/manage/codes/{}.csv",
        between(&made, "/manage/codes/", ".csv")
    );
    let csv = app.get(&file).cookie(&clay.cookie).send().await;
    assert_eq!(
        (csv.status.as_u16(), csv.header("content-type")),
        (200, "text/csv; charset=utf-8")
    );
    assert_eq!(csv.text().lines().count(), 4, "{}", csv.text());
    let other = app.creator("Glas", "glas").await;
    assert_eq!(
        app.get(&file).cookie(&other.cookie).send().await.status,
        404
    );
}

#[tokio::test]
async fn texts_stand_on_a_page_of_their_own_at_once() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let empty = app.get("/@clay/terms").send().await;
    assert_eq!(empty.status, 200);
    assert!(empty.text().contains("has not written anything here yet"));
    saved(
        &app,
        &clay,
        "/manage/texts",
        &[("imprint", "Ana <Clay>\n\nLeeds"), ("returns", "14 days")],
    )
    .await;
    let page = app.get("/@clay/terms").send().await.text();
    assert!(
        page.contains("Ana &lt;Clay&gt;")
            && page.contains("14 days")
            && !page.contains("Conditions"),
        "{page}"
    );
    assert_eq!(app.get("/@Clay/Terms/").send().await.status, 308);
    assert_eq!(app.get("/@nobody/terms").send().await.status, 404);
    let long = "x".repeat(20_001);
    let refused = send(&app, &clay, "/manage/texts", &[("privacy", &long)]).await;
    assert_eq!(refused.status, 422);
    send(&app, &clay, "/manage/settings/handle", &[("handle", "ash")]).await;
    let moved = app.get("/@clay/terms").send().await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (308, "/@ash/terms")
    );
}

#[tokio::test]
async fn taxes_are_typed_and_refused_with_a_sentence() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let page = saved(
        &app,
        &clay,
        "/manage/taxes/seller",
        &[("home", "US"), ("home_region", "ny"), ("registered", "on")],
    )
    .await;
    assert!(page.contains("value=\"NY\""), "{page}");
    let rate = [
        ("place", "us-ny"),
        ("class", "standard"),
        ("rate", "8.875"),
        ("rounding", "line"),
        ("on_delivery", "on"),
    ];
    let page = saved(&app, &clay, "/manage/taxes/rates", &rate).await;
    assert!(
        page.contains("8.875\u{a0}%") && page.contains("on top"),
        "{page}"
    );
    for (field, value) in [
        ("place", "Narnia"),
        ("rate", "-1"),
        ("class", "none"),
        ("rounding", ""),
        ("from", "tomorrow"),
    ] {
        let mut fields = rate.to_vec();
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let refused = send(&app, &clay, "/manage/taxes/rates", &fields).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.text());
    }
    let (_, product) = app.product(&clay, "Cup", "38", "2").await;
    let checkout = bought(&app, &product).await;
    let form = app.get(&checkout).send().await.text();
    // The tax comes on top, and New York is asked for.
    assert!(
        form.contains("Pay 41,37\u{a0}€") && form.contains("State or province"),
        "{form}"
    );
    let refused = app
        .post(&format!("{checkout}/quote"))
        .form(&with(&[("country", "US"), ("region", "New York")]))
        .await;
    assert_eq!(refused.status, 422);
    let remove = [
        ("place", "US-NY"),
        ("class", "standard"),
        ("from", "1970-01-01"),
    ];
    let page = saved(&app, &clay, "/manage/taxes/rates/remove", &remove).await;
    assert!(page.contains("The table is empty"), "{page}");
    let page = saved(&app, &clay, "/manage/taxes/rates/usual", &[]).await;
    assert!(
        page.contains("Germany") && page.contains("25.5\u{a0}%"),
        "{page}"
    );
}

#[tokio::test]
async fn strangers_reach_no_terms() {
    let app = TestApp::start().await;
    let clay = with_delivery(&app).await;
    for path in [
        "/manage/delivery",
        "/manage/taxes",
        "/manage/codes",
        "/manage/texts",
    ] {
        let stranger = app.get(path).send().await;
        assert_eq!(stranger.status, 303, "{path}");
        assert!(stranger.header("location").starts_with("/sign-in"));
    }
    let page = app
        .get("/manage/delivery")
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    let zone = between(&page, "/manage/delivery/zones/", "/").to_owned();
    let glas = app.creator("Glas", "glas").await;
    let path = format!("/manage/delivery/zones/{zone}/methods");
    let refused = send(&app, &glas, &path, &[("method_name", "P"), ("price", "1")]).await;
    assert_eq!(refused.status, 404);
    send(
        &app,
        &glas,
        &format!("/manage/delivery/zones/{zone}/remove"),
        &[],
    )
    .await;
    let page = app
        .get("/manage/delivery")
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    assert!(page.contains(&zone), "another shop's zone is still there");
}
