//! Signed reports.

use domain::{checkout::State, ledger::Account, payment::RefundState};
use serde_json::json;
use services::{Error, checkout::Paid};

use crate::{
    checkout::held,
    fake_stripe::{Fault, SIGNING, sign},
    ledger::balance,
    stripe::{DAY_MS, LATER_MS, Shop, on_stripe},
    world::{Engine, START},
};

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
    /// What Stripe keeps of a payment is often known only after it.
    async fn a_fee_that_is_known_later_is_posted_once(shop: Shop) {
        shop.fake.late_fees();
        let (_, payment) = shop.paid().await;
        let updated = async |id: &str| {
            let event = json!({ "id": id, "type": "charge.updated", "livemode": false,
                "data": { "object": { "id": "ch_1", "object": "charge", "payment_intent": payment } } });
            shop.deliver(&event.to_string()).await.expect("taken");
            shop.drain().await;
            balance(&shop.world, &shop.session.viewer, Account::Fees).await
        };
        assert_eq!(updated("evt_early").await, 0);
        shop.fake.book_fee(&payment);
        for id in ["evt_late", "evt_again"] {
            assert_eq!(updated(id).await, 82, "1.5 % of 38 and 0.25");
        }
    }
}

on_stripe! {
    /// The money went back at Stripe before its coming was noted here.
    async fn a_refund_that_is_reported_before_its_payment_waits_for_it(shop: Shop) {
        let order = held(&shop.world, 1).await;
        shop.fake.fail_next("/v1/checkout/sessions", Fault::Lose);
        assert_eq!(shop.press(&order).await, Paid::Done);
        let session = shop.fake.session();
        assert!(shop.fake.pay(&session));
        let refund = shop.fake.refund_here(&shop.fake.payment_of(&session), 500);
        shop.deliver(&shop.fake.event("refund.created", &refund)).await.expect("taken");
        shop.drain().await;
        assert_eq!(shop.webhooks().await, ["waiting"]);
        shop.wait(LATER_MS).await;
        shop.drain().await;
        assert_eq!(shop.order(&order).await.state, State::Paid);
        assert_eq!(shop.webhooks().await, ["applied"]);
        let refunds = shop.refunds(&order).await.refunds;
        assert_eq!(refunds.iter().map(|refund| (refund.amount.minor, refund.state)).collect::<Vec<_>>(), [(500, RefundState::Succeeded)]);
    }
}
