//! The hosted page, and every way in which an answer can be lost.

use std::time::Duration;

use domain::checkout::{HOLD_MS, State};
use serde_json::json;
use services::{Error, checkout::Paid};
use sqlx::{Executor, Row};

use crate::{
    checkout::held,
    fake_stripe::Fault,
    gateway::keys,
    stripe::{DAY_MS, LATER_MS, Shop, on_stripe},
    world::{Engine, edit, form},
};

on_stripe! {
    async fn the_request_is_stored_exact_and_says_what_is_bought(shop: Shop) {
        let (order, _) = shop.at_page().await;
        let asked = shop.fake.asked("POST", "/v1/checkout/sessions").remove(0);
        let mut connection = shop.world.connection().await;
        let row = sqlx::query("SELECT id, request, idempotency_key, provider_id, live FROM payment_attempt")
            .fetch_one(&mut connection).await.expect("an attempt");
        assert_eq!(row.get::<String, _>("request"), asked.body);
        assert_eq!(Some(row.get::<String, _>("idempotency_key")), asked.key);
        assert_eq!(row.get::<String, _>("provider_id"), shop.fake.session());
        assert_eq!(asked.version.as_deref(), Some("2025-06-30.basil"));
        let fields: Vec<(String, String)> = form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
        let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(field("line_items[0][price_data][unit_amount]"), Some("3800"));
        assert_eq!(field("line_items[0][price_data][product_data][name]"), Some("Cup"));
        assert_eq!(field("metadata[attempt]"), Some(row.get::<String, _>("id").as_str()));
        assert_eq!(field("payment_intent_data[metadata][order]"), Some(order.id.as_str()));
        assert_eq!(field("success_url"), Some(format!("http://localhost:3000/order/{}?returned=1", order.token).as_str()));
        assert_eq!(field("customer_email"), Some("ana@example.org"));
        assert!(!asked.body.contains("Quiet"), "where it goes is not the processor's affair");
    }
}

on_stripe! {
    async fn back_from_the_page_the_same_page_goes_on(shop: Shop) {
        let (order, session) = shop.at_page().await;
        assert_eq!(shop.order(&order).await.state, State::Redirected);
        shop.fake.decline(&session, "expired_card");
        shop.world.clock.advance_ms(2000);
        let back = shop.order(&order).await;
        assert_eq!(back.state, State::Redirected);
        assert!(back.declined.expect("why").contains("has expired"));
        assert_eq!(shop.press(&order).await, Paid::Redirect(format!("{}/c/pay/{session}", shop.fake.base)));
        shop.fake.challenge(&session);
        shop.world.clock.advance_ms(2000);
        assert_eq!(shop.order(&order).await.state, State::Redirected, "the bank asks");
        assert!(shop.fake.pay(&session));
        shop.world.clock.advance_ms(2000);
        let paid = shop.order(&order).await;
        assert_eq!((paid.state, paid.declined), (State::Paid, None));
        assert_eq!(shop.press(&order).await, Paid::Done);
        assert_eq!((shop.fake.sessions().len(), shop.fake.charges()), (1, 1));
    }
}

on_stripe! {
    /// Paid at the page and pressed again in the other tab: no second page is made.
    async fn two_tabs_pay_once(shop: Shop) {
        let (order, session) = shop.at_page().await;
        assert!(shop.fake.pay(&session));
        shop.world.clock.advance_ms(1000);
        assert_eq!(shop.press(&order).await, Paid::Done);
        assert_eq!((shop.order(&order).await.state, shop.fake.sessions().len()), (State::Paid, 1));
    }
}

on_stripe! {
    async fn a_page_that_was_closed_gives_the_order_back(shop: Shop) {
        let (order, session) = shop.at_page().await;
        shop.fake.tamper(&session, "status", json!("expired"));
        shop.world.clock.advance_ms(1000);
        assert!(matches!(shop.press(&order).await, Paid::Redirect(_)), "a new page");
        assert_eq!(shop.fake.sessions().len(), 2);
    }
}

on_stripe! {
    async fn giving_an_order_up_closes_its_page(shop: Shop) {
        let checkout = shop.world.services.checkout();
        let (order, session) = shop.at_page().await;
        shop.fake.fail_next("/v1/checkout/sessions", Fault::Down);
        assert!(matches!(checkout.cancel(&order.token).await, Err(Error::Unavailable(_))), "not while it may be paid");
        checkout.cancel(&order.token).await.expect("cancelled");
        assert_eq!((shop.order(&order).await.state, shop.fake.session_status(&session)), (State::Cancelled, "expired".to_owned()));
        let (other, session) = shop.at_page().await;
        assert!(shop.fake.pay(&session));
        assert!(matches!(checkout.cancel(&other.token).await, Err(Error::Conflict(_))), "it was paid");
        assert_eq!(shop.order(&other).await.state, State::Paid);
    }
}

