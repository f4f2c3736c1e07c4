//! Taking money: the processors, the keys and amounts they take, why they refuse, and what can be given back.

mod amount;
mod attempt;
mod decline;
mod key;
mod refund;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::{
    amount::{from_stripe, stripe_minimum, to_stripe, units},
    attempt::{AttemptState, FIRST_CHECK_MS, KEYS_KEPT_MS, REDIRECT_CHECK_MS, check_wait_ms},
    decline::{Reason, reason},
    key::{KeyForm, Keys, signing_secret},
    refund::{DisputeState, RefundState, Refundable, Restock, standing},
};

/// Who takes the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The pretend processor: no money moves.
    Test,
    /// Stripe, by its hosted Checkout page.
    Stripe,
}

impl Provider {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Test, Self::Stripe];

    /// The word in the database and in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Stripe => "stripe",
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "Test gateway",
            Self::Stripe => "Stripe",
        }
    }
}

impl FromStr for Provider {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.as_str() == text)
            .ok_or(())
    }
}
