//! One suite for every processor: the test gateway, and Stripe as its stand-in serves it.

use domain::{
    checkout::{MAX_HOLD_MS, Order, State},
    id::OrderId,
    identity::Viewer,
    payment::{KeyForm, RefundState, Restock},
};
use services::{
    Error,
    checkout::{Bought, Paid},
    payment::{RefundForm, Refunds},
};
use sqlx::{Executor, Row};

use crate::{
    checkout::held,
    fake_stripe::{FakeStripe, Fault, KEY, SIGNING},
    world::{Engine, World, form},
};

/// Longer than the pretend bank takes, and than the wait before a look.
const LATER_MS: i64 = 16_000;

/// A shop, its product, and who takes its payments.
struct Shop {
    world: World,
    viewer: Viewer,
    stripe: Option<FakeStripe>,
}

/// Keys that the stand-in takes.
pub(crate) fn keys() -> KeyForm {
    KeyForm {
        secret: KEY.to_owned(),
        publishable: String::new(),
        signing: SIGNING.to_owned(),
    }
}

impl Shop {
    async fn open(engine: Engine, is_stripe: bool, stock: u32) -> Option<Self> {
        let (world, stripe) = if is_stripe {
            let (world, fake) = World::with_stripe(engine).await?;
            (world, Some(fake))
        } else {
            (World::new(engine).await?, None)
        };
        let session = world.owner("clay").await;
        if stripe.is_some() {
            world
                .services
                .payment()
                .set_keys(&session, &keys())
                .await
                .expect("keys");
        }
        world.product(&session.viewer, "Cup", stock).await;
        Some(Self {
            world,
            viewer: session.viewer,
            stripe,
        })
    }

    async fn press(&self, order: &Order, outcome: &str) -> Paid {
        let payment = self.world.services.payment();
        payment
            .pay(&order.token, &form(outcome))
            .await
            .expect("an answer")
    }

    /// The buyer pays, on the processor's page where there is one, and comes back.
    async fn pay(&self, order: &Order) -> Order {
        let paid = self.press(order, "success").await;
        if let Some(fake) = &self.stripe {
            let Paid::Redirect(url) = paid else {
                panic!("no page: {paid:?}")
            };
            let session = url.rsplit('/').next().expect("a session");
            assert!(fake.pay(session), "the page takes payments");
            self.world.clock.advance_ms(1000);
        } else {
            assert_eq!(paid, Paid::Done);
        }
        self.order(order).await
    }

    async fn order(&self, order: &Order) -> Order {
        self.world.order(&order.token).await
    }

    async fn available(&self) -> u32 {
        let catalog = self.world.services.catalog();
        catalog.by_slug("cup").await.expect("page").1.available
    }

    /// What the processor has of all payments, less what went back.
    async fn balance(&self) -> i64 {
        match &self.stripe {
            Some(fake) => fake.balance(),
            None => {
                let statement = "SELECT CAST((SELECT COALESCE(SUM(amount_minor), 0) FROM test_gateway_intent WHERE state = 'succeeded') \
                     - (SELECT COALESCE(SUM(amount_minor), 0) FROM test_gateway_refund) AS BIGINT) AS n";
                let mut connection = self.world.connection().await;
                sqlx::query(statement)
                    .fetch_one(&mut connection)
                    .await
                    .expect("a sum")
                    .get("n")
            }
        }
    }

    async fn reconcile(&self) -> usize {
        self.world
            .services
            .payment()
            .reconcile()
            .await
            .expect("reconcile")
    }

    async fn refund(
        &self,
        order: &Order,
        amount: &str,
        restock: Restock,
        key: &str,
    ) -> services::Result<()> {
        let form = RefundForm {
            amount: amount.to_owned(),
            restock,
            key: format!("{key}-0123456789abcdef"),
        };
        let id: &OrderId = &order.id;
        self.world
            .services
            .payment()
            .refund(&self.viewer, id, &form)
            .await
    }

    async fn refunds(&self, order: &Order) -> Refunds {
        let refunds = self
            .world
            .services
            .payment()
            .refunds(&self.viewer, order)
            .await;
        refunds.expect("refunds")
    }
}

