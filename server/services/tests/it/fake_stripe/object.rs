//! The objects of the stand-in and how they change.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::State;

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A new name that sorts after all earlier ones.
pub(super) fn name(state: &mut State, kind: &str) -> String {
    state.count += 1;
    format!("{kind}_test_{:08}", state.count)
}

/// Whether a session takes payments; closes it where its time is over.
pub(super) fn is_open(state: &mut State, session: &str, now_s: i64) -> bool {
    let Some(session) = state.sessions.get_mut(session) else {
        return false;
    };
    if session["status"] == "open"
        && session["expires_at"]
            .as_i64()
            .is_some_and(|end| end <= now_s)
    {
        session["status"] = json!("expired");
    }
    session["status"] == "open"
}

/// Brings the payment of a session into a state; makes it where there is none.
pub(super) fn charge(state: &mut State, session: &str, status: &str) -> String {
    let before = text(&state.sessions[session]["payment_intent"]);
    let id = if before.is_empty() {
        name(state, "pi")
    } else {
        before
    };
    let session = state.sessions.get_mut(session).expect("a session");
    let amount = session["amount_total"].as_i64().expect("an amount");
    session["payment_intent"] = json!(id);
    let received = if status == "succeeded" { amount } else { 0 };
    match status {
        "succeeded" => {
            session["status"] = json!("complete");
            session["payment_status"] = json!("paid");
        }
        "processing" => session["status"] = json!("complete"),
        _ => {}
    }
    let mut payment = json!({
        "id": id, "object": "payment_intent", "livemode": false, "status": status, "amount": amount, "amount_received": received,
        "currency": session["currency"], "metadata": session["payment_metadata"], "latest_charge": null,
    });
    if status == "succeeded" {
        payment["latest_charge"] = match state.late_fees {
            true => json!({ "object": "charge", "balance_transaction": null }),
            false => charged(&payment),
        };
    }
    state.payments.insert(id.clone(), payment);
    id
}

/// The charge of a payment, with what was kept of it: 1.5 % and 25.
pub(super) fn charged(payment: &Value) -> Value {
    let amount = payment["amount"].as_i64().expect("an amount");
    let fee = amount * 15 / 1000 + 25;
    json!({ "object": "charge", "balance_transaction": { "object": "balance_transaction", "amount": amount, "fee": fee, "currency": payment["currency"] } })
}

/// Gives back of a payment; `None` where that is more than was taken.
pub(super) fn refund(
    state: &mut State,
    payment: &str,
    amount: Option<i64>,
    metadata: BTreeMap<String, String>,
) -> Option<String> {
    let taken = state.payments.get(payment)?;
    let received = taken["amount_received"].as_i64()?;
    let currency = taken["currency"].clone();
    let gone: i64 = state
        .refunds
        .values()
        .filter(|refund| refund["payment_intent"] == payment && refund["status"] != "failed")
        .filter_map(|refund| refund["amount"].as_i64())
        .sum();
    let amount = amount.unwrap_or(received - gone);
    if amount <= 0 || amount > received - gone {
        return None;
    }
    let id = name(state, "re");
    let status = if state.slow_refunds {
        "pending"
    } else {
        "succeeded"
    };
    let refund = json!({
        "id": id, "object": "refund", "status": status, "amount": amount, "currency": currency, "payment_intent": payment,
        "metadata": metadata,
    });
    state.refunds.insert(id.clone(), refund);
    Some(id)
}
