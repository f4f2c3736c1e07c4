use std::net::IpAddr;

use domain::checkout::{ANONYMOUS_HOLD_MS, Filter, HOLD_MS, MAX_HOLD_MS, MAX_OPEN_HOLDS, State};
use services::{
    Error,
    checkout::{Bought, Client, Paid},
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
        Bought::Held(token) => world.order(&token).await,
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

        assert_eq!(checkout.pay(&order.token, &form("success")).await.expect("pay"), Paid::Done);
        let paid = world.order(&order.token).await;
        assert_eq!((paid.state, paid.receipt), (State::Paid, Some(1)));
        assert_eq!(paid.buyer.as_ref().map(|buyer| buyer.name.as_str()), Some("Ana Buyer"));
        assert_eq!(paid.paid_at, Some(world.clock.now()));
        let left = catalog.product(&viewer, &product.id).await.expect("product");
        assert_eq!((left.stock, left.available), (1, 1));

        let (shop, seen) = checkout.order(&order.token).await.expect("order page");
        assert_eq!((shop, &seen), (viewer.shop.clone(), &paid));
        let page = checkout.orders(&viewer, Filter::All, None).await.expect("orders");
        let ids = |orders: &[domain::checkout::Order]| orders.iter().map(|order| (order.id.clone(), order.lines.len())).collect::<Vec<_>>();
        assert_eq!(ids(&page.orders), [(paid.id.clone(), 1)]);
        assert_eq!((page.count(Filter::ToPack), page.count(Filter::Unpaid), page.next), (1, 0, None));
        let (waiting, count) = checkout.to_pack(&viewer, 8).await.expect("to pack");
        assert_eq!((ids(&waiting), count), (vec![(paid.id.clone(), 1)], 1));
        checkout.mark_sent(&viewer, &order.id).await.expect("sent");
        let sent = world.order(&order.token).await;
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
                    Bought::Held(token) => {
                        let paid = services.checkout().pay(&token, &form("success")).await.expect("paid");
                        assert_eq!(paid, Paid::Done);
                        let (_, order) = services.checkout().order(&token).await.expect("order");
                        assert_eq!(order.state, State::Paid);
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
        assert_eq!(world.services.checkout().orders(&viewer, Filter::All, None).await.expect("orders").orders.len(), 1);
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
                    Bought::Held(token) => token,
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
        let open = checkout.orders(&viewer, Filter::Unpaid, None).await.expect("orders").orders;
        let open: Vec<_> = open.iter().filter(|order| order.state.holds()).map(|order| &order.id).collect();
        assert_eq!(open, [&third.id], "one order is open");
        world.clock.advance_ms(HOLD_MS);
        assert_eq!(checkout.expire_holds().await.expect("expire"), 1);
        assert_eq!(checkout.expire_holds().await.expect("expire"), 0, "once");
        assert_eq!(checkout.order(&third.token).await.expect("order").1.state, State::Expired);
        let fourth = held(&world, 1).await;
        checkout.cancel(&fourth.token).await.expect("cancel");
        assert_eq!(world.order(&fourth.token).await.state, State::Cancelled);
        assert_eq!(world.services.catalog().by_slug("cup").await.expect("page").1.available, 1);
        let page = checkout.orders(&viewer, Filter::All, None).await.expect("orders");
        assert!(page.orders.is_empty(), "the shop has nothing to do with these");
        assert_eq!(page.count(Filter::Unpaid), 4);
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

const ADDRESS: &str = "192.0.2.7";

/// A browser that presses buy, with the secret of its cookie.
fn browser<'a>(address: &str, secret: &'a str) -> Option<Client<'a>> {
    let address: IpAddr = address.parse().expect("an address");
    let browser = (!secret.is_empty()).then_some(secret);
    Some(Client { address, browser })
}

async fn press(world: &World, quantity: u32, client: Option<Client<'_>>) -> Result<Bought, Error> {
    let checkout = world.services.checkout();
    checkout
        .buy("cup", quantity, Some(3800), None, client)
        .await
}

fn token(bought: Result<Bought, Error>) -> String {
    match bought.expect("an answer") {
        Bought::Held(token) => token,
        other => panic!("{other:?}"),
    }
}

