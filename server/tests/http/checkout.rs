//! Buying, as a phone without JavaScript does it.

use std::collections::BTreeSet;

use domain::{checkout::HOLD_MS, time::UnixMs};
use services::Clock;

use crate::{
    round::rounds,
    test_app::{Creator, TestApp, TestResponse},
};

const BUYER: [(&str, &str); 3] = [
    ("email", "ana@example.org"),
    ("name", "Ana"),
    ("address", "1 Quiet St\nLeeds"),
];

async fn buy(app: &TestApp, page: &str, fields: &[(&str, &str)]) -> TestResponse {
    app.buy(page, fields).await
}

async fn pay(app: &TestApp, checkout: &str, outcome: &str) -> TestResponse {
    let mut fields = BUYER.to_vec();
    fields.push(("outcome", outcome));
    app.post(&format!("{checkout}/pay")).form(&fields).await
}

#[tokio::test]
async fn from_the_page_to_a_receipt() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let bought = buy(
        &app,
        &page,
        &[("quantity", "1"), ("price_seen_minor", "3800")],
    )
    .await;
    assert_eq!(bought.status, 303, "{}", bought.text());
    let cookie = bought.header("set-cookie");
    assert!(
        cookie.contains("vitrine_buyer=") && cookie.contains("HttpOnly") && cookie.contains("Lax"),
        "{cookie}"
    );
    let checkout = bought.header("location").to_owned();
    assert!(checkout.starts_with("/checkout/"));
    let form = app.get(&checkout).send().await;
    assert_eq!(form.status, 200);
    assert_eq!(form.header("cache-control"), "private, no-store");
    assert!(
        form.text().contains("Blue cup")
            && form.text().contains("name=\"outcome\"")
            && form.text().contains("Test payments")
    );

    let paid = pay(&app, &checkout, "success").await;
    assert_eq!(paid.status, 303, "{}", paid.text());
    let order = paid.header("location").to_owned();
    assert!(order.starts_with("/order/"));
    let receipt = app.get(&order).send().await;
    assert_eq!(receipt.status, 200);
    assert!(
        receipt.text().contains("Blue cup") && receipt.text().contains("Test order"),
        "{}",
        receipt.text()
    );

    let twice = pay(&app, &checkout, "success").await;
    assert_eq!(
        (twice.status.as_u16(), twice.header("location")),
        (303, order.as_str()),
        "pressing twice pays once"
    );
    let back = app.get(&checkout).send().await;
    assert_eq!(
        (back.status.as_u16(), back.header("location")),
        (303, order.as_str())
    );

    let list = app
        .get("/manage/orders")
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    assert_eq!(orders(&app, &clay, "all").await.len(), 1);
    assert!(list.contains("Ana"), "{list}");
}

#[tokio::test]
async fn an_empty_form_is_told_everything_at_once() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let bought = buy(&app, &page, &[("price_seen_minor", "3800")]).await;
    let checkout = bought.header("location").to_owned();
    let answer = app
        .post(&format!("{checkout}/pay"))
        .form(&[("email", ""), ("name", " "), ("address", "")])
        .await;
    assert_eq!(answer.status, 422);
    let html = answer.text();
    for field in ["email", "name", "address"] {
        assert!(
            html.contains(&format!("href=\"#{field}\""))
                && html.contains(&format!("id=\"{field}-wrong\"")),
            "{field}: {html}"
        );
    }
}

#[tokio::test]
async fn pressing_buy_twice_is_one_order() {
    for _ in rounds(1) {
        let app = TestApp::start().await;
        let clay = app.creator("Clay", "clay").await;
        let (_, page) = app.product(&clay, "Blue cup", "38", "1").await;
        let fields = [
            ("quantity", "1"),
            ("price_seen_minor", "3800"),
            ("idempotency_key", "0123456789abcdef0123456789abcdef"),
        ];
        let (one, two) = tokio::join!(buy(&app, &page, &fields), buy(&app, &page, &fields));
        assert_eq!(
            (one.status.as_u16(), two.status.as_u16()),
            (303, 303),
            "{} {}",
            one.text(),
            two.text()
        );
        assert_eq!(one.header("location"), two.header("location"));
        assert_eq!(orders(&app, &clay, "unpaid").await.len(), 1);
    }
}

#[tokio::test]
async fn pressing_buy_twice_without_a_script_is_one_order() {
    for _ in rounds(1) {
        let app = TestApp::start().await;
        let clay = app.creator("Clay", "clay").await;
        let (_, page) = app.product(&clay, "Blue cup", "38", "1").await;
        let path = format!("{page}/buy");
        let fields = [("quantity", "1"), ("price_seen_minor", "3800")];
        // The first press gives the browser a cookie and holds nothing, since a second one may cut it off.
        let first = app.post(&path).form(&fields).await;
        assert_eq!(first.status, 307);
        assert_eq!(first.header("location"), "?cookie=asked");
        assert_eq!(first.header("cache-control"), "no-store");
        assert!(orders(&app, &clay, "unpaid").await.is_empty());
        let press = async |path: &str| app.post(path).cookie(&first.cookie()).form(&fields).await;
        let again = format!("{path}?cookie=asked");
        let (one, two) = tokio::join!(press(&again), press(&path));
        assert_eq!((one.status.as_u16(), two.status.as_u16()), (303, 303));
        assert_eq!(one.header("location"), two.header("location"));
        assert_eq!(
            press(&path).await.header("location"),
            one.header("location")
        );
        assert_eq!(orders(&app, &clay, "unpaid").await.len(), 1);
        // Another browser on the same cached page is another buyer.
        let other = buy(&app, &page, &fields).await;
        assert_eq!(other.status, 409);
        assert!(
            other.text().contains("reserved right now"),
            "{}",
            other.text()
        );
        assert!(!other.text().contains("found a home"));
    }
}

