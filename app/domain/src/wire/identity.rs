//! Passkeys: the two steps of making one and of signing in with one (Web Authentication Level 3).
//!
//! Credentials have the form of the specification's `RegistrationResponseJSON` and `AuthenticationResponseJSON` (section
//! 5.1.8): bytes are base64url without padding. What a browser says beyond that is not read.

use serde::{Deserialize, Serialize};

/// What the browser is asked to do, as the server's WebAuthn library writes it for `navigator.credentials`. Neither side
/// looks into `O`; both use a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyOptions<O> {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (section 5.1.9).
    pub public_key: O,
}

/// The passkey did what it was for. Where it signed somebody in, the response sets the session's cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyUsed {
    /// The local path to go on to.
    pub next: String,
}

/// The only type of credential that there is: a public key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CredentialType {
    /// `public-key`.
    #[default]
    #[serde(rename = "public-key")]
    PublicKey,
}

/// Results of client extensions. None is asked for, so it is an empty object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extensions {}

/// A passkey that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistrationCredential {
    /// The credential's id.
    pub id: String,
    /// The same.
    pub raw_id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// What the authenticator made.
    pub response: AttestationResponse,
    /// Empty.
    #[serde(default)]
    pub extensions: Extensions,
}

/// What an authenticator answers when it made a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttestationResponse {
    /// The new public key, in CBOR.
    #[serde(rename = "attestationObject")]
    pub attestation_object: String,
    /// What the browser signed for: challenge and origin, in JSON.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
}

/// A signature by a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationCredential {
    /// The credential's id.
    pub id: String,
    /// The same.
    pub raw_id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// What the authenticator signed.
    pub response: AssertionResponse,
    /// Empty.
    #[serde(default)]
    pub extensions: Extensions,
}

/// What an authenticator answers when it signs somebody in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionResponse {
    /// Flags and counter of the authenticator.
    #[serde(rename = "authenticatorData")]
    pub authenticator_data: String,
    /// What the browser signed for: challenge and origin, in JSON.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// The signature over both.
    pub signature: String,
    /// The user the passkey was made for, where the authenticator keeps it.
    #[serde(rename = "userHandle", default)]
    pub user_handle: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_the_names_of_the_specification() {
        let text = r#"{"id":"AQ","rawId":"AQ","type":"public-key","response":{"authenticatorData":"Ag","clientDataJSON":"Aw","signature":"BA","userHandle":null},"extensions":{}}"#;
        let read: AuthenticationCredential = serde_json::from_str(text).expect("a signature");
        assert_eq!(serde_json::to_string(&read).expect("json"), text);
        let text = r#"{"id":"AQ","rawId":"AQ","type":"public-key","response":{"attestationObject":"Ag","clientDataJSON":"Aw"},"extensions":{}}"#;
        let read: RegistrationCredential = serde_json::from_str(text).expect("a passkey");
        assert_eq!(serde_json::to_string(&read).expect("json"), text);
    }

    #[test]
    fn what_browsers_say_beyond_the_need_is_not_read() {
        let text = r#"{"id":"AQ","rawId":"AQ","type":"public-key","authenticatorAttachment":"platform","response":{"attestationObject":"Ag","clientDataJSON":"Aw","transports":["internal"],"publicKeyAlgorithm":-7},"clientExtensionResults":{"credProps":{"rk":true}}}"#;
        assert!(serde_json::from_str::<RegistrationCredential>(text).is_ok());
    }

    #[test]
    fn options_stand_under_the_name_that_browsers_want() {
        let options = PasskeyOptions { public_key: 7 };
        assert_eq!(
            serde_json::to_string(&options).expect("json"),
            r#"{"publicKey":7}"#
        );
    }
}
