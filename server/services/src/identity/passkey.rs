//! Passkey ceremonies (WebAuthn Level 3). Their state stays here, between the browser's two requests, for five minutes.
//!
//! In memory: a restart in between only means pressing the button again.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::{
    id::{PersonId, ShopId},
    identity::NewShop,
    time::UnixMs,
};
use webauthn_rs::prelude::{
    PasskeyAuthentication, PasskeyRegistration, Url, Webauthn, WebauthnBuilder,
};

use crate::{Error, Result};

/// How long a ceremony may take, ms.
const LIFE_MS: i64 = 5 * 60 * 1000;
/// Ceremonies under way at most; beyond that the oldest is forgotten.
const MOST: usize = 1000;

pub(super) enum Ceremony {
    /// Making a passkey through an owner link.
    Register {
        link_hash: String,
        /// `None`: the link recovers a shop.
        new: Option<NewShop>,
        /// The user handle the passkey is made for.
        uuid: [u8; 16],
        state: Box<PasskeyRegistration>,
    },
    /// Signing in.
    SignIn {
        shop: ShopId,
        person: PersonId,
        state: Box<PasskeyAuthentication>,
    },
}

/// The relying party and its open ceremonies, each under its challenge.
pub(crate) struct Passkeys {
    webauthn: Option<Webauthn>,
    open: Mutex<HashMap<String, (UnixMs, Ceremony)>>,
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
        Self {
            webauthn,
            open: Mutex::default(),
        }
    }

    pub(super) fn webauthn(&self) -> Result<&Webauthn> {
        self.webauthn.as_ref().ok_or_else(|| {
            Error::Unavailable(
                "Passkeys need an address with a name, such as http://localhost:3000. Open the shop under its name, or use a password."
                    .to_owned(),
            )
        })
    }

    /// Remembers a ceremony under the challenge in its `options`.
    pub(super) fn begin(
        &self,
        options: &serde_json::Value,
        ceremony: Ceremony,
        now: UnixMs,
    ) -> Result<()> {
        let challenge = options
            .pointer("/publicKey/challenge")
            .and_then(serde_json::Value::as_str)
            .ok_or_else(|| Error::internal("passkey options without a challenge"))?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (end, _)| *end > now);
        if open.len() >= MOST {
            let oldest = open
                .iter()
                .min_by_key(|(_, (end, _))| *end)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                open.remove(&oldest);
            }
        }
        open.insert(challenge.to_owned(), (now.plus_ms(LIFE_MS), ceremony));
        Ok(())
    }

    /// Takes the ceremony that `client_data` (the browser's clientDataJSON) answers; each can be answered once.
    pub(super) fn end(&self, client_data: &[u8], now: UnixMs) -> Result<Ceremony> {
        #[derive(serde::Deserialize)]
        struct ClientData {
            challenge: String,
        }
        let too_old =
            || Error::Denied("This took too long. Press the passkey button again.".to_owned());
        let data: ClientData = serde_json::from_slice(client_data).map_err(|_| malformed())?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (end, ceremony) = open.remove(&data.challenge).ok_or_else(too_old)?;
        if end > now {
            Ok(ceremony)
        } else {
            Err(too_old())
        }
    }
}

pub(super) fn malformed() -> Error {
    Error::Invalid {
        field: "credential",
        sentence: "The browser's answer could not be read. Press the passkey button again."
            .to_owned(),
    }
}

pub(super) fn refused(error: &webauthn_rs::prelude::WebauthnError) -> Error {
    tracing::info!(%error, "a passkey was not accepted");
    Error::Denied("The passkey was not accepted. Try again, or use the password.".to_owned())
}