#[tokio::test]
async fn whoever_paid_can_buy_the_same_again() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "3").await;
    let fields = [("price_seen_minor", "3800")];
    let bought = buy(&app, &page, &fields).await;
    let checkout = bought.header("location").to_owned();
    assert_eq!(pay(&app, &checkout, "success").await.status, 303);
    let again = app
        .post(&format!("{page}/buy"))
        .cookie(&bought.cookie())
        .form(&fields)
        .await;
    assert_eq!(again.status, 303);
    assert!(again.header("location").starts_with("/checkout/"));
    assert_ne!(again.header("location"), checkout);
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_presses_once_more() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let asked = app
        .post(&format!("{page}/buy?cookie=asked"))
        .form(&[("price_seen_minor", "3800")])
        .await;
    assert_eq!(asked.status, 200);
    assert_eq!(asked.header("cache-control"), "private, no-store");
    assert!(orders(&app, &clay, "unpaid").await.is_empty());
    let key = asked.between("name=\"idempotency_key\" value=\"", "\"");
    let fields = [("price_seen_minor", "3800"), ("idempotency_key", &key)];
    let (one, two) = tokio::join!(buy(&app, &page, &fields), buy(&app, &page, &fields));
    assert_eq!(one.status, 303, "{}", one.text());
    assert_eq!(one.header("location"), two.header("location"));
    assert_eq!(orders(&app, &clay, "unpaid").await.len(), 1);
    let strange = app
        .post(&format!("{page}/buy"))
        .cookie("vitrine_buyer=chosen-by-somebody")
        .form(&[])
        .await;
    assert_eq!(strange.status, 307, "only a secret of the shop's is taken");
}

#[tokio::test]
async fn no_coding_is_refused_after_something_was_done() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    for accept in [
        "identity;q=0",
        "*;q=0",
        "identity;q=0, br;q=0, gzip;q=0",
        "zstd, identity;q=0, *;q=0",
        "identity; q=0.000",
        ";;;=,,",
    ] {
        let bought = app
            .post(&format!("{page}/buy"))
            .header("accept-encoding", accept)
            .form(&[("idempotency_key", "one-key-for-all-of-these")])
            .await;
        assert_eq!(bought.status, 303, "{accept}: {}", bought.text());
        let shown = app
            .get(bought.header("location"))
            .header("accept-encoding", accept)
            .send()
            .await;
        assert_eq!(shown.status, 200, "{accept}");
        let saved = app
            .post(&path)
            .cookie(&clay.cookie)
            .header("accept-encoding", accept)
            .form(&[("title", "Blue cup"), ("price", "38")])
            .await;
        assert_eq!(saved.status, 303, "{accept}");
    }
    let packed = app
        .get("/sign-in")
        .header("accept-encoding", "identity;q=0, gzip")
        .send()
        .await;
    assert_eq!(packed.header("content-encoding"), "gzip");
}

/// The orders that a list of the shop leads to.
async fn orders(app: &TestApp, creator: &Creator, show: &str) -> BTreeSet<String> {
    let list = app
        .get(&format!("/manage/orders?show={show}"))
        .cookie(&creator.cookie)
        .send()
        .await;
    let list = list.text();
    let links = list.split("href=\"/manage/orders/").skip(1);
    links
        .filter_map(|link| Some(link.split_once('"')?.0.to_owned()))
        .collect()
}

#[tokio::test]
async fn the_last_piece_is_sold_once_and_the_page_says_so() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "1").await;
    assert!(app.get(&page).send().await.text().contains("/buy"));
    let first = buy(&app, &page, &[("price_seen_minor", "3800")]).await;
    assert_eq!(first.status, 303);
    let second = buy(&app, &page, &[("price_seen_minor", "3800")]).await;
    assert_eq!(second.status, 409);
    assert!(second.text().contains("Reserved"), "{}", second.text());
    assert!(
        app.get(&page).send().await.text().contains("Reserved"),
        "the cached page was dropped"
    );
    let over = app
        .post(&format!("{}/cancel", first.header("location")))
        .form(&[])
        .await;
    assert_eq!(over.status, 303, "{}", over.text());
    assert!(
        !app.get(&page).send().await.text().contains("Reserved"),
        "the piece is back"
    );
    let first = buy(&app, &page, &[("price_seen_minor", "3800")]).await;
    pay(&app, first.header("location"), "success").await;
    assert!(
        app.get(&page).send().await.text().contains("Sold out"),
        "what is paid for is sold, and the cached page says so"
    );
    let more = app
        .post(&path)
        .cookie(&clay.cookie)
        .form(&[("title", "Blue cup"), ("price", "38"), ("stock", "5")])
        .await;
    assert_eq!(more.status, 303);
    let many = buy(
        &app,
        &page,
        &[("quantity", "6"), ("price_seen_minor", "3800")],
    )
    .await;
    assert_eq!(many.status, 409);
}

