//! Payments through the front door: keys, Stripe's page for a browser without a script, reports, refunds, and what is never logged.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use services::Clock;

use crate::{
    fake_stripe::{FakeStripe, KEY, SIGNING, sign},
    test_app::{Creator, TestApp, TestResponse},
};

const BUYER: [(&str, &str); 3] = [
    ("email", "ana@example.org"),
    ("name", "Ana"),
    ("address", "1 Quiet St\nLeeds"),
];

struct Shop {
    app: TestApp,
    clock: Clock,
    fake: FakeStripe,
    clay: Creator,
    page: String,
}

impl Shop {
    /// A shop with a product and no account yet.
    async fn open() -> Self {
        let clock = Clock::set(Clock::System.now());
        let fake = FakeStripe::start(clock.clone()).await;
        let app = TestApp::with_stripe(clock.clone(), &fake.base).await;
        let clay = app.creator("Clay", "clay").await;
        let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
        Self {
            app,
            clock,
            fake,
            clay,
            page,
        }
    }

    /// The same, that sells by Stripe.
    async fn connected() -> Self {
        let shop = Self::open().await;
        let saved = shop
            .post(
                "/manage/payments/stripe",
                &[("secret", KEY), ("signing", SIGNING)],
            )
            .await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        assert_eq!(saved.header("location"), "/manage/payments?flash=keys");
        shop
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> TestResponse {
        self.app
            .post(path)
            .cookie(&self.clay.cookie)
            .form(fields)
            .await
    }

    async fn get(&self, path: &str) -> TestResponse {
        self.app.get(path).cookie(&self.clay.cookie).send().await
    }

    /// Presses buy and pay; the path of the checkout and the answer.
    async fn pay(&self) -> (String, TestResponse) {
        let bought = self
            .app
            .buy(&self.page, &[("price_seen_minor", "3800")])
            .await;
        let checkout = bought.header("location").to_owned();
        let paid = self.app.post(&format!("{checkout}/pay")).form(&BUYER).await;
        (checkout, paid)
    }

    /// Where the account's reports go.
    async fn hook(&self) -> String {
        let page = self.get("/manage/payments").await;
        page.between("http://localhost:3000/hooks", "<")
            .replacen('/', "/hooks/", 1)
    }

    /// Sends a report as Stripe does: no cookie, no origin.
    async fn report(&self, path: &str, body: &str, signature: Option<&str>) -> TestResponse {
        let mut request = self
            .app
            .post(path)
            .without("origin")
            .header("content-type", "application/json");
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        request.body(body.as_bytes().to_vec()).send().await
    }
}

#[tokio::test]
async fn keys_are_entered_checked_and_not_shown_again() {
    let shop = Shop::open().await;
    let out = shop.app.get("/manage/payments").send().await;
    assert_eq!(
        (out.status.as_u16(), out.header("location")),
        (303, "/sign-in?next=/manage/payments")
    );
    let wrong = shop
        .post(
            "/manage/payments/stripe",
            &[("secret", "sk_test_9999999999")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("does not know this secret key")
            && !wrong.text().contains("9999999999")
    );
    shop.post(
        "/manage/payments/stripe",
        &[("secret", KEY), ("signing", SIGNING)],
    )
    .await;
    let page = shop.get("/manage/payments?flash=keys").await;
    assert_eq!(
        (page.status.as_u16(), page.header("cache-control")),
        (200, "private, no-store")
    );
    let html = page.text();
    assert!(
        html.contains("ends in cdef")
            && html.contains("acct_1")
            && html.contains("New orders are paid there"),
        "{html}"
    );
    for secret in [KEY, SIGNING, "0123456789"] {
        assert!(!html.contains(secret), "{secret}");
    }
    let account = page.between("/manage/payments/", "/check");
    let checked = shop
        .post(&format!("/manage/payments/{account}/check"), &[])
        .await;
    assert_eq!(checked.header("location"), "/manage/payments?flash=works");
    let removed = shop
        .post(&format!("/manage/payments/{account}/remove"), &[])
        .await;
    assert_eq!(removed.header("location"), "/manage/payments?flash=removed");
    assert!(!shop.get("/manage/payments").await.text().contains("acct_1"));
}

#[tokio::test]
async fn a_browser_without_a_script_pays_on_stripes_page() {
    let shop = Shop::connected().await;
    let (checkout, paid) = shop.pay().await;
    assert_eq!(paid.status, 303, "{}", paid.text());
    assert_eq!(paid.header("cache-control"), "no-store");
    let url = paid.header("location").to_owned();
    assert!(
        url.starts_with(&format!("{}/c/pay/", shop.fake.base)),
        "{url}"
    );
    // Browsers hold the way of a form's answer against the policy of its page.
    let form = shop.app.get(&checkout).send().await;
    assert_eq!(form.status, 200, "back by the button of the browser");
    assert!(
        form.text().contains("secure page of Stripe") && !form.text().contains("name=\"outcome\""),
        "{}",
        form.text()
    );
    // Back from paying before Stripe could be asked, nobody is told to pay again.
    let order = checkout.replace("checkout", "order");
    let waiting = shop.app.get(&format!("{order}?returned=1")).send().await;
    assert!(
        waiting.text().contains("do not pay a second time"),
        "{}",
        waiting.text()
    );
    assert!(
        shop.app
            .get(&order)
            .send()
            .await
            .text()
            .contains("Not paid yet")
    );
    let policy = form.header("content-security-policy");
    assert!(
        policy.contains(&format!("form-action 'self' {};", shop.fake.base)),
        "{policy}"
    );
    let elsewhere = shop.app.get(&shop.page).send().await;
    assert!(
        elsewhere
            .header("content-security-policy")
            .contains("form-action 'self';")
    );

    assert!(shop.fake.pay(url.rsplit('/').next().expect("a session")));
    shop.clock.advance_ms(2000);
    let order = shop
        .app
        .get(&checkout.replace("checkout", "order"))
        .send()
        .await;
    assert!(
        order.text().contains("data-order-state=\"paid\""),
        "{}",
        order.text()
    );
}

#[tokio::test]
async fn reports_are_answered_by_what_they_are() {
    let shop = Shop::connected().await;
    let (checkout, _) = shop.pay().await;
    let session = shop.fake.session();
    assert!(shop.fake.pay(&session));
    let event = shop.fake.event("checkout.session.completed", &session);
    let signature = shop.fake.sign(&event, SIGNING);
    let hook = shop.hook().await;
    for (what, path, body, signature, status, words) in [
        (
            "forged",
            hook.as_str(),
            event.as_str(),
            Some(sign(&event, "whsec_another", 1)),
            400,
            "was not made with a secret",
        ),
        (
            "old",
            &hook,
            &event,
            Some(sign(&event, SIGNING, 1_000_000_000)),
            400,
            "older than five minutes",
        ),
        ("unsigned", &hook, &event, None, 400, "no signature"),
        (
            "of nobody",
            "/hooks/stripe/nobody",
            &event,
            Some(signature.clone()),
            404,
            "No account",
        ),
    ] {
        let answer = shop.report(path, body, signature.as_deref()).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
        assert!(answer.text().contains(words), "{what}: {}", answer.text());
    }
    let huge = shop
        .report(&hook, &"x".repeat(300 * 1024), Some(&signature))
        .await;
    assert_eq!(huge.status, 413);
    assert_eq!(shop.app.get(&hook).send().await.status, 405);
    for _ in 0..2 {
        let taken = shop.report(&hook, &event, Some(&signature)).await;
        assert_eq!(
            (taken.status.as_u16(), taken.text().as_str()),
            (200, "kept\n")
        );
        assert_eq!(taken.header("set-cookie"), "");
    }
    shop.app.vitrine.services.drain().await.expect("drain");
    let page = shop.get("/manage/payments").await;
    assert!(page.text().contains("Applied") && page.text().contains("checkout.session.completed"));
    let replay = format!(
        "/manage/payments/webhooks/{}/replay",
        page.between("/webhooks/", "/replay")
    );
    assert_eq!(
        shop.post(&replay, &[]).await.header("location"),
        "/manage/payments?flash=replayed"
    );
    let order = shop
        .app
        .get(&checkout.replace("checkout", "order"))
        .send()
        .await;
    assert!(order.text().contains("data-order-state=\"paid\""));
}

#[tokio::test]
async fn money_goes_back_by_a_form_that_says_what_it_does() {
    let shop = Shop::connected().await;
    let (checkout, _) = shop.pay().await;
    assert!(shop.fake.pay(&shop.fake.session()));
    let order_page = checkout.replace("checkout", "order");
    shop.clock.advance_ms(2000);
    shop.app.get(&order_page).send().await;
    let list = shop.get("/manage/orders").await;
    let order = format!(
        "/manage/orders/{}",
        list.between("href=\"/manage/orders/", "\"")
    );
    let page = shop.get(&order).await;
    let key = page.between("name=\"key\" value=\"", "\"");
    for said in [
        "At most 38",
        "sent by Stripe",
        "cannot be called off",
        "nothing is sent then",
        "Put them back on sale",
    ] {
        assert!(page.text().contains(said), "{said}: {}", page.text());
    }
    let refund = format!("{order}/refund");
    let wrong = shop
        .post(
            &refund,
            &[("amount", "39"), ("restock", "keep"), ("key", &key)],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("At most 38") && wrong.text().contains("value=\"39\""),
        "{}",
        wrong.text()
    );
    for _ in 0..2 {
        let done = shop
            .post(
                &refund,
                &[("amount", "8"), ("restock", "keep"), ("key", &key)],
            )
            .await;
        assert_eq!(
            done.header("location"),
            format!("{order}?flash=refund"),
            "{}",
            done.text()
        );
    }
    assert_eq!(shop.fake.balance(), 3000);
    assert!(shop.get(&order).await.text().contains("Part refunded"));
    let all = shop
        .post(
            &refund,
            &[("restock", "return"), ("key", "0123456789abcdef-2")],
        )
        .await;
    assert_eq!(all.status, 303, "{}", all.text());
    assert_eq!(shop.fake.balance(), 0);
    let page = shop.get(&order).await.text();
    assert!(
        page.contains("Refunded")
            && page.contains("Nothing is left to refund")
            && !page.contains("Mark as sent"),
        "{page}"
    );
    let buyer = shop.app.get(&order_page).send().await.text();
    assert!(
        buyer.contains("Nothing will be sent")
            && buyer.contains("went back to where you paid from"),
        "{buyer}"
    );
    let ash = shop.app.creator("Ash", "ash").await;
    let stranger = shop
        .app
        .post(&refund)
        .cookie(&ash.cookie)
        .form(&[("key", "0123456789abcdef-3")])
        .await;
    assert_eq!(stranger.status, 404);
}

/// What is written is kept.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// At the finest level, with every library's own lines: a buyer who types a card number where it does not belong included.
#[tokio::test]
async fn neither_keys_nor_cards_are_ever_logged() {
    const CARD: &str = "4242424242424242";
    let sink = Sink::default();
    let log = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let shop = Shop::connected().await;
    shop.post(
        "/manage/payments/stripe",
        &[
            ("secret", "sk_live_wrongwrong"),
            ("signing", "whsec_wrongwrong"),
        ],
    )
    .await;
    let bought = shop
        .app
        .buy(&shop.page, &[("price_seen_minor", "3800")])
        .await;
    let checkout = bought.header("location").to_owned();
    let fields = [
        ("email", "ana@example.org"),
        ("name", CARD),
        ("address", CARD),
    ];
    let paid = shop
        .app
        .post(&format!("{checkout}/pay"))
        .form(&fields)
        .await;
    assert_eq!(paid.status, 303, "{}", paid.text());
    shop.fake.fail_next(
        "/v1/checkout/sessions",
        crate::fake_stripe::Fault::Status(400),
    );
    shop.app
        .get(&checkout.replace("checkout", "order"))
        .send()
        .await;
    shop.fake.pay(&shop.fake.session());
    let event = shop
        .fake
        .event("checkout.session.completed", &shop.fake.session());
    let hook = shop.hook().await;
    shop.report(
        &hook,
        &event,
        Some(&shop.fake.sign(&event, "whsec_another")),
    )
    .await;
    shop.report(&hook, &event, Some(&shop.fake.sign(&event, SIGNING)))
        .await;
    shop.app.vitrine.services.drain().await.expect("drain");
    let log = String::from_utf8_lossy(&sink.0.lock().expect("the log")).into_owned();
    assert!(
        log.contains("/hooks/stripe/") && log.contains("TRACE"),
        "the log is there"
    );
    for secret in [KEY, SIGNING, "wrongwrong", CARD, "0123456789abcdef"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

#[tokio::test]
async fn the_ledger_explains_each_balance() {
    let shop = Shop::connected().await;
    assert!(
        shop.get("/manage/ledger")
            .await
            .text()
            .contains("Nothing here yet")
    );
    let (checkout, _) = shop.pay().await;
    assert!(shop.fake.pay(&shop.fake.session()));
    shop.clock.advance_ms(2000);
    shop.app
        .get(&checkout.replace("checkout", "order"))
        .send()
        .await;
    let list = shop.get("/manage/ledger").await;
    assert!(
        list.text().contains("Held by the processor")
            && list.text().contains("Fees of the processor"),
        "tests, where there is nothing else: {}",
        list.text()
    );
    let path = "/manage/ledger/clearing?books=test&currency=EUR&place=";
    assert!(
        list.text().contains(&path.replace('&', "&amp;")),
        "{}",
        list.text()
    );
    let explained = shop.get(path).await.text();
    assert!(
        explained.contains("Payment") && explained.contains("Fee") && explained.contains("37,18"),
        "{explained}"
    );
    let ash = shop.app.creator("Ash", "ash").await;
    for (path, status) in [
        (path, 404),
        ("/manage/ledger/treasure?books=test&currency=EUR", 404),
        ("/manage/ledger/sales?currency=XYZ", 404),
        ("/manage/ledger/month.csv?month=soon", 422),
        ("/manage/ledger/month.csv?month=2026-11", 200),
    ] {
        let answer = shop.app.get(path).cookie(&ash.cookie).send().await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
    }
    let (year, month, _) = shop.clock.now().date();
    let report = format!("/manage/ledger/month.csv?books=test&month={year:04}-{month:02}");
    let csv = shop.get(&report).await;
    assert_eq!(
        csv.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    assert!(csv.header("content-disposition").contains("attachment"));
    assert!(
        csv.text()
            .contains(",test,EUR,,38.00,0.00,0.00,0.00,0.00,0.00,0.00,0.82,0.00"),
        "{}",
        csv.text()
    );
    let out = shop.app.get(&report).send().await;
    assert_eq!(out.status, 303, "only for who is signed in");
}
