//! Randomness as an argument: identifiers and secrets.

use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// What identifiers and tokens are made from.
#[derive(Debug, Clone, Default)]
pub enum Random {
    /// The operating system.
    #[default]
    System,
    /// The same sequence every time, for tests that replay.
    Counted(Arc<AtomicU64>),
}

impl Random {
    /// A sequence that begins at `seed`.
    #[must_use]
    pub fn counted(seed: u64) -> Self {
        Self::Counted(Arc::new(AtomicU64::new(seed)))
    }

    fn bytes<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        match self {
            Self::System => getrandom::fill(&mut bytes).map_err(|error| {
                Error::internal(format!(
                    "the operating system gave no random bytes: {error}"
                ))
            })?,
            Self::Counted(next) => {
                let number = next.fetch_add(1, Ordering::SeqCst);
                blake3::Hasher::new_derive_key("vitrine test randomness")
                    .update(&number.to_le_bytes())
                    .finalize_xof()
                    .fill(&mut bytes);
            }
        }
        Ok(bytes)
    }

    /// A new identifier: 26 characters of base 32 from 128 random bits.
    pub(crate) fn id<T: TryFrom<String>>(&self) -> Result<T> {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let mut rest = u128::from_le_bytes(self.bytes()?);
        let mut text = String::with_capacity(26);
        for _ in 0..26 {
            text.push(char::from(LETTERS[(rest & 31) as usize]));
            rest >>= 5;
        }
        T::try_from(text).map_err(|_| Error::internal("a new identifier was not well formed"))
    }

    /// A new secret: 43 characters of base64url from 256 random bits (RFC 4648 §5).
    pub(crate) fn token(&self) -> Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(self.bytes::<32>()?))
    }

    /// Any number, for jitter.
    pub(crate) fn number(&self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// 12 random bytes, for a nonce that is used once.
    pub(crate) fn nonce(&self) -> Result<[u8; 12]> {
        self.bytes()
    }

    /// 16 random bytes, for the user handle of passkeys.
    pub(crate) fn sixteen(&self) -> Result<[u8; 16]> {
        self.bytes()
    }
}

/// What is kept of a token: SHA-256 in hexadecimal. Tokens have 256 random bits, so no salt and no slow hash is needed.
pub(crate) fn token_hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use domain::id::ShopId;

    use super::*;

    #[test]
    fn names_are_well_formed_and_differ() {
        let random = Random::System;
        let (a, b): (ShopId, ShopId) = (random.id().expect("id"), random.id().expect("id"));
        assert_ne!(a, b);
        assert_eq!(a.as_str().len(), 26);
        assert_eq!(random.token().expect("token").len(), 43);
        let replay = |seed| Random::counted(seed).token().expect("token");
        assert_eq!(replay(1), replay(1));
        assert_ne!(replay(1), replay(2));
    }
}
