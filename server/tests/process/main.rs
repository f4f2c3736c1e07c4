//! Several `vitrine` processes: on one PostgreSQL database and one media store they are one shop; on one SQLite folder only one
//! serves.

#![expect(
    clippy::unwrap_used,
    reason = "a harness that does not work fails its test"
)]

mod bucket;
mod child;
mod clearing;
mod edge;
#[path = "../../services/tests/it/round.rs"]
mod round;
mod shared;
mod sqlite;
mod upload;
