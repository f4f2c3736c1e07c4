//! Passkey ceremonies (WebAuthn Level 3). Their state stays on the server between the browser's two requests, for five
//! minutes, as a row: another process may get the second one, and whoever takes the row ends it, so a challenge is good once.

use std::net::IpAddr;

use domain::{
    id::{PersonId, ShopId},
    identity::SetupForm,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use webauthn_rs::prelude::{
    PasskeyAuthentication, PasskeyRegistration, Url, Webauthn, WebauthnBuilder,
};

use super::{Browser, Identity, sql};
use crate::{Error, Result, rate_limit::network};

/// How long a ceremony may take, ms.
const LIFE_MS: i64 = 5 * 60 * 1000;

#[derive(Serialize, Deserialize)]
pub(super) enum Ceremony {
    /// Making a passkey through an owner link.
    Register {
        link_hash: String,
        /// What the new shop was asked for, as typed; `None`: the link recovers a shop.
        new: Option<SetupForm>,
        /// The user handle the passkey is made for.
        uuid: [u8; 16],
        /// What the passkey will be called.
        name: String,
        /// Whether every other way in ends.
        end_others: bool,
        state: Box<PasskeyRegistration>,
    },
    /// Making a further passkey while signed in.
    Add {
        person: PersonId,
        /// What the passkey will be called.
        name: String,
        state: Box<PasskeyRegistration>,
    },
    /// Signing in.
    SignIn {
        shop: ShopId,
        person: PersonId,
        state: Box<PasskeyAuthentication>,
    },
}

/// The relying party.
pub(crate) struct Passkeys {
    webauthn: Option<Webauthn>,
}

impl Passkeys {
    /// For an instance that browsers reach under `public_url`. Passkeys belong to a name, never to an IP address.
    pub(crate) fn new(public_url: &str) -> Self {
        let webauthn = Url::parse(public_url).ok().and_then(|origin| {
            let host = origin.domain()?.to_owned();
            WebauthnBuilder::new(&host, &origin)
                .and_then(|builder| builder.rp_name("Vitrine").build())
                .ok()
        });
        Self { webauthn }
    }

    pub(super) fn webauthn(&self) -> Result<&Webauthn> {
        self.webauthn.as_ref().ok_or_else(|| {
            Error::Unavailable(
                "Passkeys need an address with a name, such as http://localhost:3000. Open the shop under its name, or use a password."
                    .to_owned(),
            )
        })
    }
}

/// Keeps a ceremony under the challenge in its `options`.
async fn begin(
    connection: &mut AnyConnection,
    options: &serde_json::Value,
    ceremony: &Ceremony,
    from: IpAddr,
    now: UnixMs,
) -> Result<()> {
    let challenge = options
        .pointer("/publicKey/challenge")
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| Error::internal("passkey options without a challenge"))?;
    let state = serde_json::to_string(ceremony).map_err(Error::internal)?;
    let network = network(from).to_string();
    let span = (now, now.plus_ms(LIFE_MS));
    sql::ceremony::insert(connection, challenge, &state, &network, span).await
}

/// Takes the ceremony that `client_data` (the browser's clientDataJSON) answers; each can be answered once.
async fn end(connection: &mut AnyConnection, client_data: &[u8], now: UnixMs) -> Result<Ceremony> {
    #[derive(Deserialize)]
    struct ClientData {
        challenge: String,
    }
    let data: ClientData = serde_json::from_slice(client_data).map_err(|_| malformed())?;
    let state = sql::ceremony::take(connection, &data.challenge, now)
        .await?
        .ok_or_else(|| {
            Error::Denied("This took too long. Press the passkey button again.".to_owned())
        })?;
    serde_json::from_str(&state).map_err(Error::internal)
}

impl Identity<'_> {
    pub(super) async fn begin_ceremony(
        &self,
        options: &serde_json::Value,
        ceremony: &Ceremony,
        browser: &Browser,
    ) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        begin(
            &mut write,
            options,
            ceremony,
            browser.ip,
            self.services.now(),
        )
        .await?;
        write.commit().await
    }

    pub(super) async fn end_ceremony(&self, client_data: &[u8]) -> Result<Ceremony> {
        let mut write = self.services.inner.db.write().await?;
        let ceremony = end(&mut write, client_data, self.services.now()).await?;
        write.commit().await?;
        Ok(ceremony)
    }
}

pub(super) fn malformed() -> Error {
    Error::Invalid {
        field: "credential",
        message: "The browser's answer could not be read. Press the passkey button again."
            .to_owned(),
    }
}

pub(super) fn refused(error: &webauthn_rs::prelude::WebauthnError) -> Error {
    tracing::info!(%error, "a passkey was not accepted");
    Error::Denied("The passkey was not accepted. Try again, or use the password.".to_owned())
}
