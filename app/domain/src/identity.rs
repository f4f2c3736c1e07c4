//! Shops, their handles, and the people who own them.

pub mod credential;
pub mod device;
pub mod proof;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    id::{PersonId, ShopId},
    invalid::{Invalid, one_line},
    money::Currency,
};

/// A creator's front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Its identifier.
    pub id: ShopId,
    /// Its name as people read it.
    pub name: String,
    /// Its name in addresses: `/@handle`.
    pub handle: String,
    /// ISO 4217 code of the currency it sells in.
    pub currency: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The person.
    pub person: PersonId,
    /// The shop they own; every query of theirs is scoped by it.
    pub shop: Shop,
}

/// Names that would be mistaken for the instance itself or for its addresses.
const RESERVED: &[&str] = &[
    "about", "account", "admin", "api", "app", "assets", "billing", "blog", "cart", "checkout",
    "contact", "healthz", "help", "home", "legal", "login", "logout", "mail", "manage", "media",
    "metrics", "official", "order", "orders", "owner", "pay", "payment", "pkg", "press", "privacy",
    "robots", "root", "security", "settings", "setup", "shop", "sign-in", "sign-out", "sitemap",
    "static", "status", "studio", "support", "system", "terms", "test", "vitrine", "www",
];

/// A shop's name in addresses: 3–30 of `a-z`, `0-9` and `-`, beginning and ending with a letter or digit, no `--`, not reserved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle(String);

impl Handle {
    /// The handle as text, without `@`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Handle {
    type Err = Invalid;

    /// Reads what a person typed; a leading `@`, surrounding space and capitals are forgiven.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let handle = text.strip_prefix('@').unwrap_or(text).to_lowercase();
        let wrong = |message: &str| Err(Invalid::new("handle", message));
        if !(3..=30).contains(&handle.len()) {
            return wrong("A handle has 3 to 30 characters, for example clay-and-ash.");
        }
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !handle.bytes().all(allowed) {
            return wrong(
                "A handle has only the letters a to z, digits and hyphens, for example clay-and-ash.",
            );
        }
        if handle.starts_with('-') || handle.ends_with('-') || handle.contains("--") {
            return wrong(
                "A handle begins and ends with a letter or digit and has no two hyphens in a row.",
            );
        }
        if RESERVED.contains(&handle.as_str()) {
            return wrong("This handle is kept for the shop's own pages. Choose another one.");
        }
        Ok(Self(handle))
    }
}

/// A shop's name as people read it: one line of 1–60 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopName(String);

impl ShopName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShopName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = one_line(text);
        match name.chars().count() {
            0 => Err(Invalid::new("shop_name", "Give your shop a name.")),
            1..=60 => Ok(Self(name)),
            _ => Err(Invalid::new(
                "shop_name",
                "A shop's name has at most 60 characters. Shorten it.",
            )),
        }
    }
}

/// A password that is long enough to be worth hashing: 10–200 characters. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The text, for hashing only.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl FromStr for Password {
    type Err = Invalid;

    /// NIST SP 800-63B-4 §3.1.1: length is what counts; no rules about kinds of characters, and a generous upper end that
    /// only bounds the hashing.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |message: &str| Err(Invalid::new("password", message));
        let count = text.chars().count();
        if count < 10 {
            return wrong(
                "A password needs at least 10 characters. Four random words make a good one.",
            );
        }
        if count > 200 {
            return wrong("A password has at most 200 characters. Use a shorter one.");
        }
        let mut seen = text.chars();
        let first = seen.next();
        if seen.all(|c| Some(c) == first) {
            return wrong(
                "This password is one character repeated. Four random words make a good one.",
            );
        }
        Ok(Self(text.to_owned()))
    }
}

/// The most handles a shop may have had, the present one among them: each stays taken for good.
pub const MOST_HANDLES: usize = 10;

