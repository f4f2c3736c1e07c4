//! A shop's account at Stripe: its keys entered, checked, replaced and removed. They are never shown again.

use domain::{
    id::ShopId,
    identity::{Viewer, device::Session},
    payment::{KeyForm, Provider, signing_secret},
    time::UnixMs,
};

use super::{
    Payments, Vault,
    sql::{self, Account},
    stripe::{Client, Form},
};
use crate::{Error, Result, Services, payment::gateway::Failure};

/// The most signing secrets an account has at once.
const MOST_SIGNING: usize = 5;

/// An account as its owner sees it: no secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Names it in addresses.
    pub id: String,
    /// At which processor.
    pub provider: Provider,
    /// Real money moves.
    pub live: bool,
    /// What the processor calls it.
    pub provider_account: Option<String>,
    /// The last letters of its secret key.
    pub hint: String,
    /// Whether its publishable key is here.
    pub has_publishable: bool,
    /// It takes new payments; otherwise only its own earlier ones.
    pub active: bool,
    /// When its keys were last used for a check.
    pub checked_at: Option<UnixMs>,
    /// What was wrong with it then.
    pub problem: Option<String>,
    /// When it was entered.
    pub created_at: UnixMs,
    /// Its webhook signing secrets, the newest first.
    pub signing: Vec<SigningView>,
}

/// A webhook signing secret as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningView {
    /// Names it in addresses.
    pub id: String,
    /// When it was entered.
    pub created_at: UnixMs,
}

impl Services {
    /// Seals and opens secrets; its key is read, or made, when it is first needed.
    pub(super) fn vault(&self) -> Result<&Vault> {
        if let Some(vault) = self.inner.vault.get() {
            return Ok(vault);
        }
        let vault = Vault::open(&self.inner.config, &self.inner.random)?;
        Ok(self.inner.vault.get_or_init(|| vault))
    }

    fn stripe(&self, key: super::Secret, live: bool) -> Result<Client> {
        let config = self.config();
        Ok(Client {
            http: self.inner.http.get()?,
            base: config.stripe_api.trim_end_matches('/').to_owned(),
            pages: config.payment_pages(),
            key,
            timeout: config.stripe_timeout,
            live,
        })
    }
}

/// What a secret is sealed for: one account's, and one of its kinds of secret.
fn subject(account: &str, kind: &str) -> String {
    format!("{kind} {account}")
}

/// An account's way to Stripe.
pub(super) async fn client(services: &Services, account: Option<&str>) -> Result<Client> {
    let id = account.ok_or_else(|| Error::internal("a payment at Stripe without its account"))?;
    let found = sql::account_by_id(&mut *services.inner.db.read().await?, id).await?;
    let account = found.ok_or_else(|| Error::internal("an account that is not there"))?;
    if account.secret.is_empty() {
        return Err(Error::Unavailable(
            "The keys of this payment's account were removed. Enter them again under Payments."
                .to_owned(),
        ));
    }
    let key = services
        .vault()?
        .open_sealed(&subject(&account.id, "secret"), &account.secret)?;
    services.stripe(key, account.live)
}

fn no_account() -> Error {
    Error::NotFound(
        "There is no such payment account in your shop. Open Payments and choose one.".to_owned(),
    )
}

/// What a check found wrong with an account's keys, as a sentence; our own failure when nobody answered.
async fn check(client: &Client) -> Result<std::result::Result<Option<String>, String>> {
    match client.get("/v1/account", Form::new()).await {
        Ok(value) => Ok(Ok(value["id"].as_str().map(str::to_owned))),
        Err(unanswered) => match unanswered {
            super::stripe::Unanswered::Refused(refusal) if refusal.status == 401 => Ok(Err(
                "Stripe does not know this secret key; it may have been rolled or deleted. Copy the key that is valid now from Stripe.".to_owned(),
            )),
            // A restricted key need not be allowed to ask about its account.
            super::stripe::Unanswered::Refused(refusal) if refusal.status == 403 => {
                check_sessions(client).await
            }
            other => {
                tracing::warn!(failure = ?Failure::from(other), "an account could not be checked");
                Err(no_answer())
            }
        },
    }
}

