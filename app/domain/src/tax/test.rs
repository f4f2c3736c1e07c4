//! The place of supply by examples from the EU, the UK, the US and Japan; rounding by laws.

use proptest::prelude::*;

use super::*;

fn place(text: &str) -> Place {
    text.parse().expect("a place")
}

fn seller(home: &str, one_stop_shop: bool, also: &[&str]) -> Seller {
    Seller {
        home: place(home),
        registered: true,
        one_stop_shop,
        also: also.iter().map(|text| place(text)).collect(),
    }
}

fn at(place_text: &str, ppm: u32, inclusive: bool, rounding: Rounding) -> Rate {
    Rate {
        place: place(place_text),
        class: Class::Standard,
        ppm,
        inclusive,
        rounding,
        on_delivery: true,
        from: UnixMs(0),
    }
}

#[test]
fn a_sale_is_taxed_where_the_law_wants_it() {
    let taxed =
        |seller: &Seller, to: &str| seller.taxed_in(&place(to)).map(|place| place.to_string());
    let before = seller("DE", false, &[]);
    assert_eq!(taxed(&before, "DE").as_deref(), Some("DE"));
    assert_eq!(taxed(&before, "FR").as_deref(), Some("DE"));
    assert_eq!(taxed(&before, "GB"), None);
    let shop = seller("DE", true, &["GB"]);
    assert_eq!(taxed(&shop, "FR").as_deref(), Some("FR"));
    assert_eq!(taxed(&shop, "GB").as_deref(), Some("GB"));
    assert_eq!(taxed(&shop, "US-CA"), None);
    let us = seller("US-CA", false, &["US-NY"]);
    assert_eq!(taxed(&us, "US-NY").as_deref(), Some("US-NY"));
    assert_eq!(taxed(&us, "FR"), None);
    let small = Seller {
        registered: false,
        ..seller("FR", false, &[])
    };
    assert_eq!(taxed(&small, "FR"), None);
}

#[test]
fn a_part_of_a_country_and_the_latest_day_win() {
    let mut rates = vec![
        at("US", 10_000, false, Rounding::Line),
        at("US-NY", 88_750, false, Rounding::Line),
        at("DE", 190_000, true, Rounding::Line),
    ];
    rates.push(Rate {
        ppm: 160_000,
        from: UnixMs(100),
        ..rates[2].clone()
    });
    let found =
        |to: &str, now| rate(&rates, &place(to), Class::Standard, UnixMs(now)).map(|rate| rate.ppm);
    assert_eq!(found("US-NY", 5), Some(88_750));
    assert_eq!(found("US-TX", 5), Some(10_000));
    assert_eq!(found("DE", 99), Some(190_000));
    assert_eq!(found("DE", 100), Some(160_000));
    assert_eq!(found("FR", 5), None);
    assert_eq!(rate(&rates, &place("DE"), Class::Reduced, UnixMs(5)), None);
}

#[test]
fn taxes_are_what_receipts_say() {
    let taxes = |rate: &Rate, amounts: &[i64]| -> Vec<(i64, i64)> {
        apply(rate, amounts)
            .iter()
            .map(|taxed| (taxed.net, taxed.tax))
            .collect()
    };
    // 38,00 € with 19 % inside.
    assert_eq!(
        taxes(&at("DE", 190_000, true, Rounding::Line), &[3800]),
        [(3193, 607)]
    );
    // $12.50 and 8.875 % on top.
    assert_eq!(
        taxes(&at("US-NY", 88_750, false, Rounding::Line), &[1250]),
        [(1250, 111)]
    );
    // Two lines of ¥108 with 10 % inside: 19.6 in all, 9.8 each; rounded once and down it is 19.
    assert_eq!(
        taxes(&at("JP", 100_000, true, Rounding::OrderDown), &[108, 108]),
        [(98, 10), (99, 9)]
    );
    assert_eq!(
        taxes(&at("JP", 100_000, true, Rounding::Line), &[108, 108]),
        [(98, 10), (98, 10)]
    );
}

#[test]
fn rates_are_read_as_people_write_them() {
    for (text, ppm) in [
        ("19", 190_000),
        ("8.875", 88_750),
        (" 5,5 % ", 55_000),
        ("0", 0),
        ("100", 1_000_000),
        ("7.0000", 70_000),
    ] {
        assert_eq!(percent(text), Ok(ppm), "{text}");
    }
    for text in ["", "-1", "1e2", "101", "1.23456", "x", "1.2.3", "٣"] {
        assert!(percent(text).is_err(), "{text}");
    }
    assert_eq!(written(190_000), "19\u{a0}%");
    assert_eq!(written(88_750), "8.875\u{a0}%");
}

proptest! {
    #[test]
    fn a_written_rate_reads_back(ppm in 0_u32..=1_000_000) {
        prop_assert_eq!(percent(&written(ppm)), Ok(ppm));
    }

    /// What prices include stands; what comes on top is within half a unit a line, or one unit of the whole.
    #[test]
    fn tax_and_net_make_the_amount(
        amounts in proptest::collection::vec(0_i64..1_000_000_000, 1..20),
        ppm in 0_u32..=1_000_000,
        inclusive: bool,
        pick in 0_usize..3,
    ) {
        let rate = at("DE", ppm, inclusive, Rounding::ALL[pick]);
        let taxed = apply(&rate, &amounts);
        let exact = |amount: i64| {
            let whole = if inclusive { MILLION + i64::from(ppm) } else { MILLION };
            (i128::from(amount) * i128::from(ppm), i128::from(whole))
        };
        for (amount, taxed) in amounts.iter().zip(&taxed) {
            prop_assert!(taxed.net >= 0 && taxed.tax >= 0);
            prop_assert_eq!(if inclusive { taxed.total() } else { taxed.net }, *amount);
        }
        let sum: i64 = taxed.iter().map(|taxed| taxed.tax).sum();
        let (tax, whole) = exact(amounts.iter().sum());
        let allowed = match rate.rounding {
            Rounding::Line => i128::try_from(amounts.len()).unwrap_or(1),
            Rounding::Order | Rounding::OrderDown => 1,
        };
        prop_assert!((i128::from(sum) * whole - tax).abs() <= allowed * whole);
    }
}
