//! What only Stripe has: keys, its page, signed reports, idempotency keys that end, disputes.

use std::time::Duration;

use domain::{
    checkout::{HOLD_MS, Order, State},
    identity::device::Session,
    payment::{DisputeState, KeyForm, RefundState, Restock, standing},
};
use serde_json::json;
use services::{
    Error,
    checkout::Paid,
    payment::{RefundForm, Refunds},
};
use sqlx::{Executor, Row};

use crate::{
    checkout::held,
    fake_stripe::{FakeStripe, Fault, KEY, SIGNING, sign},
    gateway::keys,
    world::{Engine, START, World, edit, form},
};

const LATER_MS: i64 = 16_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A shop that sells by Stripe.
struct Shop {
    world: World,
    fake: FakeStripe,
    session: Session,
    account: String,
}

macro_rules! on_stripe {
    ($(#[$doc:meta])* async fn $name:ident($shop:ident: Shop) $body:block) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn body($shop: Shop) $body

            async fn run(engine: Engine) {
                if let Some(shop) = Shop::open(engine).await {
                    body(shop).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                run(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                run(Engine::Postgres).await;
            }
        }
    };
}

impl Shop {
    async fn open(engine: Engine) -> Option<Self> {
        let (world, fake) = World::with_stripe(engine).await?;
        let session = world.owner("clay").await;
        let payment = world.services.payment();
        payment.set_keys(&session, &keys()).await.expect("keys");
        let accounts = payment.accounts(&session.viewer).await.expect("accounts");
        world.product(&session.viewer, "Cup", 3).await;
        Some(Self {
            account: accounts[0].id.clone(),
            world,
            fake,
            session,
        })
    }

    async fn press(&self, order: &Order) -> Paid {
        let payment = self.world.services.payment();
        payment
            .pay(&order.token, &form(""))
            .await
            .expect("an answer")
    }

    /// An order whose buyer is at Stripe's page, and the session of that page.
    async fn at_page(&self) -> (Order, String) {
        let order = held(&self.world, 1).await;
        let Paid::Redirect(url) = self.press(&order).await else {
            panic!("no page")
        };
        let session = url.rsplit('/').next().expect("a session").to_owned();
        (order, session)
    }

    async fn paid(&self) -> (Order, String) {
        let (order, session) = self.at_page().await;
        assert!(self.fake.pay(&session));
        self.deliver(&self.fake.event("checkout.session.completed", &session))
            .await
            .expect("taken");
        self.drain().await;
        let paid = self.order(&order).await;
        assert_eq!(paid.state, State::Paid);
        (paid, self.fake.payment_of(&session))
    }

    async fn order(&self, order: &Order) -> Order {
        self.world.order(&order.token).await
    }

    async fn drain(&self) {
        self.world.services.drain().await.expect("drain");
    }

    /// Time passes and the jobs run.
    async fn wait(&self, ms: i64) {
        self.world.clock.advance_ms(ms);
        self.drain().await;
    }

    /// Sends a report as Stripe does.
    async fn deliver(&self, event: &str) -> services::Result<()> {
        let header = self.fake.sign(event, SIGNING);
        let payment = self.world.services.payment();
        payment
            .receive_stripe(&self.account, Some(&header), event.as_bytes())
            .await
    }

    async fn refund(&self, order: &Order, amount: &str, key: &str) {
        let form = RefundForm {
            amount: amount.to_owned(),
            restock: Restock::Keep,
            key: format!("{key}-0123456789abcdef"),
        };
        let payment = self.world.services.payment();
        payment
            .refund(&self.session.viewer, &order.id, &form)
            .await
            .expect("a refund");
    }

    async fn refunds(&self, order: &Order) -> Refunds {
        let refunds = self
            .world
            .services
            .payment()
            .refunds(&self.session.viewer, order)
            .await;
        refunds.expect("refunds")
    }

    /// The states of all webhooks, in the order they came.
    async fn webhooks(&self) -> Vec<String> {
        let mut connection = self.world.connection().await;
        let rows = sqlx::query("SELECT state FROM payment_webhook ORDER BY received_at, id")
            .fetch_all(&mut connection)
            .await
            .expect("webhooks");
        rows.iter().map(|row| row.get("state")).collect()
    }
}

on_stripe! {
    async fn keys_are_checked_sealed_and_never_shown(shop: Shop) {
        let payment = shop.world.services.payment();
        let other = |secret: &str| KeyForm { secret: secret.to_owned(), ..keys() };
        let unknown = payment.set_keys(&shop.session, &other("sk_test_9999999999")).await;
        assert!(matches!(unknown, Err(Error::Invalid { field: "secret", .. })), "{unknown:?}");
        shop.fake.fail_next("/v1/account", Fault::Down);
        let away = payment.set_keys(&shop.session, &keys()).await;
        assert!(matches!(away, Err(Error::Unavailable(_))), "{away:?}");
        let accounts = payment.accounts(&shop.session.viewer).await.expect("accounts");
        assert_eq!((accounts.len(), accounts[0].hint.as_str(), accounts[0].live), (1, "cdef", false));
        assert!(!format!("{accounts:?}").contains(KEY));

        // A rolled key of the same account takes the place of the first; the signing secrets stay.
        shop.fake.add_account("sk_test_rolledrolled", "acct_1");
        payment.set_keys(&shop.session, &KeyForm { signing: String::new(), ..other("sk_test_rolledrolled") }).await.expect("rolled");
        let accounts = payment.accounts(&shop.session.viewer).await.expect("accounts");
        assert_eq!((accounts.len(), accounts[0].id == shop.account, accounts[0].signing.len()), (1, true, 1));
        // Another account leaves the first one to its own payments.
        shop.fake.add_account("sk_test_otherother", "acct_2");
        payment.set_keys(&shop.session, &other("sk_test_otherother")).await.expect("another");
        let accounts = payment.accounts(&shop.session.viewer).await.expect("accounts");
        assert_eq!(accounts.iter().map(|account| account.active).collect::<Vec<_>>(), [true, false]);

        let mut connection = shop.world.connection().await;
        for statement in ["SELECT secret FROM payment_account", "SELECT secret FROM payment_signing_secret"] {
            for row in sqlx::query(statement).fetch_all(&mut connection).await.expect("rows") {
                let sealed: String = row.get("secret");
                assert!(sealed.starts_with("1.") && !sealed.contains("sk_test") && !sealed.contains("whsec"), "{sealed}");
            }
        }
        let stranger = shop.world.shop("ash").await;
        assert!(payment.accounts(&stranger).await.expect("accounts").is_empty());
        assert!(matches!(payment.check_account(&stranger, &shop.account).await, Err(Error::NotFound(_))));
    }
}

on_stripe! {
    async fn keys_are_checked_again_and_removed_once_nothing_is_open(shop: Shop) {
        let payment = shop.world.services.payment();
        let viewer = &shop.session.viewer;
        assert!(payment.check_account(viewer, &shop.account).await.expect("a check"));
        let (order, session) = shop.at_page().await;
        let early = payment.remove_account(&shop.session, &shop.account).await;
        assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
        // Keys that were revoked say nothing of a payment.
        shop.fake.revoke(KEY);
        assert!(!payment.check_account(viewer, &shop.account).await.expect("a check"));
        let problem = payment.accounts(viewer).await.expect("accounts")[0].problem.clone();
        assert!(problem.expect("a problem").contains("does not know"));
        shop.wait(LATER_MS).await;
        assert_eq!(shop.order(&order).await.state, State::Redirected);
        shop.fake.add_account(KEY, "acct_1");
        assert!(shop.fake.pay(&session));
        shop.wait(LATER_MS).await;
        assert_eq!(shop.order(&order).await.state, State::Paid);
        let only = payment.accounts(viewer).await.expect("accounts")[0].signing[0].id.clone();
        assert!(matches!(payment.remove_signing(&shop.session, &shop.account, &only).await, Err(Error::Conflict(_))), "the last one stays");
        payment.add_signing(&shop.session, &shop.account, "whsec_newnewnew").await.expect("a second");
        payment.remove_signing(&shop.session, &shop.account, &only).await.expect("the first goes");
        payment.remove_account(&shop.session, &shop.account).await.expect("removed");
        assert!(payment.accounts(viewer).await.expect("accounts").is_empty());
        let mut connection = shop.world.connection().await;
        let row = sqlx::query("SELECT secret, (SELECT COUNT(*) FROM payment_signing_secret) AS n FROM payment_account")
            .fetch_one(&mut connection).await.expect("its row");
        assert_eq!((row.get::<String, _>("secret"), row.get::<i64, _>("n")), (String::new(), 0));
        // The test gateway takes payments again, and what Stripe took is not asked about at it.
        assert!(held(&shop.world, 1).await.test);
    }
}

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
    async fn forged_old_and_strange_reports_are_refused(shop: Shop) {
        let (order, session) = shop.at_page().await;
        let event = shop.fake.event("checkout.session.completed", &session);
        let payment = shop.world.services.payment();
        let send = async |account: &str, header: Option<&str>, body: &str| payment.receive_stripe(account, header, body.as_bytes()).await;
        let now = START.0 / 1000;
        let live = event.replace("\"livemode\":false,\"object\":\"event\"", "\"livemode\":true,\"object\":\"event\"");
        assert_ne!(live, event);
        for (what, header, body) in [
            ("no signature", None, event.clone()),
            ("another secret", Some(sign(&event, "whsec_otherother", now)), event.clone()),
            ("another body", Some(sign(&event, SIGNING, now)), event.replace("3800", "1")),
            ("too old", Some(sign(&event, SIGNING, now - 301)), event.clone()),
            ("of the future", Some(sign(&event, SIGNING, now + 301)), event.clone()),
            ("not JSON", Some(sign("hello", SIGNING, now)), "hello".to_owned()),
            ("no event", Some(sign("{}", SIGNING, now)), "{}".to_owned()),
            ("another mode", Some(sign(&live, SIGNING, now)), live.clone()),
        ] {
            let refused = send(&shop.account, header.as_deref(), &body).await;
            let Err(Error::Unsigned(message)) = refused else { panic!("{what}: {refused:?}") };
            assert!(message.ends_with('.'), "{message}");
        }
        let header = sign(&event, SIGNING, now);
        assert!(matches!(send("nobody", Some(&header), &event).await, Err(Error::NotFound(_))));
        assert!(shop.webhooks().await.is_empty());
        assert_eq!(shop.order(&order).await.state, State::Redirected);
    }
}

on_stripe! {
    /// Each report only causes a look at Stripe, so no order of them does harm.
    async fn reports_come_late_twice_and_out_of_order(shop: Shop) {
        let (order, session) = shop.at_page().await;
        let expired = shop.fake.event("checkout.session.expired", &session);
        assert!(shop.fake.pay(&session));
        let completed = shop.fake.event("checkout.session.completed", &session);
        let succeeded = shop.fake.event("payment_intent.succeeded", &shop.fake.payment_of(&session));
        for event in [&expired, &completed, &completed, &succeeded, &expired, &completed] {
            shop.deliver(event).await.expect("taken");
        }
        assert_eq!(shop.webhooks().await, ["new", "new", "new"], "each once");
        shop.drain().await;
        let paid = shop.order(&order).await;
        assert_eq!((paid.state, paid.receipt), (State::Paid, Some(1)));
        assert_eq!(shop.webhooks().await, ["applied", "applied", "applied"]);
        let payment = shop.world.services.payment();
        let list = payment.webhooks(&shop.session.viewer).await.expect("webhooks");
        payment.replay_webhook(&shop.session.viewer, &list[0].id).await.expect("again");
        shop.drain().await;
        assert_eq!(shop.fake.charges(), 1);
        let stranger = shop.world.shop("ash").await;
        assert!(matches!(payment.replay_webhook(&stranger, &list[0].id).await, Err(Error::NotFound(_))));
        shop.deliver(&shop.fake.event("customer.created", &session)).await.expect("taken");
        shop.drain().await;
        assert!(shop.webhooks().await.contains(&"ignored".to_owned()));
        shop.wait(91 * DAY_MS).await;
        assert!(shop.webhooks().await.is_empty(), "they name people, and are forgotten");
    }
}

on_stripe! {
    /// The report is here before the answer to the creation, and does not say whose it is.
    async fn a_report_that_finds_nothing_is_kept(shop: Shop) {
        let order = held(&shop.world, 1).await;
        shop.fake.fail_next("/v1/checkout/sessions", Fault::Lose);
        assert_eq!(shop.press(&order).await, Paid::Done);
        let session = shop.fake.session();
        assert!(shop.fake.pay(&session));
        let event = shop.fake.event("payment_intent.succeeded", &shop.fake.payment_of(&session));
        let mut nameless: serde_json::Value = serde_json::from_str(&event).expect("json");
        nameless["data"]["object"]["metadata"] = json!({});
        shop.deliver(&nameless.to_string()).await.expect("taken");
        let foreign = json!({ "id": "evt_foreign", "type": "payment_intent.succeeded", "livemode": false, "data": { "object": { "id": "pi_foreign" } } });
        shop.deliver(&foreign.to_string()).await.expect("taken");
        shop.drain().await;
        assert_eq!(shop.webhooks().await, ["waiting", "waiting"]);
        shop.wait(LATER_MS).await;
        assert_eq!(shop.order(&order).await.state, State::Paid);
        let mut states = shop.webhooks().await;
        states.sort();
        assert_eq!(states, ["applied", "waiting"], "what is nobody's waits on");
    }
}

on_stripe! {
    async fn return_page_report_and_job_at_once_capture_once(shop: Shop) {
        let (order, session) = shop.at_page().await;
        assert!(shop.fake.pay(&session));
        let events = [shop.fake.event("checkout.session.completed", &session), shop.fake.event("payment_intent.succeeded", &shop.fake.payment_of(&session))];
        shop.world.clock.advance_ms(LATER_MS);
        for event in &events {
            shop.deliver(event).await.expect("taken");
        }
        let looks = (0..4).map(|_| {
            let (services, token) = (shop.world.services.clone(), order.token.clone());
            tokio::spawn(async move { services.checkout().order(&token).await.map(|found| found.1.state) })
        });
        let (looks, drained, reconciled) = tokio::join!(
            futures::future::join_all(looks),
            shop.world.services.drain(),
            async { shop.world.services.payment().reconcile().await },
        );
        drained.expect("drain");
        reconciled.expect("reconcile");
        for look in looks {
            look.expect("task").expect("an order");
        }
        shop.drain().await;
        let paid = shop.order(&order).await;
        assert_eq!((paid.state, paid.receipt), (State::Paid, Some(1)));
        let events = shop.world.events(&shop.session.viewer).await;
        assert_eq!(events.iter().filter(|kind| *kind == "order_paid").count(), 1);
    }
}

on_stripe! {
    async fn a_refund_whose_answer_is_lost_is_asked_for_again(shop: Shop) {
        let (order, _) = shop.paid().await;
        for (fault, key) in [(Fault::Lose, "a"), (Fault::Down, "b"), (Fault::Nonsense, "c")] {
            shop.fake.fail_next("/v1/refunds", fault);
            shop.refund(&order, "5", key).await;
            let refunds = shop.refunds(&order).await;
            assert_eq!(refunds.refunds.last().map(|refund| refund.state), Some(RefundState::Asked), "{fault:?}");
            shop.wait(LATER_MS).await;
            assert_eq!(shop.refunds(&order).await.refunds.last().map(|refund| refund.state), Some(RefundState::Succeeded));
        }
        assert_eq!(shop.fake.balance(), 2300);
        // After a day it is looked for, and not asked for anew.
        shop.fake.fail_next("/v1/refunds", Fault::Lose);
        shop.refund(&order, "5", "d").await;
        shop.fake.forget_keys();
        shop.world.clock.advance_ms(DAY_MS);
        shop.drain().await;
        assert_eq!(shop.fake.balance(), 1800);
        assert_eq!(shop.refunds(&order).await.refunds.last().map(|refund| refund.state), Some(RefundState::Succeeded));
    }
}

on_stripe! {
    async fn a_refund_that_a_bank_sends_back_is_due_again(shop: Shop) {
        let (order, _) = shop.paid().await;
        shop.fake.slow_refunds();
        shop.refund(&order, "", "all").await;
        let refunds = shop.refunds(&order).await;
        assert_eq!(refunds.refunds[0].state, RefundState::Pending);
        shop.fake.settle_refunds();
        shop.wait(LATER_MS).await;
        assert_eq!(shop.refunds(&order).await.refunds[0].state, RefundState::Succeeded);
        let refunded = shop.order(&order).await;
        assert_eq!(standing(refunded.state, refunded.total, 3800), "Refunded");
        // A failure after a success counts.
        shop.fake.fail_refunds();
        let refund = json!({ "id": "evt_failed", "type": "refund.failed", "livemode": false,
            "data": { "object": { "id": "re", "payment_intent": shop.fake.payment_of(&shop.fake.session()) } } });
        shop.deliver(&refund.to_string()).await.expect("taken");
        shop.drain().await;
        let refunds = shop.refunds(&order).await;
        assert_eq!((refunds.refunds[0].state, refunds.refunded_minor()), (RefundState::Failed, 0));
        assert!(refunds.refunds[0].problem.as_deref().is_some_and(|problem| problem.contains("card was closed")));
        assert_eq!(standing(refunded.state, refunded.total, refunds.refunded_minor()), "Refund due");
        assert_eq!(refunds.refundable.rest().minor, 3800, "it can be tried again");
    }
}

on_stripe! {
    async fn refunds_made_at_stripe_are_counted_here(shop: Shop) {
        let (order, payment) = shop.paid().await;
        shop.refund(&order, "8", "here").await;
        shop.fake.refund_here(&payment, 1000);
        let event = json!({ "id": "evt_refunded", "type": "charge.refunded", "livemode": false,
            "data": { "object": { "id": "ch", "payment_intent": payment } } })
        .to_string();
        shop.deliver(&event).await.expect("taken");
        shop.drain().await;
        let refunds = shop.refunds(&order).await;
        let mut amounts: Vec<i64> = refunds.refunds.iter().map(|refund| refund.amount.minor).collect();
        amounts.sort_unstable();
        assert_eq!((amounts, refunds.refundable.rest().minor), (vec![800, 1000], 2000));
        shop.deliver(&event.replace("evt_", "evt_again_")).await.expect("taken");
        shop.drain().await;
        assert_eq!(shop.refunds(&order).await.refunds.len(), 2, "each once");
    }
}

on_stripe! {
    async fn disputes_are_recorded_and_bound_refunds(shop: Shop) {
        let (order, payment) = shop.paid().await;
        let dispute = shop.fake.dispute(&payment);
        shop.deliver(&shop.fake.event("charge.dispute.created", &dispute)).await.expect("taken");
        shop.drain().await;
        let refunds = shop.refunds(&order).await;
        assert_eq!((refunds.disputes.len(), refunds.disputes[0].state, refunds.refundable.rest().minor), (1, DisputeState::Open, 0));
        assert_eq!(refunds.disputes[0].reason, "product not received");
        shop.fake.decide(&dispute, true);
        shop.deliver(&shop.fake.event("charge.dispute.closed", &dispute)).await.expect("taken");
        shop.drain().await;
        let refunds = shop.refunds(&order).await;
        assert_eq!((refunds.disputes.len(), refunds.disputes[0].state, refunds.refundable.rest().minor), (1, DisputeState::Won, 3800));
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
