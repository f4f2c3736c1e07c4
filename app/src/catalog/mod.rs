//! Product pages.

pub mod page;
mod parts;
mod structured;
