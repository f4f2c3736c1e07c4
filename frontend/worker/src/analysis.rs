//! Where shots begin: thumbnails go to a network, in another worker if possible, and its scores join what was measured here.

pub mod join;

#[cfg(target_arch = "wasm32")]
mod backend;
#[cfg(target_arch = "wasm32")]
mod frames;
#[cfg(target_arch = "wasm32")]
pub(crate) mod inference;

#[cfg(target_arch = "wasm32")]
pub(crate) use frames::Analysis;
