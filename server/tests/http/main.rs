//! The shop through its front door: the real router over real services on a temporary SQLite database.

mod catalog;
mod checkout;
mod door;
mod header;
mod identity;
mod manage;
mod media;
mod shop;
mod tell;
mod upload;
