//! Keys: entered, checked, replaced, removed.

use domain::{checkout::State, payment::KeyForm};
use services::Error;
use sqlx::Row;

use crate::{
    checkout::held,
    fake_stripe::{Fault, KEY},
    gateway::keys,
    stripe::{LATER_MS, Shop, on_stripe},
    world::Engine,
};

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
