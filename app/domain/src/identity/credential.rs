//! How an owner signs in.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    id::CredentialId,
    invalid::{Invalid, one_line},
    time::UnixMs,
};

/// The most passkeys of one person. More would only be forgotten ones.
pub const MOST_PASSKEYS: usize = 20;

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its identifier here.
    pub id: CredentialId,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it last signed in.
    pub used_at: Option<UnixMs>,
}

/// Every way in of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaysIn {
    /// Passkeys, the oldest first.
    pub passkeys: Vec<Passkey>,
    /// When the password was set, where there is one.
    pub password_set_at: Option<UnixMs>,
}

impl WaysIn {
    /// How many there are. The last one cannot be removed.
    #[must_use]
    pub fn count(&self) -> usize {
        self.passkeys.len() + usize::from(self.password_set_at.is_some())
    }
}

/// A passkey's name: one line of at most 40 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyName(String);

impl PasskeyName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as typed, or `browser` where nothing was typed.
    ///
    /// # Errors
    /// A sentence about the field `passkey_name` when it is too long.
    pub fn or_browser(text: &str, browser: &str) -> Result<Self, Invalid> {
        if one_line(text).is_empty() {
            browser.parse()
        } else {
            text.parse()
        }
    }
}

impl FromStr for PasskeyName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = one_line(text);
        match name.chars().count() {
            0 => Err(Invalid::new(
                "passkey_name",
                "Give the passkey a name, for example the device that keeps it.",
            )),
            1..=40 => Ok(Self(name)),
            _ => Err(Invalid::new(
                "passkey_name",
                "A passkey's name has at most 40 characters. Shorten it.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_called_as_typed_or_by_its_browser() {
        let name =
            |text: &str| PasskeyName::or_browser(text, "Firefox on Linux").map(|name| name.0);
        assert_eq!(name(" My \n phone "), Ok("My phone".to_owned()));
        assert_eq!(name(" \u{0} "), Ok("Firefox on Linux".to_owned()));
        assert_eq!(
            name(&"x".repeat(41)).map_err(|invalid| invalid.field),
            Err("passkey_name")
        );
    }

    #[test]
    fn a_password_is_one_way_in() {
        let mut ways = WaysIn::default();
        assert_eq!(ways.count(), 0);
        ways.password_set_at = Some(UnixMs(1));
        assert_eq!(ways.count(), 1);
    }
}
