//! Baskets: several things in one order, all of them or nothing.

use std::net::IpAddr;

use domain::{
    catalog::{Product, variant::OptionsForm},
    checkout::{
        State,
        cart::{Cart, MOST_LINES},
    },
    discount::form::DiscountForm,
    id::VariantId,
    identity::Shop,
};
use services::{
    Error,
    checkout::{Checked, Client, Paid, Seen},
};

use crate::{
    variant::{check_stock, cups, options},
    world::{Engine, World, edit, form, on_both},
};

fn seen(product: &Product, at: usize, quantity: u32) -> Seen {
    let variant = &product.variants[at];
    Seen {
        variant: variant.id.clone(),
        quantity,
        price_minor: product.price_of(variant).expect("a price").minor,
    }
}

fn key(number: usize) -> String {
    format!("a-basket-key-{number:08}")
}

async fn held(world: &World, shop: &Shop, lines: &[Seen], number: usize) -> String {
    let checked = world
        .services
        .checkout()
        .check_out(shop, lines, &key(number), None)
        .await;
    match checked.expect("checked") {
        Checked::Held(token) => token,
        other => panic!("{other:?}"),
    }
}

on_both! {
    async fn a_basket_becomes_one_order(world: World) {
        let viewer = world.shop("clay").await;
        let (cup, bowl) = (cups(&world, &viewer, 2).await, world.product(&viewer, "Bowl", 9).await);
        let checkout = world.services.checkout();
        let lines = [seen(&cup, 1, 2), seen(&bowl, 0, 3), seen(&cup, 0, 1)];
        let token = held(&world, &viewer.shop, &lines, 1).await;
        let order = world.order(&token).await;
        let stands: Vec<_> = order.lines.iter().map(|line| (line.name(), line.quantity, line.total.minor)).collect();
        let expected = [("Cup, Large", 2, 9200), ("Bowl", 3, 11_400), ("Cup, Small", 1, 3800)];
        assert_eq!(stands, expected.map(|(name, quantity, minor)| (name.to_owned(), quantity, minor)));
        assert_eq!((order.total.minor, order.number), (24_400, 1));
        check_stock(&world).await;
        // The same page again is the same order; another basket from it is refused.
        assert_eq!(held(&world, &viewer.shop, &lines, 1).await, token);
        assert!(matches!(checkout.check_out(&viewer.shop, &lines[..1], &key(1), None).await, Err(Error::Conflict(_))));

        // A code is taken off over all lines, to the cent.
        let code = DiscountForm { code: "thirds".into(), kind: "percent".into(), value: "33.3".into(), ..DiscountForm::default() };
        world.services.discounts().make(&viewer, &code).await.expect("a code");
        let mut buyer = form("success");
        buyer.code = "thirds".into();
        checkout.requote(&token, &buyer).await.expect("quote");
        let order = world.order(&token).await;
        let lines_sum: i64 = order.lines.iter().map(|line| line.taxed.total()).sum();
        assert_eq!((order.total.minor, order.discount()), (lines_sum, 24_400 - lines_sum));
        assert_eq!(checkout.pay(&token, &buyer).await.expect("paid"), Paid::Done);
        let left = world.services.catalog().product(&viewer, &cup.id).await.expect("cup");
        assert_eq!(left.variants.iter().map(|variant| variant.stock).collect::<Vec<_>>(), [2, 0]);
        check_stock(&world).await;
    }
}

