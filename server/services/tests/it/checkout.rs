use domain::checkout::{HOLD_MS, State};
use services::{
    Error,
    checkout::{Bought, Paid},
};

use sqlx::Row;

use crate::world::{Engine, World, edit, form, on_both};

pub(crate) async fn held(world: &World, quantity: u32) -> domain::checkout::Order {
    match world
        .services
        .checkout()
        .buy("cup", quantity, Some(3800), None, None)
        .await
        .expect("buy")
    {
        Bought::Held(order) => order,
        other => panic!("{other:?}"),
    }
}

on_both! {
    async fn buying_holds_paying_sells(world: World) {
        let viewer = world.shop("clay").await;
        let product = world.product(&viewer, "Cup", 3).await;
        let (catalog, checkout) = (world.services.catalog(), world.services.checkout());
        let order = held(&world, 2).await;
        assert_eq!((order.state, order.number, order.total.minor, order.test), (State::Held, 1, 7600, true));
        assert_eq!(order.lines[0].photo.as_ref().map(|photo| &photo.id), product.media.first().map(|media| &media.id));
        assert_eq!(catalog.by_slug("cup").await.expect("page").1.available, 1);

        let Paid::Done(paid) = checkout.pay(&order.token, &form("success")).await.expect("pay") else { panic!("declined") };
        assert_eq!((paid.state, paid.receipt), (State::Paid, Some(1)));
        assert_eq!(paid.buyer.as_ref().map(|buyer| buyer.name.as_str()), Some("Ana Buyer"));
        assert_eq!(paid.paid_at, Some(world.clock.now()));
        let left = catalog.product(&viewer, &product.id).await.expect("product");
        assert_eq!((left.stock, left.available), (1, 1));

        let (shop, seen) = checkout.order(&order.token).await.expect("order page");
        assert_eq!((shop, &seen), (viewer.shop.clone(), &paid));
        assert_eq!(checkout.orders(&viewer).await.expect("orders"), std::slice::from_ref(&paid));
        let sent = checkout.mark_sent(&viewer, &order.id).await.expect("sent");
        assert_eq!((sent.state, sent.sent_at), (State::Sent, Some(world.clock.now())));
        checkout.mark_sent(&viewer, &order.id).await.expect("twice is fine");
        assert!(matches!(checkout.cancel(&order.token).await, Err(Error::Conflict(_))));
        let events: Vec<String> = world.events(&viewer).await.into_iter().filter(|kind| kind.starts_with("order")).collect();
        assert_eq!(events, ["order_held", "order_paying", "order_paid", "order_sent"]);
    }
}

on_both! {
    async fn a_hundred_buyers_of_one_piece(world: World) {
        let viewer = world.shop("clay").await;
        let product = world.product(&viewer, "Cup", 1).await;
        let buyers = (0..100).map(|_| {
            let services = world.services.clone();
            tokio::spawn(async move {
                match services.checkout().buy("cup", 1, Some(3800), None, None).await.expect("an answer") {
                    Bought::Held(order) => {
                        let paid = services.checkout().pay(&order.token, &form("success")).await.expect("paid");
                        assert!(matches!(paid, Paid::Done(order) if order.state == State::Paid));
                        1
                    }
                    Bought::SoldOut(..) => 0,
                    Bought::PriceChanged(..) => panic!("the price did not change"),
                }
            })
        });
        let sold: Vec<u32> = futures::future::join_all(buyers).await.into_iter().map(|sold| sold.expect("task")).collect();
        assert_eq!(sold.iter().sum::<u32>(), 1);
        let left = world.services.catalog().product(&viewer, &product.id).await.expect("product");
        assert_eq!((left.stock, left.available), (0, 0));
        assert_eq!(world.services.checkout().orders(&viewer).await.expect("orders").len(), 1);
    }
}

on_both! {
    async fn pressing_buy_twice_gives_one_order(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 10).await;
        world.product(&viewer, "Bowl", 10).await;
        let attempt = "an-attempt-0123456789";
        let presses = (0..8).map(|_| {
            let services = world.services.clone();
            tokio::spawn(async move {
                match services.checkout().buy("cup", 1, Some(3800), Some(attempt), None).await.expect("an answer") {
                    Bought::Held(order) => order.token,
                    other => panic!("{other:?}"),
                }
            })
        });
        let mut tokens: Vec<String> =
            futures::future::join_all(presses).await.into_iter().map(|token| token.expect("task")).collect();
        tokens.sort_unstable();
        tokens.dedup();
        assert_eq!(tokens.len(), 1);
        assert_eq!(world.services.catalog().by_slug("cup").await.expect("page").1.available, 9);
        let checkout = world.services.checkout();
        assert!(matches!(checkout.buy("bowl", 1, None, Some(attempt), None).await, Err(Error::Conflict(_))));
        assert!(matches!(checkout.buy("cup", 1, None, Some("short"), None).await, Err(Error::Invalid { field: "idempotency_key", .. })));
    }
}

