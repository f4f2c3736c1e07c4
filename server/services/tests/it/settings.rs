//! What an owner who is signed in changes: name, handle, currency, ways in and browsers.

use domain::identity::{MOST_HANDLES, device::Session};
use services::{Error, identity::Browser};

use crate::{
    authenticator::Authenticator,
    world::{Engine, PASSWORD, World, browser, edit, form, on_both},
};

/// A session that has just begun.
async fn session(world: &World, handle: &str) -> Session {
    let identity = world.services.identity();
    let signed_in = identity
        .sign_in(handle, PASSWORD, &browser())
        .await
        .expect("sign in");
    let session = identity.session(&signed_in.session.value).await;
    session.expect("session").expect("a session")
}

async fn add_passkey(world: &World, session: &Session, seed: u8, name: &str) -> Authenticator {
    let identity = world.services.identity();
    let mut key = Authenticator::new(seed);
    let options = identity
        .start_passkey_addition(session, name, &browser())
        .await
        .expect("options");
    identity
        .finish_passkey_addition(session, &key.create(&options))
        .await
        .expect("added");
    key
}

on_both! {
    async fn ways_in_are_added_and_removed_but_for_the_last(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let session = session(&world, "clay").await;
        let mut phone = add_passkey(&world, &session, 7, " My  phone ").await;
        add_passkey(&world, &session, 8, "").await;
        let ways = identity.ways_in(&session.viewer).await.expect("ways");
        let names: Vec<&str> = ways.passkeys.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, ["My phone", "Firefox on Linux"]);
        assert!(ways.password_set_at.is_some() && ways.passkeys.iter().all(|key| key.used_at.is_none()));
        let long = identity.start_passkey_addition(&session, &"x".repeat(41), &browser()).await;
        assert!(matches!(long, Err(Error::Invalid { field: "passkey_name", .. })));

        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        identity.finish_passkey_sign_in(&phone.get(&options), &browser()).await.expect("the new passkey signs in");
        let ways = identity.ways_in(&session.viewer).await.expect("ways");
        assert!(ways.passkeys[0].used_at.is_some());

        identity.set_password(&session, "another good password").await.expect("set");
        assert!(matches!(identity.sign_in("clay", PASSWORD, &browser()).await, Err(Error::Denied(_))));
        assert!(matches!(identity.set_password(&session, "short").await, Err(Error::Invalid { field: "password", .. })));
        assert!(matches!(identity.remove_passkey(&session, "made-up").await, Err(Error::NotFound(_))));

        // A stranger's shop: neither sees nor removes.
        world.shop("ash").await;
        let other = self::session(&world, "ash").await;
        assert_eq!(identity.ways_in(&other.viewer).await.expect("ways").count(), 1);
        assert!(matches!(identity.remove_passkey(&other, ways.passkeys[0].id.as_str()).await, Err(Error::NotFound(_))));

        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        identity.remove_passkey(&session, ways.passkeys[0].id.as_str()).await.expect("removed");
        assert!(identity.finish_passkey_sign_in(&phone.get(&options), &browser()).await.is_err(), "not even one under way");
        identity.remove_password(&session).await.expect("removed");
        let last = identity.remove_passkey(&session, ways.passkeys[1].id.as_str()).await;
        assert!(matches!(last, Err(Error::Conflict(ref message)) if message.contains("only way in")), "{last:?}");
        assert!(identity.remove_password(&session).await.is_ok(), "there is none");
        assert_eq!(identity.ways_in(&session.viewer).await.expect("ways").count(), 1);
    }
}

on_both! {
    async fn two_that_go_at_once_leave_one(world: World) {
        world.shop("clay").await;
        let session = session(&world, "clay").await;
        add_passkey(&world, &session, 7, "").await;
        let id = world.services.identity().ways_in(&session.viewer).await.expect("ways").passkeys[0].id.clone();
        let (identity, other) = (world.services.identity(), world.services.identity());
        let (passkey, password) = tokio::join!(identity.remove_passkey(&session, id.as_str()), other.remove_password(&session));
        assert_ne!(passkey.is_ok(), password.is_ok(), "one of them stays");
        assert_eq!(identity.ways_in(&session.viewer).await.expect("ways").count(), 1);
    }
}

on_both! {
    async fn what_matters_asks_for_a_recent_sign_in(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let session = session(&world, "clay").await;
        add_passkey(&world, &session, 7, "").await;
        let options = identity.start_passkey_addition(&session, "", &browser()).await.expect("options");
        world.clock.advance_ms(domain::identity::device::RECENT_MS);
        let answer = Authenticator::new(9).create(&options);
        for refused in [
            identity.set_password(&session, "another good password").await,
            identity.remove_password(&session).await,
            identity.remove_passkey(&session, "any").await,
            identity.change_handle(&session, "ash").await,
            identity.start_passkey_addition(&session, "", &browser()).await.map(|_| ()),
            identity.finish_passkey_addition(&session, &answer).await,
        ] {
            assert!(matches!(refused, Err(Error::Denied(ref message)) if message.contains("Sign in again")), "{refused:?}");
        }
        let again = self::session(&world, "clay").await;
        identity.change_handle(&again, "ash").await.expect("after signing in again");
    }
}

