use domain::checkout::{Filter, HOLD_MS, Order, PayForm, State};
use services::{
    Error,
    checkout::{Bought, Paid},
};
use sqlx::{Executor, Row};

use crate::{
    checkout::held,
    world::{Engine, World, form, on_both},
};

/// Longer than the pretend bank takes.
const LATER_MS: i64 = 5000;

/// A shop with `stock` cups, and an order of one of them.
async fn ordered(world: &World, stock: u32) -> Order {
    let viewer = world.shop("clay").await;
    world.product(&viewer, "Cup", stock).await;
    held(world, 1).await
}

/// The same, paid with a card whose bank does not answer.
async fn pending(world: &World, stock: u32) -> Order {
    let order = ordered(world, stock).await;
    let checkout = world.services.checkout();
    let paid = checkout.pay(&order.token, &form("unknown")).await;
    paid.expect("an answer");
    order
}

/// What a statement counts as `n`.
async fn number(world: &World, statement: &'static str) -> i64 {
    let mut connection = world.connection().await;
    sqlx::query(statement)
        .fetch_one(&mut connection)
        .await
        .expect("a number")
        .get("n")
}

const INTENTS: &str = "SELECT COUNT(*) AS n FROM test_gateway_intent";

async fn charged(world: &World) -> i64 {
    let succeeded = "SELECT COUNT(*) AS n FROM test_gateway_intent WHERE state = 'succeeded'";
    number(world, succeeded).await
}

on_both! {
    async fn paying_twice_at_once_pays_once(world: World) {
        let viewer = world.shop("clay").await;
        let product = world.product(&viewer, "Cup", 5).await;
        let order = held(&world, 1).await;
        let presses = (0..10).map(|_| {
            let (services, token) = (world.services.clone(), order.token.clone());
            tokio::spawn(async move { services.checkout().pay(&token, &form("success")).await })
        });
        for press in futures::future::join_all(presses).await {
            assert_eq!(press.expect("task").expect("answer"), Paid::Done);
        }
        let later = world.services.checkout().pay(&order.token, &form("decline")).await.expect("later");
        assert_eq!(later, Paid::Done, "it was paid before");
        let paid = world.order(&order.token).await;
        assert_eq!((paid.state, paid.receipt), (State::Paid, Some(1)));
        assert_eq!(charged(&world).await, 1);
        assert_eq!(world.services.catalog().product(&viewer, &product.id).await.expect("product").stock, 4);
    }
}

on_both! {
    async fn a_declined_payment_keeps_the_hold(world: World) {
        let checkout = world.services.checkout();
        let order = ordered(&world, 1).await;
        let Paid::Declined(reason) = checkout.pay(&order.token, &form("decline")).await.expect("answer") else {
            panic!("paid");
        };
        let declined = world.order(&order.token).await;
        assert_eq!(declined.state, State::Declined);
        assert!(reason.contains("declined"), "{reason}");
        assert_eq!(checkout.order(&order.token).await.expect("order").1.declined, Some(reason));
        assert!(matches!(checkout.buy("cup", 1, None, None, None).await.expect("answer"), Bought::SoldOut(..)), "still held");
        assert_eq!(checkout.pay(&order.token, &form("success")).await.expect("answer"), Paid::Done);
        let paid = world.order(&order.token).await;
        assert_eq!((paid.state, paid.declined), (State::Paid, None));
    }
}

on_both! {
    async fn a_wrong_form_charges_nothing(world: World) {
        let order = ordered(&world, 1).await;
        for (field, form) in [
            ("email", PayForm { email: "nobody".into(), ..form("success") }),
            ("name", PayForm { name: String::new(), ..form("success") }),
            ("address", PayForm { address: " \n ".into(), ..form("success") }),
            ("outcome", form("free")),
        ] {
            let answer = world.services.checkout().pay(&order.token, &form).await;
            assert!(matches!(answer, Err(Error::Invalid { field: named, .. }) if named == field), "{field}: {answer:?}");
        }
        assert_eq!(world.services.checkout().order(&order.token).await.expect("order").1.state, State::Held);
        assert_eq!(charged(&world).await, 0);
        assert!(matches!(world.services.checkout().pay("made-up", &form("success")).await, Err(Error::NotFound(_))));
    }
}

