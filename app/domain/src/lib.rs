//! Rules and types of Vitrine: no IO, no async, no clock, no randomness, no framework.
//!
//! Every crate above speaks in these types; the same singular noun names the module in every layer.

pub mod capture;
pub mod catalog;
pub mod checkout;
pub mod country;
pub mod delivery;
pub mod discount;
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
pub mod quote;
pub mod share;
mod slug;
mod stock;
pub mod tax;
pub mod terms;
pub mod time;
pub mod waitlist;
pub mod wire;
