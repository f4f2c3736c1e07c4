//! The shop through its front door: the real router over real services on a temporary SQLite database.

mod address;
#[path = "../../services/tests/it/authenticator.rs"]
mod authenticator;
mod catalog;
mod checkout;
mod editor;
mod function;
mod header;
mod identity;
mod manage;
mod media;
mod proxy;
mod settings;
mod shop;
mod slow;
mod test_app;
mod tus;
mod upload;
mod waitlist;
mod wire;