on_both! {
    async fn an_unanswered_payment_is_settled_later(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 2).await;
        let checkout = world.services.checkout();
        let good = held(&world, 1).await;
        let bad = held(&world, 1).await;
        for (order, outcome) in [(&good, "unknown"), (&bad, "unknown_decline")] {
            assert_eq!(checkout.pay(&order.token, &form(outcome)).await.expect("answer"), Paid::Done);
            assert_eq!(world.order(&order.token).await.state, State::Pending);
        }
        assert_eq!(checkout.pay(&good.token, &form("success")).await.expect("answer"), Paid::Done);
        assert_eq!(world.order(&good.token).await.state, State::Pending, "no second payment beside an open one");
        assert!(matches!(checkout.cancel(&good.token).await, Err(Error::Conflict(_))));
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 0, "the bank still thinks");

        world.clock.advance_ms(HOLD_MS + LATER_MS);
        assert_eq!(checkout.expire_holds().await.expect("expire"), 0, "a hold with an open payment does not expire");
        assert_eq!(checkout.order(&good.token).await.expect("order").1.state, State::Paid, "looking settles it");
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1, "the other one");
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 0);
        let declined = checkout.order(&bad.token).await.expect("order").1;
        assert_eq!(declined.state, State::Expired, "declined after its hold was over");
        let (_, page) = world.services.catalog().by_slug("cup").await.expect("page");
        assert_eq!((page.stock, page.available), (1, 1));
        assert_eq!(charged(&world).await, 1);
    }
}

on_both! {
    /// A process that died between its row and the processor's answer.
    async fn an_interrupted_payment_is_cleared_up(world: World) {
        let checkout = world.services.checkout();
        let order = pending(&world, 2).await;
        let mut connection = world.connection().await;
        // As if it had died before it confirmed.
        connection
            .execute("UPDATE test_gateway_intent SET state = 'requires_confirmation', result = NULL, settles_at = NULL")
            .await
            .expect("update");
        connection.execute("UPDATE payment_attempt SET state = 'asked', next_check_at = created_at + 60000").await.expect("update");
        connection.execute("UPDATE orders SET state = 'paying'").await.expect("update");
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 0, "it may still be asking");
        world.clock.advance_ms(61_000);
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1);
        let cleared = checkout.order(&order.token).await.expect("order").1;
        assert_eq!(cleared.state, State::Declined);
        assert!(cleared.declined.expect("a reason").contains("interrupted"));
        assert_eq!(checkout.pay(&order.token, &form("success")).await.expect("answer"), Paid::Done);
        let paid = world.order(&order.token).await;
        assert_eq!(paid.state, State::Paid);
        assert_eq!(charged(&world).await, 1);
    }
}

on_both! {
    /// The money came although the hold had been given back: it is not lost, and nothing is oversold.
    async fn money_that_comes_too_late_is_not_lost(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 1).await;
        let checkout = world.services.checkout();
        let first = held(&world, 1).await;
        checkout.pay(&first.token, &form("unknown")).await.expect("answer");
        // What no code of ours does while a payment is open, forced here: the hold is gone.
        let mut connection = world.connection().await;
        for statement in [
            "UPDATE orders SET state = 'expired'",
            "DELETE FROM reservation",
            "UPDATE stock SET reserved = 0",
        ] {
            connection.execute(statement).await.expect("forced");
        }
        let second = held(&world, 1).await;
        world.clock.advance_ms(LATER_MS);
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1);
        let late = checkout.order(&first.token).await.expect("order").1;
        assert_eq!((late.state, late.receipt), (State::RefundDue, Some(1)), "sold to somebody else meanwhile");
        assert!(checkout.orders(&viewer, Filter::All, None).await.expect("orders").orders.iter().any(|order| order.id == first.id), "the shop sees it");

        checkout.cancel(&second.token).await.expect("cancel");
        connection.execute("UPDATE orders SET state = 'cancelled', receipt = NULL WHERE state = 'refund_due'").await.expect("forced");
        connection.execute("DELETE FROM payment_refund").await.expect("forced");
        connection.execute("UPDATE payment_attempt SET state = 'unknown', next_check_at = 0").await.expect("forced");
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1);
        assert_eq!(checkout.order(&first.token).await.expect("order").1.state, State::Paid, "the piece was there again");
        assert_eq!(world.services.catalog().by_slug("cup").await.expect("page").1.stock, 0);
    }
}

