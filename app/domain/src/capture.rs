//! Capture: what a recording must deliver, its bounds, its keyframes, the room it needs, and which network judged it.

mod contract;
mod keyframe;
mod network;
mod room;

pub use contract::{Contract, LONG_SESSION, Metadata};
pub use keyframe::Keyframes;
pub use network::{Engine, Network, Weights};
pub use room::Room;

/// Longest distance between two keyframes of a recording, s. Clips start on keyframes, so this bounds what a cut can lose.
pub const KEYFRAME_INTERVAL: f64 = 1.0;

/// The longest session, s: the bound on what the recorder keeps in memory about one.
pub const LONGEST: f64 = 2.0 * 60.0 * 60.0;
