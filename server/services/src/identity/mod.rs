//! Owner links, sign-in and sessions.

mod passkey;
mod password;
mod setup;
pub(crate) mod sql;

use std::{net::IpAddr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::{Handle, Shop, Viewer},
    time::UnixMs,
};
use sqlx::AnyConnection;
use webauthn_rs::prelude::{Passkey, PublicKeyCredential};

use self::passkey::Ceremony;
pub(crate) use self::{
    passkey::Passkeys,
    setup::{insert_owner, owner_of},
};
use crate::{
    Error, Result, Services,
    db::Write,
    random::token_hash,
    rate_limit::{Quota, household, shared},
};

/// Tries to sign in of one network: 30 at once, then one in 10 s.
const PER_NETWORK: Quota = Quota::new(30, Duration::from_secs(10));
/// Tries at one handle, from wherever: 10 at once, then one in 30 s.
const PER_HANDLE: Quota = Quota::new(10, Duration::from_secs(30));

fn network_key(ip: IpAddr) -> String {
    format!("sign-in network {}", household(ip))
}

fn handle_key(handle: &str) -> String {
    format!("sign-in handle {handle}")
}

/// How long a session lasts after it was last used, ms: 30 days.
const SESSION_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// A session's end is moved at most this often, ms, so that reading pages does not write.
const TOUCH_MS: i64 = 60 * 60 * 1000;

/// Shops, sign-in and sessions.
pub struct Identity<'a> {
    pub(crate) services: &'a Services,
}

/// A one-time link for an owner. Its token is shown once and kept only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerLink {
    /// Path below the public URL: `/setup/{token}`.
    pub path: String,
    /// When it stops working.
    pub expires_at: UnixMs,
    /// The shop it recovers; `None`: it makes a new shop.
    pub shop: Option<Shop>,
}

/// A new session. Its token is the cookie's value and is kept only as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Opaque value of the session cookie: 43 characters of `[A-Za-z0-9_-]`.
    pub cookie: String,
    /// Who signed in.
    pub viewer: Viewer,
    /// When the session ends if it is not used; for the cookie's `Max-Age`.
    pub expires_at: UnixMs,
}

/// The same words whether the handle or the password is wrong, so that nobody learns which shops exist this way.
fn denied() -> Error {
    Error::Denied(
        "Handle and password do not belong together. Try again; if it is lost, whoever runs this instance can make a new link with `vitrine owner-link`."
            .to_owned(),
    )
}

