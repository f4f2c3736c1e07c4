//! What is cut out of a session, read back by others.

#![cfg(not(target_arch = "wasm32"))]

mod clip;
mod description;
mod edited;
mod filmed;
mod kinds;
mod matroska;
mod reel;
