//! Quotes by examples, and the laws that every quote keeps.

use proptest::prelude::*;

use super::*;
use crate::tax::Rounding;

fn place(text: &str) -> Place {
    text.parse().expect("a place")
}

fn rate(to: &str, class: Class, ppm: u32, inclusive: bool, rounding: Rounding) -> Rate {
    Rate {
        place: place(to),
        class,
        ppm,
        inclusive,
        rounding,
        on_delivery: true,
        from: UnixMs(0),
    }
}

fn seller(home: &str) -> Seller {
    Seller {
        home: place(home),
        registered: true,
        one_stop_shop: true,
        also: Vec::new(),
    }
}

const fn item(unit: i64, quantity: u32) -> Item {
    Item {
        unit,
        quantity,
        class: Class::Standard,
    }
}

fn basis<'a>(seller: &'a Seller, rates: &'a [Rate], to: &'a Place) -> Basis<'a> {
    Basis {
        currency: Currency::EUR,
        seller: Some(seller),
        rates,
        destination: Some(to),
        delivery: None,
        off: None,
        at: UnixMs(1),
    }
}

#[test]
fn goods_and_delivery_are_taxed_at_the_destination() {
    let (seller, to) = (seller("DE"), place("FR"));
    let rates = [
        rate("FR", Class::Standard, 200_000, true, Rounding::Line),
        rate("DE", Class::Standard, 190_000, true, Rounding::Line),
    ];
    let basis = Basis {
        delivery: Some(500),
        ..basis(&seller, &rates, &to)
    };
    let quote = quote(&[item(3800, 2)], &basis).expect("a quote");
    assert_eq!(quote.total.minor, 8100);
    assert_eq!(
        quote.lines[0].taxed,
        Taxed {
            net: 6333,
            tax: 1267
        }
    );
    let delivery = quote.delivery.expect("delivery");
    assert_eq!(delivery.taxed, Taxed { net: 417, tax: 83 });
    assert_eq!(
        delivery.tax.map(|tax| (tax.place.to_string(), tax.ppm)),
        Some(("FR".to_owned(), 200_000))
    );
}

#[test]
fn a_discount_is_taken_off_before_tax() {
    // 2 × 100 net, 10 % on top, 20 off: 180 net, 18 tax.
    let (seller, to) = (seller("US-NY"), place("US-NY"));
    let rates = [rate("US", Class::Standard, 100_000, false, Rounding::Line)];
    let basis = Basis {
        off: Some(Off::Amount(20)),
        ..basis(&seller, &rates, &to)
    };
    let quote = quote(&[item(100, 2)], &basis).expect("a quote");
    assert_eq!(
        (
            quote.lines[0].taxed.net,
            quote.lines[0].taxed.tax,
            quote.total.minor
        ),
        (180, 18, 198)
    );
    assert_eq!(
        quote.lines[0].tax.as_ref().map(|tax| tax.place.to_string()),
        Some("US-NY".to_owned())
    );
}

#[test]
fn what_leaves_the_country_carries_no_tax() {
    let (seller, to) = (seller("DE"), place("JP"));
    let rates = [rate("DE", Class::Standard, 190_000, true, Rounding::Line)];
    let quote = quote(&[item(3800, 1)], &basis(&seller, &rates, &to)).expect("a quote");
    assert_eq!((quote.total.minor, quote.lines[0].taxed.tax), (3800, 0));
    assert_eq!(quote.lines[0].tax, None);
}

#[test]
fn a_code_may_leave_nothing_to_pay() {
    let (seller, to) = (seller("DE"), place("DE"));
    let rates = [rate("DE", Class::Standard, 190_000, true, Rounding::Order)];
    let free = Basis {
        off: Some(Off::Percent(10_000)),
        delivery: Some(0),
        ..basis(&seller, &rates, &to)
    };
    assert_eq!(
        quote(&[item(3800, 1)], &free).expect("a quote").total.minor,
        0
    );
    let delivered = Basis {
        off: Some(Off::Delivery),
        delivery: Some(500),
        ..basis(&seller, &rates, &to)
    };
    let quote = quote(&[item(3800, 1)], &delivered).expect("a quote");
    assert_eq!(
        (quote.total.minor, quote.delivery.map(|line| line.discount)),
        (3800, Some(500))
    );
}

#[test]
fn yen_has_no_fractions_and_rounds_once() {
    let (seller, to) = (seller("JP"), place("JP"));
    let rates = [rate(
        "JP",
        Class::Standard,
        100_000,
        true,
        Rounding::OrderDown,
    )];
    let basis = Basis {
        currency: Currency::JPY,
        ..basis(&seller, &rates, &to)
    };
    let quote = quote(&[item(108, 1), item(108, 1)], &basis).expect("a quote");
    assert_eq!(
        quote.lines.iter().map(|line| line.taxed.tax).sum::<i64>(),
        19
    );
    assert_eq!(quote.total.to_string(), "¥216");
}

#[test]
fn nothing_and_too_much_are_refused() {
    let (seller, to) = (seller("DE"), place("DE"));
    let basis = basis(&seller, &[], &to);
    for items in [
        &[item(100, 0)][..],
        &[item(100, 100)],
        &[item(i64::MAX, 2)],
        &[item(-1, 1)],
        &[item(i64::MAX, 1), item(1, 1)],
    ] {
        assert_eq!(quote(items, &basis).expect_err("refused").field, "quantity");
    }
}

proptest! {
    /// Money conserves: every line is its price less its discount, with tax inside or on top, and the total is the sum of the lines.
    #[test]
    fn every_quote_adds_up(
        lines in proptest::collection::vec((0..=Money::MAX_MINOR, 1_u32..=99, 0_usize..3), 1..12),
        ppm in 0_u32..=500_000,
        reduced in 0_u32..=500_000,
        inclusive: bool,
        pick in 0_usize..3,
        delivery in proptest::option::of(0_i64..100_000),
        off in proptest::option::of(prop_oneof![
            (0_i64..10_000_000).prop_map(Off::Amount),
            (0_u32..=10_000).prop_map(Off::Percent),
            Just(Off::Delivery),
        ]),
    ) {
        let (seller, to) = (seller("DE"), place("DE"));
        let rounding = Rounding::ALL[pick];
        let rates = [
            rate("DE", Class::Standard, ppm, inclusive, rounding),
            rate("DE", Class::Reduced, reduced, inclusive, rounding),
        ];
        let items: Vec<Item> = lines.iter().map(|(unit, quantity, class)| Item { unit: *unit, quantity: *quantity, class: Class::ALL[*class] }).collect();
        let basis = Basis { delivery, off, ..basis(&seller, &rates, &to) };
        let quote = quote(&items, &basis).expect("a quote");
        let all: Vec<&Amounts> = quote.lines.iter().chain(&quote.delivery).collect();
        for line in &all {
            let listed = line.unit * i64::from(line.quantity) - line.discount;
            prop_assert!(line.discount >= 0 && listed >= 0 && line.taxed.tax >= 0 && line.taxed.net >= 0);
            let included = line.tax.as_ref().is_none_or(|tax| tax.inclusive);
            prop_assert_eq!(if included { line.total() } else { line.taxed.net }, listed);
        }
        prop_assert_eq!(quote.total.minor, all.iter().map(|line| line.total()).sum::<i64>());
        prop_assert_eq!(quote.delivery.is_some(), delivery.is_some());
    }
}
