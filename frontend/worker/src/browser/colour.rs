//! Colours between the numbers of ITU-T H.273 and the words of WebCodecs (`VideoColorSpace`).

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use super::{field, text};
use crate::log::record::Colour;

const PRIMARIES: [(u8, &str); 5] = [
    (1, "bt709"),
    (5, "bt470bg"),
    (6, "smpte170m"),
    (9, "bt2020"),
    (12, "smpte432"),
];
const TRANSFERS: [(u8, &str); 6] = [
    (1, "bt709"),
    (6, "smpte170m"),
    (13, "iec61966-2-1"),
    (8, "linear"),
    (16, "pq"),
    (18, "hlg"),
];
const MATRICES: [(u8, &str); 5] = [
    (0, "rgb"),
    (1, "bt709"),
    (5, "bt470bg"),
    (6, "smpte170m"),
    (9, "bt2020-ncl"),
];

/// As a decoder takes it; `None` where browsers have no word for a part of it, and then nothing is said.
pub(crate) fn to_browser(colour: &Colour) -> Option<JsValue> {
    let word = |all: &[(u8, &'static str)], number: u8| {
        all.iter()
            .find(|(n, _)| *n == number)
            .map(|(_, word)| *word)
    };
    // The curves of BT.2020 are that of BT.709 with more digits, and SMPTE 240 is close to BT.601.
    let alike = |number: u8| match number {
        14 | 15 => 1,
        7 => 6,
        other => other,
    };
    let space = Object::new();
    for (key, found) in [
        ("primaries", word(&PRIMARIES, alike(colour.primaries))?),
        ("transfer", word(&TRANSFERS, alike(colour.transfer))?),
        ("matrix", word(&MATRICES, alike(colour.matrix))?),
    ] {
        Reflect::set(&space, &key.into(), &found.into()).ok()?;
    }
    Reflect::set(&space, &"fullRange".into(), &colour.full.into()).ok()?;
    Some(space.into())
}

/// From what an encoder says of its output; `None` where it says nothing or has words of its own.
pub(crate) fn from_browser(space: &JsValue) -> Option<Colour> {
    let number = |all: &[(u8, &'static str)], key: &str| {
        let word = text(space, key)?;
        all.iter()
            .find(|(_, known)| *known == word)
            .map(|(n, _)| *n)
    };
    Some(Colour {
        primaries: number(&PRIMARIES, "primaries")?,
        transfer: number(&TRANSFERS, "transfer")?,
        matrix: number(&MATRICES, "matrix")?,
        full: field(space, "fullRange").is_some_and(|full| full.is_truthy()),
    })
}
