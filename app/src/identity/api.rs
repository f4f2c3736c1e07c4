//! Server functions of passkeys: the two steps of making one, of signing in with one, and of adding one.

use domain::{
    identity::SetupForm,
    wire::identity::{
        AuthenticationCredential, PasskeyOptions, PasskeyUsed, RegistrationCredential,
    },
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
    /// The form as typed; of one whose link recovers a shop only `end_others` counts.
    form: SetupForm,
) -> Result<PasskeyOptions<Value>, Refusal> {
    let context = Context::current()?;
    let identity = context.services().identity();
    options(
        identity
            .start_passkey_setup(&token, &form, context.browser())
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
) -> Result<PasskeyUsed, Refusal> {
    let context = Context::current()?;
    let credential = json(&credential)?;
    let identity = context.services().identity();
    let session = identity
        .finish_passkey_setup(&token, &credential, context.browser())
        .await;
    context.begin_session(session.map_err(gone)?);
    Ok(PasskeyUsed {
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
    options(
        identity
            .start_passkey_sign_in(&handle, context.browser())
            .await?,
    )
}

/// Takes the passkey's signature and signs in.
#[server(prefix = "/fn", endpoint = "finish-passkey-sign-in", input = Json)]
pub async fn finish_passkey_sign_in(
    /// The passkey's signature.
    credential: AuthenticationCredential,
    /// The local path to go on to.
    #[server(default)]
    next: Option<String>,
) -> Result<PasskeyUsed, Refusal> {
    let context = Context::current()?;
    let credential = json(&credential)?;
    let identity = context.services().identity();
    let session = identity
        .finish_passkey_sign_in(&credential, context.browser())
        .await?;
    context.begin_session(session);
    Ok(PasskeyUsed {
        next: local_path(next.as_deref()).to_owned(),
    })
}

/// Begins to make a further passkey. For whoever signed in lately.
#[server(prefix = "/fn", endpoint = "start-passkey-addition", input = Json)]
pub async fn start_passkey_addition(
    /// What its owner calls it; empty: its browser.
    name: String,
) -> Result<PasskeyOptions<Value>, Refusal> {
    let context = Context::current()?;
    let identity = context.services().identity();
    options(
        identity
            .start_passkey_addition(context.session()?, &name, context.browser())
            .await?,
    )
}

/// Takes the further passkey that was made.
#[server(prefix = "/fn", endpoint = "finish-passkey-addition", input = Json)]
pub async fn finish_passkey_addition(
    /// The passkey that was made.
    credential: RegistrationCredential,
) -> Result<PasskeyUsed, Refusal> {
    let context = Context::current()?;
    let credential = json(&credential)?;
    let identity = context.services().identity();
    identity
        .finish_passkey_addition(context.session()?, &credential)
        .await?;
    Ok(PasskeyUsed {
        next: "/manage/settings?flash=passkey".to_owned(),
    })
}

/// The options as the services' WebAuthn library writes them.
fn options(value: Value) -> Result<PasskeyOptions<Value>, Refusal> {
    serde_json::from_value(value).map_err(|error| Error::Internal(error.to_string()).into())
}

fn json(credential: &impl serde::Serialize) -> Result<Value, Refusal> {
    serde_json::to_value(credential).map_err(|error| Error::Internal(error.to_string()).into())
}
