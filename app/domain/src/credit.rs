//! What is given back of a sale: always from the order's own amounts, never from today's prices.
//!
//! All amounts are minor units. What was given back before is counted in, so that rounding ends exact when all is given back.

use crate::{
    share::{fraction, share},
    tax::Taxed,
};

/// What `units` more pieces of a line of `quantity` are worth, `before` having been given back: `None` for more than are left.
#[must_use]
pub fn units(total: i64, quantity: u32, before: u32, units: u32) -> Option<i64> {
    let after = before.checked_add(units)?;
    if quantity == 0 || after > quantity {
        return None;
    }
    let until = |count: u32| fraction(total, i64::from(count), i64::from(quantity));
    Some(until(after) - until(before))
}

/// How much of `amount` is net and how much tax, `before` having been given back of the `whole`: `None` for more than is left.
#[must_use]
pub fn taxed(whole: Taxed, before: i64, amount: i64) -> Option<Taxed> {
    let after = before.checked_add(amount)?;
    if amount < 0 || before < 0 || after > whole.total() {
        return None;
    }
    let until = |given: i64| match whole.total() {
        0 => 0,
        total => fraction(given, whole.tax, total),
    };
    let tax = until(after) - until(before);
    Some(Taxed {
        net: amount - tax,
        tax,
    })
}

/// Divides an amount over lines by what is left of each: `None` for more than is left of all.
#[must_use]
pub fn over_lines(left: &[i64], amount: i64) -> Option<Vec<i64>> {
    (0..=left.iter().sum())
        .contains(&amount)
        .then(|| share(amount, left))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_more_comes_back_than_was_received() {
        // Three returned, two received: the third is worth nothing.
        assert_eq!(units(3000, 3, 0, 2), Some(2000));
        assert_eq!(units(2000, 2, 0, 3), None);
        assert_eq!(units(1000, 3, 1, 2), Some(667));
        assert_eq!(units(198, 2, 0, 1), Some(99));
        assert_eq!(units(1, 0, 0, 0), None);
    }

    #[test]
    fn a_credit_over_two_lines_sums_exactly() {
        assert_eq!(over_lines(&[100, 100], 103), Some(vec![52, 51]));
        assert_eq!(over_lines(&[100, 100], 201), None);
        assert_eq!(over_lines(&[540, 360], 900), Some(vec![540, 360]));
    }

    #[test]
    fn refunds_that_follow_each_other_end_exact() {
        let whole = Taxed { net: 52, tax: 10 };
        let (mut before, mut given) = (0, Taxed::default());
        for amount in [32, 9, 8, 3, 6, 3, 1] {
            let part = taxed(whole, before, amount).expect("left");
            before += amount;
            given = Taxed {
                net: given.net + part.net,
                tax: given.tax + part.tax,
            };
            assert!(given.net <= 52 && given.tax <= 10);
        }
        assert_eq!(given, whole);
        assert_eq!(taxed(whole, before, 1), None);
        // Goods 10, delivery 5, 21 % on top: all of it is 18.15.
        assert_eq!(
            taxed(
                Taxed {
                    net: 1500,
                    tax: 315
                },
                0,
                1815
            ),
            Some(Taxed {
                net: 1500,
                tax: 315
            })
        );
    }

    proptest! {
        #[test]
        fn parts_of_a_refund_never_exceed_the_sale(net in 0_i64..1_000_000_000, tax in 0_i64..1_000_000_000, amounts in proptest::collection::vec(0_i64..500_000_000, 0..20)) {
            let whole = Taxed { net, tax };
            let (mut before, mut given) = (0, Taxed::default());
            for amount in amounts {
                let amount = amount.min(whole.total() - before);
                let part = taxed(whole, before, amount).expect("left");
                prop_assert!(part.net >= 0 && part.tax >= 0 && part.total() == amount);
                before += amount;
                given = Taxed { net: given.net + part.net, tax: given.tax + part.tax };
                prop_assert!(given.net <= net && given.tax <= tax);
            }
            let rest = taxed(whole, before, whole.total() - before).expect("left");
            prop_assert_eq!(Taxed { net: given.net + rest.net, tax: given.tax + rest.tax }, whole);
        }

        #[test]
        fn pieces_one_by_one_are_worth_the_line(total in 0_i64..1_000_000_000, quantity in 1_u32..=99) {
            let sum: i64 = (0..quantity).filter_map(|before| units(total, quantity, before, 1)).sum();
            prop_assert_eq!(sum, total);
        }
    }
}
