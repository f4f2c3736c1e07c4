//! Giving money back: by a person from `/manage`, or by the machine where money came that pays for nothing.
//!
//! A refund's row is written under the order's lock, within what was taken and has not gone back. Only then is the processor
//! asked, outside of any transaction, and always under the same key.

use domain::{
    checkout::{Input, Order, State},
    id::{OrderId, ShopId},
    identity::Viewer,
    ledger::Kind,
    money::Money,
    payment::{
        DisputeState, KEYS_KEPT_MS, Provider, RefundState, Refundable, Restock, check_wait_ms,
    },
    share::share,
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::{
    Payments,
    gateway::{Failure, Gateway, Returned},
    sql::{self, Attempt, Dispute, Refund},
    stripe, test_gateway,
};
use crate::{
    Error, Result, Services,
    checkout::{self, check_key, missing, settle},
    db::Write,
    ledger::{self, Posting},
};

/// Why the machine gives money back.
pub(super) const TOO_LATE: &str = "Paid after the reservation had ended and the pieces were sold";
pub(super) const PAID_TWICE: &str = "Paid a second time";
const BY_HAND: &str = "Refunded by the shop";
const ELSEWHERE: &str = "Refunded at the processor";

/// The form of a refund as posted.
#[derive(Debug, Clone, Default)]
pub struct RefundForm {
    /// How much; empty: all that is left.
    pub amount: String,
    /// Whether the pieces go back on sale.
    pub restock: Restock,
    /// Names the page, so that pressing twice refunds once.
    pub key: String,
}

/// A refund as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundView {
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: RefundState,
    /// Why it was made.
    pub cause: String,
    /// Why it failed.
    pub problem: Option<String>,
    /// When it was asked for.
    pub at: UnixMs,
}

/// A dispute as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeView {
    /// Over how much.
    pub amount: Money,
    /// Where it stands.
    pub state: DisputeState,
    /// What the buyer told the bank.
    pub reason: String,
    /// When it was heard of.
    pub at: UnixMs,
}

/// What was taken for an order and what went back of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunds {
    /// The sums.
    pub refundable: Refundable,
    /// Each refund, the first first.
    pub refunds: Vec<RefundView>,
    /// Each dispute, the first first.
    pub disputes: Vec<DisputeView>,
    /// Who took the money.
    pub provider: Option<Provider>,
}

impl Refunds {
    /// What went back, failed refunds apart, in minor units.
    #[must_use]
    pub const fn refunded_minor(&self) -> i64 {
        self.refundable.refunded_minor
    }
}

/// What was taken for an order, attempt by attempt, and what has gone back of each.
struct Books {
    attempts: Vec<(Attempt, i64)>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
    refundable: Refundable,
}

impl Books {
    async fn read(connection: &mut AnyConnection, shop: &ShopId, order: &Order) -> Result<Self> {
        let attempts = sql::captured_attempts(connection, shop, &order.id).await?;
        let refunds = sql::refunds_of(connection, &order.id).await?;
        let disputes = sql::disputes_of(connection, &order.id).await?;
        let mut captured = Money::zero(order.total.currency);
        let mut each = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            captured = captured
                .plus(attempt.amount)
                .ok_or_else(|| Error::internal("payments of an order that do not sum"))?;
            let gone: i64 = refunds
                .iter()
                .filter(|refund| refund.attempt == attempt.id && refund.state.counts())
                .map(|refund| refund.amount.minor)
                .sum();
            let rest = attempt.amount.minor - gone;
            each.push((attempt, rest.max(0)));
        }
        let refunded_minor = refunds
            .iter()
            .filter(|refund| refund.state.counts())
            .map(|refund| refund.amount.minor)
            .sum();
        let disputed_minor = disputes
            .iter()
            .filter(|dispute| dispute.withdrawn)
            .map(|dispute| dispute.amount.minor)
            .sum();
        Ok(Self {
            attempts: each,
            refunds,
            disputes,
            refundable: Refundable {
                captured,
                refunded_minor,
                disputed_minor,
            },
        })
    }
}