/// Makes a module with one test for each processor and database.
macro_rules! on_each {
    ($(#[$doc:meta])* async fn $name:ident($shop:ident: Shop, stock = $stock:literal) $body:block) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn body($shop: Shop) $body

            async fn run(engine: Engine, is_stripe: bool) {
                if let Some(shop) = Shop::open(engine, is_stripe, $stock).await {
                    body(shop).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn test_gateway_on_sqlite() {
                run(Engine::Sqlite, false).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn test_gateway_on_postgres() {
                run(Engine::Postgres, false).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn stripe_on_sqlite() {
                run(Engine::Sqlite, true).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn stripe_on_postgres() {
                run(Engine::Postgres, true).await;
            }
        }
    };
}

on_each! {
    async fn a_payment_sells_the_pieces(shop: Shop, stock = 3) {
        let order = held(&shop.world, 2).await;
        assert!(order.test, "no real money moves");
        let paid = shop.pay(&order).await;
        assert_eq!((paid.state, paid.receipt), (State::Paid, Some(1)));
        assert_eq!((shop.balance().await, shop.available().await), (7600, 1));
        assert_eq!(shop.press(&order, "success").await, Paid::Done, "pressing again pays nothing");
        shop.world.clock.advance_ms(LATER_MS);
        assert_eq!(shop.reconcile().await, 0, "nothing is open");
        assert_eq!(shop.balance().await, 7600);
    }
}

on_each! {
    async fn pressing_ten_times_at_once_asks_once(shop: Shop, stock = 3) {
        let order = held(&shop.world, 1).await;
        let presses = (0..10).map(|_| {
            let (services, token) = (shop.world.services.clone(), order.token.clone());
            tokio::spawn(async move { services.payment().pay(&token, &form("success")).await })
        });
        for press in futures::future::join_all(presses).await {
            let paid = press.expect("task").expect("an answer");
            assert!(!matches!(paid, Paid::Declined(_)), "{paid:?}");
        }
        if let Some(fake) = &shop.stripe {
            assert_eq!(fake.sessions().len(), 1, "one page");
        }
        let paid = shop.pay_or_look(&order).await;
        assert_eq!((paid.state, shop.balance().await), (State::Paid, 3800));
    }
}

impl Shop {
    /// Pays on the page that is open, or sees that it was paid.
    async fn pay_or_look(&self, order: &Order) -> Order {
        match self.stripe {
            Some(_) => self.pay(order).await,
            None => self.order(order).await,
        }
    }
}

on_each! {
    /// The browser was closed after paying, and no webhook came.
    async fn a_closed_browser_heals_within_half_a_minute(shop: Shop, stock = 1) {
        let order = held(&shop.world, 1).await;
        let pressed = shop.press(&order, "unknown").await;
        if let (Some(fake), Paid::Redirect(_)) = (&shop.stripe, &pressed) {
            assert!(fake.pay(&fake.session()));
        }
        for _ in 0..6 {
            shop.world.clock.advance_ms(5000);
            shop.world.services.drain().await.expect("drain");
        }
        let mut connection = shop.world.connection().await;
        let row = sqlx::query("SELECT state FROM orders").fetch_one(&mut connection).await.expect("an order");
        assert_eq!(row.get::<String, _>("state"), "paid", "nobody had to look");
        assert_eq!(shop.balance().await, 3800);
    }
}

on_each! {
    /// The answer to the creation was lost, or the process died before it was written.
    async fn a_lost_creation_is_found_and_not_made_again(shop: Shop, stock = 1) {
        let order = held(&shop.world, 1).await;
        if let Some(fake) = &shop.stripe {
            fake.fail_next("/v1/checkout/sessions", Fault::Lose);
        }
        let outcome = if shop.stripe.is_some() { "success" } else { "unknown" };
        assert_eq!(shop.press(&order, outcome).await, Paid::Done, "nobody knows yet");
        if shop.stripe.is_none() {
            let mut connection = shop.world.connection().await;
            connection.execute("UPDATE payment_attempt SET provider_id = NULL").await.expect("lost");
        }
        assert_eq!(shop.order(&order).await.state, if shop.stripe.is_some() { State::Redirected } else { State::Pending });
        shop.world.clock.advance_ms(LATER_MS);
        shop.reconcile().await;
        let paid = shop.pay_or_look(&order).await;
        assert_eq!((paid.state, shop.balance().await), (State::Paid, 3800));
        if let Some(fake) = &shop.stripe {
            assert_eq!(fake.sessions().len(), 1, "one page, asked for twice");
            let asked = fake.asked("POST", "/v1/checkout/sessions");
            assert_eq!((asked.len(), &asked[0].body, &asked[0].key), (2, &asked[1].body, &asked[1].key));
        }
    }
}

on_each! {
    /// The money came although the hold had been given back and the piece was sold: it goes back by itself.
    async fn money_that_comes_too_late_goes_back(shop: Shop, stock = 1) {
        let first = held(&shop.world, 1).await;
        let pressed = shop.press(&first, "unknown").await;
        let mut connection = shop.world.connection().await;
        // What no code of ours does while a payment is open, forced here: the hold is gone.
        for statement in ["UPDATE orders SET state = 'expired'", "DELETE FROM reservation", "UPDATE stock SET reserved = 0"] {
            connection.execute(statement).await.expect("forced");
        }
        let second = held(&shop.world, 1).await;
        if let (Some(fake), Paid::Redirect(_)) = (&shop.stripe, &pressed) {
            assert!(fake.pay(&fake.session()));
        }
        shop.world.clock.advance_ms(LATER_MS);
        assert_eq!(shop.reconcile().await, 1);
        let late = shop.order(&first).await;
        assert_eq!(late.state, State::RefundDue);
        let refunds = shop.refunds(&late).await;
        assert_eq!(refunds.refunds.len(), 1);
        assert_eq!((refunds.refunds[0].state, refunds.refunded_minor()), (RefundState::Succeeded, 3800));
        assert_eq!(shop.balance().await, 0, "the buyer has it back");
        shop.world.clock.advance_ms(LATER_MS);
        shop.reconcile().await;
        assert_eq!(shop.balance().await, 0, "and not twice");
        assert_eq!(shop.order(&second).await.state, State::Held, "the other one is not touched");
        assert!(matches!(shop.refund(&late, "", Restock::Keep, "again").await, Err(Error::Invalid { field: "amount", .. })));
    }
}

on_each! {
    async fn what_is_refunded_moves_and_no_more(shop: Shop, stock = 3) {
        let order = held(&shop.world, 2).await;
        let paid = shop.pay(&order).await;
        // Typed 5 of 76: 5 moves.
        shop.refund(&paid, "5", Restock::Keep, "one").await.expect("a refund");
        assert_eq!(shop.balance().await, 7100);
        shop.refund(&paid, "5", Restock::Keep, "one").await.expect("the same form");
        assert_eq!((shop.balance().await, shop.refunds(&paid).await.refunds.len()), (7100, 1), "pressing twice refunds once");
        for (typed, restock, field) in [("71.01", Restock::Keep, "amount"), ("0", Restock::Keep, "amount"), ("x", Restock::Keep, "amount"), ("1", Restock::Return, "restock")] {
            let refused = shop.refund(&paid, typed, restock, "wrong").await;
            assert!(matches!(refused, Err(Error::Invalid { field: named, .. }) if named == field), "{typed}: {refused:?}");
        }
        assert_eq!((shop.balance().await, shop.order(&order).await.state), (7100, State::Paid));
        shop.refund(&paid, "", Restock::Return, "rest").await.expect("the rest");
        assert_eq!((shop.balance().await, shop.available().await), (0, 3), "money and pieces are back");
        let refunded = shop.order(&order).await;
        assert_eq!(refunded.state, State::Refunded);
        let sent = shop.world.services.checkout().mark_sent(&shop.viewer, &order.id).await;
        assert!(matches!(sent, Err(Error::Conflict(_))), "{sent:?}");
        assert!(matches!(shop.refund(&refunded, "1", Restock::Keep, "more").await, Err(Error::Invalid { field: "amount", .. })));
    }
}

on_each! {
    async fn two_refunds_at_once_stay_within_what_was_paid(shop: Shop, stock = 1) {
        let order = held(&shop.world, 1).await;
        let paid = shop.pay(&order).await;
        let both = futures::future::join_all(["a", "b", "c"].map(|key| shop.refund(&paid, "20", Restock::Keep, key))).await;
        assert_eq!(both.iter().filter(|done| done.is_ok()).count(), 1, "{both:?}");
        assert_eq!(shop.balance().await, 1800);
    }
}

on_each! {
    async fn a_sent_order_is_refunded_without_its_stock(shop: Shop, stock = 1) {
        let order = held(&shop.world, 1).await;
        let paid = shop.pay(&order).await;
        shop.world.services.checkout().mark_sent(&shop.viewer, &order.id).await.expect("sent");
        let refused = shop.refund(&paid, "", Restock::Return, "back").await;
        assert!(matches!(refused, Err(Error::Invalid { field: "restock", .. })), "{refused:?}");
        shop.refund(&paid, "", Restock::Keep, "money").await.expect("the money");
        assert_eq!((shop.order(&order).await.state, shop.balance().await, shop.available().await), (State::Sent, 0, 0));
    }
}

on_each! {
    async fn an_account_of_another_shop_refunds_nothing(shop: Shop, stock = 1) {
        let order = held(&shop.world, 1).await;
        let paid = shop.pay(&order).await;
        let stranger = shop.world.shop("ash").await;
        let form = RefundForm { key: "0123456789abcdef".to_owned(), ..RefundForm::default() };
        let refused = shop.world.services.payment().refund(&stranger, &paid.id, &form).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
        assert_eq!(shop.balance().await, 3800);
    }
}

on_each! {
    async fn stock_is_held_while_the_end_is_not_known(shop: Shop, stock = 1) {
        let order = held(&shop.world, 1).await;
        if let Some(fake) = &shop.stripe {
            // Nothing arrives for longer than any hold lasts.
            for _ in 0..40 {
                fake.fail_next("/v1/", Fault::Down);
            }
        }
        assert_eq!(shop.press(&order, "unknown").await, Paid::Done);
        let checkout = shop.world.services.checkout();
        assert!(matches!(checkout.cancel(&order.token).await, Err(Error::Conflict(_))));
        assert_eq!(shop.order(&order).await.state, State::Pending);
        if shop.stripe.is_some() {
            shop.world.clock.advance_ms(MAX_HOLD_MS);
            shop.world.services.drain().await.expect("drain");
            assert_eq!(shop.order(&order).await.state, State::Pending);
        }
        assert!(matches!(checkout.buy("cup", 1, None, None, None).await.expect("answer"), Bought::SoldOut(..)));
    }
}
