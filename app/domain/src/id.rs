//! Typed identifiers. An id is 1–64 characters of `[a-z0-9_-]`; who makes one is the caller's affair.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identifier is 1 to 64 characters of a-z, 0-9, - and _")
    }
}

impl std::error::Error for Malformed {}

fn well_formed(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Malformed;
            fn from_str(text: &str) -> Result<Self, Malformed> {
                if well_formed(text) { Ok(Self(text.to_owned())) } else { Err(Malformed) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                if well_formed(&text) { Ok(Self(text)) } else { Err(Malformed) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A creator's front.
    ShopId,
    /// A person who can sign in.
    PersonId,
    /// A browser in which somebody has signed in.
    DeviceId,
    /// A passkey or a password.
    CredentialId,
    /// A picture or a clip in a shop.
    MediaId,
    /// A product, draft or published.
    ProductId,
    /// What is sold of a product: one of its choices, or the product itself where there is nothing to choose.
    VariantId,
    /// A place where a shop keeps its stock.
    LocationId,
    /// An order, from the moment its stock is held.
    OrderId,
    /// A resumable upload in progress.
    UploadId,
    /// What a program without a browser uploads with.
    UploadTokenId,
    /// One recording on a creator's device. Named on the device, so only as trustworthy as its owner.
    SessionId,
    /// A capture contract in all its versions.
    ContractId,
    /// What a capture contract is shared by.
    ContractLinkId,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_accepted_id_is_safe_in_paths_and_addresses(text: String) {
            if let Ok(id) = text.parse::<ShopId>() {
                prop_assert!(id.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
                prop_assert!((1..=64).contains(&id.as_str().len()));
            }
        }

        #[test]
        fn ids_survive_json(text in "[a-z0-9_-]{1,64}") {
            let id: MediaId = text.parse().expect("well formed");
            let json = serde_json::to_string(&id).expect("json");
            prop_assert_eq!(serde_json::from_str::<MediaId>(&json).expect("back"), id);
            let refused = serde_json::from_str::<MediaId>("\"../x\"").is_err();
            prop_assert!(refused);
        }
    }
}
