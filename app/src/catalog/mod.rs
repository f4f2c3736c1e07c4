//! Product pages.

pub mod api;
pub mod page;
mod parts;
mod structured;
pub(crate) mod waitlist;
