//! Uploading what was kept: the files by tus, then the draft product.

pub mod draft;
pub mod file;
pub mod fingerprint;
#[cfg(target_arch = "wasm32")]
pub(crate) mod queue;
pub mod tus;
