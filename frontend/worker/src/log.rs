//! A session on disk: an append-only log of records, and the index of it that is kept in memory.

pub mod index;
pub mod record;
