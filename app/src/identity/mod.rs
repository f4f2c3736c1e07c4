//! Becoming the owner of a shop, and coming back to it.

pub mod api;
pub mod link;
pub mod page;
pub(crate) mod parts;
