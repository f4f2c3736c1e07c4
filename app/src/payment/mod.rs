//! How a payment is made, and what went back of it, as parts of the buyer's pages.

mod parts;

pub(crate) use self::parts::{elsewhere, given_back, outcomes};
