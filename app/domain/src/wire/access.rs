//! Leave to upload: a token for some minutes, and a proof with each request (DPoP, RFC 9449).

use serde::{Deserialize, Serialize};

/// The header that a proof comes in, beside `Authorization: DPoP` and the token.
pub const PROOF: &str = "dpop";

/// The scheme in `Authorization`, and the type of the token.
pub const SCHEME: &str = "DPoP";

/// A token that was granted (RFC 6749, section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessGranted {
    /// What is sent as `Authorization: DPoP …`.
    pub access_token: String,
    /// [`SCHEME`].
    pub token_type: String,
    /// How long it works, s.
    pub expires_in: i64,
}
