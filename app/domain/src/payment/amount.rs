//! Amounts as processors count them.

use crate::{
    invalid::Invalid,
    money::{Currency, Money},
};

/// The largest amount in one Stripe charge: eight digits (docs.stripe.com/currencies, "Minimum and maximum charge amounts").
const STRIPE_MOST: i64 = 99_999_999;

/// Minor units of a currency with so many digits as Stripe counts them. It takes every currency in its smallest unit: yen are
/// sent as they are and never times a hundred, and of three digits the last one must be zero, so it is rounded to the nearest
/// ten (docs.stripe.com/currencies, "Three-decimal currencies"). `None` when that does not fit.
#[must_use]
pub const fn units(minor: i64, digits: u32) -> Option<i64> {
    if digits < 3 {
        return Some(minor);
    }
    match minor.checked_add(5) {
        Some(raised) => Some(raised.div_euclid(10) * 10),
        None => None,
    }
}

/// The least that Stripe charges, in minor units (docs.stripe.com/currencies, "Minimum and maximum charge amounts").
#[must_use]
pub const fn stripe_minimum(currency: Currency) -> i64 {
    match currency {
        Currency::EUR | Currency::USD | Currency::CHF | Currency::JPY => 50,
        Currency::GBP => 30,
    }
}

/// An amount to charge, in Stripe's units.
///
/// # Errors
/// A sentence for the buyer: too little or too much for a card payment.
pub fn to_stripe(amount: Money) -> Result<i64, Invalid> {
    let (least, currency) = (stripe_minimum(amount.currency), amount.currency);
    let money = |minor| Money { minor, currency };
    if amount.minor < least {
        return Err(Invalid::new(
            "total",
            format!(
                "A payment by card is at least {}. Add something to the order, or ask the shop how else you can pay.",
                money(least)
            ),
        ));
    }
    let units = units(amount.minor, currency.digits()).filter(|units| *units <= STRIPE_MOST);
    units.ok_or_else(|| {
        Invalid::new(
            "total",
            format!(
                "A payment by card is at most {}. Split the order, or ask the shop how else you can pay.",
                money(STRIPE_MOST)
            ),
        )
    })
}

/// What an amount of Stripe's is; `None` for a currency that is not sold in here, or an amount below zero.
#[must_use]
pub fn from_stripe(units: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_ascii_uppercase().parse().ok()?;
    Money::new(units, currency)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn yen_are_not_multiplied_and_dinars_are_rounded() {
        let yen = Money {
            minor: 80,
            currency: Currency::JPY,
        };
        assert_eq!(to_stripe(yen), Ok(80));
        assert_eq!(from_stripe(80, "jpy"), Some(yen));
        // 1.500 KWD, and amounts whose last digit Stripe does not take.
        assert_eq!(
            [1500, 1504, 1505, 9].map(|minor| units(minor, 3)),
            [1500, 1500, 1510, 10].map(Some)
        );
        assert_eq!(units(i64::MAX, 3), None);
        assert_eq!(from_stripe(80, "xau"), None);
        assert_eq!(from_stripe(-1, "eur"), None);
    }

    #[test]
    fn too_little_and_too_much_are_refused_in_words() {
        let euro = |minor| {
            to_stripe(Money {
                minor,
                currency: Currency::EUR,
            })
        };
        assert!(euro(49).expect_err("too little").message.contains("0,50"));
        assert_eq!((euro(50), euro(STRIPE_MOST)), (Ok(50), Ok(STRIPE_MOST)));
        assert!(
            euro(STRIPE_MOST + 1)
                .expect_err("too much")
                .message
                .contains("at most")
        );
        assert_eq!(
            to_stripe(Money {
                minor: 30,
                currency: Currency::GBP
            }),
            Ok(30)
        );
    }

    proptest! {
        #[test]
        fn what_is_charged_reads_back(minor in 50..=STRIPE_MOST, currency in proptest::sample::select(Currency::ALL.to_vec())) {
            let money = Money { minor, currency };
            let sent = to_stripe(money).expect("in range");
            prop_assert_eq!(from_stripe(sent, &currency.code().to_ascii_lowercase()), Some(money));
        }
    }
}
