//! The studio's Web Worker: one bundle, two roles ([`protocol::Role`]).
//!
//! * The **recorder** owns frames, encoders and the sessions on disk. It writes every encoded chunk and every
//!   measurement to an append-only log ([`record`]) in the origin private file system, so that a crashed tab loses at most
//!   its last second; cuts clips and reels out of it without encoding again ([`cut`], [`splice`], [`mp4`]); and chooses highlights with
//!   `domain::highlight` from what it measured and what the network answered ([`join`]).
//! * The **inference** worker runs the network of `vision` on thumbnails. In the `gpu` build it runs on WebGPU and says
//!   `unfit` where there is none; the page then starts the CPU build in its place.
//!
//! `boot.js` beside this crate starts a worker: it waits for the first message ([`protocol::Boot`]), imports the
//! bundle, initialises it and calls `start` with that message, then hands over what arrived meanwhile, in order.
//!
//! Everything that decides is pure and tested natively; the browser's side is compiled for wasm32 only. No `unsafe` is
//! written by hand here.

mod boxes;
pub mod clock;
pub mod codec;
pub mod cut;
pub mod entry;
pub mod film;
pub mod index;
pub mod join;
pub mod mp4;
pub mod pace;
pub mod record;
pub mod sentence;
mod splice;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod inference;
#[cfg(target_arch = "wasm32")]
mod recorder;
#[cfg(target_arch = "wasm32")]
pub mod role;
