//! Proofs that a request comes from the browser that a token was granted to (DPoP, RFC 9449): what a proof says, and what is held
//! against it. Its signature and whether it was used before are looked at by the services.

use serde::{Deserialize, Serialize};

use crate::time::UnixMs;

/// How far the clock of a browser may be from the server's, ms: a minute.
pub const SKEW_MS: i64 = 60 * 1000;

/// How long a token works, ms: five minutes.
pub const TOKEN_MS: i64 = 5 * 60 * 1000;

/// `typ` of a proof (RFC 9449, section 4.2).
pub const TYPE: &str = "dpop+jwt";

/// The only algorithm: ECDSA on P-256 with SHA-256 (RFC 7518, section 3.4).
pub const ALGORITHM: &str = "ES256";

/// The longest proof that is read, bytes; ours have about 500.
pub const MAX_BYTES: usize = 4096;

/// The longest name of a proof.
const MAX_JTI: usize = 128;

/// What a proof says (RFC 9449, section 4.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Its own name, used once.
    pub jti: String,
    /// The method of the request.
    pub htm: String,
    /// The address of the request; query and fragment do not count.
    pub htu: String,
    /// When it was made, s since 1970.
    pub iat: f64,
    /// The SHA-256 of the token that it comes with, in base64url.
    #[serde(default)]
    pub ath: Option<String>,
}

/// What a proof is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The method that was asked with.
    pub method: &'a str,
    /// Scheme, host and port of the shop, without a slash.
    pub origin: &'a str,
    /// The path that was asked for.
    pub path: &'a str,
    /// The SHA-256 of the token that came with it, in base64url; `None` where a token is asked for.
    pub token_hash: Option<&'a str>,
    /// The server's time.
    pub now: UnixMs,
}

/// Why a proof does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read, or is none.
    Malformed,
    /// Its signature is not of the key in it.
    Signature,
    /// It is for another method.
    Method,
    /// It is for another address.
    Target,
    /// It was made too long ago, or later than now.
    Time,
    /// It is for another token, or for none.
    Token,
    /// It was used before.
    Replayed,
}

impl Refusal {
    /// A word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed_proof",
            Self::Signature => "wrong_signature",
            Self::Method => "wrong_method",
            Self::Target => "wrong_target",
            Self::Time => "wrong_time",
            Self::Token => "wrong_token_hash",
            Self::Replayed => "replayed_proof",
        }
    }
}

/// Whether a proof that was made at `iat`, s, counts at `now`: both clocks may be a minute from each other.
#[must_use]
pub fn is_timely(iat: f64, now: UnixMs) -> bool {
    // A proof says whole seconds, so it may look up to one older than it is.
    #[expect(
        clippy::cast_precision_loss,
        reason = "ms since 1970 have 41 bits, and a float holds 53"
    )]
    let age_ms = now.0 as f64 - iat * 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "a minute")]
    let skew = SKEW_MS as f64;
    age_ms.is_finite() && age_ms >= -skew && age_ms < skew + 1000.0
}

/// Until when the name of a proof must be remembered that counts at `now`: as long as any clock may take it for a new one.
#[must_use]
pub const fn remembered_until(now: UnixMs) -> UnixMs {
    // Twice what one clock needs: another server's may be ahead of this one's by as much.
    UnixMs(now.0 + 4 * SKEW_MS)
}

impl Claims {
    /// Holds a proof against its request.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn check(&self, expected: &Expected<'_>) -> Result<(), Refusal> {
        let is_name = (1..=MAX_JTI).contains(&self.jti.len())
            && self.jti.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_name {
            return Err(Refusal::Malformed);
        }
        if self.htm != expected.method {
            return Err(Refusal::Method);
        }
        let asked = target(&format!("{}{}", expected.origin, expected.path));
        if asked.is_none() || target(&self.htu) != asked {
            return Err(Refusal::Target);
        }
        if self.ath.as_deref() != expected.token_hash {
            return Err(Refusal::Token);
        }
        if !is_timely(self.iat, expected.now) {
            return Err(Refusal::Time);
        }
        Ok(())
    }
}

/// An `http` or `https` address without query and fragment, in one spelling (RFC 3986, sections 6.2.2 and 6.2.3): small letters in
/// scheme and host, no default port, no escapes of what needs none. `None` for what is no such address, has a password in it, or
/// steps up in its path.
#[must_use]
pub fn target(address: &str) -> Option<String> {
    if !address.is_ascii() {
        return None;
    }
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (scheme, rest) = address.get(..end)?.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let at = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(at)?;
    let authority = authority.to_ascii_lowercase();
    let host = authority.strip_suffix(default_port).unwrap_or(&authority);
    let host = host.strip_suffix(':').unwrap_or(host);
    if host.is_empty() || host.contains(['@', '%', '\\']) || host.bytes().any(|b| b <= b' ') {
        return None;
    }
    let path = unescaped(if path.is_empty() { "/" } else { path })?;
    if path.split('/').any(|part| part == "." || part == "..") {
        return None;
    }
    Some(format!("{scheme}://{host}{path}"))
}

