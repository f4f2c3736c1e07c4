//! Looking at a recorded session: what to keep, what to trim, what comes first, and its clips and pictures as files.

pub mod decision;
#[cfg(target_arch = "wasm32")]
pub(crate) mod file;
pub mod key;
pub mod lane;
pub mod reel;
pub mod summary;
pub mod taste;
pub mod trim;
pub mod wave;
