//! The signature of a webhook (docs.stripe.com/webhooks/signature): HMAC-SHA-256 over the time and the body as it came.

use domain::time::UnixMs;
use ring::hmac;

/// How far the time of a signature may be from now, seconds.
pub(crate) const TOLERANCE_S: i64 = 300;
/// Signatures of one header that are looked at.
const MOST: usize = 16;

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// There is none, or it cannot be read.
    Missing,
    /// No secret of the account made it.
    Forged,
    /// It was made too long ago, or is dated too far ahead.
    Old,
}

/// Checks `Stripe-Signature` against every secret; each comparison takes the same time whatever it finds.
pub(crate) fn verify<'a>(
    header: &str,
    body: &[u8],
    secrets: impl Iterator<Item = &'a str>,
    now: UnixMs,
) -> Result<(), Wrong> {
    let mut time = None;
    let mut signatures = Vec::new();
    for (name, value) in header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
    {
        match name {
            "t" => time = value.parse::<i64>().ok().map(|number| (number, value)),
            "v1" if signatures.len() < MOST => signatures.extend(unhex(value)),
            _ => {}
        }
    }
    let Some((seconds, written)) = time.filter(|_| !signatures.is_empty()) else {
        return Err(Wrong::Missing);
    };
    let mut signed = format!("{written}.").into_bytes();
    signed.extend_from_slice(body);
    let is_ours = secrets.fold(false, |found, secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        signatures.iter().fold(found, |found, signature| {
            found | hmac::verify(&key, &signed, signature).is_ok()
        })
    });
    if !is_ours {
        return Err(Wrong::Forged);
    }
    if now.0.div_euclid(1000).abs_diff(seconds) > TOLERANCE_S.unsigned_abs() {
        return Err(Wrong::Old);
    }
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..32)
        .map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::hex;

    fn sign(secret: &str, seconds: i64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hex(hmac::sign(&key, format!("{seconds}.{body}").as_bytes()).as_ref())
    }

    const NOW: UnixMs = UnixMs(1_795_300_000_000);
    const SECONDS: i64 = 1_795_300_000;

    #[test]
    fn only_the_account_s_secrets_sign() {
        let check = |header: &str, body: &str| {
            verify(
                header,
                body.as_bytes(),
                ["whsec_old", "whsec_new"].into_iter(),
                NOW,
            )
        };
        let good = sign("whsec_new", SECONDS, "{}");
        assert_eq!(check(&format!("t={SECONDS},v1={good}"), "{}"), Ok(()));
        let other = sign("whsec_other", SECONDS, "{}");
        assert_eq!(
            check(&format!("t={SECONDS},v1={other},v0=x,v1={good}"), "{}"),
            Ok(()),
            "one of several"
        );
        assert_eq!(
            check(&format!("t={SECONDS},v1={other}"), "{}"),
            Err(Wrong::Forged)
        );
        assert_eq!(
            check(&format!("t={SECONDS},v1={good}"), "{ }"),
            Err(Wrong::Forged),
            "another body"
        );
        assert_eq!(
            check(&format!("t={},v1={good}", SECONDS + 1), "{}"),
            Err(Wrong::Forged),
            "another time"
        );
        for missing in [
            "",
            "t=1",
            "v1=00",
            "t=x,v1=00",
            "nonsense",
            &format!("t={SECONDS},v1=é{}", "0".repeat(62)),
        ] {
            assert_eq!(check(missing, "{}"), Err(Wrong::Missing), "{missing}");
        }
    }

    #[test]
    fn five_minutes_and_no_more() {
        let at = |seconds: i64| {
            let header = format!("t={seconds},v1={}", sign("whsec_a", seconds, "{}"));
            verify(&header, b"{}", ["whsec_a"].into_iter(), NOW)
        };
        assert_eq!((at(SECONDS - 300), at(SECONDS + 300)), (Ok(()), Ok(())));
        assert_eq!(
            (at(SECONDS - 301), at(SECONDS + 301)),
            (Err(Wrong::Old), Err(Wrong::Old))
        );
        assert_eq!(at(i64::MAX), Err(Wrong::Old));
    }

    proptest! {
        #[test]
        fn any_header_is_judged(header: String, body: Vec<u8>) {
            prop_assert!(verify(&header, &body, ["whsec_a"].into_iter(), NOW).is_err());
        }
    }
}