on_both! {
    /// Without a script and so without a key: the browser's cookie says whose press it is.
    async fn pressing_buy_twice_without_a_key_gives_one_order(world: World) {
        let viewer = world.shop("clay").await;
        let product = world.product(&viewer, "Cup", 2).await;
        for round in 0..3 {
            let presses = (0..6).map(|_| {
                let services = world.services.clone();
                tokio::spawn(async move {
                    let client = browser(ADDRESS, "ana");
                    token(services.checkout().buy("cup", 1, Some(3800), None, client).await)
                })
            });
            let mut tokens: Vec<String> =
                futures::future::join_all(presses).await.into_iter().map(|token| token.expect("task")).collect();
            tokens.sort_unstable();
            tokens.dedup();
            assert_eq!(tokens.len(), 1);
            let stands = world.services.catalog().product(&viewer, &product.id).await.expect("product");
            assert_eq!(stands.reserved(), 1);
            if round == 0 {
                // The last piece is the one it holds itself.
                token(press(&world, 1, browser(ADDRESS, "ben")).await);
                assert_eq!(token(press(&world, 1, browser(ADDRESS, "ana")).await), tokens[0], "not sold: held by whoever asks");
                assert!(matches!(press(&world, 1, browser(ADDRESS, "cem")).await, Ok(Bought::SoldOut(..))));
                let ben = token(press(&world, 1, browser(ADDRESS, "ben")).await);
                world.services.checkout().cancel(&ben).await.expect("cancel");
            }
            let order = world.services.checkout().order(&tokens[0]).await.expect("order").1;
            if round < 2 {
                assert_eq!(usize::try_from(order.number).ok(), Some(1 + 2 * round), "a paid order is not bought again");
                world.services.checkout().pay(&tokens[0], &form("success")).await.expect("pay");
                world.services.catalog().update(&viewer, &product.id, &edit("Cup", "38", 2)).await.expect("two again");
            }
        }
    }
}

on_both! {
    async fn two_browsers_of_one_house_buy_two_pieces(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 10).await;
        let ana = token(press(&world, 1, browser(ADDRESS, "ana")).await);
        let ben = token(press(&world, 1, browser(ADDRESS, "ben")).await);
        assert_ne!(ana, ben);
        assert_ne!(token(press(&world, 2, browser(ADDRESS, "ana")).await), ana, "two pieces are another wish");
        world.services.checkout().cancel(&ben).await.expect("cancel");
        assert_ne!(token(press(&world, 1, browser(ADDRESS, "ben")).await), ben, "a cancelled order is not bought again");
        world.clock.advance_ms(ANONYMOUS_HOLD_MS);
        assert_ne!(token(press(&world, 1, browser(ADDRESS, "ana")).await), ana, "nor one that is over");
    }
}

on_both! {
    async fn one_address_holds_little_without_paying(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 1000).await;
        world.product(&viewer, "Bowl", 1000).await;
        let checkout = world.services.checkout();
        for _ in 0..MAX_OPEN_HOLDS {
            token(press(&world, 1, browser("2001:db8::1", "")).await);
        }
        // Another address of the same network is the same household.
        let refused = press(&world, 1, browser("2001:db8::2", "")).await;
        let Err(Error::Limited { message, retry_after_s }) = refused else { panic!("{refused:?}") };
        assert!(message.contains("Pay or cancel one of them, or try again in 5 minutes."), "{message}");
        assert_eq!(retry_after_s, u64::try_from(ANONYMOUS_HOLD_MS / 1000).expect("seconds"));
        token(press(&world, 1, browser("2001:db8:0:1::1", "")).await);
        checkout.buy("bowl", 1, None, None, browser("2001:db8::1", "")).await.expect("another product");

        token(press(&world, 99, browser("198.51.100.1", "")).await);
        assert!(matches!(press(&world, 1, browser("198.51.100.1", "")).await, Err(Error::Limited { .. })), "pieces count too");

        let mut of_one = Vec::new();
        for quantity in 1..=3 {
            of_one.push(token(press(&world, quantity, browser(ADDRESS, "ana")).await));
        }
        assert!(matches!(press(&world, 4, browser(ADDRESS, "ana")).await, Err(Error::Limited { .. })));
        token(press(&world, 4, browser(ADDRESS, "ben")).await);
        checkout.pay(&of_one[0], &form("success")).await.expect("pay");
        token(press(&world, 4, browser(ADDRESS, "ana")).await);

        world.clock.advance_ms(ANONYMOUS_HOLD_MS);
        token(press(&world, 1, browser("2001:db8::2", "")).await);
        let mut connection = world.connection().await;
        let kept: i64 = sqlx::query("SELECT COUNT(*) AS n FROM reservation WHERE state = 'committed' AND (client IS NOT NULL OR browser IS NOT NULL)")
            .fetch_one(&mut connection).await.expect("row").get("n");
        assert_eq!(kept, 0, "whoever paid is not remembered by address");
    }
}

