//! Paying: ask the processor outside of any transaction, and note its answer inside one.

use domain::{
    checkout::{Input, Order, Outcome, PayForm, State, prolonged},
    id::ShopId,
    payment::{AttemptState, Provider, check_wait_ms},
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::{
    Payments,
    gateway::{Answer, Ask, Failure, Fee, Gateway, Intent, Status},
    no_gateway,
    reconcile::Seen,
    refund,
    sql::{self, Attempt, Noted},
};
use crate::{
    Error, Result,
    checkout::{self, missing, quote::requote, settle},
    db::Write,
    ledger::{self, Posting},
};

/// How long a payment that was asked for is left to whoever asked, ms. After that, the asking process is taken for dead.
pub(super) const ASKING_MS: i64 = 60_000;
/// How long a processor's page takes a payment at the least, ms: Stripe closes none sooner than after 30 minutes. Ours is
/// closed with the hold.
const PAGE_MS: i64 = 31 * 60 * 1000;

/// What came of pressing pay.
#[derive(Debug, Clone, PartialEq)]
pub enum Paid {
    /// Go to `/order/{token}`: paid, or pending until the bank answers.
    Done,
    /// Declined: the sentence says why, and the form can be used again.
    Declined(String),
    /// Go to this page of the processor.
    Redirect(String),
    /// It costs something else than the page said; nothing was charged, and the form can be used again.
    TotalChanged,
}

pub(crate) fn too_late() -> Error {
    Error::Gone(
        "The time to pay is over and the pieces went back on sale. Nothing was charged. Open the product and buy again."
            .to_owned(),
    )
}

/// Who takes a shop's new payments.
#[derive(Debug, Clone)]
pub(crate) struct Taker {
    pub(crate) provider: Provider,
    pub(crate) account: Option<String>,
    pub(crate) live: bool,
}

enum Begun {
    /// Ask the processor.
    Ask(Box<Attempt>),
    /// The buyer has a page of the processor already.
    Open(Box<Attempt>),
    /// Nothing to ask: paid, or a payment is on its way.
    Stands,
    /// It costs something else than the page said.
    TotalChanged,
}

impl Payments<'_> {
    /// Who takes new payments of a shop: its own account, else the test gateway where that is on.
    pub(crate) async fn taker(
        &self,
        connection: &mut AnyConnection,
        shop: &ShopId,
    ) -> Result<Option<Taker>> {
        if let Some(account) = sql::active_account(connection, shop).await? {
            return Ok(Some(Taker {
                provider: account.provider,
                account: Some(account.id),
                live: account.live,
            }));
        }
        Ok(self.services.config().test_payments.then_some(Taker {
            provider: Provider::Test,
            account: None,
            live: false,
        }))
    }

    /// Who takes new payments of a shop, for its pages.
    pub async fn provider(&self, shop: &ShopId) -> Result<Option<Provider>> {
        let mut connection = self.services.inner.db.read().await?;
        Ok(self
            .taker(&mut connection, shop)
            .await?
            .map(|taker| taker.provider))
    }

    /// Pays. Pressing twice pays once: on a paid or pending order it answers with that order, and a page of the processor that is
    /// open is gone on with.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` (a field of the form, or an amount that the processor does not take), `Gone` (hold over or
    /// cancelled), `Unavailable` (nobody takes payments).
    pub async fn pay(&self, token: &str, form: &PayForm) -> Result<Paid> {
        let attempt = match self.begin(token, form).await? {
            Begun::Stands => return Ok(Paid::Done),
            Begun::TotalChanged => return Ok(Paid::TotalChanged),
            Begun::Ask(attempt) => attempt,
            Begun::Open(attempt) => {
                if attempt.held_until <= self.services.now() {
                    self.close_page(token).await?;
                    // Somebody may have paid there in the last moment.
                    let mut connection = self.services.inner.db.read().await?;
                    let state = checkout::sql::state_of(&mut connection, token).await?;
                    return match state {
                        Some(state) if state.has_money() || state.open() => Ok(Paid::Done),
                        _ => Err(too_late()),
                    };
                }
                // It may have been paid or closed since.
                self.reconcile_order(token).await?;
                match self.open_page(token).await? {
                    Some(url) => return Ok(Paid::Redirect(url)),
                    None => match self.begin(token, form).await? {
                        Begun::Ask(attempt) => attempt,
                        Begun::TotalChanged => return Ok(Paid::TotalChanged),
                        Begun::Open(_) | Begun::Stands => return Ok(Paid::Done),
                    },
                }
            }
        };
        let outcome: Outcome = form.outcome.parse()?;
        let answer = self.ask(&attempt, outcome).await;
        let page = match &answer {
            Ok(Ok(intent)) => match &intent.status {
                Status::Redirect { url, .. } => Some(url.clone()),
                _ => None,
            },
            _ => None,
        };
        let order = self.note(&attempt, answer).await?;
        Ok(match (order.state, page, order.declined) {
            (State::Redirected, Some(url), _) => Paid::Redirect(url),
            (state, _, Some(reason)) if state.payable() => Paid::Declined(reason),
            _ => Paid::Done,
        })
    }

    /// The processor's page that an order's buyer can go on with.
    async fn open_page(&self, token: &str) -> Result<Option<String>> {
        let open = sql::open_attempts(&mut *self.services.inner.db.read().await?, token).await?;
        Ok(open
            .into_iter()
            .filter(|attempt| attempt.state == AttemptState::Redirected)
            .find_map(|attempt| attempt.url))
    }

    /// Under the order's lock: may a payment be asked for? If so, its row is there before the processor hears of it, with the
    /// request that it will be sent.
    async fn begin(&self, token: &str, form: &PayForm) -> Result<Begun> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = checkout::sql::lock(&mut write, token, now)
            .await?
            .ok_or_else(missing)?;
        if order.state == State::Redirected {
            let open = sql::open_attempts(&mut write, token).await?;
            let Some(attempt) = open.into_iter().next() else {
                return Err(Error::internal(
                    "an order at a payment page without its payment",
                ));
            };
            order.buyer = Some(form.buyer()?);
            checkout::sql::save(&mut write, &shop, &order, now).await?;
            write.commit().await?;
            return Ok(Begun::Open(Box::new(attempt)));
        }
        if order.state.has_money() || order.state.open() {
            return Ok(Begun::Stands);
        }
        if order.state.payable() && order.held_until <= now {
            settle::run(&mut write, &shop, &mut order, Input::HoldOver, now).await?;
            write.commit().await?;
            return Err(too_late());
        }
        if !order.state.payable() {
            return Err(too_late());
        }
        order.buyer = Some(form.buyer()?);
        requote(&mut write, &shop, &mut order, form, now).await?;
        if form
            .total_seen()
            .is_some_and(|seen| seen != order.total.minor)
        {
            checkout::sql::save(&mut write, &shop, &order, now).await?;
            write.commit().await?;
            return Ok(Begun::TotalChanged);
        }
        order.held_until = prolonged(order.held_until, order.created_at, now);
        let _: Outcome = form.outcome.parse()?;
        let taker = self.taker(&mut write, &shop).await?;
        if let Some(taker) = &taker {
            order.test = !taker.live;
        }
        if order.total.minor == 0 {
            // Nothing to pay: no processor is asked.
            settle::run(
                &mut write,
                &shop,
                &mut order,
                Input::Succeeded { in_stock: false },
                now,
            )
            .await?;
            write.commit().await?;
            return Ok(Begun::Stands);
        }
        let taker = taker.ok_or_else(no_gateway)?;
        let attempt = self.prepare(&shop, &order, taker, now)?;
        settle::run(&mut write, &shop, &mut order, Input::Pay, now).await?;
        sql::insert_attempt(&mut write, &order, &attempt).await?;
        write.commit().await?;
        Ok(Begun::Ask(Box::new(attempt)))
    }

    fn prepare(&self, shop: &ShopId, order: &Order, taker: Taker, now: UnixMs) -> Result<Attempt> {
        let id: String = self.services.inner.random.id()?;
        let ask = Ask {
            shop,
            attempt: &id,
            order,
            expires_s: order
                .held_until
                .max(now.plus_ms(PAGE_MS))
                .0
                .div_euclid(1000),
        };
        let request = Gateway::prepare(taker.provider, self.services, &ask)?;
        Ok(Attempt {
            key: format!("{}-{id}", order.id),
            id,
            order: order.id.clone(),
            token: order.token.clone(),
            held_until: order.held_until,
            shop: shop.clone(),
            provider: taker.provider,
            account: taker.account,
            live: taker.live,
            request,
            provider_id: None,
            payment_id: None,
            url: None,
            amount: order.total,
            state: AttemptState::Asked,
            next_check_at: now.plus_ms(ASKING_MS),
            checked_at: None,
            checks: 0,
            created_at: now,
            changed_at: now,
        })
    }

    async fn ask(&self, attempt: &Attempt, outcome: Outcome) -> Answer<Intent> {
        let gateway =
            Gateway::of(self.services, attempt.provider, attempt.account.as_deref()).await?;
        let intent = match gateway.create(self.services, attempt).await? {
            Ok(intent) => intent,
            Err(failure) => {
                if let (Failure::Refused(_), Some(account)) = (&failure, &attempt.account) {
                    self.note_refused(account).await?;
                }
                return Ok(Err(failure));
            }
        };
        if !self.name(attempt, &intent).await? {
            // This took so long that the payment was given up.
            return gateway.cancel(self.services, attempt, &intent.id).await;
        }
        match intent.status {
            Status::RequiresConfirmation => gateway.confirm(self.services, intent, outcome).await,
            _ => Ok(Ok(intent)),
        }
    }

    /// Writes the processor's names for an attempt; `false` when it has ended meanwhile.
    pub(super) async fn name(&self, attempt: &Attempt, intent: &Intent) -> Result<bool> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let payment = intent.payment.as_deref();
        let is_ours =
            sql::set_provider_id(&mut write, &attempt.id, &intent.id, payment, now).await?;
        let names = [Some(intent.id.as_str()), payment];
        self.wake_webhooks(&mut write, attempt, names, now).await?;
        write.commit().await?;
        Ok(is_ours)
    }

    /// Under the order's lock: writes what the processor answered, and answers with the order as it stands then. A failure of
    /// ours counts as no answer, because the processor may have charged all the same.
    pub(super) async fn note(&self, attempt: &Attempt, answer: Answer<Intent>) -> Result<Order> {
        let now = self.services.now();
        let said = Said::of(attempt, answer);
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = checkout::sql::lock(&mut write, &attempt.token, now)
            .await?
            .ok_or_else(missing)?;
        let Some(said) = said else {
            return Ok(order);
        };
        let wait_ms = check_wait_ms(attempt.checks, said.state);
        let mut next = now.plus_ms(wait_ms);
        if said.state == AttemptState::Redirected {
            next = next.min(order.held_until.max(now.plus_ms(1000)));
        }
        let noted = Noted {
            state: said.state,
            reason: said.reason.as_deref(),
            url: said.url.as_deref(),
            payment_id: said.payment.as_deref(),
            next_check_at: next,
        };
        let first = sql::note_attempt(&mut write, &attempt.id, &noted, now).await?;
        // A late word about a payment that was settled meanwhile must not touch the one that came after it.
        if !first {
            write.commit().await?;
            return Ok(order);
        }
        let names = [said.id.as_deref(), said.payment.as_deref()];
        self.wake_webhooks(&mut write, attempt, names, now).await?;
        let had_money = order.state.has_money();
        let was_declined = order.declined.clone();
        if order.state.open() && matches!(said.input, Input::Declined | Input::Redirect) {
            order.declined.clone_from(&said.reason);
        }
        settle::run(&mut write, &shop, &mut order, said.input, now).await?;
        if order.declined != was_declined {
            checkout::sql::save(&mut write, &shop, &order, now).await?;
        }
        if said.state == AttemptState::Succeeded {
            self.captured(&mut write, attempt, &said, &order, had_money, now)
                .await?;
        }
        write.commit().await?;
        Ok(order)
    }

    /// Posts what the processor kept of an attempt's money, where it says so by now; it may come to know later than the payment.
    /// `false` when it did not answer.
    pub(super) async fn sync_fee(&self, attempt: &Attempt) -> Result<bool> {
        if attempt.state != AttemptState::Succeeded {
            return Ok(self.check(attempt).await? != Seen::Unanswered);
        }
        let Some(id) = &attempt.provider_id else {
            return Ok(true);
        };
        let gateway =
            Gateway::of(self.services, attempt.provider, attempt.account.as_deref()).await?;
        let Ok(intent) = gateway.retrieve(self.services, attempt, id).await? else {
            return Ok(false);
        };
        let Some(Fee { fee, gross }) = intent.fee else {
            return Ok(true);
        };
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        checkout::sql::lock(&mut write, &attempt.token, now)
            .await?
            .ok_or_else(missing)?;
        let posting = Posting {
            shop: &attempt.shop,
            order: &attempt.order,
            account: attempt.account.as_deref(),
            live: attempt.live,
            subject: &attempt.id,
        };
        ledger::post_fee(&mut write, &posting, [attempt.amount, gross, fee], now).await?;
        write.commit().await?;
        Ok(true)
    }

    /// What follows from money that came: it is posted, and where it pays for nothing, it goes back.
    async fn captured(
        &self,
        write: &mut Write,
        attempt: &Attempt,
        said: &Said,
        order: &Order,
        had_money: bool,
        now: UnixMs,
    ) -> Result<()> {
        let posting = Posting {
            shop: &attempt.shop,
            order: &attempt.order,
            account: attempt.account.as_deref(),
            live: attempt.live,
            subject: &attempt.id,
        };
        ledger::post_capture(write, &posting, order, attempt.amount, now).await?;
        if let Some(Fee { fee, gross }) = said.fee {
            let amounts = [attempt.amount, gross, fee];
            ledger::post_fee(write, &posting, amounts, now).await?;
        }
        let mut attempt = attempt.clone();
        attempt.payment_id = said.payment.clone().or(attempt.payment_id);
        attempt.provider_id = attempt.provider_id.or_else(|| said.id.clone());
        let cause = match order.state {
            State::RefundDue if !had_money => refund::TOO_LATE,
            _ if had_money => refund::PAID_TWICE,
            _ => return Ok(()),
        };
        refund::order_back(self.services, write, &attempt, cause, now).await
    }
}