on_stripe! {
    async fn a_hold_that_ends_is_closed_at_the_processor_first(shop: Shop) {
        let (order, session) = shop.at_page().await;
        shop.world.clock.advance_ms(HOLD_MS + 1000);
        shop.fake.fail_next("/v1/checkout/sessions", Fault::Down);
        shop.drain().await;
        let mut connection = shop.world.connection().await;
        let row = sqlx::query("SELECT state FROM orders").fetch_one(&mut connection).await.expect("an order");
        assert_eq!(row.get::<String, _>("state"), "redirected", "not before it is closed");
        shop.wait(LATER_MS).await;
        shop.wait(6000).await;
        assert_eq!(shop.fake.session_status(&session), "expired");
        assert!(!shop.fake.pay(&session), "nobody can pay any more");
        assert_eq!(shop.order(&order).await.state, State::Expired);
        assert!(matches!(shop.world.services.payment().pay(&order.token, &form("")).await, Err(Error::Gone(_))));
        assert_eq!(shop.fake.charges(), 0);
    }
}

on_stripe! {
    async fn an_answer_that_makes_no_sense_settles_nothing(shop: Shop) {
        for (name, value) in [
            ("amount_total", json!(1)),
            ("amount_total", json!(-3800)),
            ("amount_total", json!("3800")),
            ("currency", json!("usd")),
            ("livemode", json!(true)),
            ("metadata", json!({ "attempt": "another" })),
            ("status", json!("splendid")),
            ("object", json!("balloon")),
        ] {
            let (order, session) = shop.at_page().await;
            assert!(shop.fake.pay(&session));
            shop.fake.tamper(&session, name, value.clone());
            shop.world.clock.advance_ms(LATER_MS);
            shop.world.services.payment().reconcile().await.expect("reconcile");
            assert_eq!(shop.order(&order).await.state, State::Redirected, "{name} {value}");
            let mut connection = shop.world.connection().await;
            for statement in ["UPDATE payment_attempt SET state = 'cancelled'", "UPDATE orders SET state = 'held', held_until = 0"] {
                connection.execute(statement).await.expect("cleared");
            }
            shop.world.services.checkout().expire_holds().await.expect("expired");
        }
        // A page elsewhere is no page to send a buyer to.
        let (order, session) = shop.at_page().await;
        shop.fake.tamper(&session, "url", json!("https://evil.example/c/pay/x"));
        shop.world.clock.advance_ms(2000);
        let Paid::Redirect(url) = shop.press(&order).await else { panic!("no page") };
        assert!(url.starts_with(&shop.fake.base), "{url}");
    }
}

on_stripe! {
    async fn every_kind_of_lost_answer_ends_in_one_payment(shop: Shop) {
        for fault in [Fault::Lose, Fault::Silent, Fault::Nonsense, Fault::Down, Fault::Status(429), Fault::Status(409)] {
            let charges = shop.fake.charges();
            let order = held(&shop.world, 1).await;
            shop.fake.fail_next("/v1/checkout/sessions", fault);
            assert_eq!(shop.press(&order).await, Paid::Done, "{fault:?}");
            shop.wait(LATER_MS).await;
            let Paid::Redirect(url) = shop.press(&order).await else { panic!("{fault:?}") };
            assert!(shop.fake.pay(url.rsplit('/').next().expect("a session")));
            shop.wait(LATER_MS).await;
            let paid = shop.order(&order).await;
            assert_eq!((paid.state, shop.fake.charges() - charges), (State::Paid, 1), "{fault:?}");
            shop.refund(&paid, "", &format!("{}", paid.number)).await;
            let mut connection = shop.world.connection().await;
            connection.execute("UPDATE stock SET on_hand = 3").await.expect("more cups");
        }
    }
}

on_stripe! {
    async fn a_refusal_before_the_page_is_final_and_told(shop: Shop) {
        let order = held(&shop.world, 1).await;
        shop.fake.fail_next("/v1/checkout/sessions", Fault::Status(402));
        let Paid::Declined(reason) = shop.press(&order).await else { panic!("not refused") };
        assert!(reason.contains("nothing was charged") && !reason.contains("made_up"), "{reason}");
        assert_eq!(shop.order(&order).await.state, State::Declined);
        let accounts = shop.world.services.payment().accounts(&shop.session.viewer).await.expect("accounts");
        assert!(accounts[0].problem.as_deref().is_some_and(|problem| problem.contains("refused")), "the shop is told as well");
        assert!(matches!(shop.press(&order).await, Paid::Redirect(_)), "and it can be tried again");
    }
}