/// A refund of `amount` of an attempt, ready to be written.
fn new_refund(
    services: &Services,
    attempt: &Attempt,
    amount: Money,
    cause: &str,
    now: UnixMs,
) -> Result<Refund> {
    let id: String = services.inner.random.id()?;
    let key = format!("{}-{id}", attempt.order);
    let payment = attempt
        .payment_id
        .as_deref()
        .or(attempt.provider_id.as_deref())
        .ok_or_else(|| Error::internal("money without the processor's name for it"))?;
    let request = match attempt.provider {
        Provider::Test => test_gateway::prepare_refund(payment, amount)?,
        Provider::Stripe => stripe::refund::request(payment, amount, &key),
    };
    Ok(Refund {
        id,
        order: attempt.order.clone(),
        token: attempt.token.clone(),
        shop: attempt.shop.clone(),
        attempt: attempt.id.clone(),
        provider: attempt.provider,
        account: attempt.account.clone(),
        live: attempt.live,
        form: None,
        key,
        request,
        provider_id: None,
        payment: Some(payment.to_owned()),
        amount,
        state: RefundState::Asked,
        cause: cause.to_owned(),
        problem: None,
        person: None,
        next_check_at: now,
        checks: 0,
        created_at: now,
    })
}

/// Has all of an attempt go back by the next reconciliation, in the transaction that found that it pays for nothing.
pub(super) async fn order_back(
    services: &Services,
    write: &mut Write,
    attempt: &Attempt,
    cause: &str,
    now: UnixMs,
) -> Result<()> {
    let refund = new_refund(services, attempt, attempt.amount, cause, now)?;
    sql::insert_refund(write, &refund).await
}

