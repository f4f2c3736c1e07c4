//! The feed: one order over all shops, read by whoever follows, whichever process wrote.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::event::Event;
use services::{Recorded, Services, Update};
use tokio::sync::mpsc;

use crate::world::{Engine, World, edit, on_both};

/// Follows the feed of `services` into a channel, until it is dropped.
pub(crate) struct Following {
    updates: mpsc::UnboundedReceiver<Update>,
    task: tokio::task::JoinHandle<()>,
}

impl Following {
    pub(crate) async fn begin(services: &Services) -> Self {
        let (sender, mut updates) = mpsc::unbounded_channel();
        let services = services.clone();
        let task = tokio::spawn(async move {
            services
                .follow_feed(std::future::pending(), move |update| {
                    let _ = sender.send(update);
                })
                .await;
        });
        assert_eq!(updates.recv().await, Some(Update::Reset));
        assert!(matches!(updates.recv().await, Some(Update::Current(_))));
        Self { updates, task }
    }

    /// The next events; fails loudly should none come.
    pub(crate) async fn events(&mut self) -> Vec<Recorded> {
        let next = async {
            loop {
                match self.updates.recv().await.expect("followed") {
                    Update::Events(events) => return events,
                    Update::Current(_) => {}
                    Update::Reset => panic!("nothing was lost"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next)
            .await
            .expect("events come")
    }

    async fn reset(&mut self) {
        let next = async { while self.updates.recv().await.expect("followed") != Update::Reset {} };
        tokio::time::timeout(Duration::from_secs(20), next)
            .await
            .expect("a reset comes");
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

on_both! {
    async fn events_of_all_shops_come_once_and_in_order_from_every_process(world: World) {
        let (one, two) = (world.shop("one").await, world.shop("two").await);
        let cup = world.product(&one, "Cup", 1000).await;
        let bowl = world.product(&two, "Bowl", 1000).await;
        let other = world.again().await;
        let mut here = Following::begin(&world.services).await;
        let mut there = Following::begin(&other).await;
        let writers = (0..20_u32).map(|number| {
            let services = if number % 2 == 0 { &world.services } else { &other }.clone();
            let slug = if number % 3 == 0 { &cup.slug } else { &bowl.slug }.clone();
            tokio::spawn(async move { services.checkout().buy(&slug, 1, None, None, None).await.map(|_| ()) })
        });
        for writer in futures::future::join_all(writers).await {
            writer.expect("task").expect("bought");
        }
        let mut seen = Vec::new();
        for following in [&mut here, &mut there] {
            let mut events = Vec::new();
            while events.len() < 20 {
                events.extend(following.events().await);
            }
            assert!(events.windows(2).all(|two| two[0].position + 1 == two[1].position), "no gap");
            assert!(events.iter().all(|recorded| matches!(recorded.event, Some(Event::OrderHeld(_)))));
            seen.push(events);
        }
        assert_eq!(seen[0], seen[1], "one order for everybody");
    }
}

on_both! {
    async fn a_commit_purges_its_own_tags_before_it_answers(world: World) {
        let purged = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&purged);
        world.services.on_commit(move |tags, _| {
            keep.lock().expect("lock").extend(tags.iter().map(ToString::to_string));
        });
        let take = || std::mem::take(&mut *purged.lock().expect("lock"));
        let viewer = world.shop("clay").await;
        let shop = &viewer.shop.id;
        assert_eq!(take(), ["instance".to_owned(), format!("shop:{shop}")]);
        let product = world.product(&viewer, "Cup", 2).await;
        let tags = [format!("product:{}", product.id), format!("listing:{shop}")];
        take();
        let refused = world.services.catalog().update(&viewer, &product.id, &edit("", "38", 2)).await;
        assert!(refused.is_err() && take().is_empty(), "what was not committed purges nothing");
        world.services.catalog().update(&viewer, &product.id, &edit("Cup", "40", 2)).await.expect("edit");
        assert_eq!(take(), tags);
        // A GET that settles an order included.
        let order = world.services.checkout().buy("cup", 1, None, None, None).await.expect("buy");
        assert_eq!(take(), tags);
        let services::checkout::Bought::Held(token) = order else { panic!("{order:?}") };
        world.clock.advance_ms(domain::checkout::HOLD_MS);
        world.services.checkout().order(&token).await.expect("order");
        assert_eq!(take(), tags);
    }
}

on_both! {
    async fn the_feed_says_what_this_process_purged_itself(world: World) {
        let viewer = world.shop("clay").await;
        let cup = world.product(&viewer, "Cup", 9).await;
        world.services.on_commit(|_, _| {});
        let other = world.again().await;
        let mut here = Following::begin(&world.services).await;
        for (services, is_purged) in [(&world.services, true), (&other, false), (&world.services, true)] {
            services.checkout().buy(&cup.slug, 1, None, None, None).await.expect("bought");
            let events = here.events().await;
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].is_purged, is_purged);
        }
    }
}

on_both! {
    async fn a_feed_that_does_not_go_on_resets_and_an_unknown_event_is_told_as_such(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 9).await;
        let mut following = Following::begin(&world.services).await;
        let mut connection = world.connection().await;
        // A release that is newer wrote it.
        let statements = [
            "UPDATE feed_head SET position = position + 1",
            "INSERT INTO event (position, shop_id, body, at) SELECT (SELECT position FROM feed_head), id, \
             '{\"v\":9,\"kind\":\"planet_moved\"}', 0 FROM shop",
        ];
        for statement in statements {
            sqlx::query(statement).execute(&mut connection).await.expect(statement);
        }
        let events = following.events().await;
        assert_eq!((events.len(), &events[0].event, &events[0].shop), (1, &None, &viewer.shop.id));
        // A hole.
        sqlx::query("UPDATE feed_head SET position = position + 5").execute(&mut connection).await.expect("head");
        sqlx::query("INSERT INTO event (position, shop_id, body, at) SELECT (SELECT position FROM feed_head), id, '{}', 0 FROM shop")
            .execute(&mut connection).await.expect("insert");
        following.reset().await;
        // A restored backup: the feed is shorter than what was read.
        for statement in ["DELETE FROM event WHERE position > 2", "UPDATE feed_head SET position = 2"] {
            sqlx::query(statement).execute(&mut connection).await.expect(statement);
        }
        following.reset().await;
    }
}
