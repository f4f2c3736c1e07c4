//! The studio's Web Worker: one bundle, two roles ([`protocol::Role`]).
//!
//! * The **recorder** ([`recorder`]) owns frames, encoders and the sessions on disk. It writes every encoded chunk and every
//!   measurement to an append-only log ([`log`]) in the origin private file system, so that a crashed tab loses at most
//!   its last second; cuts clips and reels out of it without encoding again ([`mp4`]); and chooses highlights with
//!   `domain::highlight` from what it measured and what the network answered ([`analysis`]).
//! * The **inference** worker runs the network of `vision` on thumbnails. In the `gpu` build it runs on WebGPU and reports
//!   that it is unusable where there is none; the page then starts the CPU build in its place.
//!
//! `boot.js` beside this crate starts a worker: it waits for the first message ([`protocol::Boot`]), imports the
//! bundle, initialises it and calls `start` with that message, then hands over what arrived meanwhile, in order.
//!
//! Everything that decides is pure and tested natively; the browser's side is compiled for wasm32 only. No `unsafe` is
//! written by hand here.

pub mod analysis;
pub mod capture;
pub mod film;
pub mod log;
pub mod mp4;
pub mod recorder;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
pub mod role;
