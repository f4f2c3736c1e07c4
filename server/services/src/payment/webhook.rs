//! Webhooks: signed reports of processors, kept before they are acknowledged and applied by a job.
//!
//! A report only says that something happened to a payment. How it stands is then asked of the processor by name, so that
//! reports that come late, twice or in the wrong order cannot do harm.

use domain::{identity::Viewer, payment::Provider, time::UnixMs};
use serde_json::Value;

use super::{
    Payments,
    reconcile::Seen,
    sql::{self, Attempt, Webhook},
    stripe::signature::{self, Wrong},
};
use crate::{Error, Result, db::Write, job::Job, job::queue};

/// How long a report is kept, ms: 90 days, longer than a payment takes to end.
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// A webhook as the shop's owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookView {
    /// Names it in addresses.
    pub id: String,
    /// What it reports, in the processor's words.
    pub kind: String,
    /// Where it stands, in words.
    pub words: &'static str,
    /// When it came.
    pub received_at: UnixMs,
    /// When it was applied.
    pub applied_at: Option<UnixMs>,
}

const fn words(state: &str) -> &'static str {
    match state.as_bytes() {
        b"applied" => "Applied",
        b"ignored" => "Not needed",
        b"waiting" => "Waiting for its payment",
        _ => "New",
    }
}

fn unsigned(wrong: Wrong) -> Error {
    let message = match wrong {
        Wrong::Missing => {
            "This report carries no signature that can be read. Only the processor itself may send here."
        }
        Wrong::Forged => {
            "The signature of this report was not made with a secret of this account. Enter the webhook's signing secret under Payments."
        }
        Wrong::Old => {
            "The signature of this report is older than five minutes. Let the processor send it again, and see that this machine's clock is right."
        }
    };
    Error::Unsigned(message.to_owned())
}

fn unreadable() -> Error {
    Error::Unsigned("This report cannot be read, so nothing was done.".to_owned())
}

