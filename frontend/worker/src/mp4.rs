//! Clips and reels: chosen chunks of a session written as an MP4, without encoding anything again.

pub(crate) mod boxes;
pub mod cache;
pub mod cut;
pub mod entry;
pub mod file;
pub mod span;
mod splice;
