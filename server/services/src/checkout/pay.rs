//! Paying: ask the processor outside of any transaction, settle inside one, and reconcile what was never answered.

use domain::{
    checkout::{Input, Order, Outcome, PayForm, prolonged},
    time::UnixMs,
};

use super::{
    Checkout, Paid,
    gateway::{Answer, Ask, Gateway, Status},
    missing,
    quote::requote,
    settle,
    sql::{self, OpenPayment},
};
use crate::{Error, Result};

/// How long a payment that was asked for is left to whoever asked, ms. After that, the asking process is taken for dead.
const ASKING_MS: i64 = 60_000;

pub(super) fn no_gateway() -> Error {
    Error::Unavailable(
        "This shop does not take payments yet. Nothing was reserved and nothing was charged."
            .to_owned(),
    )
}

pub(super) fn too_late() -> Error {
    Error::Gone(
        "The time to pay is over and the pieces went back on sale. Nothing was charged. Open the product and buy again."
            .to_owned(),
    )
}

enum Begun {
    /// Ask the processor.
    Ask(OpenPayment),
    /// Nothing to ask: paid, or a payment is on its way.
    Stands,
    /// It costs something else than the page said.
    TotalChanged,
}

impl Checkout<'_> {
    /// Pays. Pressing twice pays once: on a paid or pending order it answers with that order.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` (a field of the form), `Gone` (hold over or cancelled), `Unavailable` (no gateway takes payments).
    pub async fn pay(&self, token: &str, form: &PayForm) -> Result<Paid> {
        let gateway = self.gateway().ok_or_else(no_gateway)?;
        match self.begin(token, form, gateway).await? {
            Begun::Stands => Ok(Paid::Done),
            Begun::TotalChanged => Ok(Paid::TotalChanged),
            Begun::Ask(payment) => {
                let outcome: Outcome = form.outcome.parse()?;
                let answer = self.ask(gateway, &payment, outcome).await;
                let order = self.note(&payment, answer).await?;
                match order.declined {
                    Some(reason) if order.state.payable() => Ok(Paid::Declined(reason)),
                    _ => Ok(Paid::Done),
                }
            }
        }
    }

    /// Under the order's lock: may a payment be asked for? If so, its row is there before the processor hears of it.
    async fn begin(&self, token: &str, form: &PayForm, gateway: Gateway) -> Result<Begun> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = sql::lock(&mut write, token, now)
            .await?
            .ok_or_else(missing)?;
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
            sql::save(&mut write, &shop, &order, now).await?;
            write.commit().await?;
            return Ok(Begun::TotalChanged);
        }
        order.held_until = prolonged(order.held_until, order.created_at, now);
        let _: Outcome = form.outcome.parse()?;
        settle::run(&mut write, &shop, &mut order, Input::Pay, now).await?;
        // Nothing to pay needs nobody who takes payments.
        if order.total.minor == 0 {
            let paid = Input::Succeeded { in_stock: true };
            settle::run(&mut write, &shop, &mut order, paid, now).await?;
            write.commit().await?;
            return Ok(Begun::Stands);
        }
        let id: String = self.services.inner.random.id()?;
        let payment = OpenPayment {
            key: format!("{}-{id}", order.id),
            id,
            token: token.to_owned(),
            shop,
            gateway: gateway.as_str().to_owned(),
            intent: None,
            amount: order.total,
            unknown: false,
            changed_at: now,
        };
        sql::insert_payment(&mut write, &order, &payment).await?;
        write.commit().await?;
        Ok(Begun::Ask(payment))
    }

    async fn ask(
        &self,
        gateway: Gateway,
        payment: &OpenPayment,
        outcome: Outcome,
    ) -> Answer<Status> {
        let ask = Ask {
            shop: &payment.shop,
            key: &payment.key,
            amount: payment.amount,
        };
        let intent = match gateway.create(self.services, &ask).await? {
            Ok(intent) => intent,
            Err(unanswered) => return Ok(Err(unanswered)),
        };
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let is_ours = sql::set_intent(&mut write, &payment.id, &intent.id, now).await?;
        write.commit().await?;
        let answer = if is_ours {
            gateway.confirm(self.services, &intent, outcome).await?
        } else {
            // This took so long that the payment was given up.
            gateway.cancel(self.services, &intent).await?
        };
        Ok(answer.map(|intent| intent.status))
    }

    /// Under the order's lock: writes what the processor answered, and answers with the order as it stands then. A failure of
    /// ours counts as no answer, because the processor may have charged all the same.
    async fn note(&self, payment: &OpenPayment, answer: Answer<Status>) -> Result<Order> {
        let now = self.services.now();
        let status = match answer {
            Ok(Ok(status)) => Some(status),
            Ok(Err(_)) => None,
            Err(error) => {
                tracing::error!(%error, payment = %payment.id, "asking the processor failed");
                None
            }
        };
        let mut write = self.services.inner.db.write().await?;
        let (shop, mut order) = sql::lock(&mut write, &payment.token, now)
            .await?
            .ok_or_else(missing)?;
        let (input, state, reason) = match &status {
            Some(Status::Succeeded) => (Input::Succeeded { in_stock: false }, "succeeded", None),
            Some(Status::Declined(reason)) => (Input::Declined, "declined", Some(reason.clone())),
            Some(Status::Cancelled) => (
                Input::Declined,
                "declined",
                Some(
                    "The payment was interrupted before anything was charged. Try again."
                        .to_owned(),
                ),
            ),
            Some(Status::Processing | Status::RequiresConfirmation) | None => {
                (Input::Unanswered, "unknown", None)
            }
        };
        let reason_text = reason.as_deref();
        let first = sql::settle_payment(&mut write, &payment.id, state, reason_text, now).await?;
        // A late word about a payment that was settled meanwhile must not touch the one that came after it. Money counts
        // whenever it comes.
        if !first && !matches!(input, Input::Succeeded { .. }) {
            write.commit().await?;
            return Ok(order);
        }
        if input == Input::Declined && order.state.open() {
            order.declined.clone_from(&reason);
        }
        settle::run(&mut write, &shop, &mut order, input, now).await?;
        write.commit().await?;
        Ok(order)
    }

    /// Asks the processors about open payments. Returns how many were settled. One that cannot be settled is logged and holds
    /// up no other.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reconcile(&self) -> Result<usize> {
        self.reconcile_some(None).await
    }

    pub(super) async fn reconcile_some(&self, token: Option<&str>) -> Result<usize> {
        let open = sql::open_payments(&mut *self.services.inner.db.read().await?, token).await?;
        let mut settled = 0;
        for payment in open {
            match self.reconcile_one(&payment).await {
                Ok(known) => settled += usize::from(known),
                Err(error) => {
                    tracing::error!(%error, payment = %payment.id, "a payment could not be settled");
                }
            }
        }
        Ok(settled)
    }

    /// Whether the payment's end is known now.
    async fn reconcile_one(&self, payment: &OpenPayment) -> Result<bool> {
        let now = self.services.now();
        // Whoever asked may be waiting for the answer right now.
        let asking =
            !payment.unknown && UnixMs(now.0.saturating_sub(ASKING_MS)) < payment.changed_at;
        if asking {
            return Ok(false);
        }
        let answer = self.look(payment).await;
        let known = matches!(
            &answer,
            Ok(Ok(Status::Succeeded
                | Status::Declined(_)
                | Status::Cancelled))
        );
        self.note(payment, answer).await?;
        Ok(known)
    }

    /// Where a payment stands: at the processor that its row names, by the name that the processor gave it. Nothing is created.
    /// One that was never confirmed is cancelled, so that it cannot be charged later. Open payments are settled even after
    /// their gateway was switched off: their orders hold stock.
    async fn look(&self, payment: &OpenPayment) -> Answer<Status> {
        let gateway: Gateway = payment.gateway.parse()?;
        let known = match &payment.intent {
            Some(id) => Ok(Some(id.clone())),
            // The answer to its creation was lost, if it was asked for at all.
            None => gateway
                .find(self.services, &payment.key)
                .await?
                .map(|found| found.map(|intent| intent.id)),
        };
        let answer = match known {
            Ok(Some(id)) => gateway.retrieve(self.services, &id).await?,
            // The processor never heard of it. Should it yet, whoever asks finds the payment given up and cancels it.
            Ok(None) => return Ok(Ok(Status::Cancelled)),
            Err(unanswered) => Err(unanswered),
        };
        let intent = match answer {
            Ok(intent) => intent,
            Err(unanswered) => return Ok(Err(unanswered)),
        };
        if intent.amount != payment.amount {
            return Err(Error::internal(format!(
                "payment {} is over {} and the processor's {} over {}",
                payment.id, payment.amount, intent.id, intent.amount
            )));
        }
        let answer = match intent.status {
            Status::RequiresConfirmation => gateway.cancel(self.services, &intent).await?,
            _ => Ok(intent),
        };
        Ok(answer.map(|intent| intent.status))
    }
}
