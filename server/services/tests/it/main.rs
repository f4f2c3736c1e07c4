//! The services through their front door, on SQLite and, where `VITRINE_TEST_POSTGRES` names a server, on PostgreSQL.

mod authenticator;
mod capture;
mod catalog;
mod checkout;
mod deletion;
mod fake_stripe;
mod feed;
mod film;
mod gateway;
mod identity;
mod isolation;
mod job;
mod joined;
mod ledger;
mod media;
mod migration;
mod payment;
mod poster;
mod round;
mod seed;
mod settings;
mod stripe;
mod terms;
mod transport;
mod waitlist;
mod world;
