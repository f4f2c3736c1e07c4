//! Owner links: the first shop, and the way back in.

use domain::{
    event::Event,
    id::{PersonId, ShopId},
    identity::{NewShop, Password, SetupForm, Shop, Viewer, credential::PasskeyName},
    invalid::Invalid,
    time::UnixMs,
};
use sqlx::AnyConnection;
use webauthn_rs::prelude::{RegisterPublicKeyCredential, Uuid};

use super::{
    Browser, Identity, OwnerLink, SignedIn,
    credential::{self, Secret},
    passkey::{self, Ceremony},
    password, sql,
};
use crate::{Error, Random, Result, db::Write, event, random::token_hash};

/// How long an owner link works, ms: a day.
const LINK_MS: i64 = 24 * 60 * 60 * 1000;

/// A link as it is used.
struct Used<'a> {
    hash: &'a str,
    /// What the new shop was asked for; `None`: the link recovers a shop.
    new: Option<NewShop>,
    /// The user handle of the passkey that was made.
    uuid: Option<[u8; 16]>,
    /// Whether every other way in ends.
    end_others: bool,
}

fn spent() -> Error {
    Error::Gone(
        "This link was already used or is too old. Run `vitrine owner-link` where the shop runs and open the new link.".to_owned(),
    )
}

/// Everything that is wrong with a form, in one message under its first wrong field.
fn all_errors(form: &SetupForm, first: Invalid) -> Invalid {
    let messages: Vec<String> = form
        .errors()
        .into_iter()
        .map(|error| error.message)
        .collect();
    Invalid::new(first.field, messages.join(" "))
}

/// Inserts a shop with its owner, who has no way in yet, and a place for its stock.
pub(crate) async fn insert_owner(
    write: &mut Write,
    random: &Random,
    new: &NewShop,
    uuid: [u8; 16],
    now: UnixMs,
) -> Result<Viewer> {
    let (shop, person): (ShopId, PersonId) = (random.id()?, random.id()?);
    let shop = sql::insert_shop(write, &shop, new, now).await?;
    let uuid = Uuid::from_bytes(uuid).to_string();
    sql::insert_person(write, &person, &shop.id, &uuid, now).await?;
    sql::insert_location(write, &random.id()?, &shop.id, now).await?;
    let event = Event::ShopCreated {
        handle: shop.handle.clone(),
    };
    event::write(write, &shop.id, event, now).await?;
    Ok(Viewer { person, shop })
}

/// The owner of the shop that has or had a handle, if there is such a shop.
pub(crate) async fn owner_of(
    connection: &mut AnyConnection,
    handle: &str,
) -> Result<Option<Viewer>> {
    let Some(shop) = sql::shop_by_any_handle(connection, handle).await? else {
        return Ok(None);
    };
    let owner = sql::owner(connection, &shop.id).await?;
    Ok(owner.map(|(person, _)| Viewer { person, shop }))
}

