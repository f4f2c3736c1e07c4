//! Which network judged a session, and where it ran.

use serde::{Deserialize, Serialize};

/// Where the network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// WebGPU, with TransNetV2 beside the network.
    Precise,
    /// WebGPU.
    Gpu,
    /// WebAssembly with SIMD.
    Cpu,
    /// No network (weights missing or damaged): plain frame differences.
    Plain,
}

/// Which weights a network has: the first six bytes of their BLAKE3, which tell versions apart. As text, twelve
/// hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weights(pub [u8; 6]);

impl From<Weights> for String {
    fn from(weights: Weights) -> Self {
        weights.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for Weights {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "weights are named by twelve hexadecimal digits";
        if text.len() != 12 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        let mut out = [0; 6];
        for (byte, at) in out.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| WRONG)?;
        }
        Ok(Self(out))
    }
}

/// Which network found where shots begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Where it ran.
    pub engine: Engine,
    /// Which weights; `None` where frame differences judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Weights>,
}

impl Network {
    /// Frame differences.
    pub const PLAIN: Self = Self {
        engine: Engine::Plain,
        weights: None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_named_by_twelve_digits() {
        let weights = Weights([0xbe, 0x50, 0x99, 0x48, 0x00, 0x0f]);
        let json = serde_json::to_string(&weights).expect("is JSON");
        assert_eq!(json, r#""be509948000f""#);
        assert_eq!(serde_json::from_str::<Weights>(&json).ok(), Some(weights));
        for wrong in [r#""""#, r#""be50""#, r#""zz509948000f""#, r#""ééé509948""#] {
            assert!(serde_json::from_str::<Weights>(wrong).is_err(), "{wrong}");
        }
    }
}