/// What a new shop is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShop {
    /// Its name.
    pub name: ShopName,
    /// Its handle.
    pub handle: Handle,
    /// What it sells in.
    pub currency: Currency,
}

/// The fields of the set-up form as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SetupForm {
    /// Name of the shop.
    pub shop_name: String,
    /// Its handle.
    pub handle: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Recovery links: anything but nothing ends every other way in.
    pub end_others: String,
}

impl SetupForm {
    /// Whether every other way in shall end.
    #[must_use]
    pub fn ends_others(&self) -> bool {
        !self.end_others.is_empty()
    }

    /// Everything that is wrong with a new shop, in the order of the fields: a sentence each.
    #[must_use]
    pub fn errors(&self) -> Vec<Invalid> {
        [
            self.shop_name.parse::<ShopName>().err(),
            self.handle.parse::<Handle>().err(),
            self.currency.parse::<Currency>().err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong, with a sentence.
    pub fn check(&self) -> Result<NewShop, Invalid> {
        Ok(NewShop {
            name: self.shop_name.parse()?,
            handle: self.handle.parse()?,
            currency: self.currency.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn handles_are_checked() {
        assert_eq!(
            "  @Clay-And-Ash ".parse::<Handle>().map(|h| h.to_string()),
            Ok("clay-and-ash".into())
        );
        for (text, words) in [
            ("ab", "3 to 30"),
            ("a".repeat(31).as_str(), "3 to 30"),
            ("clay ash", "only the letters"),
            ("töpferei", "only the letters"),
            ("-clay", "begins and ends"),
            ("clay-", "begins and ends"),
            ("clay--ash", "two hyphens"),
            ("admin", "kept for"),
            ("Studio", "kept for"),
            ("../etc", "only the letters"),
        ] {
            let error = text.parse::<Handle>().expect_err(text).message;
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn passwords_are_checked_and_never_printed() {
        assert!("correct horse".parse::<Password>().is_ok());
        assert!("tiny".parse::<Password>().is_err());
        assert!("ööööööööö".parse::<Password>().is_err());
        assert!("aaaaaaaaaaaaaa".parse::<Password>().is_err());
        assert!("ab".repeat(101).parse::<Password>().is_err());
        let shown = format!("{:?}", "correct horse".parse::<Password>());
        assert!(!shown.contains("horse"));
    }

    #[test]
    fn a_setup_form_names_its_first_wrong_field() {
        let mut form = SetupForm {
            shop_name: " Clay  & Ash ".into(),
            handle: "clay-ash".into(),
            currency: "EUR".into(),
            ..SetupForm::default()
        };
        assert_eq!(
            form.check().map(|shop| shop.name.as_str().to_owned()),
            Ok("Clay & Ash".into())
        );
        form.currency = "XXX".into();
        assert_eq!(form.check().map_err(|e| e.field), Err("currency"));
        form.shop_name = "\u{0}".into();
        assert_eq!(form.check().map_err(|e| e.field), Err("shop_name"));
    }

    #[test]
    fn an_empty_setup_form_is_told_everything_at_once() {
        let fields: Vec<&str> = SetupForm::default()
            .errors()
            .iter()
            .map(|error| error.field)
            .collect();
        assert_eq!(fields, ["shop_name", "handle", "currency"]);
    }

    proptest! {
        #[test]
        fn a_setup_form_is_judged_the_same_whole_and_field_by_field(shop_name: String, handle in "[a-z-]{0,8}", currency in "[A-Z]{3}|EUR") {
            let form = SetupForm { shop_name, handle, currency, ..SetupForm::default() };
            prop_assert_eq!(form.check().err(), form.errors().into_iter().next());
        }

        #[test]
        fn an_accepted_handle_is_safe_in_an_address(text: String) {
            if let Ok(handle) = text.parse::<Handle>() {
                prop_assert!(handle.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
                prop_assert_eq!(handle.as_str().parse::<Handle>(), Ok(handle.clone()));
            }
        }
    }
}