impl Identity<'_> {
    /// Makes an owner link, for a new shop or, given a handle, for the owner of that shop who lost the passkey.
    ///
    /// # Errors
    /// `NotFound` when no shop has this handle.
    pub async fn create_owner_link(&self, handle: Option<&str>) -> Result<OwnerLink> {
        let shop = match handle {
            Some(handle) => Some(self.shop_of_any_handle(handle).await?),
            None => None,
        };
        let mut write = self.services.inner.db.write().await?;
        let link = self.add_link(&mut write, shop).await?;
        write.commit().await?;
        Ok(link)
    }

    async fn add_link(
        &self,
        connection: &mut AnyConnection,
        shop: Option<Shop>,
    ) -> Result<OwnerLink> {
        let now = self.services.now();
        let token = self.services.inner.random.token()?;
        let expires_at = now.plus_ms(LINK_MS);
        let id = shop.as_ref().map(|shop| &shop.id);
        sql::link::insert(connection, &token_hash(&token), id, now, expires_at).await?;
        Ok(OwnerLink {
            path: format!("/setup/{token}"),
            expires_at,
            shop,
        })
    }

    /// On an instance without a shop: a fresh link to print; earlier ones stop working. `None` once there is a shop.
    pub async fn first_run_link(&self) -> Result<Option<OwnerLink>> {
        let mut write = self.services.inner.db.write().await?;
        if sql::any_shop(&mut write).await? {
            return Ok(None);
        }
        sql::link::drop_first(&mut write).await?;
        let link = self.add_link(&mut write, None).await?;
        write.commit().await?;
        Ok(Some(link))
    }

    /// Looks at a link without using it: the shop it recovers, or `None` for a new one.
    ///
    /// # Errors
    /// `Gone` when it was used, expired or never existed.
    pub async fn check_link(&self, token: &str) -> Result<Option<Shop>> {
        let mut connection = self.services.inner.db.read().await?;
        let link = sql::link::one(&mut connection, &token_hash(token), self.services.now()).await?;
        match link.ok_or_else(spent)? {
            None => Ok(None),
            Some(shop) => Ok(Some(
                sql::shop_by_id(&mut connection, &shop)
                    .await?
                    .ok_or_else(spent)?,
            )),
        }
    }

    /// Checks the form where the link makes a new shop; a recovery link does not read it.
    async fn asked(
        &self,
        token: &str,
        form: &SetupForm,
    ) -> Result<(Option<Shop>, Option<NewShop>)> {
        match self.check_link(token).await? {
            Some(shop) => Ok((Some(shop), None)),
            None => {
                let new = form.check().map_err(|first| all_errors(form, first))?;
                let mut connection = self.services.inner.db.read().await?;
                if sql::shop_by_any_handle(&mut connection, new.handle.as_str())
                    .await?
                    .is_some()
                {
                    return Err(Error::Conflict(format!(
                        "The handle {} is taken. Choose another one.",
                        new.handle
                    )));
                }
                Ok((None, Some(new)))
            }
        }
    }

    /// Uses the link: a new shop with a password (or, for a recovery link, a new password in the place of an old one; of `form`
    /// only `end_others` is then read, with which every other way in and every session of that owner ends).
    ///
    /// # Errors
    /// `Gone`, `Invalid` (the link is then not used up), `Conflict` when the handle is taken.
    pub async fn set_up_with_password(
        &self,
        token: &str,
        form: &SetupForm,
        password: &str,
        browser: &Browser,
    ) -> Result<SignedIn> {
        let (_, new) = self.asked(token, form).await?;
        let password: Password = password.parse()?;
        let secret = Secret::Password(password::hash(password).await?);
        let used = Used {
            hash: &token_hash(token),
            new,
            uuid: None,
            end_others: form.ends_others(),
        };
        self.use_link(used, secret, browser).await
    }

    /// Begins the same with a passkey: a `CreationChallengeResponse` as JSON.
    ///
    /// # Errors
    /// As [`Identity::set_up_with_password`].
    pub async fn start_passkey_setup(
        &self,
        token: &str,
        form: &SetupForm,
        browser: &Browser,
    ) -> Result<serde_json::Value> {
        let passkeys = &self.services.inner.passkeys;
        let webauthn = passkeys.webauthn()?;
        let (shop, new) = self.asked(token, form).await?;
        let uuid = match &shop {
            None => Uuid::from_bytes(self.services.inner.random.sixteen()?),
            Some(shop) => {
                let mut connection = self.services.inner.db.read().await?;
                let (_, uuid) = sql::owner(&mut connection, &shop.id)
                    .await?
                    .ok_or_else(spent)?;
                Uuid::parse_str(&uuid).map_err(Error::internal)?
            }
        };
        let (handle, name) = match (&shop, &new) {
            (Some(shop), _) => (shop.handle.clone(), shop.name.clone()),
            (None, Some(new)) => (new.handle.to_string(), new.name.as_str().to_owned()),
            (None, None) => return Err(spent()),
        };
        let (options, state) = webauthn
            .start_passkey_registration(uuid, &handle, &name, None)
            .map_err(Error::internal)?;
        let options = serde_json::to_value(options).map_err(Error::internal)?;
        let ceremony = Ceremony::Register {
            link_hash: token_hash(token),
            new: new.map(|_| form.clone()),
            uuid: uuid.into_bytes(),
            name: PasskeyName::or_browser("", &browser.name)?
                .as_str()
                .to_owned(),
            end_others: form.ends_others(),
            state: Box::new(state),
        };
        self.begin_ceremony(&options, &ceremony, browser).await?;
        Ok(options)
    }

    /// Ends it with the browser's `RegisterPublicKeyCredential` JSON.
    ///
    /// # Errors
    /// `Gone`, `Conflict`, `Invalid`, `Denied` when the ceremony does not verify or is too old.
    pub async fn finish_passkey_setup(
        &self,
        token: &str,
        credential: &serde_json::Value,
        browser: &Browser,
    ) -> Result<SignedIn> {
        let passkeys = &self.services.inner.passkeys;
        let credential: RegisterPublicKeyCredential =
            serde::Deserialize::deserialize(credential).map_err(|_| passkey::malformed())?;
        let ceremony = self
            .end_ceremony(credential.response.client_data_json.as_ref())
            .await?;
        let Ceremony::Register {
            link_hash,
            new,
            uuid,
            name,
            end_others,
            state,
        } = ceremony
        else {
            return Err(passkey::malformed());
        };
        if link_hash != token_hash(token) {
            return Err(spent());
        }
        let key = passkeys
            .webauthn()?
            .finish_passkey_registration(&credential, &state)
            .map_err(|error| passkey::refused(&error))?;
        let secret = Secret::of_passkey(&key, &name.parse()?)?;
        let used = Used {
            hash: &link_hash,
            new: new.map(|form| form.check()).transpose()?,
            uuid: Some(uuid),
            end_others,
        };
        self.use_link(used, secret, browser).await
    }

    /// Uses the link up and gives its owner a way in, all in one transaction.
    async fn use_link(
        &self,
        used: Used<'_>,
        secret: Secret,
        browser: &Browser,
    ) -> Result<SignedIn> {
        let now = self.services.now();
        let random = &self.services.inner.random;
        let mut write = self.services.inner.db.write().await?;
        let link = sql::link::spend(&mut write, used.hash, now)
            .await?
            .ok_or_else(spent)?;
        let viewer = match (link, used.new) {
            (Some(id), _) => {
                let shop = sql::shop_by_id(&mut write, &id).await?.ok_or_else(spent)?;
                let (person, _) = sql::owner(&mut write, &id).await?.ok_or_else(spent)?;
                let viewer = Viewer { person, shop };
                if used.end_others {
                    sql::credential::lock(&mut write, &viewer.person).await?;
                    sql::credential::forget(&mut write, &viewer).await?;
                    let (shop, person) = (&viewer.shop.id, &viewer.person);
                    sql::session::delete_other_devices(&mut write, shop, person, None).await?;
                }
                let event = Event::ShopRecovered {
                    handle: viewer.shop.handle.clone(),
                };
                event::write(&mut write, &viewer.shop.id, event, now).await?;
                viewer
            }
            (None, Some(new)) => {
                let uuid = match used.uuid {
                    Some(uuid) => uuid,
                    None => random.sixteen()?,
                };
                insert_owner(&mut write, random, &new, uuid, now).await?
            }
            (None, None) => return Err(spent()),
        };
        credential::add(self.services, &mut write, &viewer, &secret, now).await?;
        let signed_in = self.add_session(&mut write, viewer, browser).await?;
        write.commit().await?;
        Ok(signed_in)
    }
}