/// A path whose escapes are in capitals, and only there where they are needed.
fn unescaped(path: &str) -> Option<String> {
    let mut out = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '%' => {
                let high = rest.next()?.to_digit(16)?;
                let low = rest.next()?.to_digit(16)?;
                let byte = u8::try_from(high * 16 + low).ok()?;
                let is_free =
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
                if is_free {
                    out.push(char::from(byte));
                } else {
                    out.push_str(&format!("%{byte:02X}"));
                }
            }
            '\\' | '\0'..=' ' | '\x7f' => return None,
            other => out.push(other),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMs = UnixMs(1_795_300_000_000);
    const EXPECTED: Expected<'_> = Expected {
        method: "PATCH",
        origin: "https://clay.shop",
        path: "/api/uploads/u1",
        token_hash: Some("hash"),
        now: NOW,
    };

    fn claims() -> Claims {
        Claims {
            jti: "a1".into(),
            htm: "PATCH".into(),
            htu: "https://clay.shop/api/uploads/u1".into(),
            iat: 1_795_300_000.0,
            ath: Some("hash".into()),
        }
    }

    #[test]
    fn a_proof_is_of_one_request() {
        assert_eq!(claims().check(&EXPECTED), Ok(()));
        let refused = |change: fn(&mut Claims)| {
            let mut claims = claims();
            change(&mut claims);
            claims.check(&EXPECTED).expect_err("refused")
        };
        assert_eq!(refused(|c| c.htm = "POST".into()), Refusal::Method);
        assert_eq!(refused(|c| c.htm = "patch".into()), Refusal::Method);
        for htu in [
            "http://clay.shop/api/uploads/u1",
            "https://clay.shop:444/api/uploads/u1",
            "https://evil.test/api/uploads/u1",
            "https://clay.shop/api/uploads/u2",
            "https://clay.shop/api/uploads/u1/",
            "/api/uploads/u1",
            "",
        ] {
            let wrong = Claims {
                htu: htu.into(),
                ..claims()
            };
            assert_eq!(wrong.check(&EXPECTED), Err(Refusal::Target), "{htu}");
        }
        assert_eq!(refused(|c| c.ath = None), Refusal::Token);
        assert_eq!(refused(|c| c.ath = Some("other".into())), Refusal::Token);
        assert_eq!(refused(|c| c.iat = f64::NAN), Refusal::Time);
        assert_eq!(refused(|c| c.iat = f64::INFINITY), Refusal::Time);
        for jti in [String::new(), "a".repeat(129), "a b".into(), "ä".into()] {
            let wrong = Claims { jti, ..claims() };
            assert_eq!(wrong.check(&EXPECTED), Err(Refusal::Malformed));
        }
        // A request for a token comes with none.
        let grant = Expected {
            token_hash: None,
            ..EXPECTED
        };
        assert_eq!(claims().check(&grant), Err(Refusal::Token));
    }

    #[test]
    fn one_address_has_one_spelling() {
        for spelling in [
            "https://clay.shop/api/uploads/u1",
            "HTTPS://Clay.Shop:443/api/uploads/u1",
            "https://clay.shop:/api/uploads/u1?a=b#c",
            "https://clay.shop/%61pi/uploads/u1#",
        ] {
            assert_eq!(
                target(spelling).as_deref(),
                Some("https://clay.shop/api/uploads/u1"),
                "{spelling}"
            );
        }
        assert_eq!(target("http://a"), target("http://a:80/"));
        assert_eq!(target("http://a/%2f"), target("http://a/%2F"));
        assert_ne!(target("http://a/%2f"), target("http://a//"));
        assert_ne!(target("http://a/B"), target("http://a/b"));
        for none in [
            "",
            "clay.shop",
            "ftp://a/",
            "http://",
            "http:///a",
            "http://me@a/",
            "http://a/../b",
            "http://a/%2e%2E/b",
            "http://a/%",
            "http://a/%zz",
            "http://a\\b/",
            "http://a/b\\c",
            "http://a /b",
            "http://ä/",
        ] {
            assert_eq!(target(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn a_minute_either_way_counts_and_no_more(offset in -200_000_i64..200_000) {
            // The second in which a clock that is `offset` ms ahead makes its proof.
            let iat = (NOW.0 + offset).div_euclid(1000) as f64;
            let counts = is_timely(iat, NOW);
            prop_assert!(counts || !(-SKEW_MS..=SKEW_MS).contains(&offset));
            prop_assert!(!counts || (-SKEW_MS - 1000..SKEW_MS + 1000).contains(&offset));
        }

        #[test]
        fn a_proof_that_counts_later_is_remembered_then(iat in 0_i64..4_000_000, after in -70_000_i64..70_000, later in 0_i64..140_000) {
            let first = UnixMs(iat * 1000 + after);
            let second = UnixMs(first.0 + later);
            if is_timely(iat as f64, first) && is_timely(iat as f64, second) {
                prop_assert!(second < remembered_until(first));
            }
        }

        #[test]
        fn a_spelling_is_final(address in "(https?|HTTP)://[a-zA-Z0-9.:%@-]{0,12}(/[ -~]{0,16})?") {
            if let Some(once) = target(&address) {
                prop_assert_eq!(target(&once), Some(once.clone()));
                prop_assert_eq!(target(&format!("{once}?q=1#f")), Some(once));
            }
        }

        #[test]
        fn any_text_is_survived(address: String, jti: String, iat: f64) {
            let _ = target(&address);
            let claims = Claims { jti, htm: address.clone(), htu: address, iat, ath: None };
            let _ = claims.check(&EXPECTED);
        }
    }
}
