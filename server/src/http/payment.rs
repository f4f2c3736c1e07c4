//! `/hooks…`: what payment processors report. No cookie and no origin counts here, only a signature over the body as it came.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::error::Problem;
use crate::state::Vitrine;

/// Where processors report to.
pub const HOOKS: &str = "/hooks/";

/// The longest report that is read, bytes. Stripe's are a few kilobytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// `POST /hooks/stripe/{account}`: 200 once the report is on the disk, also where it was before.
pub async fn stripe(
    State(vitrine): State<Vitrine>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut lines = headers.get_all("stripe-signature").iter();
    let signature = match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().ok(),
        _ => None,
    };
    vitrine
        .services
        .payment()
        .receive_stripe(&account, signature, &body)
        .await?;
    Ok((StatusCode::OK, "kept\n").into_response())
}
