//! Server functions of passkeys: the two steps of making one and of signing in with one.

use domain::{
    identity::SetupForm,
    wire::identity::{AuthenticationCredential, PasskeyOptions, RegistrationCredential, SignedIn},
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde_json::Value;
use services::Error;

use super::link::{gone, local_path};
use crate::function::{Context, Refusal};

/// Begins to make a passkey through an owner link.
#[server(prefix = "/fn", endpoint = "start-passkey-setup", input = Json)]
pub async fn start_passkey_setup(
    /// The token of the owner link.
    token: String,
    /// The form as typed; empty where the link recovers a shop.
    form: SetupForm,
) -> Result<PasskeyOptions<Value>, Refusal> {
    let context = Context::current()?;
    let identity = context.services().identity();
    options(
        identity
            .start_passkey_setup(&token, &form)
            .await
            .map_err(gone)?,
    )
}

/// Takes the passkey that was made, opens the shop (or gives its owner the new passkey) and signs in.
#[server(prefix = "/fn", endpoint = "finish-passkey-setup", input = Json)]
pub async fn finish_passkey_setup(
    /// The token of the owner link.
    token: String,
    /// The passkey that was made.
    credential: RegistrationCredential,
) -> Result<SignedIn, Refusal> {
    let context = Context::current()?;
    let credential = json(&credential)?;
    let identity = context.services().identity();
    let session = identity.finish_passkey_setup(&token, &credential).await;
    context.begin_session(session.map_err(gone)?);
    Ok(SignedIn {
        next: "/studio".to_owned(),
    })
}

/// Begins to sign in with a passkey.
#[server(prefix = "/fn", endpoint = "start-passkey-sign-in", input = Json)]
pub async fn start_passkey_sign_in(
    /// The handle of the shop, as typed.
    handle: String,
) -> Result<PasskeyOptions<Value>, Refusal> {
    let context = Context::current()?;
    let identity = context.services().identity();
    let address = context.address();
    options(identity.start_passkey_sign_in(&handle, address).await?)
}

/// Takes the passkey's signature and signs in.
#[server(prefix = "/fn", endpoint = "finish-passkey-sign-in", input = Json)]
pub async fn finish_passkey_sign_in(
    /// The passkey's signature.
    credential: AuthenticationCredential,
    /// The local path to go on to.
    #[server(default)]
    next: Option<String>,
) -> Result<SignedIn, Refusal> {
    let context = Context::current()?;
    let credential = json(&credential)?;
    let identity = context.services().identity();
    let address = context.address();
    let session = identity
        .finish_passkey_sign_in(&credential, address)
        .await?;
    context.begin_session(session);
    Ok(SignedIn {
        next: local_path(next.as_deref()).to_owned(),
    })
}

/// The options as the services' WebAuthn library writes them.
fn options(value: Value) -> Result<PasskeyOptions<Value>, Refusal> {
    serde_json::from_value(value).map_err(|error| Error::Internal(error.to_string()).into())
}

fn json(credential: &impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(credential).map_err(|error| Error::Internal(error.to_string()).into())
}
