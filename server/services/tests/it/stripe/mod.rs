//! What only Stripe has: keys, its page, signed reports, idempotency keys that end, disputes.

mod account;
mod page;
mod refund;
mod report;

use domain::{
    checkout::{Order, State},
    identity::device::Session,
    payment::Restock,
};
use services::{
    checkout::Paid,
    payment::{RefundForm, Refunds},
};
use sqlx::Row;

use crate::{
    checkout::held,
    fake_stripe::{FakeStripe, SIGNING},
    gateway::keys,
    world::{Engine, World, form},
};

pub(crate) const LATER_MS: i64 = 16_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A shop that sells by Stripe.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) fake: FakeStripe,
    pub(crate) session: Session,
    pub(crate) account: String,
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

pub(crate) use on_stripe;

impl Shop {
    pub(crate) async fn open(engine: Engine) -> Option<Self> {
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

    pub(crate) async fn press(&self, order: &Order) -> Paid {
        let payment = self.world.services.payment();
        payment
            .pay(&order.token, &form(""))
            .await
            .expect("an answer")
    }

    /// An order whose buyer is at Stripe's page, and the session of that page.
    pub(crate) async fn at_page(&self) -> (Order, String) {
        let order = held(&self.world, 1).await;
        let Paid::Redirect(url) = self.press(&order).await else {
            panic!("no page")
        };
        let session = url.rsplit('/').next().expect("a session").to_owned();
        (order, session)
    }

    pub(crate) async fn paid(&self) -> (Order, String) {
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

    pub(crate) async fn order(&self, order: &Order) -> Order {
        self.world.order(&order.token).await
    }

    pub(crate) async fn drain(&self) {
        self.world.services.drain().await.expect("drain");
    }

    /// Time passes and the jobs run.
    pub(crate) async fn wait(&self, ms: i64) {
        self.world.clock.advance_ms(ms);
        self.drain().await;
    }

    /// Sends a report as Stripe does.
    pub(crate) async fn deliver(&self, event: &str) -> services::Result<()> {
        let header = self.fake.sign(event, SIGNING);
        let payment = self.world.services.payment();
        payment
            .receive_stripe(&self.account, Some(&header), event.as_bytes())
            .await
    }

    pub(crate) async fn refund(&self, order: &Order, amount: &str, key: &str) {
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

    pub(crate) async fn refunds(&self, order: &Order) -> Refunds {
        let refunds = self
            .world
            .services
            .payment()
            .refunds(&self.session.viewer, order)
            .await;
        refunds.expect("refunds")
    }

    /// The states of all webhooks, in the order they came.
    pub(crate) async fn webhooks(&self) -> Vec<String> {
        let mut connection = self.world.connection().await;
        let rows = sqlx::query("SELECT state FROM payment_webhook ORDER BY received_at, id")
            .fetch_all(&mut connection)
            .await
            .expect("webhooks");
        rows.iter().map(|row| row.get("state")).collect()
    }
}
