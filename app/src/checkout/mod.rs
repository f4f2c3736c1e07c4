//! From the buy button to the receipt.

pub mod cart;
pub mod page;
pub(crate) mod parts;
mod refusal;
mod terms;
