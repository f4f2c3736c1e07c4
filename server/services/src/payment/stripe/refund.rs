//! Refunds at Stripe.

use domain::{
    money::Money,
    payment::{RefundState, from_stripe, units},
};
use serde_json::Value;

use super::{Client, Form, session::segment};
use crate::payment::{
    gateway::{Failure, Returned},
    sql::Refund,
};

type Found<T> = Result<T, Failure>;

/// The body that gives `amount` of a payment back.
pub(crate) fn request(payment: &str, amount: Money, key: &str) -> String {
    let sent = units(amount.minor, amount.currency.digits()).unwrap_or(amount.minor);
    Form::new()
        .with("payment_intent", payment)
        .with("amount", sent.to_string())
        .with("metadata[refund]", key)
        .finish()
}

/// Sends the stored request under its key.
pub(crate) async fn create(client: &Client, refund: &Refund) -> Found<Returned> {
    let value = client
        .post("/v1/refunds", &refund.request, Some(&refund.key))
        .await?;
    read(&value)
}

/// Every refund of a payment, those made at Stripe itself included.
pub(crate) async fn list(client: &Client, payment: &str) -> Found<Vec<Returned>> {
    let query = Form::new()
        .with("payment_intent", segment(payment)?)
        .with("limit", "100");
    let value = client.get("/v1/refunds", query).await?;
    let data = value["data"]
        .as_array()
        .ok_or_else(|| nonsense("no list"))?;
    data.iter().map(read).collect()
}

fn nonsense(detail: &str) -> Failure {
    Failure::Unknown(format!(
        "the answer about a refund makes no sense: {detail}"
    ))
}

fn read(value: &Value) -> Found<Returned> {
    let amount = value["amount"]
        .as_i64()
        .and_then(|units| from_stripe(units, value["currency"].as_str()?))
        .ok_or_else(|| nonsense("an amount that is none"))?;
    let state = match value["status"].as_str() {
        Some("succeeded") => RefundState::Succeeded,
        Some("pending" | "requires_action") => RefundState::Pending,
        Some("failed" | "canceled") => RefundState::Failed,
        _ => return Err(nonsense("a state that is none")),
    };
    let problem = (state == RefundState::Failed)
        .then(|| problem(value["failure_reason"].as_str().unwrap_or_default()).to_owned());
    Ok(Returned {
        id: segment(value["id"].as_str().unwrap_or_default())?.to_owned(),
        ours: value["metadata"]["refund"].as_str().map(str::to_owned),
        amount,
        state,
        problem,
    })
}

/// Why a refund failed (docs.stripe.com/refunds, "Handle failed refunds"), and what to do.
fn problem(code: &str) -> &'static str {
    match code {
        "lost_or_stolen_card" | "expired_or_canceled_card" => {
            "The card was closed. Ask the buyer how else you can send the money."
        }
        "insufficient_funds" => {
            "There is not enough money in your balance at Stripe. Add some there, then refund again."
        }
        "merchant_request" => "It was called off at Stripe.",
        _ => "The buyer's bank did not take the money. Ask the buyer how else you can send it.",
    }
}
