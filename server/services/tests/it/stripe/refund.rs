//! Refunds and disputes.

use domain::payment::{DisputeState, RefundState, standing};
use serde_json::json;

use crate::{
    fake_stripe::Fault,
    stripe::{DAY_MS, LATER_MS, Shop, on_stripe},
    world::Engine,
};

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
