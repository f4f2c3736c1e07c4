//! Pictures and clips on pages.

pub(crate) mod parts;
