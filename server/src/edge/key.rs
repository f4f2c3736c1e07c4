//! How an edge and its origin know each other: a key that both were given, and tokens made of it that are good for minutes.
//!
//! A token names the region and the five minutes it was made in, under an HMAC-SHA256 (RFC 2104) of both. It stands in a header of
//! requests for the feed alone, so one that leaks opens the names of changed pages for ten minutes and nothing else.

use std::{fmt, str::FromStr, sync::Arc};

use domain::time::UnixMs;
use ring::hmac;

/// How long a token is made for, s. The one before and the one after are taken too: clocks differ.
const SLOT: u64 = 300;

/// The least characters of a key.
const LEAST: usize = 32;

/// What an edge and its origin both know.
#[derive(Clone)]
pub struct Key(Arc<hmac::Key>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.chars().count() < LEAST {
            return Err(format!(
                "a key between edge and origin has at least {LEAST} characters: make one with `openssl rand -hex 32`"
            ));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        Ok(Self(Arc::new(key)))
    }
}

impl Key {
    /// A token for now.
    #[must_use]
    pub fn token(&self, region: &str, now: UnixMs) -> String {
        let slot = slot(now);
        let mac = hmac::sign(&self.0, signed(region, slot).as_bytes());
        let mac: String = mac
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{region}.{slot}.{mac}")
    }

    /// The region that a token is of; `None` when it was not made with this key about now.
    #[must_use]
    pub fn region<'a>(&self, token: &'a str, now: UnixMs) -> Option<&'a str> {
        let (named, mac) = token.rsplit_once('.')?;
        let (region, made) = named.rsplit_once('.')?;
        let made: u64 = made.parse().ok()?;
        let is_about_now = made.abs_diff(slot(now)) <= 1;
        let mac = bytes(mac)?;
        let is_ours = hmac::verify(&self.0, signed(region, made).as_bytes(), &mac).is_ok();
        (is_about_now && is_ours).then_some(region)
    }
}

fn signed(region: &str, slot: u64) -> String {
    format!("vitrine edge feed\n{region}\n{slot}")
}

fn slot(now: UnixMs) -> u64 {
    u64::try_from(now.0 / 1000).unwrap_or(0) / SLOT
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> Key {
        text.repeat(LEAST).parse().unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_key_and_a_few_minutes() {
        let now = UnixMs(1_800_000_000_000);
        let after = |seconds: i64| UnixMs(now.0 + seconds * 1000);
        let slot = i64::try_from(SLOT).unwrap();
        let token = key("a").token("eu-west", now);
        assert_eq!(key("a").region(&token, now), Some("eu-west"));
        assert_eq!(key("a").region(&token, after(slot)), Some("eu-west"));
        assert_eq!(key("a").region(&token, after(-slot)), Some("eu-west"));
        assert_eq!(key("a").region(&token, after(2 * slot)), None);
        assert_eq!(key("b").region(&token, now), None);
        let other = token.replace("eu-west", "us-east");
        assert_eq!(key("a").region(&other, now), None);
        assert_ne!(token, key("a").token("eu-west", after(slot)));
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        assert!("short".parse::<Key>().unwrap_err().contains("openssl"));
        assert_eq!(format!("{:?}", key("a")), "Key(…)");
    }

    proptest! {
        #[test]
        fn any_token_is_survived(token in "[ -~]{0,100}") {
            prop_assert_eq!(key("a").region(&token, UnixMs(1_800_000_000_000)), None);
        }
    }
}
