//! What the seller works with: dense, quiet, plain pages and forms.

mod access;
mod capture;
mod chart;
mod discount;
mod job;
mod ledger;
mod media;
mod order;
mod overview;
pub mod page;
mod parts;
mod payment;
mod product;
mod refund;
mod settings;
pub(crate) mod terms;
mod variant;
mod waitlist;
