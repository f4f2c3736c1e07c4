//! Contracts from JSON that anybody may have written.

use serde::Deserialize;

use super::{Contract, Schema};
use crate::invalid::{Invalid, one_line};

/// The longest contract that is read, bytes: twenty shots with long names fit several times.
pub const MAX_BYTES: usize = 16 * 1024;
/// The most that is repeated of what is wrong in it, characters.
const MOST_SAID: usize = 160;

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "$schema")]
    schema: String,
}

fn unreadable(error: &serde_json::Error) -> Invalid {
    // What is wrong may repeat what was sent: one short line of it.
    let said: String = one_line(&error.to_string())
        .chars()
        .take(MOST_SAID)
        .collect();
    Invalid::new(
        "contract",
        format!("This is no capture contract as its schema has it: {said}."),
    )
}

impl Contract {
    /// Reads a contract and checks it.
    ///
    /// # Errors
    /// What is wrong, in a sentence: too long, no JSON, of another schema, members too many or too few, or what cannot be met.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_BYTES {
            return Err(Invalid::new(
                "contract",
                format!("A contract has at most {MAX_BYTES} bytes."),
            ));
        }
        // Of another version nothing is known but that, so it is looked at first.
        let head: Head = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        let ours = serde_json::to_value(Schema::First).ok();
        if ours.as_ref().and_then(|ours| ours.as_str()) != Some(head.schema.as_str()) {
            return Err(Invalid::new(
                "contract",
                "This contract follows another schema than urn:vitrine:schema:contract:1. It may come from a newer version of Vitrine.",
            ));
        }
        let contract: Self = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        contract.check()?;
        Ok(contract)
    }

    /// The contract as JSON, as [`Contract::parse`] reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
