//! Contracts from JSON that anybody may have written.

use domain::{
    capture::{Contract, contract::Schema},
    invalid::{Invalid, one_line},
};
use serde::Deserialize;

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

/// Reads a contract and checks it.
///
/// # Errors
/// What is wrong, in a sentence: too long, no JSON, of another schema, members too many or too few, or what cannot be met.
pub fn parse(text: &str) -> Result<Contract, Invalid> {
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
    let contract: Contract = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    contract.check()?;
    Ok(contract)
}

/// The contract as JSON, as [`parse`] reads it.
#[must_use]
pub fn to_json(contract: &Contract) -> String {
    serde_json::to_string_pretty(contract).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use domain::capture::contract::template;

    use super::*;

    fn demo() -> Contract {
        template::all()[1].clone()
    }

    #[test]
    fn hostile_json_gets_a_sentence() {
        let demo = to_json(&demo());
        let with = |from: &str, to: &str| {
            assert!(demo.contains(from), "{from}");
            demo.replacen(from, to, 1)
        };
        for (text, says) in [
            (String::new(), "no capture contract"),
            ("[".repeat(16_000), "no capture contract"),
            (
                format!("{demo}{}", " ".repeat(MAX_BYTES)),
                "at most 16384 bytes",
            ),
            (with("contract:1", "contract:2"), "newer version"),
            (
                with("\"version\": 1", "\"version\": 0"),
                "from 1 to 1000000",
            ),
            (
                with("\"version\": 1", "\"version\": 1e400"),
                "no capture contract",
            ),
            (
                with("\"version\": 1", "\"version\": 18446744073709551616"),
                "no capture contract",
            ),
            (
                with("\"version\": 1", "\"version\": -1"),
                "no capture contract",
            ),
            (
                with("\"version\": 1", "\"version\": 1, \"version\": 2"),
                "duplicate",
            ),
            (
                with("\"version\": 1", "\"version\": 1, \"gps\\u0007\": 2"),
                "unknown field",
            ),
            (with("30 s demo", "a\\u0000b"), "on one line"),
            (with("30 s demo", "a\\u202eb\\n"), "on one line"),
            (with("30 s demo", ""), "on one line"),
            (
                with("\"least\": 20000", "\"least\": 50000"),
                "no more than the most",
            ),
            (
                with(
                    "\"clip_bytes\": 67108864",
                    "\"clip_bytes\": 9007199254740993",
                ),
                "1 to 200 MB",
            ),
            (
                with("\"clip_bytes\": 67108864", "\"clip_bytes\": 0"),
                "1 to 200 MB",
            ),
            (
                with("\"portrait\"", "\"upside_down\""),
                "no capture contract",
            ),
            (
                with("\"least_sound\": null", "\"least_sound\": 0"),
                "-90 to -10",
            ),
        ] {
            let refused = parse(&text).expect_err(&text);
            assert!(refused.message.contains(says), "{says}: {refused}");
            assert!(
                !refused.message.chars().any(char::is_control),
                "{refused:?}"
            );
            assert!(refused.message.len() < 600);
        }
    }

    /// One change of a text, by a seed: a byte turned, a piece cut out, doubled or put elsewhere, a number made giant.
    fn mutate(text: &mut Vec<u8>, seed: &mut u64) {
        let mut next = |below: usize| {
            // SplitMix64 (Steele, Lea, Flood 2014).
            *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % below.max(1) as u64) as usize
        };
        let (from, length) = (next(text.len()), next(24));
        let to = (from + length).min(text.len());
        match next(5) {
            0 => {
                if let Some(byte) = text.get_mut(from) {
                    *byte = next(256) as u8;
                }
            }
            1 => drop(text.drain(from..to)),
            2 => {
                let piece = text[from..to].to_vec();
                let at = next(text.len());
                text.splice(at..at, piece);
            }
            3 => {
                let giant = [
                    "1e309",
                    "-0",
                    "99999999999999999999",
                    "4294967295",
                    "0.1",
                    "null",
                    "\"\\ud800\"",
                    "{}",
                    "[]",
                    "true",
                ][next(10)];
                if let Some(at) = text.iter().skip(from).position(u8::is_ascii_digit) {
                    text.splice(from + at..=from + at, giant.bytes());
                }
            }
            _ => text.insert(from, [0, b'\n', b'"', b'\\', b'{', 0xff][next(6)]),
        }
    }

    /// Ten thousand damaged contracts: each is refused with a sentence or is one that can be met and is written as it was read.
    #[test]
    fn damaged_contracts_are_refused_or_sound() {
        let mut seed = 14;
        let (mut read, mut refused) = (0_u32, 0_u32);
        for contract in template::all() {
            let compact = serde_json::to_string(&contract).expect("is JSON");
            for _ in 0..2_500 {
                let mut text = compact.clone().into_bytes();
                for _ in 0..=(seed % 3) {
                    mutate(&mut text, &mut seed);
                }
                match parse(&String::from_utf8_lossy(&text)) {
                    Ok(contract) => {
                        read += 1;
                        assert_eq!(contract.check(), Ok(()));
                        assert_eq!(parse(&to_json(&contract)), Ok(contract));
                    }
                    Err(invalid) => {
                        refused += 1;
                        assert!(!invalid.message.is_empty() && invalid.message.len() < 800);
                        assert!(!invalid.message.chars().any(char::is_control));
                    }
                }
            }
        }
        assert!(
            read > 100 && refused > 5_000,
            "{read} read, {refused} refused"
        );
    }
}