on_both! {
    async fn a_passkey_is_added_by_who_began_it(world: World) {
        world.shop("clay").await;
        world.shop("ash").await;
        let identity = world.services.identity();
        let (clay, ash) = (session(&world, "clay").await, session(&world, "ash").await);
        let options = identity.start_passkey_addition(&clay, "", &browser()).await.expect("options");
        let answer = Authenticator::new(9).create(&options);
        assert!(identity.finish_passkey_addition(&ash, &answer).await.is_err());
        assert_eq!(identity.ways_in(&ash.viewer).await.expect("ways").count(), 1);
        // Nor does an answer for one purpose do for another.
        let link = identity.create_owner_link(Some("clay")).await.expect("link");
        let options = identity.start_passkey_addition(&clay, "", &browser()).await.expect("options");
        let answer = Authenticator::new(9).create(&options);
        let token = crate::world::token(&link.path);
        assert!(identity.finish_passkey_setup(token, &answer, &browser()).await.is_err());
        assert!(identity.check_link(token).await.is_ok(), "the link is not used up");
    }
}

on_both! {
    async fn browsers_are_listed_and_ended(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let named = |name: &str| Browser { name: name.to_owned(), ..browser() };
        world.clock.advance_ms(1_000);
        let phone = identity.sign_in("clay", PASSWORD, &named("Safari on iPhone")).await.expect("sign in");
        world.clock.advance_ms(1_000);
        let desk = identity.sign_in("clay", PASSWORD, &named("Chrome on Windows")).await.expect("sign in");
        let session = identity.session(&desk.session.value).await.expect("session").expect("a session");
        let names = async || -> Vec<(String, bool)> {
            let devices = identity.devices(&session.viewer).await.expect("devices");
            devices.into_iter().map(|device| (device.name, device.signed_in)).collect()
        };
        let all = names().await;
        assert_eq!(all[..2], [("Chrome on Windows".to_owned(), true), ("Safari on iPhone".to_owned(), true)]);
        assert_eq!(all.len(), 3, "the browser that opened the shop is the third");

        // Signing in again in the same browser is no further device, and the session before is over.
        let known = Browser { device: Some(phone.device.value.clone()), ..named("Safari on iPhone") };
        let again = identity.sign_in("clay", PASSWORD, &known).await.expect("sign in");
        assert_eq!(names().await.len(), 3);
        assert_eq!(identity.viewer(&phone.session.value).await.expect("viewer"), None);
        identity.sign_out(&again.session.value).await.expect("sign out");
        assert!(names().await.contains(&("Safari on iPhone".to_owned(), false)), "signed out, but known");

        let again = identity.sign_in("clay", PASSWORD, &known).await.expect("sign in");
        let devices = identity.devices(&session.viewer).await.expect("devices");
        let id = devices.iter().find(|device| device.name == "Safari on iPhone").expect("the phone").id.clone();
        world.shop("ash").await;
        let other = self::session(&world, "ash").await;
        assert!(matches!(identity.end_device(&other.viewer, id.as_str()).await, Err(Error::NotFound(_))), "not a stranger's to end");
        identity.end_device(&session.viewer, id.as_str()).await.expect("ended");
        assert_eq!(identity.viewer(&again.session.value).await.expect("viewer"), None);
        assert!(matches!(identity.end_device(&session.viewer, id.as_str()).await, Err(Error::NotFound(_))));

        assert_eq!(identity.end_other_devices(&session).await.expect("ended"), 1);
        assert_eq!(names().await, [("Chrome on Windows".to_owned(), true)]);
        assert!(identity.viewer(&desk.session.value).await.expect("viewer").is_some());
        for _ in 0..35 {
            identity.sign_in("clay", PASSWORD, &browser()).await.expect("sign in");
        }
        assert_eq!(names().await.len(), 30, "the list is bounded");
    }
}

