//! Signing in with a password or a passkey, and the limits on trying.
//!
//! A password can be guessed, so tries at a handle are limited; but a limit that everybody shares would let a stranger use it
//! up and lock the owner out. It is therefore counted for each network apart, and a browser in which the owner has signed in
//! before has a limit of its own. A passkey's signature cannot be guessed, so nothing is counted at its handle.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::identity::{Handle, Viewer};
use webauthn_rs::prelude::PublicKeyCredential;

use super::{
    Browser, Identity, SignedIn,
    passkey::{self, Ceremony},
    password, sql,
};
use crate::{
    Error, Result,
    db::Write,
    random::token_hash,
    rate_limit::{Quota, household, network, shared},
};

/// Tries to sign in of one household: 30 at once, then one in 10 s.
const PER_HOUSEHOLD: Quota = Quota::new(30, Duration::from_secs(10));
/// Tries at one handle with passwords, from one network: 10 at once, then one in 30 s.
const PER_HANDLE: Quota = Quota::new(10, Duration::from_secs(30));
/// Tries of a device that the owner has signed in with: 10 at once, then one in 30 s. No other limit counts for it.
const PER_DEVICE: Quota = Quota::new(10, Duration::from_secs(30));

/// What a try was counted as.
type Counted = Vec<(String, Quota)>;

/// The same words whether the handle or the password is wrong, so that nobody learns which shops exist this way.
pub(super) fn denied() -> Error {
    Error::Denied(
        "Handle and password do not belong together. Try again; if it is lost, whoever runs this instance can make a new link with `vitrine owner-link`."
            .to_owned(),
    )
}

impl Identity<'_> {
    /// Counts a try to sign in: of a known device of the shop `handle` (of any shop where the try names none), else of the
    /// household and, where `guessing` a password, of the network at this handle.
    async fn limit(
        &self,
        handle: Option<&str>,
        guessing: bool,
        browser: &Browser,
    ) -> Result<Counted> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let known = match &browser.device {
            Some(cookie) => {
                sql::session::known_device(&mut write, &token_hash(cookie), handle, now).await?
            }
            None => None,
        };
        let counted = match known {
            Some(device) => vec![(format!("sign-in device {device}"), PER_DEVICE)],
            None => {
                let mut keys = vec![(
                    format!("sign-in household {}", household(browser.ip)),
                    PER_HOUSEHOLD,
                )];
                if let (Some(handle), true) = (handle, guessing) {
                    let network = network(browser.ip);
                    keys.push((
                        format!("sign-in handle {handle} from {network}"),
                        PER_HANDLE,
                    ));
                }
                keys
            }
        };
        let mut taken = Ok(());
        for (key, quota) in &counted {
            if taken.is_ok() {
                taken = shared::take(&mut write, key, *quota, now).await;
            }
        }
        // A try that one limit refuses still counts for the other.
        write.commit().await?;
        taken.map(|()| counted)
    }

    /// Gives a try back: it was a right one.
    async fn forgive(&self, write: &mut Write, counted: &Counted) -> Result<()> {
        for (key, quota) in counted {
            shared::give_back(write, key, *quota).await?;
        }
        Ok(())
    }

    /// Signs in with a password, by a handle that the shop has or had.
    ///
    /// # Errors
    /// `Denied` (the same words for an unknown handle and a wrong password), `Limited`.
    pub async fn sign_in(
        &self,
        handle: &str,
        password: &str,
        browser: &Browser,
    ) -> Result<SignedIn> {
        let handle: Option<Handle> = handle.parse().ok();
        let name = handle.as_ref().map(Handle::as_str);
        let counted = self.limit(name, true, browser).await?;
        let mut found = None;
        let mut hash = None;
        if let Some(name) = name {
            let mut connection = self.services.inner.db.read().await?;
            if let Some(shop) = sql::shop_by_any_handle(&mut connection, name).await?
                && let Some((person, _)) = sql::owner(&mut connection, &shop.id).await?
            {
                hash = sql::credential::secrets(&mut connection, &shop.id, &person, "password")
                    .await?
                    .pop();
                found = Some(Viewer { person, shop });
            }
        }
        let right = password::verify(password, hash.clone()).await?;
        let viewer = found.filter(|_| right).ok_or_else(denied)?;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        // Hashing takes long enough for a recovery link to take the password away meanwhile.
        let hash = hash.unwrap_or_default();
        if !sql::credential::still_has(&mut write, &viewer.person, &hash, now).await? {
            return Err(denied());
        }
        self.forgive(&mut write, &counted).await?;
        let signed_in = self.add_session(&mut write, viewer, browser).await?;
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
        browser: &Browser,
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
        self.limit(Some(handle.as_str()), false, browser).await?;
        let mut connection = self.services.inner.db.read().await?;
        let shop = sql::shop_by_any_handle(&mut connection, handle.as_str())
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
        self.begin_ceremony(&options, &ceremony, browser).await?;
        Ok(options)
    }

    /// Ends it with the browser's `PublicKeyCredential` JSON.
    ///
    /// # Errors
    /// `Denied`, `Invalid`, `Limited`.
    pub async fn finish_passkey_sign_in(
        &self,
        credential: &serde_json::Value,
        browser: &Browser,
    ) -> Result<SignedIn> {
        let counted = self.limit(None, false, browser).await?;
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
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let shop = sql::shop_by_id(&mut write, &shop)
            .await?
            .ok_or_else(denied)?;
        let keys = self.passkeys_of(&mut write, &shop, &person).await?;
        // Gone from the database since the ceremony began: it was removed, or a link was used to replace it.
        let used = keys
            .into_iter()
            .find(|key| key.cred_id() == result.cred_id());
        let mut used = used.ok_or_else(denied)?;
        used.update_credential(&result);
        let id = URL_SAFE_NO_PAD.encode(used.cred_id());
        let secret = serde_json::to_string(&used).map_err(Error::internal)?;
        if !sql::credential::update_passkey(&mut write, &person, &id, &secret, now).await? {
            return Err(denied());
        }
        self.forgive(&mut write, &counted).await?;
        let viewer = Viewer { person, shop };
        let signed_in = self.add_session(&mut write, viewer, browser).await?;
        write.commit().await?;
        Ok(signed_in)
    }
}
