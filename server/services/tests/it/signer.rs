//! A device's key in software: proofs by ES256 (RFC 9449, section 4.2).

use std::sync::atomic::{AtomicU64, Ordering};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

static NEXT: AtomicU64 = AtomicU64::new(1);

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that signs proofs.
pub(crate) struct Signer(SigningKey);

impl Signer {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).expect("a key"))
    }

    /// What a proof says by default: of this method and address, made at `at_ms`, for `token` where there is one.
    pub(crate) fn claims(method: &str, url: &str, at_ms: i64, token: Option<&str>) -> Value {
        let name = NEXT.fetch_add(1, Ordering::SeqCst);
        let mut claims = json!({
            "jti": format!("proof-{name}"),
            "htm": method,
            "htu": url,
            "iat": at_ms.div_euclid(1000),
        });
        if let Some(token) = token {
            claims["ath"] = b64(&Sha256::digest(token.as_bytes())).into();
        }
        claims
    }

    /// Signs claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let point = self.0.verifying_key().to_sec1_point(false);
        let header = json!({
            "typ": "dpop+jwt",
            "alg": "ES256",
            "jwk": {
                "kty": "EC",
                "crv": "P-256",
                "x": b64(point.x().expect("x")),
                "y": b64(point.y().expect("y")),
            },
        });
        let signed = format!(
            "{}.{}",
            b64(header.to_string().as_bytes()),
            b64(claims.to_string().as_bytes())
        );
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", b64(&signature.to_bytes()))
    }

    /// A proof of a request.
    pub(crate) fn proof(&self, method: &str, url: &str, at_ms: i64, token: Option<&str>) -> String {
        self.sign(&Self::claims(method, url, at_ms, token))
    }
}
