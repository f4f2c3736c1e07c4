use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use domain::identity::SetupForm;
use services::{Error, identity::Browser};

use crate::{
    authenticator::Authenticator,
    world::{Engine, PASSWORD, World, at, browser, on_both, token},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn setup(handle: &str) -> SetupForm {
    SetupForm {
        shop_name: "Clay & Ash".into(),
        handle: handle.into(),
        currency: "EUR".into(),
        ..SetupForm::default()
    }
}

on_both! {
    async fn the_first_owner_sets_up_and_signs_in(world: World) {
        let identity = world.services.identity();
        let printed = identity.first_run_link().await.expect("link").expect("no shop yet");
        let later = identity.first_run_link().await.expect("link").expect("no shop yet");
        assert!(matches!(identity.check_link(token(&printed.path)).await, Err(Error::Gone(_))), "only the last one works");
        let link = token(&later.path);
        assert_eq!(identity.check_link(link).await.expect("link"), None);

        let wrong = identity.set_up_with_password(link, &setup("x"), PASSWORD, &browser()).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "handle", .. })));
        let wrong = identity.set_up_with_password(link, &setup("clay"), "short", &browser()).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "password", .. })));

        let made = identity.set_up_with_password(link, &setup("clay"), PASSWORD, &browser()).await.expect("set up");
        assert_eq!(made.viewer.shop.handle, "clay");
        assert_eq!(identity.viewer(&made.session.value).await.expect("viewer"), Some(made.viewer.clone()));
        assert_eq!(identity.first_run_link().await.expect("link"), None);
        assert_eq!(identity.shop("@clay").await.expect("shop"), made.viewer.shop);
        assert_eq!(identity.shops().await.expect("shops").len(), 1);
        assert_eq!(world.events(&made.viewer).await, ["shop_created"]);

        let reused = identity.set_up_with_password(link, &setup("other"), PASSWORD, &browser()).await;
        let Err(Error::Gone(message)) = reused else { panic!("a link works once: {reused:?}", reused = reused.is_ok()) };
        assert!(message.contains("vitrine owner-link"));

        let signed_in = identity.sign_in("clay", PASSWORD, &browser()).await.expect("sign in");
        assert_eq!(signed_in.viewer, made.viewer);
        identity.sign_out(&signed_in.session.value).await.expect("sign out");
        assert_eq!(identity.viewer(&signed_in.session.value).await.expect("viewer"), None);
        assert!(identity.viewer(&made.session.value).await.expect("viewer").is_some(), "other sessions go on");
        assert_eq!(identity.viewer("").await.expect("viewer"), None);
    }
}

on_both! {
    async fn links_expire(world: World) {
        let identity = world.services.identity();
        let link = identity.create_owner_link(None).await.expect("link");
        world.clock.advance_ms(DAY_MS);
        let late = identity.set_up_with_password(token(&link.path), &setup("clay"), PASSWORD, &browser()).await;
        assert!(matches!(late, Err(Error::Gone(_))));
        assert!(matches!(identity.check_link("made-up").await, Err(Error::Gone(_))));
        assert!(matches!(identity.create_owner_link(Some("nobody")).await, Err(Error::NotFound(_))));
    }
}

on_both! {
    async fn a_link_used_twice_at_once_makes_one_shop(world: World) {
        let link = world.services.identity().create_owner_link(None).await.expect("link");
        let tries = (0..4).map(|n| {
            let (services, path) = (world.services.clone(), link.path.clone());
            tokio::spawn(async move {
                let form = setup(&format!("clay-{n}"));
                services.identity().set_up_with_password(token(&path), &form, PASSWORD, &browser()).await.is_ok()
            })
        });
        let made = futures::future::join_all(tries).await;
        assert_eq!(made.into_iter().filter(|made| *made.as_ref().expect("task")).count(), 1);
        assert_eq!(world.services.identity().shops().await.expect("shops").len(), 1);
    }
}

on_both! {
    async fn a_taken_handle_does_not_use_the_link_up(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let link = identity.create_owner_link(None).await.expect("link");
        let taken = identity.set_up_with_password(token(&link.path), &setup("clay"), PASSWORD, &browser()).await;
        assert!(matches!(taken, Err(Error::Conflict(_))));
        let other = identity.set_up_with_password(token(&link.path), &setup("ash"), PASSWORD, &browser()).await;
        assert!(other.is_ok());
    }
}

