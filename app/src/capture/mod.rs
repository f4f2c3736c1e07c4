//! Capture contracts, as people read them.

pub mod page;
pub(crate) mod parts;
