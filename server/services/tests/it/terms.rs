//! Selling on a shop's terms: what orders cost with delivery, taxes and codes, and codes that many want at once.

use domain::{
    checkout::{Order, PayForm, State},
    discount::form::DiscountForm,
    identity::Viewer,
    terms::form::{MethodForm, RateForm, SellerForm, ZoneForm},
};
use services::{Error, checkout::Paid, terms::Change};

use crate::{
    checkout::held,
    world::{Engine, World, form, on_both},
};

/// The shop sells from Germany, knows the usual rates, and sends a parcel for 4.90 home and for 12.00 elsewhere.
async fn german(world: &World) -> Viewer {
    let viewer = world.shop("clay").await;
    let terms = world.services.terms();
    let seller = SellerForm {
        home: "DE".to_owned(),
        registered: "on".to_owned(),
        one_stop_shop: "on".to_owned(),
        ..SellerForm::default()
    };
    for change in [Change::Seller(&seller), Change::UsualRates] {
        terms.change(&viewer, change).await.expect("changed");
    }
    for (countries, price) in [("DE", "4.90"), ("", "12")] {
        let zone = ZoneForm {
            zone_name: "Zone".to_owned(),
            countries: countries.to_owned(),
        };
        terms
            .change(&viewer, Change::Zone(&zone))
            .await
            .expect("a zone");
        let zones = terms.terms(&viewer).await.expect("terms").zones;
        let zone = zones.last().expect("a zone").id.clone();
        for (name, price) in [("Parcel", price), ("Courier", "30")] {
            let method = MethodForm {
                method_name: name.to_owned(),
                price: price.to_owned(),
                free_from: "100".to_owned(),
            };
            terms
                .change(&viewer, Change::Method(&zone, &method))
                .await
                .expect("a method");
        }
    }
    viewer
}

fn to(country: &str) -> PayForm {
    PayForm {
        country: country.to_owned(),
        ..form("success")
    }
}

async fn order(world: &World, token: &str) -> Order {
    world
        .services
        .checkout()
        .order(token)
        .await
        .expect("an order")
        .1
}

/// Makes a code of `kind` and `value`; `bounds` are set in it.
async fn code(world: &World, viewer: &Viewer, code: &str, bounds: DiscountForm) {
    let form = DiscountForm {
        code: code.to_owned(),
        kind: if bounds.kind.is_empty() {
            "percent".to_owned()
        } else {
            bounds.kind.clone()
        },
        value: if bounds.value.is_empty() {
            "10".to_owned()
        } else {
            bounds.value.clone()
        },
        ..bounds
    };
    world
        .services
        .discounts()
        .make(viewer, &form)
        .await
        .expect("a code");
}

fn message(error: Error) -> String {
    match error {
        Error::Invalid {
            field: "code",
            message,
        } => message,
        other => panic!("not about the code: {other:?}"),
    }
}

on_both! {
    async fn an_order_costs_what_its_destination_makes_it_cost(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 5).await;
        let held = held(&world, 2).await;
        // A cup is 38: home by parcel, until the buyer says otherwise.
        let first = order(&world, &held.token).await;
        assert_eq!(first.total.minor, 7600 + 490);
        assert_eq!(first.destination.as_ref().map(ToString::to_string).as_deref(), Some("DE"));
        let taxes = first.taxes();
        assert_eq!(taxes.len(), 1);
        assert_eq!((taxes[0].0.ppm, taxes[0].1), (190_000, 1213 + 78));

        let checkout = world.services.checkout();
        checkout.requote(&held.token, &to("fr")).await.expect("a quote");
        let french = order(&world, &held.token).await;
        assert_eq!(french.total.minor, 7600 + 1200);
        assert_eq!(french.taxes()[0].0.ppm, 200_000);
        // Outside the union: the price stands, without tax.
        checkout.requote(&held.token, &to("JP")).await.expect("a quote");
        let abroad = order(&world, &held.token).await;
        assert_eq!((abroad.total.minor, abroad.taxes().len()), (8800, 0));

        let refused = checkout.requote(&held.token, &to("XX")).await.expect_err("no country");
        assert!(matches!(refused, Error::Invalid { field: "country", .. }), "{refused:?}");
        assert_eq!(order(&world, &held.token).await, abroad, "what is refused changes nothing");
    }
}

