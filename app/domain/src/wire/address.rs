//! The addresses that scripts in the browser call.

use crate::id::UploadId;

/// What the address of every server function begins with.
pub const FUNCTIONS: &str = "/fn";

/// Makes a draft product: [`CreateProduct`](super::catalog::CreateProduct) →
/// [`ProductCreated`](super::catalog::ProductCreated).
pub const CREATE_PRODUCT: &str = "/fn/create-product";

/// Begins to make a passkey through an owner link: `{token, form}` → [`PasskeyOptions`](super::identity::PasskeyOptions).
pub const START_PASSKEY_SETUP: &str = "/fn/start-passkey-setup";

/// Hands in the passkey that was made: `{token, credential}` → [`PasskeyUsed`](super::identity::PasskeyUsed), with the
/// session's cookie.
pub const FINISH_PASSKEY_SETUP: &str = "/fn/finish-passkey-setup";

/// Begins to sign in with a passkey: [`StartPasskeySignIn`](super::identity::StartPasskeySignIn) →
/// [`PasskeyOptions`](super::identity::PasskeyOptions).
pub const START_PASSKEY_SIGN_IN: &str = "/fn/start-passkey-sign-in";

/// Hands in the passkey's signature: `{credential, next}` → [`PasskeyUsed`](super::identity::PasskeyUsed), with the session's
/// cookie.
pub const FINISH_PASSKEY_SIGN_IN: &str = "/fn/finish-passkey-sign-in";

/// Begins to make a further passkey while signed in: `{name}` → [`PasskeyOptions`](super::identity::PasskeyOptions).
pub const START_PASSKEY_ADDITION: &str = "/fn/start-passkey-addition";

/// Hands in the passkey that was made: `{credential}` → [`PasskeyUsed`](super::identity::PasskeyUsed).
pub const FINISH_PASSKEY_ADDITION: &str = "/fn/finish-passkey-addition";

/// Answers whoever asks while the shop can do its work.
pub const HEALTH: &str = "/healthz";

/// Where uploads are created (tus' creation URL).
pub const UPLOADS: &str = "/api/uploads";

/// Grants a device a token to upload with, for a proof by its key: [`AccessGranted`](super::access::AccessGranted).
pub const ACCESS: &str = "/api/access-token";

/// The address of one upload.
#[must_use]
pub fn upload(id: &UploadId) -> String {
    format!("{UPLOADS}/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_function_is_under_one_prefix() {
        for address in [
            CREATE_PRODUCT,
            START_PASSKEY_SETUP,
            FINISH_PASSKEY_SETUP,
            START_PASSKEY_SIGN_IN,
            FINISH_PASSKEY_SIGN_IN,
            START_PASSKEY_ADDITION,
            FINISH_PASSKEY_ADDITION,
        ] {
            let name = address.strip_prefix(FUNCTIONS).expect("the prefix");
            assert!(name.starts_with('/') && name.len() > 1, "{address}");
        }
    }
}