on_both! {
    async fn a_basket_is_held_whole_or_not_at_all(world: World) {
        let viewer = world.shop("clay").await;
        let (cup, bowl) = (world.product(&viewer, "Cup", 5).await, world.product(&viewer, "Bowl", 1).await);
        let (catalog, checkout) = (world.services.catalog(), world.services.checkout());
        let short = checkout.check_out(&viewer.shop, &[seen(&cup, 0, 1), seen(&bowl, 0, 2)], &key(1), None).await;
        assert_eq!(short.expect("checked"), Checked::Short(vec![bowl.variants[0].id.clone()]));
        assert_eq!(catalog.by_slug("cup").await.expect("cup").1.available, 5, "nothing was held");

        // The page says which, how many there are, and what they cost.
        let wanted = Cart::read(&format!("{}.1~{}.2~nobody.1", cup.variants[0].id, bowl.variants[0].id));
        let page = checkout.cart(&viewer.shop, &wanted).await.expect("page");
        let stands: Vec<_> = page.lines.iter().map(|line| line.offer.as_ref().map(|offer| (offer.title.as_str(), offer.available))).collect();
        assert_eq!(stands, [Some(("Cup", 5)), Some(("Bowl", 1)), None]);
        assert_eq!(page.total(), None);

        let dearer = Seen { price_minor: 100, ..seen(&cup, 0, 1) };
        let changed = checkout.check_out(&viewer.shop, &[dearer, seen(&bowl, 0, 1)], &key(2), None).await;
        assert_eq!(changed.expect("checked"), Checked::PriceChanged(vec![cup.variants[0].id.clone()]));
        catalog.unpublish(&viewer, &bowl.id).await.expect("taken down");
        let gone = checkout.check_out(&viewer.shop, &[seen(&cup, 0, 1), seen(&bowl, 0, 1)], &key(3), None).await;
        assert_eq!(gone.expect("checked"), Checked::Short(vec![bowl.variants[0].id.clone()]));
        assert_eq!(catalog.by_slug("cup").await.expect("cup").1.available, 5);

        let other = world.shop("ash").await;
        let theirs = world.product(&other, "Vase", 5).await;
        let stolen = checkout.check_out(&viewer.shop, &[seen(&cup, 0, 1), seen(&theirs, 0, 1)], &key(4), None).await;
        assert_eq!(stolen.expect("checked"), Checked::Short(vec![theirs.variants[0].id.clone()]), "another shop's");
        let told = checkout.cart(&viewer.shop, &Cart::read(&format!("{}.1", theirs.variants[0].id))).await.expect("page");
        assert_eq!(told.lines[0].offer, None);
        let many: Vec<Seen> = (0..=MOST_LINES).map(|at| Seen { variant: format!("v{at}").parse().expect("an id"), quantity: 1, price_minor: 1 }).collect();
        for lines in [&[][..], &[seen(&cup, 0, 1), seen(&cup, 0, 1)], &many] {
            assert!(matches!(checkout.check_out(&viewer.shop, lines, &key(5), None).await, Err(Error::Invalid { field: "line", .. })));
        }
        for quantity in [0, 100, u32::MAX] {
            let odd = checkout.check_out(&viewer.shop, &[seen(&cup, 0, quantity)], &key(6), None).await;
            assert!(matches!(odd, Err(Error::Invalid { field: "quantity", .. })), "{quantity}");
        }
        assert!(matches!(checkout.check_out(&viewer.shop, &[seen(&cup, 0, 1)], "short", None).await, Err(Error::Invalid { .. })));
        check_stock(&world).await;
    }
}

on_both! {
    /// Baskets of A,B and of B,A at once: nobody waits for ever, and no piece is sold twice.
    async fn baskets_the_other_way_round_do_not_deadlock(world: World) {
        let viewer = world.shop("clay").await;
        let (cup, bowl) = (world.product(&viewer, "Cup", 30).await, world.product(&viewer, "Bowl", 20).await);
        let buyers = (0..60).map(|at: usize| {
            let (services, shop) = (world.services.clone(), viewer.shop.clone());
            let mut lines = vec![seen(&cup, 0, 1), seen(&bowl, 0, 1)];
            if at % 2 == 1 {
                lines.reverse();
            }
            tokio::spawn(async move {
                let checkout = services.checkout();
                match checkout.check_out(&shop, &lines, &key(at), None).await.expect("an answer") {
                    Checked::Held(token) if at.is_multiple_of(3) => {
                        checkout.cancel(&token).await.expect("given up");
                        0
                    }
                    Checked::Held(token) => {
                        assert_eq!(checkout.pay(&token, &form("success")).await.expect("paid"), Paid::Done);
                        1
                    }
                    Checked::Short(_) => 0,
                    Checked::PriceChanged(_) => panic!("no price changed"),
                }
            })
        });
        let sold: u32 = futures::future::join_all(buyers).await.into_iter().map(|sold| sold.expect("task")).sum();
        let left = async |slug: &str| world.services.catalog().by_slug(slug).await.expect("page").1;
        assert_eq!((left("cup").await.stock, left("bowl").await.stock), (30 - sold, 20 - sold));
        assert!(sold > 0 && left("bowl").await.available == 20 - sold);
        check_stock(&world).await;
    }
}