on_both! {
    async fn what_cannot_be_bought_says_why(world: World) {
        let viewer = world.shop("clay").await;
        let product = world.product(&viewer, "Cup", 2).await;
        let checkout = world.services.checkout();
        for quantity in [0, 100, u32::MAX] {
            assert!(matches!(checkout.buy("cup", quantity, None, None, None).await, Err(Error::Invalid { field: "quantity", .. })));
        }
        assert!(matches!(checkout.buy("nothing", 1, None, None, None).await, Err(Error::NotFound(_))));
        assert!(matches!(checkout.buy("../etc", 1, None, None, None).await, Err(Error::NotFound(_))));
        assert!(matches!(checkout.buy("cup", 3, None, None, None).await.expect("answer"), Bought::SoldOut(_, page) if page.available == 2));
        world.services.catalog().update(&viewer, &product.id, &edit("Cup", "40", 2)).await.expect("dearer");
        let changed = checkout.buy("cup", 1, Some(3800), None, None).await.expect("answer");
        assert!(matches!(changed, Bought::PriceChanged(_, page) if page.price.is_some_and(|price| price.minor == 4000) && page.available == 2));
        world.services.catalog().unpublish(&viewer, &product.id).await.expect("unpublish");
        assert!(matches!(checkout.buy("cup", 1, None, None, None).await, Err(Error::NotFound(_))));
    }
}

on_both! {
    async fn holds_end_and_give_the_stock_back(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 1).await;
        let checkout = world.services.checkout();
        let first = held(&world, 1).await;
        assert!(matches!(checkout.buy("cup", 1, None, None, None).await.expect("answer"), Bought::SoldOut(..)));
        assert_eq!(checkout.expire_holds().await.expect("expire"), 0, "not yet");
        world.clock.advance_ms(HOLD_MS);
        // Nobody swept: the next buyer does.
        let second = held(&world, 1).await;
        assert_eq!(checkout.order(&first.token).await.expect("order").1.state, State::Expired);
        let late = checkout.pay(&first.token, &form("success")).await;
        assert!(matches!(late, Err(Error::Gone(ref message)) if message.contains("Nothing was charged")));

        world.clock.advance_ms(HOLD_MS);
        assert!(matches!(checkout.pay(&second.token, &form("success")).await, Err(Error::Gone(_))), "paying late, before any sweep");
        assert_eq!(world.services.catalog().by_slug("cup").await.expect("page").1.available, 1);

        let third = held(&world, 1).await;
        let open = checkout.orders(&viewer).await.expect("orders");
        assert_eq!(open.iter().map(|order| &order.id).collect::<Vec<_>>(), [&third.id], "one order is open");
        world.clock.advance_ms(HOLD_MS);
        assert_eq!(checkout.expire_holds().await.expect("expire"), 1);
        assert_eq!(checkout.expire_holds().await.expect("expire"), 0, "once");
        assert_eq!(checkout.order(&third.token).await.expect("order").1.state, State::Expired);
        let fourth = held(&world, 1).await;
        assert_eq!(checkout.cancel(&fourth.token).await.expect("cancel").state, State::Cancelled);
        assert_eq!(world.services.catalog().by_slug("cup").await.expect("page").1.available, 1);
        assert!(checkout.orders(&viewer).await.expect("orders").is_empty(), "the shop has nothing to do with these");
    }
}

on_both! {
    async fn without_a_gateway_nothing_is_held(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 1).await;
        let open = held(&world, 1).await;
        let mut config = world.config.clone();
        config.test_payments = false;
        let services = services::Services::open_with(config, world.clock.clone(), services::Random::System).await.expect("open");
        assert!(matches!(services.checkout().buy("cup", 1, None, None, None).await, Err(Error::Unavailable(_))));
        assert!(matches!(services.checkout().pay(&open.token, &form("success")).await, Err(Error::Unavailable(_))));
        assert_eq!(services.checkout().order(&open.token).await.expect("order").1.state, State::Held);
    }
}

on_both! {
    /// Reserved, committed, off the shelf: and the history says why the pieces that can be sold became fewer.
    async fn stock_goes_from_the_shelf_to_the_parcel(world: World) {
        let viewer = world.shop("clay").await;
        let product = world.product(&viewer, "Cup", 5).await;
        let checkout = world.services.checkout();
        let mut connection = world.connection().await;
        let mut stands = async || -> (i64, i64, i64) {
            let row = sqlx::query("SELECT on_hand, reserved, committed FROM stock").fetch_one(&mut connection).await.expect("row");
            (row.get("on_hand"), row.get("reserved"), row.get("committed"))
        };
        assert_eq!(stands().await, (5, 0, 0));
        let order = held(&world, 2).await;
        assert_eq!(stands().await, (5, 2, 0));
        checkout.pay(&order.token, &form("success")).await.expect("pay");
        assert_eq!(stands().await, (5, 0, 2));
        world.services.catalog().update(&viewer, &product.id, &edit("Cup", "38", 7)).await.expect("counted again");
        assert_eq!(stands().await, (9, 0, 2), "seven that can be sold, and two that wait for the parcel");
        checkout.mark_sent(&viewer, &order.id).await.expect("sent");
        checkout.mark_sent(&viewer, &order.id).await.expect("twice is fine");
        assert_eq!(stands().await, (7, 0, 0));
        let moves = sqlx::query("SELECT delta, reason, subject, by_person FROM stock_move ORDER BY id")
            .fetch_all(&mut connection).await.expect("rows");
        let moves: Vec<(i64, String)> = moves.iter().map(|row| (row.get("delta"), row.get("reason"))).collect();
        let as_told: Vec<(i64, &str)> = moves.iter().map(|(delta, reason)| (*delta, reason.as_str())).collect();
        assert_eq!(as_told, [(5, "correction"), (-2, "sold"), (4, "correction")]);
        assert_eq!(moves.iter().map(|(delta, _)| delta).sum::<i64>(), 7, "the sum is what can be sold");
    }
}