/// What an answer means for an attempt and its order.
pub(super) struct Said {
    input: Input,
    state: AttemptState,
    reason: Option<String>,
    url: Option<String>,
    id: Option<String>,
    payment: Option<String>,
    fee: Option<Fee>,
}

impl Said {
    /// `None` when nothing new was said and nothing changes.
    fn of(attempt: &Attempt, answer: Answer<Intent>) -> Option<Self> {
        let said = |input, state| Self {
            input,
            state,
            reason: None,
            url: None,
            id: None,
            payment: None,
            fee: None,
        };
        let intent = match answer {
            Ok(Ok(intent)) if intent.amount == attempt.amount => intent,
            Ok(Err(Failure::Refused(detail))) => {
                tracing::warn!(detail, attempt = %attempt.id, "the processor took no payment");
                let reason = "The shop's payment processor did not take this payment, and nothing was charged. Try again later, or write to the shop.";
                return Some(Self {
                    reason: Some(reason.to_owned()),
                    ..said(Input::Declined, AttemptState::Declined)
                });
            }
            other => {
                match other {
                    Ok(Ok(intent)) => tracing::error!(
                        attempt = %attempt.id, asked = %attempt.amount.decimal(), currency = %attempt.amount.currency,
                        found = %intent.amount.decimal(), found_currency = %intent.amount.currency,
                        "the processor names another amount than was asked for"
                    ),
                    Ok(Err(failure)) => {
                        tracing::warn!(?failure, attempt = %attempt.id, "a processor did not answer");
                    }
                    Err(error) => {
                        tracing::error!(%error, attempt = %attempt.id, "asking the processor failed");
                    }
                }
                // The buyer may still be at its page.
                return (attempt.state != AttemptState::Redirected)
                    .then(|| said(Input::Unanswered, AttemptState::Unknown));
            }
        };
        let mut found = match intent.status {
            Status::Succeeded => said(
                Input::Succeeded { in_stock: false },
                AttemptState::Succeeded,
            ),
            Status::Declined(reason) => Self {
                reason: Some(reason),
                ..said(Input::Declined, AttemptState::Declined)
            },
            Status::Cancelled if attempt.state == AttemptState::Redirected => {
                said(Input::Returned, AttemptState::Cancelled)
            }
            Status::Cancelled => Self {
                reason: Some(
                    "The payment was interrupted before anything was charged. Try again."
                        .to_owned(),
                ),
                ..said(Input::Declined, AttemptState::Cancelled)
            },
            Status::Redirect { url, reason } => Self {
                url: Some(url),
                reason,
                ..said(Input::Redirect, AttemptState::Redirected)
            },
            Status::Processing | Status::RequiresConfirmation => {
                said(Input::Unanswered, AttemptState::Unknown)
            }
        };
        found.id = Some(intent.id);
        found.payment = intent.payment;
        found.fee = intent.fee;
        Some(found)
    }
}
