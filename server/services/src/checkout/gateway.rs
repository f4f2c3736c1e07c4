//! Payment processors behind one interface, shaped like PaymentIntents: create, confirm, retrieve, cancel.
//!
//! Every request about one payment carries the same idempotency key, so that asking twice charges once.

use domain::{checkout::Outcome, id::ShopId, money::Money};

use super::test_gateway;
use crate::{Error, Result, Services};

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// The pretend processor: no money moves.
    Test,
}

/// Where a payment stands at the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Created, and nobody confirmed it: no money moved.
    RequiresConfirmation,
    /// The bank has not answered yet.
    Processing,
    /// The money is here.
    Succeeded,
    /// The bank refused; the sentence says why.
    Declined(String),
    /// Cancelled before it was confirmed: no money will move.
    Cancelled,
}

/// A payment as the processor knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) amount: Money,
    pub(crate) status: Status,
}

/// The processor did not answer: whether anything happened is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unanswered;

/// What a processor answers: our own failure, or nothing in time, or what was asked for.
pub(crate) type Answer<T> = Result<std::result::Result<T, Unanswered>>;

/// A payment to ask for.
pub(crate) struct Ask<'a> {
    pub(crate) shop: &'a ShopId,
    pub(crate) key: &'a str,
    pub(crate) amount: Money,
}

impl std::str::FromStr for Gateway {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == Self::Test.as_str() {
            return Ok(Self::Test);
        }
        Err(Error::internal(format!(
            "this program has no payment gateway {text}"
        )))
    }
}

impl Gateway {
    /// The word in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
        }
    }

    /// Creates the payment, or finds the one already created with this key.
    pub(crate) async fn create(self, services: &Services, ask: &Ask<'_>) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::create(services, ask).await,
        }
    }

    /// Charges. `outcome` is what the test processor shall do; a real one gets a payment method here.
    pub(crate) async fn confirm(
        self,
        services: &Services,
        intent: &Intent,
        outcome: Outcome,
    ) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::confirm(services, &intent.id, outcome).await,
        }
    }

    /// Asks where a payment stands, by the processor's own name for it.
    pub(crate) async fn retrieve(self, services: &Services, id: &str) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::retrieve(services, id).await,
        }
    }

    /// Looks for the payment that was created with a key; nothing is created.
    pub(crate) async fn find(self, services: &Services, key: &str) -> Answer<Option<Intent>> {
        match self {
            Self::Test => test_gateway::find(services, key).await,
        }
    }

    /// Cancels a payment that was not confirmed; answers with where it stands then.
    pub(crate) async fn cancel(self, services: &Services, intent: &Intent) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::cancel(services, &intent.id).await,
        }
    }
}
