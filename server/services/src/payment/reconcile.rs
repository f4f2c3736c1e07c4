//! Reconciliation: asking processors about what was never answered, by the names that they gave it. Nothing is created anew.

use domain::{
    checkout::State,
    payment::{AttemptState, check_wait_ms},
    time::UnixMs,
};

use super::{
    Payments,
    gateway::{Answer, Failure, Gateway, Intent, Status},
    pay::ASKING_MS,
    sql::{self, Attempt},
};
use crate::{Error, Result, checkout};

/// How soon a buyer's page may have the processor asked again, ms.
const PAGE_INTERVAL_MS: i64 = 1000;

/// What asking about a payment has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Its end is known.
    Settled,
    /// The processor answered, and it has not ended.
    Open,
    /// The processor did not answer.
    Unanswered,
}

impl Payments<'_> {
    /// Asks the processors about open payments and refunds that are due. Returns how many payments were settled. One that cannot
    /// be settled is logged and holds up no other.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reconcile(&self) -> Result<usize> {
        let now = self.services.now();
        let due = sql::due_attempts(&mut *self.services.inner.db.read().await?, now).await?;
        let mut settled = 0;
        for attempt in due {
            settled += usize::from(self.claim_and_check(&attempt).await == Some(Seen::Settled));
        }
        self.reconcile_refunds().await?;
        Ok(settled)
    }

    /// Asks about the open payments of one order, each at most once a second. Whether any was asked about.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn reconcile_order(&self, token: &str) -> Result<bool> {
        let now = self.services.now();
        let open = sql::open_attempts(&mut *self.services.inner.db.read().await?, token).await?;
        let mut asked = false;
        for attempt in open {
            let last = attempt.checked_at.unwrap_or(UnixMs(i64::MIN));
            if last.0.saturating_add(PAGE_INTERVAL_MS) <= now.0 {
                asked |= self.claim_and_check(&attempt).await.is_some();
            }
        }
        Ok(asked)
    }

    /// `None` when another process asks, whoever asked for the payment waits for the answer right now, or it failed.
    async fn claim_and_check(&self, attempt: &Attempt) -> Option<Seen> {
        let now = self.services.now();
        if attempt.state == AttemptState::Asked
            && UnixMs(now.0.saturating_sub(ASKING_MS)) < attempt.changed_at
        {
            return None;
        }
        let checked = async {
            let next = now.plus_ms(check_wait_ms(attempt.checks, attempt.state));
            let mut write = self.services.inner.db.write().await?;
            let is_ours = sql::claim_attempt(&mut write, attempt, next, now).await?;
            write.commit().await?;
            if is_ours {
                self.check(attempt).await.map(Some)
            } else {
                Ok(None)
            }
        };
        match checked.await {
            Ok(seen) => seen,
            Err(error) => {
                tracing::error!(%error, attempt = %attempt.id, "a payment could not be settled");
                None
            }
        }
    }

    /// Asks about an open payment and writes the answer.
    pub(super) async fn check(&self, attempt: &Attempt) -> Result<Seen> {
        self.check_and(attempt, !attempt.state.open()).await
    }

    async fn check_and(&self, attempt: &Attempt, close: bool) -> Result<Seen> {
        let answer = self.look(attempt, close).await;
        let seen = match &answer {
            Ok(Ok(intent)) if intent.amount != attempt.amount => Seen::Unanswered,
            Ok(Ok(intent)) => match intent.status {
                Status::Succeeded | Status::Declined(_) | Status::Cancelled => Seen::Settled,
                Status::RequiresConfirmation | Status::Redirect { .. } | Status::Processing => {
                    Seen::Open
                }
            },
            Ok(Err(_)) | Err(_) => Seen::Unanswered,
        };
        self.note(attempt, answer).await?;
        Ok(seen)
    }

    /// Where a payment stands: at the processor that its row names, by the name that the processor gave it. One that was never
    /// confirmed is cancelled, so that it cannot be charged later; so is a page whose hold is over. Open payments are settled even
    /// after their account was retired: their orders hold stock.
    async fn look(&self, attempt: &Attempt, close: bool) -> Answer<Intent> {
        let gateway =
            Gateway::of(self.services, attempt.provider, attempt.account.as_deref()).await?;
        let answer = match &attempt.provider_id {
            Some(id) => gateway.retrieve(self.services, attempt, id).await?,
            // The answer to its creation was lost, if it was asked for at all.
            None => match gateway.recover(self.services, attempt).await? {
                Ok(Some(intent)) => {
                    self.name(attempt, &intent).await?;
                    // An answer that is repeated says how things stood when it was first given.
                    gateway.retrieve(self.services, attempt, &intent.id).await?
                }
                // The processor never heard of it. Should it yet, whoever asks finds the payment given up and cancels it.
                Ok(None) => Ok(Intent {
                    id: String::new(),
                    payment: None,
                    amount: attempt.amount,
                    status: Status::Cancelled,
                    fee: None,
                }),
                Err(failure) => Err(failure),
            },
        };
        let intent = match answer {
            Ok(intent) => intent,
            // Keys that were revoked, say: that tells nothing of the payment.
            Err(Failure::Refused(detail)) => return Ok(Err(Failure::Unknown(detail))),
            Err(unknown) => return Ok(Err(unknown)),
        };
        let is_over = close || attempt.held_until <= self.services.now();
        let answer = match intent.status {
            Status::RequiresConfirmation => {
                gateway.cancel(self.services, attempt, &intent.id).await?
            }
            Status::Redirect { .. } if is_over => {
                gateway.cancel(self.services, attempt, &intent.id).await?
            }
            _ => Ok(intent),
        };
        // A refusal to cancel leaves open whether it can still be paid.
        Ok(answer.map_err(|failure| match failure {
            Failure::Refused(detail) => Failure::Unknown(detail),
            unknown => unknown,
        }))
    }

    /// Closes the processor's page of an order, so that nobody can pay there any more. Where somebody has, the order is paid.
    ///
    /// # Errors
    /// `Unavailable` when the processor does not answer.
    pub(crate) async fn close_page(&self, token: &str) -> Result<()> {
        let open = sql::open_attempts(&mut *self.services.inner.db.read().await?, token).await?;
        for attempt in open {
            if attempt.state == AttemptState::Redirected
                && self.check_and(&attempt, true).await? != Seen::Settled
            {
                return Err(Error::Unavailable(
                    "The payment page of this order could not be closed yet. Try again in a moment; nothing is charged twice."
                        .to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// [`Payments::close_page`], where the order has one.
    pub(crate) async fn close_page_of(&self, token: &str) -> Result<()> {
        let state =
            checkout::sql::state_of(&mut *self.services.inner.db.read().await?, token).await?;
        if state == Some(State::Redirected) {
            self.close_page(token).await?;
        }
        Ok(())
    }

    /// Whether there are payments or refunds to be asked about.
    pub(crate) async fn has_due(&self) -> Result<bool> {
        let now = self.services.now();
        let mut connection = self.services.inner.db.read().await?;
        Ok(sql::any_due_attempt(&mut connection, now).await?
            || sql::any_due_refund(&mut connection, now).await?)
    }
}
