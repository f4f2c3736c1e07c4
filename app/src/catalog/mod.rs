//! Product pages.

pub mod api;
pub(crate) mod choice;
pub mod page;
pub(crate) mod parts;
mod structured;
pub(crate) mod waitlist;