on_both! {
    async fn the_total_on_the_button_is_the_total_that_is_paid(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 5).await;
        let held = held(&world, 1).await;
        let checkout = world.services.checkout();
        // Another country than the one on the page: asked again, nothing charged.
        let seen = PayForm { total_seen_minor: "4290".to_owned(), ..to("FR") };
        assert_eq!(checkout.pay(&held.token, &seen).await.expect("an answer"), Paid::TotalChanged);
        let asked = order(&world, &held.token).await;
        assert_eq!((asked.state, asked.total.minor), (State::Held, 5000));
        let seen = PayForm { total_seen_minor: "5000".to_owned(), ..to("FR") };
        assert_eq!(checkout.pay(&held.token, &seen).await.expect("an answer"), Paid::Done);
        let paid = order(&world, &held.token).await;
        assert_eq!((paid.state, paid.total.minor), (State::Paid, 5000));
        let lines: i64 = paid.lines.iter().map(|line| line.taxed.total()).sum();
        let delivery = paid.delivery.as_ref().map_or(0, |delivery| delivery.amounts.total());
        assert_eq!(lines + delivery, paid.total.minor);
        // Prices that change afterwards change nothing.
        let rate = RateForm {
            place: "FR".to_owned(),
            class: "standard".to_owned(),
            rate: "50".to_owned(),
            rounding: "line".to_owned(),
            ..RateForm::default()
        };
        world.services.terms().change(&viewer, Change::Rate(&rate)).await.expect("a rate");
        assert_eq!(order(&world, &held.token).await, paid);
    }
}

on_both! {
    async fn a_tampered_way_of_sending_is_the_first_there_is(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 5).await;
        let held = held(&world, 1).await;
        let checkout = world.services.checkout();
        let zones = world.services.terms().terms(&viewer).await.expect("terms").zones;
        let courier_home = zones[0].methods[1].id.clone();
        let chosen = PayForm { delivery: courier_home.clone(), ..to("DE") };
        checkout.requote(&held.token, &chosen).await.expect("a quote");
        assert_eq!(order(&world, &held.token).await.total.minor, 3800 + 3000);
        // One of another zone, and one that never was.
        for delivery in [courier_home, "free".to_owned()] {
            let chosen = PayForm { delivery, ..to("FR") };
            checkout.requote(&held.token, &chosen).await.expect("a quote");
            assert_eq!(order(&world, &held.token).await.total.minor, 3800 + 1200);
        }
    }
}

on_both! {
    async fn a_code_is_taken_with_a_quote_and_freed_with_its_hold(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 5).await;
        code(&world, &viewer, "once", DiscountForm { uses: "1".to_owned(), ..DiscountForm::default() }).await;
        let checkout = world.services.checkout();
        let (a, b) = (held(&world, 1).await, held(&world, 2).await);
        let with = |code: &str| PayForm { code: code.to_owned(), ..to("DE") };
        checkout.requote(&a.token, &with("once")).await.expect("taken");
        let taken = order(&world, &a.token).await;
        assert_eq!((taken.discount(), taken.total.minor), (380, 3420 + 490));
        // Again by the same order; not by another.
        checkout.requote(&a.token, &with(" O N C E ")).await.expect("taken");
        let refused = checkout.requote(&b.token, &with("once")).await.expect_err("used up");
        assert!(message(refused).contains("used up"));
        // Taking it out of the field frees it, and so does giving the order up.
        checkout.requote(&a.token, &to("DE")).await.expect("freed");
        checkout.requote(&b.token, &with("once")).await.expect("taken");
        checkout.cancel(&b.token).await.expect("cancelled");
        checkout.requote(&a.token, &with("once")).await.expect("taken");
        checkout.pay(&a.token, &with("once")).await.expect("an answer");
        assert_eq!(order(&world, &a.token).await.state, State::Paid);
        let c = held(&world, 1).await;
        let refused = checkout.pay(&c.token, &with("once")).await.expect_err("used up");
        assert!(message(refused).contains("used up"));
        let refused = checkout.requote(&c.token, &with("nonsense")).await.expect_err("unknown");
        assert!(message(refused).contains("not known"));
    }
}