on_both! {
    async fn recovery_adds_a_way_in_and_ends_the_others_only_when_asked(world: World) {
        let viewer = world.shop("clay").await;
        let identity = world.services.identity();
        let before = identity.sign_in("clay", PASSWORD, &browser()).await.expect("sign in");
        let sibling = identity.create_owner_link(Some("clay")).await.expect("link");
        let link = identity.create_owner_link(Some("clay")).await.expect("link");
        assert_eq!(link.shop.as_ref(), Some(&viewer.shop));
        let link = token(&link.path);
        assert_eq!(identity.check_link(link).await.expect("link"), Some(viewer.shop.clone()));
        let after = identity
            .set_up_with_password(link, &SetupForm::default(), "another good password", &browser())
            .await
            .expect("recovered");
        assert_eq!(after.viewer, viewer, "the same owner of the same shop");
        assert!(identity.viewer(&before.session.value).await.expect("viewer").is_some(), "nobody asked to end it");
        assert!(matches!(identity.sign_in("clay", PASSWORD, &browser()).await, Err(Error::Denied(_))), "one password at a time");
        assert!(identity.sign_in("clay", "another good password", &browser()).await.is_ok());
        assert!(matches!(identity.check_link(token(&sibling.path)).await, Err(Error::Gone(_))), "sibling links die together");

        let link = identity.create_owner_link(Some("clay")).await.expect("link");
        let link = token(&link.path);
        let form = SetupForm { end_others: "yes".into(), ..SetupForm::default() };
        let mut key = Authenticator::new(3);
        let options = identity.start_passkey_setup(link, &form, &browser()).await.expect("options");
        let last = identity.finish_passkey_setup(link, &key.create(&options), &browser()).await.expect("recovered");
        for ended in [&before, &after] {
            assert_eq!(identity.viewer(&ended.session.value).await.expect("viewer"), None);
        }
        assert!(identity.viewer(&last.session.value).await.expect("viewer").is_some());
        assert!(matches!(identity.sign_in("clay", "another good password", &browser()).await, Err(Error::Denied(_))));
        assert_eq!(identity.ways_in(&viewer).await.expect("ways").count(), 1);
    }
}

on_both! {
    async fn sibling_links_used_at_once_open_once(world: World) {
        let identity = world.services.identity();
        for shop in [None, Some("clay")] {
            let mut links = Vec::new();
            for _ in 0..4 {
                links.push(identity.create_owner_link(shop).await.expect("link"));
            }
            let tries = links.into_iter().enumerate().map(|(n, link)| {
                let services = world.services.clone();
                tokio::spawn(async move {
                    let form = setup(&format!("clay-{n}"));
                    services.identity().set_up_with_password(token(&link.path), &form, PASSWORD, &browser()).await
                })
            });
            let results = futures::future::join_all(tries).await;
            let mut opened = Vec::new();
            for result in results {
                match result.expect("task") {
                    Ok(signed_in) => opened.push(signed_in.viewer.shop),
                    Err(error) => assert!(matches!(error, Error::Gone(_)), "{error}"),
                }
            }
            assert_eq!(opened.len(), 1, "{shop:?}");
            if shop.is_none() {
                let session = identity.sign_in(&opened[0].handle, PASSWORD, &browser()).await.expect("sign in");
                let session = identity.session(&session.session.value).await.expect("session").expect("session");
                identity.change_handle(&session, "clay").await.expect("renamed");
            }
        }
        assert_eq!(identity.shops().await.expect("shops").len(), 1);
    }
}

on_both! {
    async fn sessions_slide_and_end(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let cookie = identity.sign_in("clay", PASSWORD, &browser()).await.expect("sign in").session.value;
        for _ in 0..3 {
            world.clock.advance_ms(20 * DAY_MS);
            assert!(identity.viewer(&cookie).await.expect("viewer").is_some(), "used within 30 days");
        }
        world.clock.advance_ms(31 * DAY_MS);
        assert!(identity.viewer(&cookie).await.expect("viewer").is_none());
    }
}

