//! The ways in of an owner who is signed in: adding passkeys and a password, and taking them away.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    identity::{
        Password, Shop, Viewer,
        credential::{MOST_PASSKEYS, PasskeyName, WaysIn},
        device::Session,
    },
    time::UnixMs,
};
use sqlx::AnyConnection;
use webauthn_rs::prelude::{Passkey, RegisterPublicKeyCredential, Uuid};

use super::{
    Browser, Identity,
    passkey::{self, Ceremony},
    password, sql,
};
use crate::{Error, Result, Services, db::Write};

/// What becomes a way in.
pub(super) enum Secret {
    /// A PHC string.
    Password(String),
    Passkey {
        external_id: String,
        json: String,
        name: String,
    },
}

impl Secret {
    pub(super) fn of_passkey(key: &Passkey, name: &PasskeyName) -> Result<Self> {
        Ok(Self::Passkey {
            external_id: URL_SAFE_NO_PAD.encode(key.cred_id()),
            json: serde_json::to_string(key).map_err(Error::internal)?,
            name: name.as_str().to_owned(),
        })
    }
}

/// Gives a person a way in. A password takes the place of the one before.
pub(super) async fn add(
    services: &Services,
    write: &mut Write,
    viewer: &Viewer,
    secret: &Secret,
    now: UnixMs,
) -> Result<()> {
    let id: String = services.inner.random.id()?;
    sql::credential::lock(write, &viewer.person).await?;
    let new = match secret {
        Secret::Password(hash) => {
            sql::credential::delete_password(write, viewer).await?;
            sql::credential::NewCredential {
                id: &id,
                kind: "password",
                external_id: None,
                secret: hash,
                name: "",
            }
        }
        Secret::Passkey {
            external_id,
            json,
            name,
        } => {
            let ways = sql::credential::ways_in(write, viewer).await?;
            if ways.passkeys.len() >= MOST_PASSKEYS {
                return Err(Error::Conflict(format!(
                    "There are {MOST_PASSKEYS} passkeys already. Remove one that is not used any more."
                )));
            }
            sql::credential::NewCredential {
                id: &id,
                kind: "passkey",
                external_id: Some(external_id),
                secret: json,
                name,
            }
        }
    };
    sql::credential::insert(write, viewer, &new, now).await
}

