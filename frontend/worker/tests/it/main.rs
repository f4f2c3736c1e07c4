//! What is cut out of a session, read back by others.

#![cfg(not(target_arch = "wasm32"))]

mod clip;
mod description;
mod edited;
mod filmed;
mod fuzz;
mod kinds;
mod matroska;
mod reel;
