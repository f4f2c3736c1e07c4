//! Reading a proof: a JWS in compact form (RFC 7515) with its public key in its header (RFC 9449, section 4.2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::identity::proof::{ALGORITHM, Claims, MAX_BYTES, Refusal, TYPE};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// What stands before the claims. Whatever else is there is not read, but for what makes it no proof.
#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: Key,
    /// Extensions that must be understood (RFC 7515, section 4.1.11); none is.
    crit: Option<serde_json::Value>,
}

/// A public key (RFC 7517; RFC 7518, section 6.2).
#[derive(Deserialize)]
struct Key {
    kty: String,
    crv: String,
    x: String,
    y: String,
    /// A private key has no place here.
    d: Option<serde_json::Value>,
}

/// A proof whose signature is that of its key.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Proven {
    /// The key (RFC 7638, SHA-256, base64url).
    pub(super) thumbprint: String,
    /// What it says.
    pub(super) claims: Claims,
}

/// The SHA-256 of a text in base64url, as `ath` says it (RFC 9449, section 4.2).
pub(super) fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

fn coordinate(text: &str) -> Result<[u8; 32], Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_| Refusal::Malformed)?;
    bytes.try_into().map_err(|_| Refusal::Malformed)
}

/// Reads a proof and compares its signature.
///
/// # Errors
/// `Malformed`, `Signature`.
pub(super) fn read(proof: &str) -> Result<Proven, Refusal> {
    if proof.len() > MAX_BYTES {
        return Err(Refusal::Malformed);
    }
    let (signed, signature) = proof.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed)?;
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed);
    let header: Header =
        serde_json::from_slice(&decode(header)?).map_err(|_| Refusal::Malformed)?;
    let key = header.jwk;
    let is_ours = header.typ == TYPE
        && header.alg == ALGORITHM
        && header.crit.is_none()
        && key.kty == "EC"
        && key.crv == "P-256"
        && key.d.is_none();
    if !is_ours {
        return Err(Refusal::Malformed);
    }
    let (x, y) = (coordinate(&key.x)?, coordinate(&key.y)?);
    let mut point = [4; 65];
    point[1..33].copy_from_slice(&x);
    point[33..].copy_from_slice(&y);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decode(signature)?)
        .map_err(|_| Refusal::Signature)?;
    let claims = serde_json::from_slice(&decode(claims)?).map_err(|_| Refusal::Malformed)?;
    // The members in this order, without spaces (RFC 7638, section 3.2).
    let canonical = format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
        URL_SAFE_NO_PAD.encode(x),
        URL_SAFE_NO_PAD.encode(y)
    );
    Ok(Proven {
        thumbprint: digest(&canonical),
        claims,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of RFC 9449, section 4.1.
    const EXAMPLE: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";

    #[test]
    fn the_example_of_the_rfc_is_read() {
        let proven = read(EXAMPLE).expect("a proof");
        assert_eq!(proven.claims.jti, "-BwC3ESc6acc2lTc");
        assert_eq!(proven.claims.htm, "POST");
        assert_eq!(proven.claims.htu, "https://server.example.com/token");
        assert_eq!(proven.claims.iat, 1_562_262_616.0);
        // The same key's thumbprint (RFC 9449, section 6.1).
        assert_eq!(
            proven.thumbprint,
            "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
        );
    }

    #[test]
    fn what_is_no_proof_is_refused() {
        let parts: Vec<&str> = EXAMPLE.split('.').collect();
        let [head, claims, signature] = parts.as_slice() else {
            panic!("three parts");
        };
        let changed = |from: &str, to: &str| {
            let text = URL_SAFE_NO_PAD.decode(head).expect("base64url");
            let text = String::from_utf8(text).expect("text");
            assert!(text.contains(from), "{text}");
            URL_SAFE_NO_PAD.encode(text.replace(from, to))
        };
        for (header, refusal) in [
            (changed("dpop+jwt", "JWT"), Refusal::Malformed),
            (changed("ES256", "none"), Refusal::Malformed),
            (changed("ES256", "HS256"), Refusal::Malformed),
            (changed("P-256", "P-384"), Refusal::Malformed),
            (
                changed("\"kty\"", "\"d\":\"AA\",\"kty\""),
                Refusal::Malformed,
            ),
            (
                changed("\"alg\"", "\"crit\":[\"b\"],\"alg\""),
                Refusal::Malformed,
            ),
            (
                changed("\"alg\"", "\"alg\":\"ES256\",\"alg\""),
                Refusal::Malformed,
            ),
            (changed("l8tF", "l8tG"), Refusal::Signature),
        ] {
            let proof = format!("{header}.{claims}.{signature}");
            assert_eq!(read(&proof), Err(refusal), "{header}");
        }
        let other = URL_SAFE_NO_PAD.encode(r#"{"jti":"x","htm":"POST","htu":"x","iat":0}"#);
        for proof in [
            format!("{head}.{other}.{signature}"),
            format!("{head}.{claims}.{}", &signature[2..]),
            format!("{head}.{claims}."),
        ] {
            assert_eq!(read(&proof), Err(Refusal::Signature), "{proof}");
        }
        for proof in ["", ".", "..", "a.b.c", head, &"a".repeat(5000)] {
            assert_eq!(read(proof), Err(Refusal::Malformed), "{proof}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_letter_is_taken(at in 0_usize..EXAMPLE.len(), letter in "[A-Za-z0-9_.-]") {
            let mut proof = EXAMPLE.to_owned();
            proof.replace_range(at..=at, &letter);
            prop_assert!(proof == EXAMPLE || read(&proof).is_err());
        }

        #[test]
        fn any_text_is_survived(proof: String) {
            prop_assert!(read(&proof).is_err());
        }
    }
}
