//! The page the studio runs in.

pub mod page;