on_both! {
    async fn a_handle_stays_with_its_shop_for_good(world: World) {
        let viewer = world.shop("clay").await;
        world.shop("other").await;
        let identity = world.services.identity();
        let session = session(&world, "clay").await;
        identity.change_handle(&session, "@Ash").await.expect("changed");
        assert!(matches!(identity.shop("clay").await, Err(Error::NotFound(_))));
        assert_eq!(identity.shop_of_any_handle("clay").await.expect("shop").handle, "ash");
        assert_eq!(identity.shop("ash").await.expect("shop").id, viewer.shop.id);
        identity.sign_in("clay", PASSWORD, &browser()).await.expect("the old one still signs in");
        identity.create_owner_link(Some("clay")).await.expect("and recovers");

        // Nobody else gets either, in whatever way.
        let other = self::session(&world, "other").await;
        for taken in ["clay", "ash"] {
            assert!(matches!(identity.change_handle(&other, taken).await, Err(Error::Conflict(_))), "{taken}");
            let link = identity.create_owner_link(None).await.expect("link");
            let form = domain::identity::SetupForm {
                shop_name: "Thief".into(),
                handle: taken.into(),
                currency: "EUR".into(),
                ..Default::default()
            };
            let opened = identity.set_up_with_password(crate::world::token(&link.path), &form, PASSWORD, &browser()).await;
            assert!(matches!(opened, Err(Error::Conflict(_))), "{taken}");
        }
        identity.change_handle(&session, "ash").await.expect("the same again is fine");
        identity.change_handle(&session, "clay").await.expect("and so is going back");
        let mut last = Ok(());
        for number in 0..MOST_HANDLES {
            last = identity.change_handle(&session, &format!("clay-{number}")).await;
        }
        let Err(Error::Conflict(message)) = last else { panic!("a shop would take every handle there is") };
        assert!(message.contains("ash") && message.contains("clay-0"), "{message}");
        identity.change_handle(&session, "clay").await.expect("a former one stays free for it");
        for wrong in ["x", "admin", "a b"] {
            assert!(matches!(identity.change_handle(&session, wrong).await, Err(Error::Invalid { field: "handle", .. })));
        }
        let kinds = world.events(&viewer).await;
        assert!(kinds.contains(&"shop_changed".to_owned()));
    }
}

on_both! {
    async fn two_shops_that_want_one_handle_at_once_do_not_both_get_it(world: World) {
        world.shop("clay").await;
        world.shop("ash").await;
        let (clay, ash) = (session(&world, "clay").await, session(&world, "ash").await);
        let (one, other) = (world.services.identity(), world.services.identity());
        let (first, second) = tokio::join!(one.change_handle(&clay, "kiln"), other.change_handle(&ash, "kiln"));
        assert_ne!(first.is_ok(), second.is_ok(), "{first:?} {second:?}");
    }
}

on_both! {
    async fn the_name_changes(world: World) {
        let viewer = world.shop("clay").await;
        let identity = world.services.identity();
        identity.rename(&viewer, "  Ash   &  Clay ").await.expect("renamed");
        assert_eq!(identity.shop("clay").await.expect("shop").name, "Ash & Clay");
        assert!(matches!(identity.rename(&viewer, " ").await, Err(Error::Invalid { field: "shop_name", .. })));
        let before = world.events(&viewer).await.len();
        identity.rename(&viewer, "Ash & Clay").await.expect("nothing to do");
        assert_eq!(world.events(&viewer).await.len(), before);
    }
}

on_both! {
    async fn the_currency_changes_until_something_is_sold(world: World) {
        let viewer = world.shop("clay").await;
        let (identity, catalog, checkout) = (world.services.identity(), world.services.catalog(), world.services.checkout());
        let cup = world.product(&viewer, "Cup", 3).await;
        assert!(matches!(identity.change_currency(&viewer, "XXX").await, Err(Error::Invalid { field: "currency", .. })));
        identity.change_currency(&viewer, "USD").await.expect("changed");
        let (shop, product) = catalog.by_slug("cup").await.expect("still published");
        let price = product.price.expect("a price");
        assert_eq!((shop.currency.as_str(), price.currency.code(), price.minor), ("USD", "USD", 3800), "figures stay");

        // 38.00 $ must not be sold as 3800 ¥, nor as 38 ¥.
        identity.change_currency(&viewer, "JPY").await.expect("changed");
        assert!(catalog.by_slug("cup").await.is_err(), "a draft until it is priced anew");
        let viewer = session(&world, "clay").await.viewer;
        assert_eq!(catalog.product(&viewer, &cup.id).await.expect("product").price, None);
        assert_eq!(world.events(&viewer).await.iter().filter(|kind| *kind == "product_unpublished").count(), 1);
        catalog.update(&viewer, &cup.id, &edit("Cup", "5000", 3)).await.expect("priced");
        catalog.publish(&viewer, &cup.id).await.expect("published");

        // An order that nobody pays holds the currency only as long as it may still be paid.
        checkout.buy("cup", 1, None, None, None).await.expect("held");
        assert!(!identity.can_change_currency(&viewer).await.expect("asked"));
        let refused = identity.change_currency(&viewer, "EUR").await;
        assert!(matches!(refused, Err(Error::Conflict(ref message)) if message.contains("stays")), "{refused:?}");
        world.clock.advance_ms(24 * 60 * 60 * 1000);
        world.services.drain().await.expect("drain");
        assert!(identity.can_change_currency(&viewer).await.expect("asked"));

        let services::checkout::Bought::Held(token) = checkout.buy("cup", 1, None, None, None).await.expect("held") else {
            panic!("not held");
        };
        checkout.pay(&token, &form("success")).await.expect("paid");
        assert!(matches!(identity.change_currency(&viewer, "EUR").await, Err(Error::Conflict(_))));
        let (shop, _) = catalog.by_slug("cup").await.expect("page");
        assert_eq!(shop.currency, "JPY");
    }
}
