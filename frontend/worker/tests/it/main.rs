//! What is cut out of a session, read back by others.

#![cfg(not(target_arch = "wasm32"))]

mod clip;
mod filmed;
mod matroska;
mod reel;