/// Whether a key may do what selling needs.
async fn check_sessions(client: &Client) -> Result<std::result::Result<Option<String>, String>> {
    match client.get("/v1/checkout/sessions", Form::new().with("limit", "1")).await {
        Ok(_) => Ok(Ok(None)),
        Err(super::stripe::Unanswered::Refused(_)) => Ok(Err(
            "This restricted key may not use Checkout Sessions. Give it write access to Checkout Sessions, PaymentIntents and Refunds at Stripe, or use the secret key.".to_owned(),
        )),
        Err(other) => {
            tracing::warn!(failure = ?Failure::from(other), "an account could not be checked");
            Err(no_answer())
        }
    }
}

fn no_answer() -> Error {
    Error::Unavailable(
        "Stripe did not answer, so the keys could not be checked and nothing was changed. Try again in a minute."
            .to_owned(),
    )
}

impl Payments<'_> {
    /// The accounts of the viewer's shop, the one that takes new payments first.
    pub async fn accounts(&self, viewer: &Viewer) -> Result<Vec<AccountView>> {
        let mut connection = self.services.inner.db.read().await?;
        let mut views = Vec::new();
        for account in sql::accounts_of(&mut connection, &viewer.shop.id).await? {
            let signing = sql::signing_secrets(&mut connection, &account.id).await?;
            views.push(AccountView {
                id: account.id,
                provider: account.provider,
                live: account.live,
                provider_account: account.provider_account,
                hint: account.hint,
                has_publishable: account.publishable.is_some(),
                active: account.state == "active",
                checked_at: account.checked_at,
                problem: account.problem,
                created_at: account.created_at,
                signing: signing
                    .into_iter()
                    .map(|signing| SigningView {
                        id: signing.id,
                        created_at: signing.created_at,
                    })
                    .collect(),
            });
        }
        Ok(views)
    }

    /// Checks keys by a call to Stripe and takes new payments with them from now on. Keys of an account that is known replace its
    /// earlier ones; those of another account leave the earlier one to its own payments.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `Invalid`, `Unavailable` when Stripe does not answer.
    pub async fn set_keys(&self, session: &Session, form: &KeyForm) -> Result<()> {
        self.services.identity().require_recent(session)?;
        let keys = form.keys()?;
        let vault = self.services.vault()?;
        let random = &self.services.inner.random;
        let client = self
            .services
            .stripe(super::Secret::new(keys.secret.clone()), keys.live)?;
        let provider_account = check(&client).await?.map_err(|message| Error::Invalid {
            field: "secret",
            message,
        })?;
        let shop = &session.viewer.shop.id;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let known = sql::accounts_of(&mut write, shop)
            .await?
            .into_iter()
            .find(|account| {
                account.live == keys.live
                    && account.provider_account.is_some()
                    && account.provider_account == provider_account
            });
        let (id, before) = match known {
            Some(account) => (account.id, account.publishable),
            None => (random.id()?, None),
        };
        let letters: Vec<char> = keys.secret.chars().collect();
        let account = Account {
            secret: vault.seal(random, &subject(&id, "secret"), &keys.secret)?,
            id,
            shop: shop.clone(),
            provider: Provider::Stripe,
            live: keys.live,
            provider_account,
            hint: letters[letters.len().saturating_sub(4)..].iter().collect(),
            publishable: keys.publishable.or(before),
            state: "active".to_owned(),
            checked_at: Some(now),
            problem: None,
            created_at: now,
        };
        sql::retire_accounts(&mut write, shop, now).await?;
        sql::save_account(&mut write, &account, now).await?;
        if let Some(signing) = keys.signing {
            let id: String = random.id()?;
            let sealed = vault.seal(random, &subject(&account.id, "signing"), &signing)?;
            sql::insert_signing(&mut write, &account.id, &id, &sealed, now).await?;
        }
        write.commit().await
    }

    /// The account of the viewer's shop.
    async fn account_of(&self, shop: &ShopId, id: &str) -> Result<Account> {
        let found = sql::account_by_id(&mut *self.services.inner.db.read().await?, id).await?;
        found
            .filter(|account| account.shop == *shop && account.state != "removed")
            .ok_or_else(no_account)
    }

    /// Checks the keys of an account by a call to Stripe, and notes what came of it. `true`: they work.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable` when Stripe does not answer.
    pub async fn check_account(&self, viewer: &Viewer, id: &str) -> Result<bool> {
        let account = self.account_of(&viewer.shop.id, id).await?;
        let client = client(self.services, Some(&account.id)).await?;
        let problem = match check(&client).await? {
            Ok(found)
                if account.provider_account.is_some() && found != account.provider_account =>
            {
                Some(
                    "These keys belong to another account at Stripe by now. Enter the right ones."
                        .to_owned(),
                )
            }
            Ok(_) => None,
            Err(problem) => Some(problem),
        };
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        sql::note_check(&mut write, &account.id, problem.as_deref(), now).await?;
        write.commit().await?;
        Ok(problem.is_none())
    }

    /// Notes that the processor refused a payment of an account before it began.
    pub(super) async fn note_refused(&self, account: &str) -> Result<()> {
        let now = self.services.now();
        let problem = "Stripe refused the last payment before the buyer could make it. Check the keys, and look into the log at Stripe for the reason.";
        let mut write = self.services.inner.db.write().await?;
        sql::note_check(&mut write, account, Some(problem), now).await?;
        write.commit().await
    }

    /// Adds a webhook signing secret to an account; the earlier ones stay.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `NotFound`, `Invalid`, `Conflict` when there are as many as there can be.
    pub async fn add_signing(&self, session: &Session, id: &str, typed: &str) -> Result<()> {
        self.services.identity().require_recent(session)?;
        let secret = signing_secret(typed)?;
        let account = self.account_of(&session.viewer.shop.id, id).await?;
        let random = &self.services.inner.random;
        let sealed =
            self.services
                .vault()?
                .seal(random, &subject(&account.id, "signing"), &secret)?;
        let new: String = random.id()?;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        if sql::signing_secrets(&mut write, &account.id).await?.len() >= MOST_SIGNING {
            return Err(Error::Conflict(format!(
                "An account has at most {MOST_SIGNING} signing secrets. Remove one that is not used any more first."
            )));
        }
        sql::insert_signing(&mut write, &account.id, &new, &sealed, now).await?;
        write.commit().await
    }

    /// Removes a webhook signing secret. The last one stays while the account takes payments.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `NotFound`, `Conflict`.
    pub async fn remove_signing(&self, session: &Session, id: &str, signing: &str) -> Result<()> {
        self.services.identity().require_recent(session)?;
        let account = self.account_of(&session.viewer.shop.id, id).await?;
        let mut write = self.services.inner.db.write().await?;
        let here = sql::signing_secrets(&mut write, &account.id).await?;
        if !here.iter().any(|known| known.id == signing) {
            return Err(Error::NotFound(
                "This signing secret is not here any more. Load the page again.".to_owned(),
            ));
        }
        if here.len() == 1 && account.state == "active" {
            return Err(Error::Conflict(
                "This is the only signing secret, and Stripe's reports could not be believed without it. Add the new one first."
                    .to_owned(),
            ));
        }
        sql::delete_signing(&mut write, &account.id, Some(signing)).await?;
        write.commit().await
    }

    /// Forgets the keys of an account. It takes no payments any more, and nothing of it can be refunded from here.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `NotFound`, `Conflict` while a payment or refund of it has no end yet.
    pub async fn remove_account(&self, session: &Session, id: &str) -> Result<()> {
        self.services.identity().require_recent(session)?;
        let mut account = self.account_of(&session.viewer.shop.id, id).await?;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let open = sql::open_of_account(&mut write, &account.id).await?;
        if open > 0 {
            return Err(Error::Conflict(format!(
                "{open} of its payments or refunds have no end yet, and without the keys nobody could ask about them. Try again in an hour."
            )));
        }
        account.secret = String::new();
        account.state = "removed".to_owned();
        sql::save_account(&mut write, &account, now).await?;
        sql::delete_signing(&mut write, &account.id, None).await?;
        write.commit().await
    }

    /// Every signing secret of an account, opened.
    pub(super) async fn signing_of(&self, account: &Account) -> Result<Vec<super::Secret>> {
        let sealed =
            sql::signing_secrets(&mut *self.services.inner.db.read().await?, &account.id).await?;
        let vault = self.services.vault()?;
        sealed
            .iter()
            .map(|signing| vault.open_sealed(&subject(&account.id, "signing"), &signing.secret))
            .collect()
    }
}