on_both! {
    async fn a_session_ends_however_much_it_is_used(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let signed_in = identity.sign_in("clay", PASSWORD, &browser()).await.expect("sign in");
        let mut days = 0;
        while identity.viewer(&signed_in.session.value).await.expect("viewer").is_some() {
            world.clock.advance_ms(DAY_MS);
            days += 1;
            assert!(days <= 90, "it would never end");
        }
        assert_eq!(days, 90);
        assert_eq!(signed_in.session.expires_at, crate::world::START.plus_ms(90 * DAY_MS), "the cookie lives as long");
    }
}

on_both! {
    async fn guessing_is_slowed_down(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let mut denied = 0;
        let wait = loop {
            match identity.sign_in("clay", "wrong password", &browser()).await {
                Err(Error::Denied(_)) => denied += 1,
                Err(Error::Limited { retry_after_s, .. }) => break retry_after_s,
                other => panic!("{}", other.is_ok()),
            }
        };
        assert_eq!(denied, 10);
        assert!(matches!(identity.sign_in("clay", PASSWORD, &browser()).await, Err(Error::Limited { .. })), "the right one waits too");
        world.clock.advance_ms(i64::try_from(wait).expect("short") * 1000);
        assert!(identity.sign_in("clay", PASSWORD, &browser()).await.is_ok());

        let words = |result: Result<services::identity::SignedIn, Error>| result.err().map(|error| error.message());
        world.clock.advance_ms(DAY_MS);
        let unknown = words(identity.sign_in("nobody", "wrong password", &browser()).await);
        let wrong = words(identity.sign_in("clay", "wrong password", &browser()).await);
        assert_eq!(unknown, wrong, "nobody learns which shops exist");
    }
}

on_both! {
    async fn strangers_cannot_lock_an_owner_out(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let home = identity.sign_in("clay", PASSWORD, &browser()).await.expect("sign in");
        let key = {
            let session = identity.session(&home.session.value).await.expect("session").expect("session");
            let mut key = Authenticator::new(5);
            let options = identity.start_passkey_addition(&session, "", &browser()).await.expect("options");
            identity.finish_passkey_addition(&session, &key.create(&options)).await.expect("added");
            key
        };
        // From many networks at once, and from the owner's own.
        let guess = async |from: &Browser| identity.sign_in("clay", "wrong password", from).await.err().map(|error| error.code());
        for network in 0..4 {
            let mut last = None;
            for _ in 0..12 {
                last = guess(&at(IpAddr::V4(Ipv4Addr::new(198, 51, network, 9)))).await;
            }
            assert_eq!(last, Some("rate_limited"));
        }
        let neighbour = at("192.0.2.99".parse().expect("an address"));
        while guess(&neighbour).await != Some("rate_limited") {}

        let elsewhere = at("203.0.113.4".parse().expect("an address"));
        assert!(identity.sign_in("clay", PASSWORD, &elsewhere).await.is_ok(), "another network is not slowed down");
        assert!(matches!(identity.sign_in("clay", PASSWORD, &browser()).await, Err(Error::Limited { .. })), "its own network is");
        let known = Browser { device: Some(home.device.value.clone()), ..browser() };
        let again = identity.sign_in("clay", PASSWORD, &known).await.expect("a known browser is not");
        assert!(again.device == services::identity::Token { value: home.device.value.clone(), expires_at: again.device.expires_at }, "it stays known");
        let mut key = key;
        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("nor is a passkey");
        assert!(identity.finish_passkey_sign_in(&key.get(&options), &browser()).await.is_ok());

        // A known browser is no way to guess without end, and counts for its own shop only.
        let mut tries = 0;
        while guess(&known).await != Some("rate_limited") {
            tries += 1;
        }
        assert_eq!(tries, 10);
        world.shop("ash").await;
        let other = identity.sign_in("ash", PASSWORD, &elsewhere).await.expect("sign in");
        let other = Browser { device: Some(other.device.value), ..browser() };
        assert_eq!(guess(&other).await, Some("rate_limited"), "as one who was never here");
        let made_up = Browser { device: Some("made-up".into()), ..browser() };
        assert_eq!(guess(&made_up).await, Some("rate_limited"));
    }
}