on_stripe! {
    /// After a day keys are forgotten: what was paid is found by our metadata, and nothing is made anew.
    async fn after_a_day_a_payment_is_searched_for(shop: Shop) {
        let mut lost = Vec::new();
        for _ in 0..2 {
            let order = held(&shop.world, 1).await;
            shop.fake.fail_next("/v1/checkout/sessions", Fault::Lose);
            assert_eq!(shop.press(&order).await, Paid::Done);
            lost.push(order);
        }
        let sessions = shop.fake.sessions();
        assert!(shop.fake.pay(&sessions[0]));
        shop.fake.forget_keys();
        shop.world.clock.advance_ms(DAY_MS);
        shop.world.services.payment().reconcile().await.expect("reconcile");
        assert_eq!((shop.fake.sessions().len(), shop.fake.asked("POST", "/v1/checkout/sessions").len()), (2, 2), "nothing was made anew");
        assert_eq!(shop.order(&lost[0]).await.state, State::Paid);
        assert!(matches!(shop.order(&lost[1]).await.state, State::Declined | State::Expired));
        assert_eq!(shop.fake.charges(), 1);
    }
}

on_stripe! {
    async fn what_takes_days_is_waited_for(shop: Shop) {
        let (good, session) = shop.at_page().await;
        let (bad, other) = shop.at_page().await;
        for session in [&session, &other] {
            shop.fake.pay_later(session);
            shop.deliver(&shop.fake.event("checkout.session.completed", session)).await.expect("taken");
        }
        shop.drain().await;
        assert_eq!((shop.order(&good).await.state, shop.order(&bad).await.state), (State::Pending, State::Pending));
        shop.wait(3 * DAY_MS).await;
        assert_eq!(shop.order(&good).await.state, State::Pending, "its pieces stay reserved");
        shop.fake.settle_later(&session, true);
        shop.fake.settle_later(&other, false);
        shop.deliver(&shop.fake.event("checkout.session.async_payment_succeeded", &session)).await.expect("taken");
        shop.deliver(&shop.fake.event("checkout.session.async_payment_failed", &other)).await.expect("taken");
        shop.drain().await;
        assert_eq!(shop.order(&good).await.state, State::Paid);
        assert!(matches!(shop.order(&bad).await.state, State::Declined | State::Expired));
    }
}

on_stripe! {
    async fn yen_are_sent_as_they_are(shop: Shop) {
        let tokyo = shop.world.owner("tokyo").await;
        let identity = shop.world.services.identity();
        identity.change_currency(&tokyo.viewer, "JPY").await.expect("yen");
        let mut yen = tokyo.viewer.clone();
        yen.shop.currency = "JPY".to_owned();
        shop.world.services.payment().set_keys(&tokyo, &keys()).await.expect("keys");
        let bowl = shop.world.product(&yen, "Bowl", 3).await;
        let buy = async || {
            let bought = shop.world.services.checkout().buy(&bowl.slug, 1, None, None, None).await.expect("bought");
            let services::checkout::Bought::Held(token) = bought else { panic!("{bought:?}") };
            shop.world.order(&token).await
        };
        let cheap = buy().await;
        let refused = shop.world.services.payment().pay(&cheap.token, &form("")).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "total", .. })), "¥38 is less than the least: {refused:?}");
        assert_eq!(shop.order(&cheap).await.state, State::Held, "and nothing is pending");
        let catalog = shop.world.services.catalog();
        catalog.update(&yen, &bowl.id, &edit("Bowl", "80", 3)).await.expect("dearer");
        let order = buy().await;
        assert!(matches!(shop.press(&order).await, Paid::Redirect(_)));
        let asked = shop.fake.asked("POST", "/v1/checkout/sessions").remove(0);
        assert!(asked.body.contains("unit_amount%5D=80&") && asked.body.contains("currency%5D=jpy"), "{}", asked.body);
        let session = shop.fake.session();
        assert!(shop.fake.pay(&session));
        shop.wait(LATER_MS).await;
        assert_eq!((shop.order(&order).await.state, shop.fake.balance()), (State::Paid, 80));
    }
}

on_stripe! {
    async fn a_silent_processor_is_not_waited_for_long(shop: Shop) {
        let order = held(&shop.world, 1).await;
        shop.fake.fail_next("/v1/checkout/sessions", Fault::Silent);
        let answered = tokio::time::timeout(Duration::from_secs(20), shop.press(&order)).await;
        assert_eq!(answered.expect("in time"), Paid::Done);
    }
}
