use domain::identity::SetupForm;
use services::Error;

use crate::{
    authenticator::Authenticator,
    world::{Engine, IP, PASSWORD, World, on_both, token},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn setup(handle: &str) -> SetupForm {
    SetupForm {
        shop_name: "Clay & Ash".into(),
        handle: handle.into(),
        currency: "EUR".into(),
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

        let wrong = identity.set_up_with_password(link, &setup("x"), PASSWORD).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "handle", .. })));
        let wrong = identity.set_up_with_password(link, &setup("clay"), "short").await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "password", .. })));

        let made = identity.set_up_with_password(link, &setup("clay"), PASSWORD).await.expect("set up");
        assert_eq!(made.viewer.shop.handle, "clay");
        assert_eq!(identity.viewer(&made.cookie).await.expect("viewer"), Some(made.viewer.clone()));
        assert_eq!(identity.first_run_link().await.expect("link"), None);
        assert_eq!(identity.shop("@clay").await.expect("shop"), made.viewer.shop);
        assert_eq!(identity.shops().await.expect("shops").len(), 1);
        assert_eq!(world.events(&made.viewer).await, ["shop_created"]);

        let reused = identity.set_up_with_password(link, &setup("other"), PASSWORD).await;
        let Err(Error::Gone(message)) = reused else { panic!("a link works once: {reused:?}", reused = reused.is_ok()) };
        assert!(message.contains("vitrine owner-link"));

        let signed_in = identity.sign_in("clay", PASSWORD, IP).await.expect("sign in");
        assert_eq!(signed_in.viewer, made.viewer);
        identity.sign_out(&signed_in.cookie).await.expect("sign out");
        assert_eq!(identity.viewer(&signed_in.cookie).await.expect("viewer"), None);
        assert!(identity.viewer(&made.cookie).await.expect("viewer").is_some(), "other sessions go on");
        assert_eq!(identity.viewer("").await.expect("viewer"), None);
    }
}

on_both! {
    async fn links_expire(world: World) {
        let identity = world.services.identity();
        let link = identity.create_owner_link(None).await.expect("link");
        world.clock.advance_ms(DAY_MS);
        let late = identity.set_up_with_password(token(&link.path), &setup("clay"), PASSWORD).await;
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
                services.identity().set_up_with_password(token(&path), &form, PASSWORD).await.is_ok()
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
        let taken = identity.set_up_with_password(token(&link.path), &setup("clay"), PASSWORD).await;
        assert!(matches!(taken, Err(Error::Conflict(_))));
        let other = identity.set_up_with_password(token(&link.path), &setup("ash"), PASSWORD).await;
        assert!(other.is_ok());
    }
}

on_both! {
    async fn recovery_replaces_every_way_in(world: World) {
        let viewer = world.shop("clay").await;
        let identity = world.services.identity();
        let before = identity.sign_in("clay", PASSWORD, IP).await.expect("sign in");
        let link = identity.create_owner_link(Some("clay")).await.expect("link");
        assert_eq!(link.shop.as_ref(), Some(&viewer.shop));
        let link = token(&link.path);
        assert_eq!(identity.check_link(link).await.expect("link"), Some(viewer.shop.clone()));
        let after = identity
            .set_up_with_password(link, &SetupForm::default(), "another good password")
            .await
            .expect("recovered");
        assert_eq!(after.viewer, viewer, "the same owner of the same shop");
        assert_eq!(identity.viewer(&before.cookie).await.expect("viewer"), None);
        assert!(matches!(identity.sign_in("clay", PASSWORD, IP).await, Err(Error::Denied(_))));
        assert!(identity.sign_in("clay", "another good password", IP).await.is_ok());
    }
}

on_both! {
    async fn sessions_slide_and_end(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let cookie = identity.sign_in("clay", PASSWORD, IP).await.expect("sign in").cookie;
        for _ in 0..3 {
            world.clock.advance_ms(20 * DAY_MS);
            assert!(identity.viewer(&cookie).await.expect("viewer").is_some(), "used within 30 days");
        }
        world.clock.advance_ms(31 * DAY_MS);
        assert!(identity.viewer(&cookie).await.expect("viewer").is_none());
    }
}