on_both! {
    async fn one_network_cannot_push_the_ceremonies_of_others_out(world: World) {
        let identity = world.services.identity();
        let link = identity.create_owner_link(None).await.expect("link");
        let link = token(&link.path);
        let mut key = Authenticator::new(7);
        let options = identity.start_passkey_setup(link, &setup("clay"), &browser()).await.expect("options");
        identity.finish_passkey_setup(link, &key.create(&options), &browser()).await.expect("set up");
        let owners = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        // Every household of an IPv6 site.
        for household in 0..1100_u16 {
            let ip = Ipv6Addr::new(0x2001, 0xdb8, 7, household, 0, 0, 0, 1);
            identity.start_passkey_sign_in("clay", &at(IpAddr::V6(ip))).await.expect("options");
        }
        assert!(identity.finish_passkey_sign_in(&key.get(&owners), &browser()).await.is_ok());
    }
}

on_both! {
    async fn a_passkey_opens_the_shop(world: World) {
        let identity = world.services.identity();
        let link = identity.create_owner_link(None).await.expect("link");
        let link = token(&link.path);
        let mut key = Authenticator::new(7);
        let options = identity.start_passkey_setup(link, &setup("clay"), &browser()).await.expect("options");
        let made = identity.finish_passkey_setup(link, &key.create(&options), &browser()).await.expect("set up");
        assert_eq!(made.viewer.shop.name, "Clay & Ash");
        let again = identity.finish_passkey_setup(link, &key.create(&options), &browser()).await;
        assert!(matches!(again, Err(Error::Denied(_))), "a challenge is answered once");

        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        let answer = key.get(&options);
        let signed_in = identity.finish_passkey_sign_in(&answer, &browser()).await.expect("signed in");
        assert_eq!(signed_in.viewer, made.viewer);
        assert!(matches!(identity.finish_passkey_sign_in(&answer, &browser()).await, Err(Error::Denied(_))), "no replay");

        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        let stranger = Authenticator::new(9).get(&options);
        assert!(matches!(identity.finish_passkey_sign_in(&stranger, &browser()).await, Err(Error::Denied(_))));

        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        world.clock.advance_ms(6 * 60 * 1000);
        assert!(matches!(identity.finish_passkey_sign_in(&key.get(&options), &browser()).await, Err(Error::Denied(_))), "too late");
        assert!(matches!(identity.start_passkey_sign_in("nobody", &browser()).await, Err(Error::Denied(_))));
        let nonsense = identity.finish_passkey_sign_in(&serde_json::json!({ "id": 1 }), &browser()).await;
        assert!(matches!(nonsense, Err(Error::Invalid { .. })));

        // Lost: a new one through a recovery link, and the old one no longer opens.
        let link = identity.create_owner_link(Some("clay")).await.expect("link");
        let link = token(&link.path);
        let mut new = Authenticator::new(8);
        let form = SetupForm { end_others: "yes".into(), ..SetupForm::default() };
        let options = identity.start_passkey_setup(link, &form, &browser()).await.expect("options");
        let recovered = identity.finish_passkey_setup(link, &new.create(&options), &browser()).await.expect("recovered");
        assert_eq!(recovered.viewer, made.viewer);
        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        assert!(identity.finish_passkey_sign_in(&key.get(&options), &browser()).await.is_err());
        let options = identity.start_passkey_sign_in("clay", &browser()).await.expect("options");
        assert!(identity.finish_passkey_sign_in(&new.get(&options), &browser()).await.is_ok());
    }
}

on_both! {
    async fn the_database_has_no_secret_in_it(world: World) {
        use sqlx::Row;
        let link = world.services.identity().create_owner_link(None).await.expect("link");
        world.shop("clay").await;
        let signed_in = world.services.identity().sign_in("clay", PASSWORD, &browser()).await.expect("sign in");
        let mut connection = world.connection().await;
        for statement in [
            "SELECT token_hash AS kept FROM owner_link",
            "SELECT token_hash AS kept FROM session",
            "SELECT token_hash AS kept FROM device",
            "SELECT secret AS kept FROM credential",
        ] {
            let rows = sqlx::query(statement).fetch_all(&mut connection).await.expect("rows");
            assert!(!rows.is_empty());
            for row in rows {
                let kept: String = row.get("kept");
                for secret in [token(&link.path), &signed_in.session.value, &signed_in.device.value, PASSWORD] {
                    assert!(!kept.contains(secret));
                }
            }
        }
    }
}
