//! Stripe, by about ten calls of its API (docs.stripe.com/api), version pinned.
//!
//! Answers are judged, not trusted: what names another mode, amount or attempt than was asked for counts as no answer.

mod client;
pub(crate) mod dispute;
pub(crate) mod refund;
pub(crate) mod session;
pub(crate) mod signature;

pub(crate) use self::client::{Client, Form, HttpClient, Unanswered};
