//! Rules and types of Vitrine: no IO, no async, no clock, no randomness, no framework.
//!
//! Every crate above speaks in these types; the same singular noun names the module in every layer.

pub mod capture;
pub mod catalog;
pub mod checkout;
pub mod event;
pub mod highlight;
pub mod id;
pub mod identity;
pub mod invalid;
pub mod ledger;
pub mod media;
pub mod money;
mod number;
mod order;
pub mod payment;
mod price;
mod slug;
mod stock;
pub mod time;
pub mod waitlist;
pub mod wire;
