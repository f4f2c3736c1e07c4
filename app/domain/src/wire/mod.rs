//! What browser and server say to each other over HTTP, declared once for both.
//!
//! The studio's bundle asks the server in two ways. Files travel by tus ([`upload`]). Everything else is a server function
//! at a stable address under [`address::FUNCTIONS`]: `POST`, JSON in, JSON out. The body is an object with one key per
//! argument, so for each function there is a struct here whose members are its arguments.
//!
//! A refusal, of an upload as of a function, has the status of the error and a [`Problem`] as its body.

pub mod access;
pub mod address;
pub mod catalog;
pub mod identity;
mod problem;
pub mod studio;
pub mod upload;
pub mod viewer;

pub use problem::Problem;
