//! Back-in-stock requests.

use std::net::{IpAddr, Ipv4Addr};

use domain::waitlist::{MAX_ENTRIES, RETENTION_MS};
use services::Error;

use crate::world::{Engine, IP, START, World, edit, on_both};

on_both! {
    async fn who_asks_is_noted_once_and_forgotten_when_notified(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 0).await;
        catalog.join_waitlist("cup", " bo@example.org ", IP).await.expect("noted");
        world.clock.advance_ms(1_000);
        catalog.join_waitlist("cup", "ana@example.org", IP).await.expect("noted");
        catalog.join_waitlist("cup", "bo@example.org", IP).await.expect("said the same twice");
        let waiting = catalog.waitlist(&viewer, &product.id).await.expect("list");
        let emails: Vec<&str> = waiting.iter().map(|waiter| waiter.email.as_str()).collect();
        assert_eq!(emails, ["bo@example.org", "ana@example.org"], "the first first");
        assert_eq!(waiting[0].since, START);

        world.clock.advance_ms(1_000);
        catalog.join_waitlist("cup", "late@example.org", IP).await.expect("noted");
        let notified = catalog.notified_waitlist(&viewer, &product.id, waiting[1].since).await.expect("notified");
        assert_eq!(notified, 2);
        let left = catalog.waitlist(&viewer, &product.id).await.expect("list");
        assert_eq!(left[0].email, "late@example.org", "who came since was not written to");
        assert_eq!(catalog.notified_waitlist(&viewer, &product.id, waiting[1].since).await.expect("notified"), 0);

        let kinds: Vec<String> = world.events(&viewer).await.into_iter().filter(|kind| kind.starts_with("waitlist_")).collect();
        assert_eq!(kinds, ["waitlist_joined", "waitlist_joined", "waitlist_joined", "waitlist_notified"]);
        let bodies = sqlx::query("SELECT body FROM event WHERE body LIKE '%example.org%'").fetch_all(&mut world.connection().await).await.expect("rows");
        assert!(bodies.is_empty(), "events hold no address");
    }
}

on_both! {
    async fn only_for_what_is_sold_out_and_only_an_address(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 1).await;
        for odd in ["cup", "CUP", "no-such-cup", "", "a\r\nb", "-"] {
            let result = catalog.join_waitlist(odd, "ana@example.org", IP).await;
            assert_eq!(result.is_ok(), odd == "cup", "{odd}: {result:?}");
            assert!(matches!(result, Ok(()) | Err(Error::NotFound(_))), "{odd}: {result:?}");
        }
        assert!(catalog.waitlist(&viewer, &product.id).await.expect("list").is_empty(), "it can be bought");
        catalog.join_waitlist("cup", "nonsense", IP).await.expect("nothing to wait for");

        let bought = world.services.checkout().buy("cup", 1, None, None, None).await;
        bought.expect("the last one");
        for wrong in ["", "ana", "ana@", "a b@example.org", "ana@example.org,bo@example.org", "ana@example.org\r\nBcc: x@y.z"] {
            let result = catalog.join_waitlist("cup", wrong, IP).await;
            assert!(matches!(result, Err(Error::Invalid { field: "email", .. })), "{wrong}: {result:?}");
        }
        catalog.join_waitlist("cup", "ana@example.org", IP).await.expect("noted");
        assert_eq!(catalog.waitlist(&viewer, &product.id).await.expect("list").len(), 1);

        catalog.update(&viewer, &product.id, &edit("Cup", "38", 3)).await.expect("more");
        catalog.join_waitlist("cup", "bo@example.org", IP).await.expect("back");
        assert_eq!(catalog.waitlist(&viewer, &product.id).await.expect("list").len(), 1, "it is back");
        catalog.unpublish(&viewer, &product.id).await.expect("unpublish");
        assert!(matches!(catalog.join_waitlist("cup", "bo@example.org", IP).await, Err(Error::NotFound(_))));
    }
}

/// The address of a household of a network of its own.
fn network(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits((10 << 24) | (number << 8) | 7))
}

