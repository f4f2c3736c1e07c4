//! Bringing what was kept to the shop.

pub mod fingerprint;
pub mod tus;
