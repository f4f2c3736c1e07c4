//! Shop fronts.

pub mod page;
pub(crate) mod parts;