on_both! {
    async fn a_browser_that_presses_again_repeats_its_basket(world: World) {
        let viewer = world.shop("clay").await;
        let (cup, bowl) = (world.product(&viewer, "Cup", 50).await, world.product(&viewer, "Bowl", 50).await);
        let checkout = world.services.checkout();
        let client = Client { address: IpAddr::from([192, 0, 2, 1]), browser: Some("a-browser") };
        let both = [seen(&cup, 0, 1), seen(&bowl, 0, 2)];
        let press = async |lines: &[Seen], number| checkout.check_out(&viewer.shop, lines, &key(number), Some(client)).await;
        let Ok(Checked::Held(first)) = press(&both, 1).await else { panic!("held") };
        assert_eq!(press(&both, 2).await.expect("checked"), Checked::Held(first.clone()), "another page, the same basket");
        let Ok(Checked::Held(second)) = press(&both[..1], 3).await else { panic!("held") };
        assert_ne!(first, second, "a part of it is another order");
        let Ok(Checked::Held(third)) = press(&[seen(&cup, 0, 1), seen(&bowl, 0, 1)], 4).await else { panic!("held") };
        assert_ne!(first, third);
        // Three unpaid orders of cups are all that a browser can have.
        assert!(matches!(press(&[seen(&cup, 0, 2)], 5).await, Err(Error::Limited { .. })));
        // As many pieces of a product as one order takes, over all of its variants.
        let sizes: OptionsForm = options(&[("Size", "Small, Large")]);
        let plate = world.product(&viewer, "Plate", 80).await;
        let plate = world.services.catalog().set_options(&viewer, &plate.id, &sizes).await.expect("options");
        let much = press(&[seen(&plate, 0, 60), seen(&plate, 1, 60)], 6).await;
        assert!(matches!(much, Err(Error::Invalid { field: "quantity", .. })));
        check_stock(&world).await;
    }
}

on_both! {
    async fn what_a_basket_holds_expires_and_can_be_had_again(world: World) {
        let viewer = world.shop("clay").await;
        let (cup, bowl) = (world.product(&viewer, "Cup", 1).await, world.product(&viewer, "Bowl", 1).await);
        let checkout = world.services.checkout();
        let lines = [seen(&bowl, 0, 1), seen(&cup, 0, 1)];
        let first = held(&world, &viewer.shop, &lines, 1).await;
        let short = checkout.check_out(&viewer.shop, &lines, &key(2), None).await.expect("checked");
        let variants: Vec<VariantId> = lines.iter().map(|line| line.variant.clone()).collect();
        assert_eq!(short, Checked::Short(variants));
        world.clock.advance_ms(domain::checkout::HOLD_MS);
        // Nobody swept: the next buyer does.
        let second = held(&world, &viewer.shop, &lines, 3).await;
        assert_eq!(world.order(&first).await.state, State::Expired);
        assert_eq!(checkout.pay(&second, &form("success")).await.expect("paid"), Paid::Done);
        check_stock(&world).await;
    }
}

on_both! {
    /// An order that cost nothing is called off like any other, and its pieces come back.
    async fn an_order_for_nothing_is_called_off(world: World) {
        let viewer = world.shop("clay").await;
        let cup = world.product(&viewer, "Cup", 2).await;
        let (catalog, checkout) = (world.services.catalog(), world.services.checkout());
        assert!(!world.services.terms().terms(&viewer).await.expect("terms").has_codes);
        let code = DiscountForm { code: "free".into(), kind: "percent".into(), value: "100".into(), ..DiscountForm::default() };
        world.services.discounts().make(&viewer, &code).await.expect("a code");
        assert!(world.services.terms().terms(&viewer).await.expect("terms").has_codes);
        let token = held(&world, &viewer.shop, &[seen(&cup, 0, 2)], 1).await;
        let mut buyer = form("success");
        buyer.code = "free".into();
        checkout.requote(&token, &buyer).await.expect("quote");
        assert_eq!(checkout.pay(&token, &buyer).await.expect("ordered"), Paid::Done);
        let order = world.order(&token).await;
        assert_eq!((order.state, order.total.minor), (State::Paid, 0));
        let off = services::payment::RefundForm { amount: String::new(), restock: domain::payment::Restock::Return, key: key(9) };
        for _ in 0..2 {
            world.services.payment().refund(&viewer, &order.id, &off).await.expect("called off");
        }
        assert_eq!(world.order(&token).await.state, State::Refunded);
        assert_eq!(catalog.product(&viewer, &cup.id).await.expect("cup").available, 2);
        world.services.discounts().end(&viewer, "FREE").await.expect("ended");
        assert!(!world.services.terms().terms(&viewer).await.expect("terms").has_codes, "the checkout asks for none");
        catalog.update(&viewer, &cup.id, &edit("Cup", "38", 2)).await.expect("edit");
        check_stock(&world).await;
    }
}
