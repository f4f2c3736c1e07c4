//! Queries of payments, one file a table.

mod account;
mod attempt;
mod refund;
mod webhook;

pub(super) use self::{account::*, attempt::*, refund::*, webhook::*};
