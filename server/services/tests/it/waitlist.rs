//! Back-in-stock requests.

use domain::waitlist::{MAX_ENTRIES, RETENTION_MS};
use services::Error;

use crate::world::{Engine, START, World, edit, on_both};

on_both! {
    async fn who_asks_is_noted_once_and_forgotten_when_notified(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 0).await;
        catalog.join_waitlist("cup", " bo@example.org ").await.expect("noted");
        world.clock.advance_ms(1_000);
        catalog.join_waitlist("cup", "ana@example.org").await.expect("noted");
        catalog.join_waitlist("cup", "bo@example.org").await.expect("said the same twice");
        let waiting = catalog.waitlist(&viewer, &product.id).await.expect("list");
        let emails: Vec<&str> = waiting.iter().map(|waiter| waiter.email.as_str()).collect();
        assert_eq!(emails, ["bo@example.org", "ana@example.org"], "the first first");
        assert_eq!(waiting[0].since, START);

        world.clock.advance_ms(1_000);
        catalog.join_waitlist("cup", "late@example.org").await.expect("noted");
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
            let result = catalog.join_waitlist(odd, "ana@example.org").await;
            assert_eq!(result.is_ok(), odd == "cup", "{odd}: {result:?}");
            assert!(matches!(result, Ok(()) | Err(Error::NotFound(_))), "{odd}: {result:?}");
        }
        assert!(catalog.waitlist(&viewer, &product.id).await.expect("list").is_empty(), "it can be bought");
        catalog.join_waitlist("cup", "nonsense").await.expect("nothing to wait for");

        let bought = world.services.checkout().buy("cup", 1, None, None, None).await;
        bought.expect("the last one");
        for wrong in ["", "ana", "ana@", "a b@example.org", "ana@example.org,bo@example.org", "ana@example.org\r\nBcc: x@y.z"] {
            let result = catalog.join_waitlist("cup", wrong).await;
            assert!(matches!(result, Err(Error::Invalid { field: "email", .. })), "{wrong}: {result:?}");
        }
        catalog.join_waitlist("cup", "ana@example.org").await.expect("noted");
        assert_eq!(catalog.waitlist(&viewer, &product.id).await.expect("list").len(), 1);

        catalog.update(&viewer, &product.id, &edit("Cup", "38", 3)).await.expect("more");
        catalog.join_waitlist("cup", "bo@example.org").await.expect("back");
        assert_eq!(catalog.waitlist(&viewer, &product.id).await.expect("list").len(), 1, "it is back");
        catalog.unpublish(&viewer, &product.id).await.expect("unpublish");
        assert!(matches!(catalog.join_waitlist("cup", "bo@example.org").await, Err(Error::NotFound(_))));
    }
}

on_both! {
    async fn the_list_is_bounded_and_ages(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 0).await;
        let mut connection = world.connection().await;
        for number in 1..MAX_ENTRIES {
            sqlx::query("INSERT INTO waitlist (product_id, shop_id, email, created_at) VALUES ($1, $2, $3, $4)")
                .bind(product.id.as_str())
                .bind(viewer.shop.id.as_str())
                .bind(format!("n{number}@example.org"))
                .bind(START.0)
                .execute(&mut connection)
                .await
                .expect("insert");
        }
        world.clock.advance_ms(1_000);
        catalog.join_waitlist("cup", "last@example.org").await.expect("the last place");
        catalog.join_waitlist("cup", "late@example.org").await.expect("the same answer");
        let waiting = catalog.waitlist(&viewer, &product.id).await.expect("list");
        assert_eq!(waiting.len(), MAX_ENTRIES as usize);
        assert_eq!(waiting.last().expect("last").email, "last@example.org", "the oldest stay");

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
        catalog.join_waitlist("cup", "ana@example.org").await.expect("noted");
        catalog.unpublish(&viewer, &product.id).await.expect("unpublish");
        assert_eq!(catalog.waitlist(&viewer, &product.id).await.expect("list").len(), 1, "a draft keeps it");
        catalog.delete(&viewer, &product.id).await.expect("delete");
        let left = sqlx::query("SELECT email FROM waitlist").fetch_all(&mut world.connection().await).await.expect("rows");
        assert!(left.is_empty());
    }
}
