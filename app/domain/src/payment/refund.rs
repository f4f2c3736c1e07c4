//! Giving money back: how much of it can go, and what an order is called then.

use std::str::FromStr;

use crate::{invalid::Invalid, money::Money, order::State};

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// The processor is being asked, or did not answer.
    Asked,
    /// The processor has taken it over; the bank has not.
    Pending,
    /// The money went back.
    Succeeded,
    /// The money did not go back.
    Failed,
}

impl RefundState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Pending, Self::Succeeded, Self::Failed];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// What a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Asked => "Asked for",
            Self::Pending => "On its way",
            Self::Succeeded => "Refunded",
            Self::Failed => "Failed",
        }
    }

    /// It counts against what can still be refunded.
    #[must_use]
    pub const fn counts(self) -> bool {
        !matches!(self, Self::Failed)
    }
}

impl FromStr for RefundState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisputeState {
    /// The buyer's bank asks; money may be held back.
    Open,
    /// Decided for the shop.
    Won,
    /// Decided for the buyer.
    Lost,
}

impl DisputeState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// What a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Open => "Open: answer it at the processor",
            Self::Won => "Decided for you",
            Self::Lost => "Decided for the buyer",
        }
    }
}

impl FromStr for DisputeState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Open, Self::Won, Self::Lost]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// What happens to the pieces of a refunded order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Restock {
    /// Only money moves.
    #[default]
    Keep,
    /// The pieces that were not sent go back on sale.
    Return,
}

/// What was taken for an order and what has gone back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refundable {
    /// Taken.
    pub captured: Money,
    /// Gone back or on its way, in minor units.
    pub refunded_minor: i64,
    /// Taken back by banks, in minor units.
    pub disputed_minor: i64,
}

impl Refundable {
    /// What can still be refunded.
    #[must_use]
    pub fn rest(&self) -> Money {
        let gone = self.refunded_minor.saturating_add(self.disputed_minor);
        Money {
            minor: self.captured.minor.saturating_sub(gone).max(0),
            currency: self.captured.currency,
        }
    }

    /// The amount to refund that a person typed; all of the rest where nothing was typed.
    ///
    /// # Errors
    /// A sentence about the field `amount`: not an amount, nothing, or more than the rest.
    pub fn amount(&self, typed: &str) -> Result<Money, Invalid> {
        let rest = self.rest();
        let amount = if typed.trim().is_empty() {
            rest
        } else {
            Money::parse(typed, rest.currency)
                .map_err(|invalid| Invalid::new("amount", invalid.message))?
        };
        if rest.minor == 0 {
            return Err(Invalid::new(
                "amount",
                "Everything that was paid has gone back already. There is nothing left to refund.",
            ));
        }
        if amount.minor <= 0 {
            return Err(Invalid::new(
                "amount",
                "Write how much goes back, more than nothing.",
            ));
        }
        if amount.minor > rest.minor {
            return Err(Invalid::new(
                "amount",
                format!("At most {rest} can still go back. Write that much or less."),
            ));
        }
        Ok(amount)
    }
}

/// What an order is called, from its state and what has gone back of it. Nobody sets these words.
#[must_use]
pub fn standing(state: State, total: Money, refunded_minor: i64) -> &'static str {
    match state {
        State::Paid | State::Sent | State::RefundDue | State::Refunded
            if refunded_minor >= total.minor && refunded_minor > 0 =>
        {
            "Refunded"
        }
        // A bank may send a refund back.
        State::Refunded if total.minor > 0 => "Refund due",
        State::Paid | State::Sent if refunded_minor > 0 => "Part refunded",
        other => other.words(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::money::Currency;

    fn euro(minor: i64) -> Money {
        Money {
            minor,
            currency: Currency::EUR,
        }
    }

    #[test]
    fn what_was_typed_goes_back_and_nothing_else() {
        let paid = Refundable {
            captured: euro(2000),
            refunded_minor: 0,
            disputed_minor: 0,
        };
        assert_eq!(paid.amount("5"), Ok(euro(500)));
        assert_eq!(paid.amount(" "), Ok(euro(2000)));
        for typed in ["0", "-5", "20.01", "x"] {
            assert_eq!(paid.amount(typed).expect_err(typed).field, "amount");
        }
        let gone = Refundable {
            refunded_minor: 1500,
            disputed_minor: 500,
            ..paid
        };
        assert!(
            gone.amount("")
                .expect_err("gone")
                .message
                .contains("nothing left")
        );
    }

    #[test]
    fn words_follow_from_what_went_back() {
        assert_eq!(standing(State::Paid, euro(100), 0), "Paid");
        assert_eq!(standing(State::Sent, euro(100), 40), "Part refunded");
        assert_eq!(standing(State::Paid, euro(100), 100), "Refunded");
        assert_eq!(standing(State::RefundDue, euro(100), 100), "Refunded");
        assert_eq!(
            standing(State::Refunded, euro(100), 0),
            "Refund due",
            "the bank sent it back"
        );
        assert_eq!(standing(State::Paid, euro(0), 0), "Paid", "a free order");
        for state in RefundState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }

    proptest! {
        #[test]
        fn no_more_goes_back_than_came(captured in 1_i64..1_000_000, typed in proptest::collection::vec(0_i64..600_000, 0..12)) {
            let mut refundable = Refundable { captured: euro(captured), refunded_minor: 0, disputed_minor: 0 };
            for minor in typed {
                if let Ok(amount) = refundable.amount(&euro(minor).decimal()) {
                    prop_assert_eq!(amount.minor, minor);
                    refundable.refunded_minor += amount.minor;
                }
                prop_assert!(refundable.refunded_minor <= captured);
                prop_assert_eq!(refundable.rest().minor, captured - refundable.refunded_minor);
            }
        }
    }
}
