//! The keys of a shop's account at Stripe, as typed.

use std::fmt;

use crate::invalid::Invalid;

/// The fields of the form of keys as typed. Never shown again and never written to a log.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeyForm {
    /// `sk_test_…`, `sk_live_…`, or a restricted `rk_…`.
    pub secret: String,
    /// `pk_test_…` or `pk_live_…`; may be empty.
    pub publishable: String,
    /// `whsec_…`; may be empty.
    pub signing: String,
}

impl fmt::Debug for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyForm(…)")
    }
}

/// Keys that belong together.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// What requests to the processor are signed with.
    pub secret: String,
    /// What its scripts are started with; nothing secret.
    pub publishable: Option<String>,
    /// What its webhooks are signed with.
    pub signing: Option<String>,
    /// Real money moves.
    pub live: bool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("live", &self.live)
            .finish_non_exhaustive()
    }
}

/// Whether a key with one of these beginnings is live; `None` when it has another one, or is not made of a key's letters.
fn mode(key: &str, kinds: &[&str]) -> Option<bool> {
    let rest = kinds.iter().find_map(|kind| key.strip_prefix(kind))?;
    let (live, rest) = match rest.strip_prefix("live_") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix("test_")?),
    };
    is_body(rest).then_some(live)
}

fn is_body(text: &str) -> bool {
    (8..=240).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'/' | b'='))
}

/// A webhook signing secret, without the space around it.
///
/// # Errors
/// A sentence about the field `signing`.
pub fn signing_secret(text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    if text.strip_prefix("whsec_").is_some_and(is_body) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        "signing",
        "A webhook signing secret begins with whsec_. Copy it from the webhook's page at Stripe.",
    ))
}

impl KeyForm {
    /// Checks what was typed; the words never repeat it.
    ///
    /// # Errors
    /// The first field that is wrong, with a sentence.
    pub fn keys(&self) -> Result<Keys, Invalid> {
        let (secret, publishable) = (self.secret.trim(), self.publishable.trim());
        let live = mode(secret, &["sk_", "rk_"]).ok_or_else(|| {
            let message = if mode(secret, &["pk_"]).is_some() {
                "This is the publishable key. The secret key begins with sk_ (or rk_ for a restricted one) and stands beside it at Stripe."
            } else {
                "A secret key begins with sk_test_ or sk_live_ (or rk_ for a restricted one). Copy it whole from Developers, API keys at Stripe."
            };
            Invalid::new("secret", message)
        })?;
        let publishable = if publishable.is_empty() {
            None
        } else {
            match mode(publishable, &["pk_"]) {
                Some(is_live) if is_live == live => Some(publishable.to_owned()),
                Some(_) => {
                    return Err(Invalid::new(
                        "publishable",
                        "One key is for tests and the other for real money. Take both from the same page at Stripe.",
                    ));
                }
                None => {
                    return Err(Invalid::new(
                        "publishable",
                        "A publishable key begins with pk_test_ or pk_live_. Leave the field empty if you have none.",
                    ));
                }
            }
        };
        let signing = match self.signing.trim() {
            "" => None,
            text => Some(signing_secret(text)?),
        };
        Ok(Keys {
            secret: secret.to_owned(),
            publishable,
            signing,
            live,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(secret: &str, publishable: &str, signing: &str) -> KeyForm {
        KeyForm {
            secret: secret.to_owned(),
            publishable: publishable.to_owned(),
            signing: signing.to_owned(),
        }
    }

    #[test]
    fn the_prefix_says_the_mode() {
        let keys = form(" sk_test_abcdefgh12 ", "pk_test_abcdefgh", "whsec_abcdefgh")
            .keys()
            .expect("keys");
        assert!(!keys.live && keys.secret == "sk_test_abcdefgh12" && keys.signing.is_some());
        assert!(
            form("rk_live_abcdefgh12", "", "")
                .keys()
                .expect("keys")
                .live
        );
        for (form, field) in [
            (form("", "", ""), "secret"),
            (form("pk_test_abcdefgh", "", ""), "secret"),
            (form("sk_test_", "", ""), "secret"),
            (form("sk_test_abc defgh", "", ""), "secret"),
            (
                form("sk_test_abcdefgh", "pk_live_abcdefgh", ""),
                "publishable",
            ),
            (
                form("sk_test_abcdefgh", "sk_test_abcdefgh", ""),
                "publishable",
            ),
            (form("sk_test_abcdefgh", "", "sk_test_abcdefgh"), "signing"),
        ] {
            assert_eq!(form.keys().expect_err(field).field, field);
        }
    }

    #[test]
    fn keys_are_in_no_log() {
        let form = form("sk_live_abcdefgh12", "", "whsec_abcdefgh");
        let keys = form.keys().expect("keys");
        let shown = format!("{form:?} {keys:?} {:#?}", keys);
        assert!(!shown.contains("abcdefgh"), "{shown}");
        let mut wrong = form;
        wrong.publishable = "sk_live_secretsecret".to_owned();
        assert!(
            !wrong
                .keys()
                .expect_err("wrong")
                .message
                .contains("secretsecret")
        );
    }
}
