//! The shopper's islands: comfort on top of pages that already work. Kept apart so that nothing else reaches the
//! shopper's bundle.

pub mod buy;
pub mod gallery;

pub use buy::BuyButton;
pub use gallery::Gallery;
