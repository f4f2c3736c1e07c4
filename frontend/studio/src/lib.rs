//! The creator's bundle: film in a browser tab, look at what was found, and turn it into a draft page.
//!
//! Everything that needs no browser (the upload protocol, trimming, wording, what a person decided) is plain Rust and
//! is tested natively; the rest exists on wasm32 only.

pub mod base64url;
pub mod config;
pub mod fault;
pub mod review;
pub mod upload;
pub mod wording;