on_both! {
    async fn many_want_the_last_use_and_one_gets_it(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 20).await;
        code(&world, &viewer, "last", DiscountForm { uses: "1".to_owned(), ..DiscountForm::default() }).await;
        let mut orders = Vec::new();
        for _ in 0..8 {
            orders.push(held(&world, 1).await.token);
        }
        let presses = orders.iter().map(|token| {
            let (services, token) = (world.services.clone(), token.clone());
            tokio::spawn(async move {
                let with = PayForm { code: "LAST".to_owned(), ..to("DE") };
                services.checkout().pay(&token, &with).await
            })
        });
        let mut paid = 0;
        for press in futures::future::join_all(presses).await {
            match press.expect("task") {
                Ok(Paid::Done) => paid += 1,
                Ok(other) => panic!("{other:?}"),
                Err(error) => assert!(message(error).contains("used up")),
            }
        }
        assert_eq!(paid, 1);
    }
}

on_both! {
    async fn a_code_may_be_for_a_first_order_and_once_a_person(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 20).await;
        code(&world, &viewer, "first", DiscountForm { first_purchase: "on".to_owned(), ..DiscountForm::default() }).await;
        code(&world, &viewer, "mine", DiscountForm { per_customer: "1".to_owned(), ..DiscountForm::default() }).await;
        let checkout = world.services.checkout();
        let by = |email: &str, code: &str| PayForm { email: email.to_owned(), code: code.to_owned(), ..to("DE") };
        for (email, code, fits) in [
            ("ana@example.org", "first", true),
            ("Ana@Example.org", "first", false),
            ("ana@example.org", "mine", true),
            ("ANA@example.org", "mine", false),
            ("bo@example.org", "mine", true),
        ] {
            let held = held(&world, 1).await;
            let done = checkout.pay(&held.token, &by(email, code)).await;
            assert_eq!(done.is_ok(), fits, "{email} {code}: {done:?}");
        }
    }
}

on_both! {
    async fn nothing_to_pay_is_an_order_without_a_payment(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 3).await;
        code(&world, &viewer, "gift", DiscountForm { value: "100".to_owned(), ..DiscountForm::default() }).await;
        code(&world, &viewer, "post", DiscountForm { kind: "delivery".to_owned(), ..DiscountForm::default() }).await;
        let checkout = world.services.checkout();
        let a = held(&world, 3).await;
        // From 100 on the parcel is free, and 3 × 38 is more.
        let free = PayForm { code: "gift".to_owned(), total_seen_minor: "0".to_owned(), ..to("DE") };
        assert_eq!(checkout.pay(&a.token, &free).await.expect("an answer"), Paid::Done);
        let paid = order(&world, &a.token).await;
        assert_eq!((paid.state, paid.total.minor, paid.receipt), (State::Paid, 0, Some(1)));
        let mut connection = world.connection().await;
        let payments = sqlx::query("SELECT id FROM payment_attempt").fetch_all(&mut connection).await.expect("payments");
        assert!(payments.is_empty());
    }
}

