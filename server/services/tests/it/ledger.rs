//! The books: posted with what they are about, explained, reported, and held against the payments.

use domain::{ledger::Account, money::Currency, payment::Restock};
use services::{Error, payment::RefundForm};
use sqlx::{Executor, Row};

use crate::{
    checkout::held,
    fake_stripe::SIGNING,
    gateway::keys,
    world::{Engine, World, form, on_both},
};

/// What an account of the shop holds, in tests' books.
pub(crate) async fn balance(
    world: &World,
    viewer: &domain::identity::Viewer,
    account: Account,
) -> i64 {
    let balances = world
        .services
        .ledger()
        .balances(viewer, false)
        .await
        .expect("balances");
    balances
        .iter()
        .filter(|balance| balance.account == account)
        .map(|balance| balance.minor)
        .sum()
}

async fn refund(
    world: &World,
    viewer: &domain::identity::Viewer,
    order: &domain::checkout::Order,
    amount: &str,
) {
    let form = RefundForm {
        amount: amount.to_owned(),
        restock: Restock::Keep,
        key: format!("0123456789abcdef-{amount}"),
    };
    world
        .services
        .payment()
        .refund(viewer, &order.id, &form)
        .await
        .expect("a refund");
}

on_both! {
    async fn what_is_paid_and_refunded_is_posted_once(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 5).await;
        let order = held(&world, 2).await;
        world.services.checkout().pay(&order.token, &form("success")).await.expect("paid");
        refund(&world, &viewer, &order, "5").await;
        refund(&world, &viewer, &order, "5").await;
        let ledger = world.services.ledger();
        assert_eq!(balance(&world, &viewer, Account::Clearing).await, 7100);
        assert_eq!(balance(&world, &viewer, Account::Sales).await, -7600);
        assert_eq!(balance(&world, &viewer, Account::Refunds).await, 500);
        assert!(ledger.balances(&viewer, true).await.expect("balances").is_empty(), "no real money moved");
        let stranger = world.shop("ash").await;
        assert!(ledger.balances(&stranger, false).await.expect("balances").is_empty());

        let of = (Account::Clearing, "", Currency::EUR);
        let explained = ledger.explain(&viewer, false, of, 0).await.expect("explained");
        let amounts: Vec<(i64, i64)> = explained.entries.iter().map(|(posted, after)| (posted.entry.minor, *after)).collect();
        assert_eq!((explained.balance.minor, amounts), (7100, vec![(-500, 7100), (7600, 7600)]), "entry by entry");
        let older = ledger.explain(&viewer, false, of, 1).await.expect("explained");
        assert_eq!(older.entries.iter().map(|(_, after)| *after).collect::<Vec<_>>(), [7600]);
        assert!(matches!(ledger.explain(&stranger, false, of, 0).await, Err(Error::NotFound(_))));

        let csv = ledger.month_csv(&viewer, false, "2026-11").await.expect("a report");
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines, [
            "month,mode,currency,jurisdiction,sales,discounts,delivery,tax,refunded_sales,refunded_delivery,refunded_tax,fees,disputes",
            "2026-11,test,EUR,,76.00,0.00,0.00,0.00,5.00,0.00,0.00,0.00,0.00",
        ]);
        assert_eq!(ledger.month_csv(&viewer, false, "2026-10").await.expect("a report").lines().count(), 1);
        assert!(matches!(ledger.month_csv(&viewer, false, "soon").await, Err(Error::Invalid { field: "month", .. })));
        ledger.check().await.expect("the books are right");
    }
}

