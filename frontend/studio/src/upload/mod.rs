//! Bringing what was kept to the shop.

pub mod draft;
pub mod fingerprint;
pub mod tus;