on_both! {
    async fn codes_are_made_and_ended_together(world: World) {
        let viewer = german(&world).await;
        let discounts = world.services.discounts();
        code(&world, &viewer, "fair", DiscountForm { count: "50".to_owned(), uses: "1".to_owned(), ..DiscountForm::default() }).await;
        let made = discounts.list(&viewer).await.expect("a list");
        assert_eq!(made.len(), 1);
        let batch = made[0].batch.clone().expect("made together");
        let codes = discounts.batch(&viewer, &batch).await.expect("codes");
        assert_eq!((made[0].count, codes.len()), (50, 50));
        let other = world.shop("other").await;
        assert!(discounts.batch(&other, &batch).await.expect("codes").is_empty());
        assert!(matches!(discounts.end(&other, &batch).await, Err(Error::NotFound(_))));
        world.product(&viewer, "Cup", 3).await;
        let held = held(&world, 1).await;
        let with = PayForm { code: codes[7].0.to_lowercase(), ..to("DE") };
        world.services.checkout().requote(&held.token, &with).await.expect("taken");
        discounts.end(&viewer, &batch).await.expect("ended");
        assert!(matches!(discounts.end(&viewer, &batch).await, Err(Error::NotFound(_))));
        let refused = world.services.checkout().requote(&held.token, &with).await.expect_err("ended");
        assert!(message(refused).contains("not known"));
        code(&world, &viewer, "twice", DiscountForm::default()).await;
        let again = DiscountForm { code: "TWICE".to_owned(), kind: "delivery".to_owned(), ..DiscountForm::default() };
        assert!(matches!(discounts.make(&viewer, &again).await, Err(Error::Conflict(_))));
    }
}

on_both! {
    async fn changes_that_come_at_once_are_all_kept(world: World) {
        let viewer = world.shop("clay").await;
        let changes = (0..10).map(|number| {
            let (services, viewer) = (world.services.clone(), viewer.clone());
            tokio::spawn(async move {
                let zone = ZoneForm { zone_name: format!("Zone {number}"), countries: "DE".to_owned() };
                services.terms().change(&viewer, Change::Zone(&zone)).await
            })
        });
        for change in futures::future::join_all(changes).await {
            change.expect("task").expect("changed");
        }
        assert_eq!(world.services.terms().terms(&viewer).await.expect("terms").zones.len(), 10);
        let gone = MethodForm { method_name: "P".to_owned(), price: "1".to_owned(), ..MethodForm::default() };
        let refused = world.services.terms().change(&viewer, Change::Method("gone", &gone)).await;
        assert!(matches!(refused, Err(Error::NotFound(_))));
    }
}

on_both! {
    /// 490 is 4.90 € and ¥490.
    async fn another_currency_takes_what_was_said_in_the_old_one_back(world: World) {
        let viewer = german(&world).await;
        code(&world, &viewer, "five", DiscountForm { kind: "amount".to_owned(), value: "5".to_owned(), ..DiscountForm::default() }).await;
        code(&world, &viewer, "from", DiscountForm { least: "50".to_owned(), ..DiscountForm::default() }).await;
        code(&world, &viewer, "tenth", DiscountForm::default()).await;
        let identity = world.services.identity();
        identity.change_currency(&viewer, "JPY").await.expect("changed");
        let zones = world.services.terms().terms(&viewer).await.expect("terms").zones;
        assert_eq!(zones.len(), 2);
        assert!(zones.iter().all(|zone| zone.methods.is_empty()));
        let made = world.services.discounts().list(&viewer).await.expect("codes");
        let mut usable: Vec<String> = made.iter().filter(|made| made.ended_at.is_none()).map(|made| made.discount.code.to_string()).collect();
        usable.sort();
        assert_eq!(usable, ["TENTH"]);
    }
}

on_both! {
    /// A buyer with two orders at once has one first order.
    async fn a_code_for_a_first_order_is_for_one_order(world: World) {
        let viewer = german(&world).await;
        world.product(&viewer, "Cup", 5).await;
        code(&world, &viewer, "first", DiscountForm { first_purchase: "on".to_owned(), ..DiscountForm::default() }).await;
        let checkout = world.services.checkout();
        let with = PayForm { code: "first".to_owned(), ..to("DE") };
        let (a, b) = (held(&world, 1).await, held(&world, 2).await);
        checkout.requote(&a.token, &with).await.expect("taken");
        let refused = checkout.requote(&b.token, &with).await.expect_err("a second order");
        assert!(message(refused).contains("first order"));
        checkout.requote(&a.token, &with).await.expect("again by its own order");
    }
}
