//! What the server takes under a contract.

use std::collections::BTreeSet;

use domain::{
    capture::contract::{Announced, Reference, Refusal},
    highlight::document::Document,
    id::{ShopId, UploadId},
    invalid::isolated,
};
use sqlx::AnyConnection;

use super::{find, sql};
use crate::{Error, Result, media::NewUpload};

/// What an upload says it was made under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The contract.
    pub contract: Reference,
    /// The keys of what is told of the file.
    pub keys: BTreeSet<String>,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge(message) => Self::TooLarge(message),
            Refusal::NotAllowed(message) => Self::Invalid {
                field: "contract",
                message,
            },
        }
    }
}

fn unknown(reference: &Reference) -> Error {
    Error::Invalid {
        field: "contract",
        message: format!(
            "This shop has no contract {}. Load the studio again and choose one.",
            isolated(&reference.to_string())
        ),
    }
}

/// Holds an upload against the contract that it names, before a byte of it is taken. Where its length comes later, the contract's
/// takes the place of what room is kept for, and so bounds it.
pub(crate) async fn permit(
    connection: &mut AnyConnection,
    shop: &ShopId,
    new: &mut NewUpload,
) -> Result<()> {
    let Some(claim) = &new.claim else {
        return Ok(());
    };
    let contract = find(connection, shop, &claim.contract)
        .await?
        .ok_or_else(|| unknown(&claim.contract))?;
    contract.permit(&Announced {
        kind: new.kind,
        bytes: (!new.form.is_deferred).then_some(new.length),
        span: new.span,
        keys: &claim.keys,
    })?;
    if new.form.is_deferred {
        new.length = contract.most_bytes(new.kind);
    }
    Ok(())
}

/// Holds a clip against the contract of its upload, once its length is known from its bytes.
///
/// # Errors
/// `Invalid` when it is too long.
pub(crate) async fn permit_length(
    connection: &mut AnyConnection,
    shop: &ShopId,
    upload: &UploadId,
    duration_ms: u32,
) -> Result<()> {
    let Some(reference) = sql::of_upload(connection, shop, upload).await? else {
        return Ok(());
    };
    let Some(contract) = find(connection, shop, &reference).await? else {
        return Ok(());
    };
    match contract.permit_length(f64::from(duration_ms) / 1000.0) {
        Ok(()) => Ok(()),
        Err(Refusal::TooLarge(message) | Refusal::NotAllowed(message)) => Err(Error::Invalid {
            field: "contract",
            message,
        }),
    }
}

/// Holds what is told of a session against its contract.
///
/// # Errors
/// `Invalid` for a contract that the shop does not have, or that keeps more on the device.
pub(crate) async fn permit_document(
    connection: &mut AnyConnection,
    shop: &ShopId,
    reference: &Reference,
    document: Option<&Document>,
) -> Result<()> {
    let contract = find(connection, shop, reference)
        .await?
        .ok_or_else(|| unknown(reference))?;
    if let Some(document) = document {
        contract.permit_document(document)?;
    }
    Ok(())
}