on_both! {
    async fn one_network_adds_only_a_few(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let cup = world.product(&viewer, "Cup", 0).await;
        let mut refused = 0;
        for number in 0..500 {
            // Many households of one network.
            let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, (number % 250) as u8));
            let joined = catalog.join_waitlist("cup", &format!("made-up-{number}@example.org"), from).await;
            match joined {
                Ok(()) => {}
                Err(Error::Limited { message, retry_after_s }) => {
                    assert!(message.contains("your network") && message.contains("60 minutes"), "{message}");
                    assert_eq!(retry_after_s, 3600);
                    refused += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(refused, 480);
        assert_eq!(catalog.waitlist(&viewer, &cup.id).await.expect("list").len(), 20);
        catalog.join_waitlist("cup", "made-up-1@example.org", IP).await.expect("who is on the list is told so, from anywhere");
        catalog.join_waitlist("cup", "ana@example.org", network(1)).await.expect("another network");

        // Nor does it fill the lists of a whole shop.
        let mut noted = 20;
        for title in ["Bowl", "Vase", "Plate"] {
            let product = world.product(&viewer, title, 0).await;
            for number in 0..20 {
                let _ = catalog.join_waitlist(&product.slug, &format!("made-up-{number}@example.org"), IP).await;
            }
            noted += catalog.waitlist(&viewer, &product.id).await.expect("list").len();
        }
        assert_eq!(noted, 60);
        world.clock.advance_ms(60 * 60 * 1000);
        catalog.join_waitlist("cup", "late@example.org", IP).await.expect("an hour later there is room for one");
    }
}

on_both! {
    async fn a_full_list_makes_room_for_people_from_elsewhere(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 0).await;
        let mut connection = world.connection().await;
        // Made up from a hundred networks, but for one person who was there before.
        for number in 0..MAX_ENTRIES {
            sqlx::query("INSERT INTO waitlist (product_id, shop_id, email, network, created_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(product.id.as_str())
                .bind(viewer.shop.id.as_str())
                .bind(format!("n{number}@example.org"))
                .bind(if number == 0 { "203.0.113.0".to_owned() } else { format!("10.0.{}.0", number % 100) })
                .bind(START.0 + i64::from(number))
                .execute(&mut connection)
                .await
                .expect("insert");
        }
        world.clock.advance_ms(10_000);
        for number in 1000..1050 {
            catalog.join_waitlist("cup", &format!("real{number}@example.org"), network(number)).await.expect("noted");
        }
        let waiting = catalog.waitlist(&viewer, &product.id).await.expect("list");
        assert_eq!(waiting.len(), MAX_ENTRIES as usize);
        let real = waiting.iter().filter(|entry| entry.email.starts_with("real")).count();
        assert_eq!(real, 50);
        assert!(waiting.iter().any(|entry| entry.email == "n0@example.org"), "who came alone stays");
        let crowded: IpAddr = "10.0.3.9".parse().expect("an address");
        let refused = catalog.join_waitlist("cup", "one-more@example.org", crowded).await;
        assert!(matches!(refused, Err(Error::Limited { ref message, .. }) if message.contains("Nothing was noted")), "{refused:?}");
    }
}

on_both! {
    async fn the_list_ages(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 0).await;
        catalog.join_waitlist("cup", "first@example.org", IP).await.expect("noted");
        world.clock.advance_ms(1_000);
        catalog.join_waitlist("cup", "last@example.org", IP).await.expect("noted");
        world.clock.advance_ms(RETENTION_MS - 1_000);
        world.services.drain().await.expect("drain");
        let waiting = catalog.waitlist(&viewer, &product.id).await.expect("list");
        assert_eq!(waiting.len(), 1, "180 days are over for all but one");
        // The sweep comes round every five minutes.
        world.clock.advance_ms(300_000);
        world.services.drain().await.expect("drain");
        assert!(catalog.waitlist(&viewer, &product.id).await.expect("list").is_empty());
    }
}

on_both! {
    async fn the_list_goes_with_its_product(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 0).await;
        catalog.join_waitlist("cup", "ana@example.org", IP).await.expect("noted");
        catalog.unpublish(&viewer, &product.id).await.expect("unpublish");
        assert_eq!(catalog.waitlist(&viewer, &product.id).await.expect("list").len(), 1, "a draft keeps it");
        catalog.delete(&viewer, &product.id).await.expect("delete");
        let left = sqlx::query("SELECT email FROM waitlist").fetch_all(&mut world.connection().await).await.expect("rows");
        assert!(left.is_empty());
    }
}