impl Payments<'_> {
    /// What was taken for an order of the viewer's shop and what went back of it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn refunds(&self, viewer: &Viewer, order: &Order) -> Result<Refunds> {
        self.refunds_of(&viewer.shop.id, order).await
    }

    /// [`Payments::refunds`], for the order's buyer.
    pub async fn refunds_of(&self, shop: &ShopId, order: &Order) -> Result<Refunds> {
        let mut connection = self.services.inner.db.read().await?;
        let books = Books::read(&mut connection, shop, order).await?;
        Ok(Refunds {
            refundable: books.refundable,
            provider: books.attempts.first().map(|(attempt, _)| attempt.provider),
            refunds: books
                .refunds
                .into_iter()
                .map(|refund| RefundView {
                    amount: refund.amount,
                    state: refund.state,
                    cause: refund.cause,
                    problem: refund.problem,
                    at: refund.created_at,
                })
                .collect(),
            disputes: books
                .disputes
                .into_iter()
                .map(|dispute| DisputeView {
                    amount: dispute.amount,
                    state: dispute.state,
                    reason: dispute.reason,
                    at: dispute.opened_at,
                })
                .collect(),
        })
    }

    /// Gives money of an order back. The same form again changes nothing.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` (amount, restock); `Conflict` when the form was used for another order.
    pub async fn refund(&self, viewer: &Viewer, id: &OrderId, form: &RefundForm) -> Result<()> {
        check_key(&form.key)?;
        let shop = &viewer.shop.id;
        let token = self.services.checkout().token_of(viewer, id).await?;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (_, mut order) = checkout::sql::lock(&mut write, &token, now)
            .await?
            .ok_or_else(missing)?;
        if let Some(known) = sql::refund_by_form(&mut write, shop, &form.key).await? {
            return if known.order == order.id {
                Ok(())
            } else {
                Err(Error::Conflict(
                    "This form was already used for another order. Open the order again and refund from there."
                        .to_owned(),
                ))
            };
        }
        let books = Books::read(&mut write, shop, &order).await?;
        // What cost nothing has no money to go back; it is only called off.
        if order.total.minor == 0 && books.refundable.captured.minor == 0 {
            let restock = form.restock == Restock::Return;
            settle::run(&mut write, shop, &mut order, Input::Refund { restock }, now).await?;
            return write.commit().await;
        }
        let amount = books.refundable.amount(&form.amount)?;
        let is_all = amount == books.refundable.rest();
        if form.restock == Restock::Return && !(is_all && order.state == State::Paid) {
            return Err(Error::Invalid {
                field: "restock",
                message: "Pieces go back on sale only with a refund of everything that is left, and before they are sent. \
                          Refund the rest, or correct the stock in the product's editor."
                    .to_owned(),
            });
        }
        // Keys that are gone are noticed before anything is written.
        for (attempt, _) in &books.attempts {
            Gateway::of(self.services, attempt.provider, attempt.account.as_deref()).await?;
        }
        let rests: Vec<i64> = books.attempts.iter().map(|(_, rest)| *rest).collect();
        let mut asked = Vec::new();
        for ((attempt, _), minor) in books.attempts.iter().zip(share(amount.minor, &rests)) {
            let Some(part) = Money::new(minor, amount.currency).filter(|part| part.minor > 0)
            else {
                continue;
            };
            let mut refund = new_refund(self.services, attempt, part, BY_HAND, now)?;
            // One row of the form is enough to know it again.
            refund.form = asked.is_empty().then(|| form.key.clone());
            refund.person = Some(viewer.person.to_string());
            refund.next_check_at =
                now.plus_ms(check_wait_ms(0, domain::payment::AttemptState::Asked));
            sql::insert_refund(&mut write, &refund).await?;
            asked.push(refund);
        }
        if is_all && order.state == State::Paid {
            let restock = form.restock == Restock::Return;
            settle::run(&mut write, shop, &mut order, Input::Refund { restock }, now).await?;
        }
        write.commit().await?;
        for refund in asked {
            self.ask_refund(&refund).await?;
        }
        Ok(())
    }

    /// Asks the processor for a refund, again under the same key where it was asked before, and writes what it says.
    async fn ask_refund(&self, refund: &Refund) -> Result<()> {
        let gateway =
            Gateway::of(self.services, refund.provider, refund.account.as_deref()).await?;
        let answer = gateway.refund(self.services, refund).await?;
        self.note_refund(refund, answer).await
    }

    /// Under the order's lock: writes where a refund stands.
    async fn note_refund(
        &self,
        refund: &Refund,
        answer: std::result::Result<Returned, Failure>,
    ) -> Result<()> {
        let now = self.services.now();
        let from = refund.state;
        let mut refund = refund.clone();
        let wait_ms = check_wait_ms(refund.checks, domain::payment::AttemptState::Unknown);
        refund.next_check_at = now.plus_ms(wait_ms);
        match answer {
            Ok(found) if found.amount != refund.amount => {
                tracing::error!(refund = %refund.id, "the processor names another amount than was given back");
            }
            Ok(found) => {
                refund.state = found.state;
                refund.problem = found.problem;
                refund.provider_id = Some(found.id);
            }
            // What was asked before may have been done: a key that was revoked since, say, tells nothing of it.
            Err(Failure::Refused(detail)) if refund.checks > 0 => {
                tracing::warn!(detail, refund = %refund.id, "the processor refuses to be asked again about a refund");
            }
            Err(Failure::Refused(detail)) => {
                tracing::warn!(detail, refund = %refund.id, "the processor gave nothing back");
                refund.state = RefundState::Failed;
                refund.problem = Some(
                    "The processor refused it, and nothing went back. Look at the payment there, then try again."
                        .to_owned(),
                );
            }
            Err(Failure::Unknown(detail)) => {
                tracing::warn!(detail, refund = %refund.id, "a processor did not answer about a refund");
            }
        }
        let mut write = self.services.inner.db.write().await?;
        let (_, order) = checkout::sql::lock(&mut write, &refund.token, now)
            .await?
            .ok_or_else(missing)?;
        if sql::set_refund(&mut write, &refund, from, now).await? {
            let posting = Posting {
                shop: &refund.shop,
                order: &refund.order,
                account: refund.account.as_deref(),
                live: refund.live,
                subject: &refund.id,
            };
            match (from, refund.state) {
                (
                    RefundState::Asked | RefundState::Failed,
                    RefundState::Pending | RefundState::Succeeded,
                ) => {
                    ledger::post_refund(&mut write, &posting, &order, refund.amount, now).await?;
                }
                (RefundState::Pending | RefundState::Succeeded, RefundState::Failed) => {
                    let kinds = (Kind::Refund, Kind::RefundReversal);
                    ledger::post_reversal(&mut write, &posting, kinds, now).await?;
                }
                _ => {}
            }
        }
        write.commit().await
    }

    /// Asks about refunds that have no end yet.
    pub(super) async fn reconcile_refunds(&self) -> Result<()> {
        let now = self.services.now();
        let due = sql::due_refunds(&mut *self.services.inner.db.read().await?, now).await?;
        for refund in due {
            if let Err(error) = self.check_refund(&refund).await {
                tracing::error!(%error, refund = %refund.id, "a refund could not be settled");
            }
        }
        Ok(())
    }

    async fn check_refund(&self, refund: &Refund) -> Result<()> {
        let age_ms = self.services.now().0.saturating_sub(refund.created_at.0);
        if refund.provider_id.is_none() && age_ms < KEYS_KEPT_MS {
            return self.ask_refund(refund).await;
        }
        let gateway =
            Gateway::of(self.services, refund.provider, refund.account.as_deref()).await?;
        let payment = refund.payment.as_deref().unwrap_or_default();
        let answer = match gateway.refunds(self.services, payment).await? {
            Ok(all) => all
                .into_iter()
                .find(|found| is_same(refund, found))
                .ok_or_else(|| Failure::Refused("the processor has no such refund".to_owned())),
            Err(failure) => Err(match failure {
                Failure::Refused(detail) | Failure::Unknown(detail) => Failure::Unknown(detail),
            }),
        };
        self.note_refund(refund, answer).await
    }

    /// Brings an attempt's refunds to what the processor knows, those that were made there included. `false` when it did not
    /// answer.
    pub(super) async fn sync_refunds(&self, attempt: &Attempt) -> Result<bool> {
        let gateway =
            Gateway::of(self.services, attempt.provider, attempt.account.as_deref()).await?;
        let Some(payment) = attempt
            .payment_id
            .as_deref()
            .or(attempt.provider_id.as_deref())
        else {
            return Ok(false);
        };
        let Ok(found) = gateway.refunds(self.services, payment).await? else {
            return Ok(false);
        };
        for returned in found {
            let now = self.services.now();
            let mut write = self.services.inner.db.write().await?;
            checkout::sql::lock(&mut write, &attempt.token, now)
                .await?
                .ok_or_else(missing)?;
            let known = sql::refunds_of(&mut write, &attempt.order).await?;
            let ours = known
                .into_iter()
                .find(|refund| refund.attempt == attempt.id && is_same(refund, &returned));
            if ours.is_none() {
                let mut refund =
                    new_refund(self.services, attempt, returned.amount, ELSEWHERE, now)?;
                refund.provider_id = Some(returned.id.clone());
                // Its form was Stripe's own; nothing of ours is ever sent for it.
                refund.request = String::new();
                sql::insert_refund(&mut write, &refund).await?;
                write.commit().await?;
                self.note_refund(&refund, Ok(returned)).await?;
            } else if let Some(refund) = ours {
                drop(write);
                self.note_refund(&refund, Ok(returned)).await?;
            }
        }
        Ok(true)
    }

    /// Writes where a dispute about an attempt stands. `false` when the processor did not answer.
    pub(super) async fn sync_dispute(&self, attempt: &Attempt, dispute: &str) -> Result<bool> {
        let gateway =
            Gateway::of(self.services, attempt.provider, attempt.account.as_deref()).await?;
        let Gateway::Stripe(client) = gateway else {
            return Ok(true);
        };
        let Ok(found) = stripe::dispute::retrieve(&client, dispute).await else {
            return Ok(false);
        };
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        checkout::sql::lock(&mut write, &attempt.token, now)
            .await?
            .ok_or_else(missing)?;
        let dispute = Dispute {
            id: self.services.inner.random.id()?,
            provider_id: found.id,
            amount: found.amount,
            state: found.state,
            reason: found.reason,
            withdrawn: found.withdrawn,
            opened_at: now,
        };
        let subject = format!("{}:{}", attempt.id, dispute.provider_id);
        let posting = Posting {
            shop: &attempt.shop,
            order: &attempt.order,
            account: attempt.account.as_deref(),
            live: attempt.live,
            subject: &subject,
        };
        if dispute.withdrawn {
            ledger::post_dispute(&mut write, &posting, dispute.amount, now).await?;
        } else {
            let kinds = (Kind::Dispute, Kind::DisputeReversal);
            ledger::post_reversal(&mut write, &posting, kinds, now).await?;
        }
        sql::save_dispute(
            &mut write,
            &attempt.order,
            &attempt.shop,
            &attempt.id,
            &dispute,
            now,
        )
        .await?;
        write.commit().await?;
        Ok(true)
    }
}

/// Whether what the processor knows is this refund.
fn is_same(refund: &Refund, found: &Returned) -> bool {
    refund.provider_id.as_deref() == Some(found.id.as_str())
        || found.ours.as_deref() == Some(refund.key.as_str())
}
