//! Uploading what was kept: a queue on the device whose files go by tus, then the draft product.
//!
//! What a person keeps is copied into the queue before anything is sent: bytes into the origin's private files, rows into IndexedDB.
//! From then on it needs neither the session nor the tab it came from. One tab at a time sends a person's queue ([`queue`]), and the
//! service worker does where no tab is open and the browser has Background Sync.

pub mod draft;
pub mod file;
pub mod item;
pub mod pace;
pub mod product;
pub mod progress;
#[cfg(target_arch = "wasm32")]
pub(crate) mod queue;
pub mod schedule;
#[cfg(target_arch = "wasm32")]
mod sender;
#[cfg(target_arch = "wasm32")]
mod store;
pub mod tus;