on_both! {
    async fn guessing_is_slowed_down(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let mut denied = 0;
        let wait = loop {
            match identity.sign_in("clay", "wrong password", IP).await {
                Err(Error::Denied(_)) => denied += 1,
                Err(Error::Limited { retry_after_s, .. }) => break retry_after_s,
                other => panic!("{}", other.is_ok()),
            }
        };
        assert_eq!(denied, 10);
        assert!(matches!(identity.sign_in("clay", PASSWORD, IP).await, Err(Error::Limited { .. })), "the right one waits too");
        world.clock.advance_ms(i64::try_from(wait).expect("short") * 1000);
        assert!(identity.sign_in("clay", PASSWORD, IP).await.is_ok());

        let words = |result: Result<services::identity::SignedIn, Error>| result.err().map(|error| error.message());
        world.clock.advance_ms(DAY_MS);
        let unknown = words(identity.sign_in("nobody", "wrong password", IP).await);
        let wrong = words(identity.sign_in("clay", "wrong password", IP).await);
        assert_eq!(unknown, wrong, "nobody learns which shops exist");
    }
}

on_both! {
    async fn a_passkey_opens_the_shop(world: World) {
        let identity = world.services.identity();
        let link = identity.create_owner_link(None).await.expect("link");
        let link = token(&link.path);
        let mut key = Authenticator::new(7);
        let options = identity.start_passkey_setup(link, &setup("clay")).await.expect("options");
        let made = identity.finish_passkey_setup(link, &key.create(&options)).await.expect("set up");
        assert_eq!(made.viewer.shop.name, "Clay & Ash");
        let again = identity.finish_passkey_setup(link, &key.create(&options)).await;
        assert!(matches!(again, Err(Error::Denied(_))), "a challenge is answered once");

        let options = identity.start_passkey_sign_in("clay", IP).await.expect("options");
        let answer = key.get(&options);
        let signed_in = identity.finish_passkey_sign_in(&answer, IP).await.expect("signed in");
        assert_eq!(signed_in.viewer, made.viewer);
        assert!(matches!(identity.finish_passkey_sign_in(&answer, IP).await, Err(Error::Denied(_))), "no replay");

        let options = identity.start_passkey_sign_in("clay", IP).await.expect("options");
        let stranger = Authenticator::new(9).get(&options);
        assert!(matches!(identity.finish_passkey_sign_in(&stranger, IP).await, Err(Error::Denied(_))));

        let options = identity.start_passkey_sign_in("clay", IP).await.expect("options");
        world.clock.advance_ms(6 * 60 * 1000);
        assert!(matches!(identity.finish_passkey_sign_in(&key.get(&options), IP).await, Err(Error::Denied(_))), "too late");
        assert!(matches!(identity.start_passkey_sign_in("nobody", IP).await, Err(Error::Denied(_))));
        let nonsense = identity.finish_passkey_sign_in(&serde_json::json!({ "id": 1 }), IP).await;
        assert!(matches!(nonsense, Err(Error::Invalid { .. })));

        // Lost: a new one through a recovery link, and the old one no longer opens.
        let link = identity.create_owner_link(Some("clay")).await.expect("link");
        let link = token(&link.path);
        let mut new = Authenticator::new(8);
        let options = identity.start_passkey_setup(link, &SetupForm::default()).await.expect("options");
        let recovered = identity.finish_passkey_setup(link, &new.create(&options)).await.expect("recovered");
        assert_eq!(recovered.viewer, made.viewer);
        let options = identity.start_passkey_sign_in("clay", IP).await.expect("options");
        assert!(identity.finish_passkey_sign_in(&key.get(&options), IP).await.is_err());
        let options = identity.start_passkey_sign_in("clay", IP).await.expect("options");
        assert!(identity.finish_passkey_sign_in(&new.get(&options), IP).await.is_ok());
    }
}

on_both! {
    async fn the_database_has_no_secret_in_it(world: World) {
        use sqlx::Row;
        let link = world.services.identity().create_owner_link(None).await.expect("link");
        world.shop("clay").await;
        let cookie = world.services.identity().sign_in("clay", PASSWORD, IP).await.expect("sign in").cookie;
        let mut connection = world.connection().await;
        for statement in [
            "SELECT token_hash AS kept FROM owner_link",
            "SELECT token_hash AS kept FROM session",
            "SELECT secret AS kept FROM credential",
        ] {
            let rows = sqlx::query(statement).fetch_all(&mut connection).await.expect("rows");
            assert!(!rows.is_empty());
            for row in rows {
                let kept: String = row.get("kept");
                for secret in [token(&link.path), &cookie, PASSWORD] {
                    assert!(!kept.contains(secret));
                }
            }
        }
    }
}
