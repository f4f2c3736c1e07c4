//! The shop through its front door: the real router over real services on a temporary SQLite database.

mod access;
mod address;
#[path = "../../services/tests/it/authenticator.rs"]
mod authenticator;
mod capture;
mod cart;
mod catalog;
mod checkout;
mod draft;
mod edge;
mod editor;
#[path = "../../services/tests/it/fake_stripe/mod.rs"]
#[expect(
    dead_code,
    reason = "the suites that share it use different parts of it"
)]
mod fake_stripe;
mod function;
mod header;
mod identity;
mod manage;
mod media;
mod payment;
mod proxy;
mod ready;
#[path = "../../services/tests/it/round.rs"]
mod round;
mod settings;
mod shop;
#[path = "../../services/tests/it/signer.rs"]
mod signer;
mod slow;
mod terms;
mod test_app;
mod tus;
mod tus_extension;
mod upload;
mod upload_abuse;
mod upload_token;
mod waitlist;
mod wire;
