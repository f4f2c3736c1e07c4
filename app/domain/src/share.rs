//! Dividing an amount into parts that sum to it exactly.

/// Rounds `amount × part / whole` to the nearest unit, halves up. `whole` is above zero; nothing is negative.
#[must_use]
pub fn fraction(amount: i64, part: i64, whole: i64) -> i64 {
    let (amount, part, whole) = (i128::from(amount), i128::from(part), i128::from(whole));
    let rounded = (2 * amount * part + whole) / (2 * whole);
    i64::try_from(rounded).unwrap_or(i64::MAX)
}

/// Divides `total` in proportion to `weights` by the largest remainder: the parts sum to `total`, none is more than a unit from its
/// exact share, and none is above its weight where `total` is at most their sum. Of equal remainders the first gets the unit.
/// Nothing is negative; where all weights are zero there is nothing to divide by and all parts are zero.
#[must_use]
pub fn share(total: i64, weights: &[i64]) -> Vec<i64> {
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if whole == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &i64| i128::from(total) * i128::from(*weight);
    let mut parts: Vec<i64> = weights
        .iter()
        .map(|weight| i64::try_from(exact(weight) / whole).unwrap_or(i64::MAX))
        .collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(exact(&weights[*index]) % whole));
    let given: i64 = parts.iter().sum();
    let left = usize::try_from(total - given).unwrap_or(0);
    for index in by_remainder.into_iter().take(left) {
        parts[index] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_rest_goes_to_the_largest_remainder() {
        assert_eq!(share(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(share(103, &[100, 100]), [52, 51]);
        assert_eq!(share(5, &[0, 0]), [0, 0]);
        assert_eq!(share(0, &[3, 4]), [0, 0]);
        assert_eq!(share(1, &[1, 2]), [0, 1]);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(total in 0_i64..1_000_000_000_000, weights in proptest::collection::vec(0_i64..10_000_000_000, 1..40)) {
            let parts = share(total, &weights);
            let whole: i64 = weights.iter().sum();
            prop_assert_eq!(parts.iter().sum::<i64>(), if whole == 0 { 0 } else { total });
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*part >= 0);
                if whole > 0 {
                    let exact = i128::from(total) * i128::from(*weight);
                    let off = i128::from(*part) * i128::from(whole) - exact;
                    prop_assert!(off.abs() < i128::from(whole));
                    prop_assert!(total > whole || part <= weight);
                }
            }
        }

        #[test]
        fn a_fraction_is_within_half_a_unit(amount in 0_i64..1_000_000_000_000, part in 0_i64..2_000_000, whole in 1_i64..2_000_000) {
            let exact = i128::from(amount) * i128::from(part);
            let off = 2 * (i128::from(fraction(amount, part, whole)) * i128::from(whole) - exact);
            prop_assert!(off.abs() <= i128::from(whole));
        }
    }
}