impl Identity<'_> {
    /// Counts a try to sign in.
    async fn limit(&self, handle: Option<&str>, ip: IpAddr) -> Result<()> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let network = network_key(ip);
        let mut taken = shared::take(&mut write, &network, PER_NETWORK, now).await;
        if let (Ok(()), Some(handle)) = (&taken, handle) {
            taken = shared::take(&mut write, &handle_key(handle), PER_HANDLE, now).await;
        }
        // A try that one limit refuses still counts for the other.
        write.commit().await?;
        taken
    }

    /// Gives a try back: it was a right one.
    async fn forgive(&self, write: &mut Write, handle: Option<&str>, ip: IpAddr) -> Result<()> {
        shared::give_back(write, &network_key(ip), PER_NETWORK).await?;
        if let Some(handle) = handle {
            shared::give_back(write, &handle_key(handle), PER_HANDLE).await?;
        }
        Ok(())
    }

    /// Signs in with a password.
    ///
    /// # Errors
    /// `Denied` (the same words for an unknown handle and a wrong password), `Limited`.
    pub async fn sign_in(&self, handle: &str, password: &str, ip: IpAddr) -> Result<SignedIn> {
        let handle: Option<Handle> = handle.parse().ok();
        let name = handle.as_ref().map(Handle::as_str);
        self.limit(name, ip).await?;
        let mut found = None;
        let mut hash = None;
        if let Some(name) = name {
            let mut connection = self.services.inner.db.read().await?;
            if let Some(shop) = sql::shop_by_handle(&mut connection, name).await?
                && let Some((person, _)) = sql::owner(&mut connection, &shop.id).await?
            {
                hash = sql::secrets(&mut connection, &shop.id, &person, "password")
                    .await?
                    .pop();
                found = Some(Viewer { person, shop });
            }
        }
        let right = password::verify(password, hash.clone()).await?;
        let viewer = found.filter(|_| right).ok_or_else(denied)?;
        let mut write = self.services.inner.db.write().await?;
        // Hashing takes long enough for a recovery link to take the password away meanwhile.
        if !sql::still_has(&mut write, &viewer.person, &hash.unwrap_or_default()).await? {
            return Err(denied());
        }
        self.forgive(&mut write, name, ip).await?;
        let signed_in = self.add_session(&mut write, viewer).await?;
        write.commit().await?;
        Ok(signed_in)
    }

    /// Begins signing in with a passkey: a `RequestChallengeResponse` as JSON.
    ///
    /// # Errors
    /// `Denied` when there is no such shop or it has no passkey, `Limited`.
    pub async fn start_passkey_sign_in(
        &self,
        handle: &str,
        ip: IpAddr,
    ) -> Result<serde_json::Value> {
        let nothing = || {
            Error::Denied(
                "There is no passkey for this handle. Check the handle, or use the password."
                    .to_owned(),
            )
        };
        let passkeys = &self.services.inner.passkeys;
        let webauthn = passkeys.webauthn()?;
        let handle: Handle = handle.parse()?;
        self.limit(Some(handle.as_str()), ip).await?;
        let mut connection = self.services.inner.db.read().await?;
        let shop = sql::shop_by_handle(&mut connection, handle.as_str())
            .await?
            .ok_or_else(nothing)?;
        let (person, _) = sql::owner(&mut connection, &shop.id)
            .await?
            .ok_or_else(nothing)?;
        let keys = self.passkeys_of(&mut connection, &shop, &person).await?;
        if keys.is_empty() {
            return Err(nothing());
        }
        let (options, state) = webauthn
            .start_passkey_authentication(&keys)
            .map_err(Error::internal)?;
        let options = serde_json::to_value(options).map_err(Error::internal)?;
        let ceremony = Ceremony::SignIn {
            shop: shop.id,
            person,
            state: Box::new(state),
        };
        drop(connection);
        self.begin_ceremony(&options, &ceremony).await?;
        Ok(options)
    }

    /// Ends it with the browser's `PublicKeyCredential` JSON.
    ///
    /// # Errors
    /// `Denied`, `Invalid`, `Limited`.
    pub async fn finish_passkey_sign_in(
        &self,
        credential: &serde_json::Value,
        ip: IpAddr,
    ) -> Result<SignedIn> {
        self.limit(None, ip).await?;
        let passkeys = &self.services.inner.passkeys;
        let credential: PublicKeyCredential =
            serde::Deserialize::deserialize(credential).map_err(|_| passkey::malformed())?;
        let ceremony = self
            .end_ceremony(credential.response.client_data_json.as_ref())
            .await?;
        let Ceremony::SignIn {
            shop,
            person,
            state,
        } = ceremony
        else {
            return Err(passkey::malformed());
        };
        let result = passkeys
            .webauthn()?
            .finish_passkey_authentication(&credential, &state)
            .map_err(|error| passkey::refused(&error))?;
        let mut write = self.services.inner.db.write().await?;
        let shop = sql::shop_by_id(&mut write, &shop)
            .await?
            .ok_or_else(denied)?;
        let keys = self.passkeys_of(&mut write, &shop, &person).await?;
        // Gone from the database since the ceremony began: the link was used to replace it.
        let used = keys
            .into_iter()
            .find(|key| key.cred_id() == result.cred_id());
        let mut used = used.ok_or_else(denied)?;
        used.update_credential(&result);
        let id = URL_SAFE_NO_PAD.encode(used.cred_id());
        let secret = serde_json::to_string(&used).map_err(Error::internal)?;
        if !sql::update_passkey(&mut write, &person, &id, &secret).await? {
            return Err(denied());
        }
        self.forgive(&mut write, None, ip).await?;
        let signed_in = self
            .add_session(&mut write, Viewer { person, shop })
            .await?;
        write.commit().await?;
        Ok(signed_in)
    }

    async fn begin_ceremony(&self, options: &serde_json::Value, ceremony: &Ceremony) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        passkey::begin(&mut write, options, ceremony, self.services.now()).await?;
        write.commit().await
    }

    async fn end_ceremony(&self, client_data: &[u8]) -> Result<Ceremony> {
        let mut write = self.services.inner.db.write().await?;
        let ceremony = passkey::end(&mut write, client_data, self.services.now()).await?;
        write.commit().await?;
        Ok(ceremony)
    }

    async fn passkeys_of(
        &self,
        connection: &mut AnyConnection,
        shop: &Shop,
        person: &domain::id::PersonId,
    ) -> Result<Vec<Passkey>> {
        let secrets = sql::secrets(connection, &shop.id, person, "passkey").await?;
        secrets
            .iter()
            .map(|secret| serde_json::from_str(secret).map_err(Error::internal))
            .collect()
    }

    async fn add_session(
        &self,
        connection: &mut AnyConnection,
        viewer: Viewer,
    ) -> Result<SignedIn> {
        let now = self.services.now();
        let cookie = self.services.inner.random.token()?;
        let expires_at = now.plus_ms(SESSION_MS);
        sql::insert_session(connection, &token_hash(&cookie), &viewer, now, expires_at).await?;
        Ok(SignedIn {
            cookie,
            viewer,
            expires_at,
        })
    }

    /// Who the session cookie belongs to; `None` when it is unknown or expired. Moves the session's end when it is used.
    pub async fn viewer(&self, cookie: &str) -> Result<Option<Viewer>> {
        let now = self.services.now();
        let hash = token_hash(cookie);
        let found = sql::session(&mut *self.services.inner.db.read().await?, &hash, now).await?;
        let Some((viewer, seen_at)) = found else {
            return Ok(None);
        };
        if now.0.saturating_sub(seen_at.0) > TOUCH_MS {
            let mut write = self.services.inner.db.write().await?;
            sql::touch_session(&mut write, &hash, now, now.plus_ms(SESSION_MS)).await?;
            write.commit().await?;
        }
        Ok(Some(viewer))
    }

    /// Ends the session. An unknown cookie is fine.
    pub async fn sign_out(&self, cookie: &str) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        sql::delete_session(&mut write, &token_hash(cookie)).await?;
        write.commit().await
    }

    /// Every shop of the instance, by name.
    pub async fn shops(&self) -> Result<Vec<Shop>> {
        sql::shops(&mut *self.services.inner.db.read().await?).await
    }

    /// The shop of a handle.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn shop(&self, handle: &str) -> Result<Shop> {
        let missing =
            || Error::NotFound("There is no shop of this name here. Check the address.".to_owned());
        let handle: Handle = handle.parse().map_err(|_| missing())?;
        sql::shop_by_handle(&mut *self.services.inner.db.read().await?, handle.as_str())
            .await?
            .ok_or_else(missing)
    }

    /// Forgets expired sessions and links.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        sql::sweep(&mut write, self.services.now()).await?;
        write.commit().await
    }
}
