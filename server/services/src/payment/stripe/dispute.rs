//! Disputes at Stripe.

use domain::{
    money::Money,
    payment::{DisputeState, from_stripe},
};

use super::{Client, Form, session::segment};
use crate::payment::gateway::Failure;

/// A dispute as Stripe knows it.
pub(crate) struct Disputed {
    pub(crate) id: String,
    pub(crate) amount: Money,
    pub(crate) state: DisputeState,
    pub(crate) reason: String,
    /// The money was taken back.
    pub(crate) withdrawn: bool,
}

/// Asks where a dispute stands. An inquiry takes no money; what is decided for the shop gives it back.
pub(crate) async fn retrieve(client: &Client, id: &str) -> Result<Disputed, Failure> {
    let value = client
        .get(&format!("/v1/disputes/{}", segment(id)?), Form::new())
        .await?;
    let nonsense = || Failure::Unknown("the answer about a dispute makes no sense".to_owned());
    let (state, withdrawn) = match value["status"].as_str() {
        Some("won") => (DisputeState::Won, false),
        Some("lost") => (DisputeState::Lost, true),
        Some("warning_closed") => (DisputeState::Won, false),
        Some(status) if status.starts_with("warning_") => (DisputeState::Open, false),
        Some(_) => (DisputeState::Open, true),
        None => return Err(nonsense()),
    };
    let reason: String = value["reason"]
        .as_str()
        .unwrap_or("general")
        .replace('_', " ");
    Ok(Disputed {
        id: segment(value["id"].as_str().unwrap_or_default())?.to_owned(),
        amount: value["amount"]
            .as_i64()
            .and_then(|units| from_stripe(units, value["currency"].as_str()?))
            .ok_or_else(nonsense)?,
        state,
        reason: reason.chars().take(60).collect(),
        withdrawn,
    })
}
