//! Dividing an amount so that the parts sum to it.

/// Divides `amount` over `weights` by largest remainder; equal remainders go to the first. No part exceeds its weight as long
/// as `amount` does not exceed their sum, so what is divided over what remains, again and again, ends exact.
///
/// Negative weights count as nothing. Without any weight, everything goes to the first part.
#[must_use]
pub fn allocate(amount: i64, weights: &[i64]) -> Vec<i64> {
    let whole: i128 = weights
        .iter()
        .map(|weight| i128::from((*weight).max(0)))
        .sum();
    if whole == 0 {
        let mut parts = vec![0; weights.len()];
        if let Some(first) = parts.first_mut() {
            *first = amount;
        }
        return parts;
    }
    let share = |weight: i64| i128::from(amount) * i128::from(weight.max(0));
    let mut parts: Vec<i128> = weights
        .iter()
        .map(|weight| share(*weight).div_euclid(whole))
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(share(weights[*at]).rem_euclid(whole)));
    let left = i128::from(amount) - parts.iter().sum::<i128>();
    for at in order.into_iter().take(usize::try_from(left).unwrap_or(0)) {
        parts[at] += 1;
    }
    // Each part lies between zero and the amount, which fits.
    parts
        .into_iter()
        .map(|part| i64::try_from(part).unwrap_or(amount))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_equal_lines_share_an_odd_amount() {
        assert_eq!(allocate(103, &[100, 100]), [52, 51]);
        assert_eq!(allocate(7, &[]), Vec::<i64>::new());
        assert_eq!(allocate(7, &[0, 0]), [7, 0]);
    }

    /// Net 52 and tax 10, refunded in six parts: never more of either than there was, and exact in the end.
    #[test]
    fn stacked_refunds_end_exact() {
        let mut rest = [52, 10];
        for amount in [32, 9, 8, 3, 6, 4] {
            let parts = allocate(amount, &rest);
            for (rest, part) in rest.iter_mut().zip(&parts) {
                *rest -= part;
                assert!(*rest >= 0, "{parts:?}");
            }
        }
        assert_eq!(rest, [0, 0]);
    }

    proptest! {
        #[test]
        fn parts_sum_and_fit(weights in proptest::collection::vec(0_i64..10_000_000_000, 1..12), share in 0_u32..=1000) {
            let whole: i64 = weights.iter().sum();
            let amount = i64::try_from(i128::from(whole) * i128::from(share) / 1000).expect("fits");
            let parts = allocate(amount, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), amount);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*part >= 0 && part <= weight);
            }
        }
    }
}