on_both! {
    async fn a_hold_is_short_until_it_is_known_who_buys(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 2).await;
        let checkout = world.services.checkout();
        let nobody = held(&world, 1).await;
        assert_eq!(nobody.held_until, world.clock.now().plus_ms(ANONYMOUS_HOLD_MS));
        let known = held(&world, 1).await;
        world.clock.advance_ms(ANONYMOUS_HOLD_MS - 1);
        checkout.pay(&known.token, &form("decline")).await.expect("declined");
        world.clock.advance_ms(1);
        assert_eq!(checkout.expire_holds().await.expect("expire"), 1);
        assert_eq!(checkout.order(&nobody.token).await.expect("order").1.state, State::Expired);
        let tried = checkout.order(&known.token).await.expect("order").1;
        assert_eq!(tried.held_until, world.clock.now().plus_ms(HOLD_MS - 1));
        // Trying for ever does not hold for ever.
        for _ in 0..10 {
            world.clock.advance_ms(HOLD_MS - 2);
            if checkout.pay(&known.token, &form("decline")).await.is_err() {
                break;
            }
        }
        let over = checkout.order(&known.token).await.expect("order").1;
        assert_eq!(over.state, State::Expired);
        assert!(world.clock.now() <= known.created_at.plus_ms(MAX_HOLD_MS + HOLD_MS));
    }
}

on_both! {
    async fn a_long_list_of_orders_has_pages(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 1000).await;
        let checkout = world.services.checkout();
        let start = world.clock.now();
        for number in 0..103 {
            let order = held(&world, 1).await;
            if number % 2 == 0 {
                checkout.pay(&order.token, &form("success")).await.expect("pay");
            }
        }
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = checkout.orders(&viewer, Filter::All, before).await.expect("orders");
            assert!(page.orders.len() <= 50 && page.orders.iter().all(|order| order.lines.len() == 1));
            assert_eq!((page.count(Filter::All), page.count(Filter::Unpaid)), (52, 51));
            seen.extend(page.orders.iter().map(|order| order.number));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        let expected: Vec<u32> = (1..=103).rev().step_by(2).collect();
        assert_eq!(seen, expected, "each once, newest first");
        let (waiting, count) = checkout.to_pack(&viewer, 3).await.expect("to pack");
        assert_eq!((waiting.iter().map(|order| order.number).collect::<Vec<_>>(), count), (vec![1, 3, 5], 52));
        let sales = checkout.sales(&viewer, start).await.expect("sales");
        assert_eq!((sales[0].orders, sales[0].minor, sales.len()), (52, 52 * 3800, 1));
    }
}

on_both! {
    async fn an_order_that_cannot_be_read_hides_no_other(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 10).await;
        let checkout = world.services.checkout();
        let orders = [held(&world, 1).await, held(&world, 1).await, held(&world, 1).await];
        for order in &orders {
            checkout.pay(&order.token, &form("unknown")).await.expect("pending");
        }
        let mut connection = world.connection().await;
        for (statement, id) in [
            ("UPDATE orders SET buyer = 'not json' WHERE id = $1", &orders[0].id),
            ("UPDATE payment_attempt SET currency = 'XXX' WHERE order_id = $1", &orders[1].id),
        ] {
            sqlx::query(statement).bind(id.as_str()).execute(&mut connection).await.expect("damage");
        }
        let page = checkout.orders(&viewer, Filter::All, None).await.expect("orders");
        assert_eq!(page.orders.iter().map(|order| &order.id).collect::<Vec<_>>(), [&orders[2].id, &orders[1].id]);
        world.clock.advance_ms(10_000);
        world.services.drain().await.expect("drain");
        assert_eq!(checkout.order(&orders[2].token).await.expect("order").1.state, State::Paid);
        assert_eq!(checkout.order(&orders[1].token).await.expect("order").1.state, State::Pending, "its page still opens");
    }
}
