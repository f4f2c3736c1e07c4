//! Owner links: the first shop, and the way back in.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    event::Event,
    id::{PersonId, ShopId},
    identity::{NewShop, Password, SetupForm, Shop, Viewer},
    time::UnixMs,
};
use sqlx::AnyConnection;
use webauthn_rs::prelude::{RegisterPublicKeyCredential, Uuid};

use super::{
    Identity, OwnerLink, SignedIn,
    passkey::{self, Ceremony},
    password, sql,
};
use crate::{Error, Random, Result, db::Write, event, random::token_hash};

/// How long an owner link works, ms: a day.
const LINK_MS: i64 = 24 * 60 * 60 * 1000;

fn spent() -> Error {
    Error::Gone(
        "This link was already used or is too old. Run `vitrine owner-link` where the shop runs and open the new link.".to_owned(),
    )
}

/// What becomes the owner's way in.
enum Secret {
    Password(String),
    Passkey { external_id: String, json: String },
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

/// The owner of a shop, if there is such a shop.
pub(crate) async fn owner_of(
    connection: &mut AnyConnection,
    handle: &str,
) -> Result<Option<Viewer>> {
    let Some(shop) = sql::shop_by_handle(connection, handle).await? else {
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
            Some(handle) => Some(self.shop(handle).await?),
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
        sql::insert_link(connection, &token_hash(&token), id, now, expires_at).await?;
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
        sql::drop_first_links(&mut write).await?;
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
        let link = sql::link(&mut connection, &token_hash(token), self.services.now()).await?;
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
                let new = form.check()?;
                let mut connection = self.services.inner.db.read().await?;
                if sql::shop_by_handle(&mut connection, new.handle.as_str())
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

    /// Uses the link: a new shop with a password (or, for a recovery link, a new password; `form` is then not read and every
    /// other secret and session of that owner ends).
    ///
    /// # Errors
    /// `Gone`, `Invalid` (the link is then not used up), `Conflict` when the handle is taken.
    pub async fn set_up_with_password(
        &self,
        token: &str,
        form: &SetupForm,
        password: &str,
    ) -> Result<SignedIn> {
        let (_, new) = self.asked(token, form).await?;
        let password: Password = password.parse()?;
        let secret = Secret::Password(password::hash(password).await?);
        self.use_link(&token_hash(token), new, None, secret).await
    }

    /// Begins the same with a passkey: a `CreationChallengeResponse` as JSON.
    ///
    /// # Errors
    /// As [`Identity::set_up_with_password`].
    pub async fn start_passkey_setup(
        &self,
        token: &str,
        form: &SetupForm,
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
            state: Box::new(state),
        };
        self.begin_ceremony(&options, &ceremony).await?;
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
        let secret = Secret::Passkey {
            external_id: URL_SAFE_NO_PAD.encode(key.cred_id()),
            json: serde_json::to_string(&key).map_err(Error::internal)?,
        };
        let new = new.map(|form| form.check()).transpose()?;
        self.use_link(&link_hash, new, Some(uuid), secret).await
    }

    /// Uses the link up and gives its owner a way in, all in one transaction.
    async fn use_link(
        &self,
        hash: &str,
        new: Option<NewShop>,
        uuid: Option<[u8; 16]>,
        secret: Secret,
    ) -> Result<SignedIn> {
        let now = self.services.now();
        let random = &self.services.inner.random;
        let mut write = self.services.inner.db.write().await?;
        let link = sql::use_link(&mut write, hash, now)
            .await?
            .ok_or_else(spent)?;
        let (shop, person) = match (link, new) {
            (Some(id), _) => {
                let shop = sql::shop_by_id(&mut write, &id).await?.ok_or_else(spent)?;
                let (person, _) = sql::owner(&mut write, &id).await?.ok_or_else(spent)?;
                sql::forget(&mut write, &id, &person).await?;
                let event = Event::ShopRecovered {
                    handle: shop.handle.clone(),
                };
                event::write(&mut write, &shop.id, event, now).await?;
                (shop, person)
            }
            (None, Some(new)) => {
                let uuid = match uuid {
                    Some(uuid) => uuid,
                    None => random.sixteen()?,
                };
                let viewer = insert_owner(&mut write, random, &new, uuid, now).await?;
                (viewer.shop, viewer.person)
            }
            (None, None) => return Err(spent()),
        };
        let id: String = random.id()?;
        let credential = match &secret {
            Secret::Password(hash) => sql::Credential {
                id: &id,
                kind: "password",
                external_id: None,
                secret: hash,
            },
            Secret::Passkey { external_id, json } => sql::Credential {
                id: &id,
                kind: "passkey",
                external_id: Some(external_id),
                secret: json,
            },
        };
        sql::insert_credential(&mut write, &shop.id, &person, &credential, now).await?;
        let signed_in = self
            .add_session(
                &mut write,
                Viewer {
                    person,
                    shop: shop.clone(),
                },
            )
            .await?;
        write.commit().await?;
        Ok(signed_in)
    }
}
