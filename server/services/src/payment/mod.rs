//! Taking money and giving it back: accounts at processors, payments, webhooks, refunds, reconciliation.
//!
//! A processor is never asked inside a transaction. What is about to be asked is written first, what was answered is written
//! under the order's lock, and what was not answered is asked about again by a job ([`Payments::reconcile`]).

mod account;
mod gateway;
mod pay;
mod reconcile;
mod refund;
mod sql;
mod stripe;
mod test_gateway;
mod vault;
mod webhook;

pub use self::{
    account::{AccountView, SigningView},
    pay::Paid,
    refund::{DisputeView, RefundForm, RefundView, Refunds},
    vault::Secret,
    webhook::WebhookView,
};
pub(crate) use self::{pay::too_late, stripe::HttpClient, vault::Vault};
use crate::{Error, Services};

/// Payments of the instance.
pub struct Payments<'a> {
    pub(crate) services: &'a Services,
}

pub(crate) fn no_gateway() -> Error {
    Error::Unavailable(
        "This shop does not take payments yet. Nothing was reserved and nothing was charged."
            .to_owned(),
    )
}
