//! Capture: what a recording must deliver and what may leave the device, its bounds, its keyframes, the room it needs, and which
//! network judged it.

pub mod contract;
mod keyframe;
mod metadata;
mod network;
mod room;
mod selection;

pub use contract::Contract;
pub use keyframe::Keyframes;
pub use metadata::{Item as MetadataItem, Metadata};
pub use network::{Engine, Network, Weights};
pub use room::Room;
pub use selection::{LONG_SESSION, Selection};

/// Longest distance between two keyframes of a recording, s. Clips start on keyframes, so this bounds what a cut can lose.
pub const KEYFRAME_INTERVAL: f64 = 1.0;

/// The longest session, s: the bound on what the recorder keeps in memory about one.
pub const LONGEST: f64 = 2.0 * 60.0 * 60.0;
