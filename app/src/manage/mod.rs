//! What the seller works with: dense, quiet, plain pages and forms.

mod chart;
mod discount;
mod job;
mod media;
mod order;
mod overview;
pub mod page;
mod parts;
mod product;
mod settings;
pub(crate) mod terms;
mod waitlist;
