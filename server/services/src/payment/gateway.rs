//! Payment processors behind one interface: prepare, create, confirm or redirect, retrieve, cancel, refund.
//!
//! The request that creates a payment is prepared, stored, and only then sent, always under the same idempotency key.

use domain::{
    checkout::{Order, Outcome},
    id::ShopId,
    money::Money,
    payment::{KEYS_KEPT_MS, Provider, RefundState},
};

use super::{
    account,
    sql::{Attempt, Refund},
    stripe, test_gateway,
};
use crate::{Result, Services};

/// A processor, ready to be asked.
#[derive(Clone)]
pub(crate) enum Gateway {
    /// The pretend processor: no money moves.
    Test,
    /// Stripe, with the keys of an account.
    Stripe(stripe::Client),
}

/// Where a payment stands at the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Created, and nobody confirmed it: no money moved.
    RequiresConfirmation,
    /// The processor has a page on which the buyer can pay. `reason` is why the last card there was refused.
    Redirect { url: String, reason: Option<String> },
    /// The bank has not answered yet.
    Processing,
    /// The money is here.
    Succeeded,
    /// The bank refused; the sentence says why.
    Declined(String),
    /// Closed before anybody paid: no money will move.
    Cancelled,
}

/// A payment as the processor knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) id: String,
    /// What the movement of money is called, where that is another thing.
    pub(crate) payment: Option<String>,
    pub(crate) amount: Money,
    pub(crate) status: Status,
    /// What the processor kept for itself, where it has said so.
    pub(crate) fee: Option<Fee>,
}

/// A processor's fee, in the currency that it settles in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fee {
    /// What it kept.
    pub(crate) fee: Money,
    /// What the whole payment was worth there.
    pub(crate) gross: Money,
}

/// A refund as the processor knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) id: String,
    /// Our name for it, where it was asked for here.
    pub(crate) ours: Option<String>,
    pub(crate) amount: Money,
    pub(crate) state: RefundState,
    /// Why it failed, as a sentence.
    pub(crate) problem: Option<String>,
}

/// The processor did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No answer, or one that says nothing: whether anything happened is not known. The detail is for the log.
    Unknown(String),
    /// It refused for good and nothing happened. The detail is for the log.
    Refused(String),
}

/// What a processor answers: our own failure, or the processor's, or what was asked for.
pub(crate) type Answer<T> = Result<std::result::Result<T, Failure>>;

/// A payment to ask for.
pub(crate) struct Ask<'a> {
    pub(crate) shop: &'a ShopId,
    pub(crate) attempt: &'a str,
    pub(crate) order: &'a Order,
    /// Until when the processor's page takes the payment, seconds since 1970.
    pub(crate) expires_s: i64,
}

impl Gateway {
    /// The processor of an attempt: the account that its row names, whichever takes new payments now.
    pub(crate) async fn of(
        services: &Services,
        provider: Provider,
        account: Option<&str>,
    ) -> Result<Self> {
        match provider {
            Provider::Test => Ok(Self::Test),
            Provider::Stripe => Ok(Self::Stripe(account::client(services, account).await?)),
        }
    }

    /// The exact request that creates a payment.
    ///
    /// # Errors
    /// `Invalid` when the processor takes no such amount.
    pub(crate) fn prepare(
        provider: Provider,
        services: &Services,
        ask: &Ask<'_>,
    ) -> Result<String> {
        match provider {
            Provider::Test => test_gateway::prepare(ask),
            Provider::Stripe => stripe::session::request(&services.config().public_url, ask),
        }
    }

    /// Creates the payment, or finds the one already created with this key.
    pub(crate) async fn create(&self, services: &Services, attempt: &Attempt) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::create(services, &attempt.key, &attempt.request).await,
            Self::Stripe(client) => Ok(stripe::session::create(client, attempt).await),
        }
    }

    /// Charges. `outcome` is what the test processor shall do.
    pub(crate) async fn confirm(
        &self,
        services: &Services,
        intent: Intent,
        outcome: Outcome,
    ) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::confirm(services, &intent.id, outcome).await,
            Self::Stripe(_) => Ok(Ok(intent)),
        }
    }

    /// Asks where a payment stands, by the processor's own name for it.
    pub(crate) async fn retrieve(
        &self,
        services: &Services,
        attempt: &Attempt,
        id: &str,
    ) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::retrieve(services, id).await,
            Self::Stripe(client) => Ok(stripe::session::retrieve(client, attempt, id).await),
        }
    }

    /// Finds the payment whose creation was never answered; `None` when the processor has not heard of it. While it keeps keys,
    /// the stored request is repeated, which is answered with the first answer; later it is only searched for.
    pub(crate) async fn recover(
        &self,
        services: &Services,
        attempt: &Attempt,
    ) -> Answer<Option<Intent>> {
        match self {
            Self::Test => test_gateway::find(services, &attempt.key).await,
            Self::Stripe(client) => {
                let age_ms = services.now().0.saturating_sub(attempt.created_at.0);
                if age_ms < KEYS_KEPT_MS {
                    let answer = stripe::session::create(client, attempt).await;
                    return Ok(match answer {
                        // It never arrived, and now it is too late for it.
                        Err(Failure::Refused(_)) => Ok(None),
                        other => other.map(Some),
                    });
                }
                Ok(stripe::session::search(client, attempt).await)
            }
        }
    }

    /// Closes a payment that nobody has made; answers with where it stands then.
    pub(crate) async fn cancel(
        &self,
        services: &Services,
        attempt: &Attempt,
        id: &str,
    ) -> Answer<Intent> {
        match self {
            Self::Test => test_gateway::cancel(services, id).await,
            Self::Stripe(client) => Ok(stripe::session::expire(client, attempt, id).await),
        }
    }

    /// Gives money back; asking again with the same key gives nothing back twice.
    pub(crate) async fn refund(&self, services: &Services, refund: &Refund) -> Answer<Returned> {
        match self {
            Self::Test => test_gateway::refund(services, &refund.key, &refund.request).await,
            Self::Stripe(client) => Ok(stripe::refund::create(client, refund).await),
        }
    }

    /// Every refund of a payment that the processor knows of.
    pub(crate) async fn refunds(
        &self,
        services: &Services,
        payment: &str,
    ) -> Answer<Vec<Returned>> {
        match self {
            Self::Test => test_gateway::refunds(services, payment).await,
            Self::Stripe(client) => Ok(stripe::refund::list(client, payment).await),
        }
    }
}