on_both! {
    /// What no code of ours does, forced here: the job sees each of it.
    async fn the_check_names_what_differs(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 5).await;
        let order = held(&world, 1).await;
        world.services.checkout().pay(&order.token, &form("success")).await.expect("paid");
        refund(&world, &viewer, &order, "5").await;
        let mut connection = world.connection().await;
        let ledger = world.services.ledger();
        for (spoil, mend, words) in [
            ("UPDATE ledger_entry SET amount_minor = amount_minor + 1 WHERE account = 'sales'", "UPDATE ledger_entry SET amount_minor = amount_minor - 1 WHERE account = 'sales'", "do not sum to zero"),
            ("UPDATE payment_attempt SET amount_minor = 1", "UPDATE payment_attempt SET amount_minor = 3800", "payments have no transaction"),
            ("UPDATE payment_refund SET amount_minor = 1", "UPDATE payment_refund SET amount_minor = 500", "refunds have no transaction"),
            ("UPDATE payment_attempt SET live = 1", "UPDATE payment_attempt SET live = 0", "mix real money"),
        ] {
            ledger.check().await.expect("right before");
            connection.execute(spoil).await.expect("spoiled");
            let Err(Error::Internal(fault)) = ledger.check().await else { panic!("{words} was not seen") };
            assert!(fault.contains(words) && fault.contains("1 "), "{fault}");
            connection.execute(mend).await.expect("mended");
        }
    }
}

/// The books of a shop that sells by Stripe: fees, disputes, and refunds that did not arrive.
async fn books_of_stripe(engine: Engine) {
    let Some((world, fake)) = World::with_stripe(engine).await else {
        return;
    };
    let session = world.owner("clay").await;
    let viewer = session.viewer.clone();
    let payment = world.services.payment();
    payment.set_keys(&session, &keys()).await.expect("keys");
    let account = payment.accounts(&viewer).await.expect("accounts")[0]
        .id
        .clone();
    world.product(&viewer, "Cup", 5).await;
    let order = held(&world, 1).await;
    payment.pay(&order.token, &form("")).await.expect("a page");
    assert!(fake.pay(&fake.session()));
    world.clock.advance_ms(16_000);
    world.services.drain().await.expect("drain");
    // 1.5 % and 25 of 3800.
    assert_eq!(balance(&world, &viewer, Account::Fees).await, 82);
    assert_eq!(balance(&world, &viewer, Account::Clearing).await, 3718);

    refund(&world, &viewer, &order, "8").await;
    assert_eq!(balance(&world, &viewer, Account::Clearing).await, 2918);
    let payment_id = fake.payment_of(&fake.session());
    let report = async |event: String| {
        let header = fake.sign(&event, SIGNING);
        payment
            .receive_stripe(&account, Some(&header), event.as_bytes())
            .await
            .expect("taken");
        world.services.drain().await.expect("drain");
    };
    fake.fail_refunds();
    report(format!(r#"{{"id":"evt_f","type":"refund.failed","livemode":false,"data":{{"object":{{"id":"re","payment_intent":"{payment_id}"}}}}}}"#)).await;
    assert_eq!(
        (
            balance(&world, &viewer, Account::Clearing).await,
            balance(&world, &viewer, Account::Refunds).await
        ),
        (3718, 0),
        "taken back, not deleted"
    );

    let dispute = fake.dispute(&payment_id);
    report(fake.event("charge.dispute.created", &dispute)).await;
    report(fake.event("charge.dispute.updated", &dispute)).await;
    assert_eq!(
        (
            balance(&world, &viewer, Account::Clearing).await,
            balance(&world, &viewer, Account::Disputes).await
        ),
        (-82, 3800),
        "once"
    );
    fake.decide(&dispute, true);
    report(fake.event("charge.dispute.closed", &dispute)).await;
    assert_eq!(
        (
            balance(&world, &viewer, Account::Clearing).await,
            balance(&world, &viewer, Account::Disputes).await
        ),
        (3718, 0)
    );
    world
        .services
        .ledger()
        .check()
        .await
        .expect("the books are right");
    let mut connection = world.connection().await;
    let rows = sqlx::query("SELECT kind FROM ledger_transaction ORDER BY kind")
        .fetch_all(&mut connection)
        .await
        .expect("rows");
    let kinds: Vec<String> = rows.iter().map(|row| row.get("kind")).collect();
    assert_eq!(
        kinds,
        [
            "capture",
            "dispute",
            "dispute_reversal",
            "fee",
            "refund",
            "refund_reversal"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stripe_on_sqlite() {
    books_of_stripe(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stripe_on_postgres() {
    books_of_stripe(Engine::Postgres).await;
}