impl Payments<'_> {
    /// Takes a report of Stripe's: it is on the disk when this returns. The same report again changes nothing.
    ///
    /// # Errors
    /// `NotFound` (no such account), `Unsigned` (not signed by it, too old, not readable, or of another mode).
    pub async fn receive_stripe(
        &self,
        account: &str,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<()> {
        let found = sql::account_by_id(&mut *self.services.inner.db.read().await?, account).await?;
        let account = found
            .filter(|account| account.provider == Provider::Stripe && account.state != "removed")
            .ok_or_else(|| {
                Error::NotFound(
                    "No account of this shop takes reports here. Copy the webhook's address from Payments."
                        .to_owned(),
                )
            })?;
        let secrets = self.signing_of(&account).await?;
        let now = self.services.now();
        let secrets = secrets.iter().map(super::Secret::reveal);
        signature::verify(signature.unwrap_or_default(), body, secrets, now).map_err(unsigned)?;
        let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
        let event: Value = serde_json::from_str(text).map_err(|_| unreadable())?;
        let (Some(name), Some(kind)) = (event["id"].as_str(), event["type"].as_str()) else {
            return Err(unreadable());
        };
        if event["livemode"].as_bool() != Some(account.live) {
            return Err(Error::Unsigned(
                "This report is about test payments and the account takes real ones, or the other way round. Use the signing secret of the right mode."
                    .to_owned(),
            ));
        }
        let about = About::of(kind, &event["data"]["object"]);
        let webhook = Webhook {
            about: about.map(|about| about.names).unwrap_or_default(),
            id: self.services.inner.random.id()?,
            shop: account.shop.clone(),
            provider: Provider::Stripe,
            account: account.id.clone(),
            live: account.live,
            event: name.chars().take(255).collect(),
            kind: kind.chars().take(100).collect(),
            payload: text.to_owned(),
            state: "new".to_owned(),
            received_at: now,
            applied_at: None,
        };
        let mut write = self.services.inner.db.write().await?;
        if sql::insert_webhook(&mut write, &webhook).await? {
            self.enqueue(&mut write, &webhook, now).await?;
        }
        write.commit().await
    }

    async fn enqueue(&self, write: &mut Write, webhook: &Webhook, now: UnixMs) -> Result<()> {
        let job = Job::ApplyWebhook {
            shop: webhook.shop.clone(),
            webhook: webhook.id.clone(),
        };
        queue::enqueue(self.services, write, &job, now).await
    }

    /// Has the reports applied again that waited for a payment, in the transaction that writes its names.
    pub(super) async fn wake_webhooks(
        &self,
        write: &mut Write,
        attempt: &Attempt,
        names: [Option<&str>; 2],
        now: UnixMs,
    ) -> Result<()> {
        let Some(account) = &attempt.account else {
            return Ok(());
        };
        // What a report names is never this.
        let names = names.map(|name| name.unwrap_or("-"));
        for webhook in sql::waiting_webhooks(write, account, &attempt.id, names).await? {
            sql::set_webhook_state(write, &webhook.id, "new", now).await?;
            self.enqueue(write, &webhook, now).await?;
        }
        Ok(())
    }

    /// Applies a report (a job): asks the processor how what it is about stands, and writes that. It can run twice.
    ///
    /// # Errors
    /// `Unavailable` when the processor does not answer; the job is then tried again.
    pub(crate) async fn apply_webhook(&self, shop: &domain::id::ShopId, id: &str) -> Result<()> {
        let found =
            sql::webhook_by_id(&mut *self.services.inner.db.read().await?, shop, id).await?;
        let Some(webhook) = found else { return Ok(()) };
        let event: Value = serde_json::from_str(&webhook.payload).map_err(Error::internal)?;
        let about = About::of(&webhook.kind, &event["data"]["object"]);
        let state = match about {
            None => "ignored",
            Some(about) => {
                let mut connection = self.services.inner.db.read().await?;
                let attempt =
                    sql::attempt_of_account(&mut connection, &webhook.account, &about.names)
                        .await?;
                drop(connection);
                match attempt {
                    // It may be about a payment that was made elsewhere, or about one whose name is not written yet.
                    None => "waiting",
                    Some(attempt) => {
                        let done = match &about.what {
                            What::Payment if attempt.state.open() => {
                                self.check(&attempt).await? != Seen::Unanswered
                            }
                            // A late word about one that was given up: money counts whenever it comes.
                            What::Payment
                                if attempt.state != domain::payment::AttemptState::Succeeded =>
                            {
                                self.check(&attempt).await? != Seen::Unanswered
                            }
                            What::Payment => true,
                            What::Fee => self.sync_fee(&attempt).await?,
                            What::Refund => self.sync_refunds(&attempt).await?,
                            What::Dispute(dispute) => self.sync_dispute(&attempt, dispute).await?,
                        };
                        if !done {
                            return Err(Error::Unavailable(
                                "The processor reported something and did not answer when it was asked about it."
                                    .to_owned(),
                            ));
                        }
                        "applied"
                    }
                }
            }
        };
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        sql::set_webhook_state(&mut write, &webhook.id, state, now).await?;
        write.commit().await
    }

    /// Forgets reports that are old enough: they name people, and the processor keeps its own.
    pub(crate) async fn sweep_webhooks(&self) -> Result<()> {
        let before = self.services.now().plus_ms(-KEPT_MS);
        let mut write = self.services.inner.db.write().await?;
        sql::delete_webhooks(&mut write, before).await?;
        write.commit().await
    }

    /// The last webhooks of the viewer's shop, the newest first.
    pub async fn webhooks(&self, viewer: &Viewer) -> Result<Vec<WebhookView>> {
        let mut connection = self.services.inner.db.read().await?;
        Ok(sql::webhooks_of(&mut connection, &viewer.shop.id)
            .await?
            .into_iter()
            .map(|webhook| WebhookView {
                words: words(&webhook.state),
                id: webhook.id,
                kind: webhook.kind,
                received_at: webhook.received_at,
                applied_at: webhook.applied_at,
            })
            .collect())
    }

    /// Applies a webhook of the viewer's shop once more.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn replay_webhook(&self, viewer: &Viewer, id: &str) -> Result<()> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let webhook = sql::webhook_by_id(&mut write, &viewer.shop.id, id)
            .await?
            .ok_or_else(|| {
                Error::NotFound("There is no such report. Load the page again.".to_owned())
            })?;
        sql::set_webhook_state(&mut write, &webhook.id, "new", now).await?;
        self.enqueue(&mut write, &webhook, now).await?;
        write.commit().await
    }
}

/// What a report is about.
struct About {
    /// Ours or the processor's names for the payment.
    names: [String; 2],
    what: What,
}

enum What {
    Payment,
    Fee,
    Refund,
    /// The processor's name for it.
    Dispute(String),
}

impl About {
    /// `None`: nothing that is followed here.
    fn of(kind: &str, object: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let ours = text(&object["metadata"]["attempt"]);
        let id = text(&object["id"]);
        let payment = match &object["payment_intent"] {
            Value::Object(payment) => payment.get("id").map(text).unwrap_or_default(),
            other => text(other),
        };
        let (what, names) = match kind {
            "checkout.session.completed"
            | "checkout.session.async_payment_succeeded"
            | "checkout.session.async_payment_failed"
            | "checkout.session.expired" => (What::Payment, [ours, id]),
            kind if kind.starts_with("payment_intent.") => (What::Payment, [ours, id]),
            "charge.refunded" | "charge.refund.updated" => (What::Refund, [String::new(), payment]),
            // What the processor keeps is often known only after the payment.
            "charge.updated" => (What::Fee, [String::new(), payment]),
            kind if kind.starts_with("refund.") => (What::Refund, [String::new(), payment]),
            kind if kind.starts_with("charge.dispute.") => {
                (What::Dispute(id), [String::new(), payment])
            }
            _ => return None,
        };
        Some(Self { names, what })
    }
}