on_both! {
    /// The row says at which processor a payment is and what it is called there. Nothing is created to find out.
    async fn reconciliation_asks_by_the_name_in_the_row(world: World) {
        let checkout = world.services.checkout();
        let order = pending(&world, 5).await;
        let mut connection = world.connection().await;
        // The processor has forgotten the key, as it may after a day.
        connection.execute("UPDATE test_gateway_intent SET idempotency_key = 'forgotten'").await.expect("forgotten");
        world.clock.advance_ms(LATER_MS);
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1);
        assert_eq!(checkout.order(&order.token).await.expect("order").1.state, State::Paid);
        assert_eq!(number(&world, INTENTS).await, 1, "nothing was created");
    }
}

on_both! {
    async fn a_payment_of_another_gateway_is_not_asked_about_at_the_test_gateway(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 5).await;
        let checkout = world.services.checkout();
        let (other, ours) = (held(&world, 1).await, held(&world, 1).await);
        for order in [&other, &ours] {
            checkout.pay(&order.token, &form("unknown")).await.expect("pending");
        }
        let mut connection = world.connection().await;
        sqlx::query("UPDATE payment_attempt SET provider = 'stripe', provider_id = 'pi_elsewhere', idempotency_key = 'elsewhere' WHERE order_id = $1")
            .bind(other.id.as_str()).execute(&mut connection).await.expect("elsewhere");
        world.clock.advance_ms(LATER_MS);
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1, "ours");
        assert_eq!(checkout.order(&ours.token).await.expect("order").1.state, State::Paid);
        assert_eq!(checkout.order(&other.token).await.expect("order").1.state, State::Pending, "its hold stays");
        assert_eq!(number(&world, INTENTS).await, 2, "nothing was created");
    }
}

on_both! {
    async fn a_payment_that_the_processor_never_heard_of_is_given_up(world: World) {
        let checkout = world.services.checkout();
        let order = pending(&world, 5).await;
        let mut connection = world.connection().await;
        // As if the process had died before it asked.
        for statement in [
            "DELETE FROM test_gateway_intent",
            "UPDATE payment_attempt SET state = 'asked', provider_id = NULL, next_check_at = created_at + 60000",
            "UPDATE orders SET state = 'paying'",
        ] {
            connection.execute(statement).await.expect("interrupted");
        }
        world.clock.advance_ms(61_000);
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1);
        let given_up = checkout.order(&order.token).await.expect("order").1;
        assert_eq!(given_up.state, State::Declined);
        assert_eq!(number(&world, INTENTS).await, 0, "nothing was created");
        // One whose creation was answered, but not noted, is found by its key.
        checkout.pay(&order.token, &form("unknown")).await.expect("pending");
        connection.execute("UPDATE payment_attempt SET provider_id = NULL WHERE state = 'unknown'").await.expect("lost");
        world.clock.advance_ms(LATER_MS);
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 1);
        assert_eq!(checkout.order(&order.token).await.expect("order").1.state, State::Paid);
    }
}

on_both! {
    async fn another_amount_at_the_processor_settles_nothing(world: World) {
        let checkout = world.services.checkout();
        let order = pending(&world, 5).await;
        let mut connection = world.connection().await;
        connection.execute("UPDATE test_gateway_intent SET amount_minor = 1").await.expect("another amount");
        world.clock.advance_ms(LATER_MS);
        assert_eq!(world.services.payment().reconcile().await.expect("reconcile"), 0);
        assert_eq!(checkout.order(&order.token).await.expect("order").1.state, State::Pending);
    }
}