#[tokio::test]
async fn a_changed_price_is_shown_before_anything_is_held() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "1").await;
    let saved = app
        .post(&path)
        .cookie(&clay.cookie)
        .form(&[("title", "Blue cup"), ("price", "42.50"), ("stock", "1")])
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let asked = buy(
        &app,
        &page,
        &[("quantity", "1"), ("price_seen_minor", "3800")],
    )
    .await;
    assert_eq!(asked.status, 409);
    assert!(
        asked.text().contains("42,50")
            && asked.text().contains("value=\"4250\"")
            && asked
                .text()
                .contains("While you were looking, the price of <bdi>Blue cup</bdi> went up."),
        "{}",
        asked.text()
    );
    let agreed = buy(
        &app,
        &page,
        &[("quantity", "1"), ("price_seen_minor", "4250")],
    )
    .await;
    assert_eq!(agreed.status, 303, "nothing was held by the first try");
}

#[tokio::test]
async fn a_declined_payment_keeps_the_hold_and_the_form() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "1").await;
    let checkout = buy(&app, &page, &[("price_seen_minor", "3800")])
        .await
        .header("location")
        .to_owned();
    let declined = pay(&app, &checkout, "decline").await;
    assert_eq!(declined.status, 402);
    assert!(
        declined.text().contains("declined")
            && declined.text().contains("value=\"ana@example.org\""),
        "{}",
        declined.text()
    );
    let paid = pay(&app, &checkout, "success").await;
    assert_eq!(paid.status, 303, "{}", paid.text());
}

#[tokio::test]
async fn an_unknown_outcome_waits_on_the_order_page() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "1").await;
    let checkout = buy(&app, &page, &[("price_seen_minor", "3800")])
        .await
        .header("location")
        .to_owned();
    let pending = pay(&app, &checkout, "unknown").await;
    assert_eq!(pending.status, 303, "{}", pending.text());
    let order = app.get(pending.header("location")).send().await;
    assert_eq!(order.status, 200);
    let again = pay(&app, &checkout, "success").await;
    assert_eq!(
        (again.status.as_u16(), again.header("location")),
        (303, pending.header("location"))
    );
}

#[tokio::test]
async fn wrong_input_gets_a_message() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "3").await;
    for quantity in ["0", "-1", "100000", "99999999999999999999", "many", "1.5"] {
        let response = buy(
            &app,
            &page,
            &[("quantity", quantity), ("price_seen_minor", "3800")],
        )
        .await;
        assert!(
            matches!(response.status.as_u16(), 409 | 422),
            "{quantity}: {}",
            response.status
        );
        assert!(response.text().contains("<!DOCTYPE html>"));
    }
    assert_eq!(buy(&app, "/p/nothing", &[]).await.status, 404);
    let checkout = buy(&app, &page, &[("price_seen_minor", "3800")])
        .await
        .header("location")
        .to_owned();
    let bad = app
        .post(&format!("{checkout}/pay"))
        .form(&[("email", "ana"), ("name", "<i>Ana"), ("address", "x")])
        .await;
    assert_eq!(bad.status, 422);
    assert!(
        bad.text().contains("email") && bad.text().contains("&lt;i&gt;Ana"),
        "{}",
        bad.text()
    );
    let odd = pay(&app, &checkout, "free").await;
    assert_eq!(odd.status, 422);
    for path in ["/checkout/unknown", "/order/unknown"] {
        assert_eq!(app.get(path).send().await.status, 404);
    }
    assert_eq!(pay(&app, "/checkout/unknown", "success").await.status, 404);
}

#[tokio::test]
async fn a_hold_that_runs_out_puts_the_piece_back_on_its_page() {
    let clock = Clock::set(UnixMs(1_800_000_000_000));
    let app = TestApp::with("http://localhost:3000", clock.clone()).await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "1").await;
    let checkout = buy(&app, &page, &[("price_seen_minor", "3800")])
        .await
        .header("location")
        .to_owned();
    assert!(app.get(&page).send().await.text().contains("Reserved"));
    assert_eq!(orders(&app, &clay, "unpaid").await.len(), 1, "one waits");
    assert!(orders(&app, &clay, "all").await.is_empty(), "nobody paid");
    clock.advance_ms(HOLD_MS + 1);
    app.vitrine.services.drain().await.unwrap();
    assert!(
        !app.get(&page).send().await.text().contains("Reserved"),
        "nobody asked for it, and the cached page was dropped all the same"
    );
    let late = pay(&app, &checkout, "success").await;
    assert_eq!(late.status, 410, "{}", late.text());
    let over = app.get(&checkout).send().await;
    assert_eq!(over.status, 200);
    assert!(over.text().contains(&page), "the way back to the product");
}