impl Identity<'_> {
    /// Only whoever signed in lately may change how the owner signs in, so that a browser left open, or a cookie that was
    /// stolen, is not enough to take the shop over.
    pub(crate) fn require_recent(&self, session: &Session) -> Result<()> {
        if session.is_recent(self.services.now()) {
            return Ok(());
        }
        Err(Error::Denied(
            "It is too long since you signed in for this. Sign in again, then do it once more."
                .to_owned(),
        ))
    }

    pub(super) async fn passkeys_of(
        &self,
        connection: &mut AnyConnection,
        shop: &Shop,
        person: &domain::id::PersonId,
    ) -> Result<Vec<Passkey>> {
        let secrets = sql::credential::secrets(connection, &shop.id, person, "passkey").await?;
        secrets
            .iter()
            .map(|secret| serde_json::from_str(secret).map_err(Error::internal))
            .collect()
    }

    /// Every way in of the viewer.
    pub async fn ways_in(&self, viewer: &Viewer) -> Result<WaysIn> {
        sql::credential::ways_in(&mut *self.services.inner.db.read().await?, viewer).await
    }

    /// Sets the password, in the place of the one before where there was one.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `Invalid`.
    pub async fn set_password(&self, session: &Session, password: &str) -> Result<()> {
        self.require_recent(session)?;
        let password: Password = password.parse()?;
        let secret = Secret::Password(password::hash(password).await?);
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        add(self.services, &mut write, &session.viewer, &secret, now).await?;
        write.commit().await
    }

    /// Takes the password away.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `Conflict` when it is the last way in.
    pub async fn remove_password(&self, session: &Session) -> Result<()> {
        self.require_recent(session)?;
        let viewer = &session.viewer;
        let mut write = self.services.inner.db.write().await?;
        sql::credential::lock(&mut write, &viewer.person).await?;
        sql::credential::delete_password(&mut write, viewer).await?;
        self.commit_unless_locked_out(write, viewer).await
    }

    /// Takes a passkey away.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `NotFound`, `Conflict` when it is the last way in.
    pub async fn remove_passkey(&self, session: &Session, id: &str) -> Result<()> {
        self.require_recent(session)?;
        let viewer = &session.viewer;
        let mut write = self.services.inner.db.write().await?;
        sql::credential::lock(&mut write, &viewer.person).await?;
        if !sql::credential::delete_passkey(&mut write, viewer, id).await? {
            return Err(Error::NotFound(
                "This passkey is not on your list. It may have been removed before.".to_owned(),
            ));
        }
        self.commit_unless_locked_out(write, viewer).await
    }

    async fn commit_unless_locked_out(&self, mut write: Write, viewer: &Viewer) -> Result<()> {
        if sql::credential::ways_in(&mut write, viewer).await?.count() == 0 {
            return Err(Error::Conflict(
                "This is your only way in, so it stays. Add another passkey or a password first."
                    .to_owned(),
            ));
        }
        write.commit().await
    }

    /// Begins to make a further passkey: a `CreationChallengeResponse` as JSON. `name` is what its owner calls it; empty: its
    /// browser.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent, `Invalid`.
    pub async fn start_passkey_addition(
        &self,
        session: &Session,
        name: &str,
        browser: &Browser,
    ) -> Result<serde_json::Value> {
        self.require_recent(session)?;
        let name = PasskeyName::or_browser(name, &browser.name)?;
        let webauthn = self.services.inner.passkeys.webauthn()?;
        let viewer = &session.viewer;
        let mut connection = self.services.inner.db.read().await?;
        let (person, uuid) = sql::owner(&mut connection, &viewer.shop.id)
            .await?
            .filter(|(person, _)| *person == viewer.person)
            .ok_or_else(|| Error::internal("a session of somebody who owns no shop"))?;
        let uuid = Uuid::parse_str(&uuid).map_err(Error::internal)?;
        let keys = self
            .passkeys_of(&mut connection, &viewer.shop, &person)
            .await?;
        drop(connection);
        let known = keys.iter().map(|key| key.cred_id().clone()).collect();
        let (options, state) = webauthn
            .start_passkey_registration(uuid, &viewer.shop.handle, &viewer.shop.name, Some(known))
            .map_err(Error::internal)?;
        let options = serde_json::to_value(options).map_err(Error::internal)?;
        let ceremony = Ceremony::Add {
            person,
            name: name.as_str().to_owned(),
            state: Box::new(state),
        };
        self.begin_ceremony(&options, &ceremony, browser).await?;
        Ok(options)
    }

    /// Ends it with the browser's `RegisterPublicKeyCredential` JSON.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent or the ceremony does not verify or is too old, `Invalid`, `Conflict`.
    pub async fn finish_passkey_addition(
        &self,
        session: &Session,
        credential: &serde_json::Value,
    ) -> Result<()> {
        self.require_recent(session)?;
        let credential: RegisterPublicKeyCredential =
            serde::Deserialize::deserialize(credential).map_err(|_| passkey::malformed())?;
        let ceremony = self
            .end_ceremony(credential.response.client_data_json.as_ref())
            .await?;
        let Ceremony::Add {
            person,
            name,
            state,
        } = ceremony
        else {
            return Err(passkey::malformed());
        };
        if person != session.viewer.person {
            return Err(passkey::malformed());
        }
        let key = self
            .services
            .inner
            .passkeys
            .webauthn()?
            .finish_passkey_registration(&credential, &state)
            .map_err(|error| passkey::refused(&error))?;
        let secret = Secret::of_passkey(&key, &name.parse()?)?;
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        add(self.services, &mut write, &session.viewer, &secret, now).await?;
        write.commit().await
    }
}
