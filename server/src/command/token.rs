//! `vitrine token`.

use std::process::ExitCode;

use domain::id::UploadTokenId;
use services::Services;

use super::{Ended, Failure};
use crate::{
    cli::{self, TokenAction},
    config::PublicUrl,
};

/// Makes, lists or revokes tokens. A running shop knows at once.
pub async fn run(args: &cli::Token) -> Ended {
    let config = super::store(&args.store, &PublicUrl::localhost(3000), false);
    let services = Services::open_beside(config)
        .await
        .map_err(|error| super::failure(&error))?;
    let ended = answer(&args.action, &services).await;
    services.close().await;
    ended
}

async fn answer(action: &TokenAction, services: &Services) -> Ended {
    let identity = services.identity();
    let failed = |error: services::Error| super::failure(&error);
    match action {
        TokenAction::Upload { shop, name, days } => {
            let handle = match shop {
                Some(handle) => handle.trim_start_matches('@').to_owned(),
                None => only_shop(services).await?,
            };
            let new = identity.create_upload_token(&handle, name, *days);
            let new = new.await.map_err(failed)?;
            println!(
                "This token uploads to {} until {} (UTC), and can do nothing else. It is shown only now; a program sends it as `Authorization: Bearer …` to /api/uploads:",
                new.token.shop.name,
                new.token.expires_at.written()
            );
            println!("{}", new.value);
        }
        TokenAction::List => {
            let tokens = identity.upload_tokens().await.map_err(failed)?;
            if tokens.is_empty() {
                println!("There are no tokens.");
            }
            for token in tokens {
                println!(
                    "{}  @{}  until {} UTC  {}",
                    token.id,
                    token.shop.handle,
                    token.expires_at.written(),
                    token.name
                );
            }
        }
        TokenAction::Revoke { id } => {
            let id: UploadTokenId = id.parse().map_err(|_| {
                Failure::new("That is no identifier of a token. `vitrine token list` shows them.")
            })?;
            identity.revoke_upload_token(&id).await.map_err(failed)?;
            println!("It is revoked.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The handle of the only shop.
async fn only_shop(services: &Services) -> Result<String, Failure> {
    let shops = services.identity().shops().await;
    match shops.map_err(|error| super::failure(&error))?.as_slice() {
        [only] => Ok(only.handle.clone()),
        [] => Err(Failure::new(
            "There is no shop yet. Open one with the link of `vitrine owner-link`, then make the token.",
        )),
        many => {
            let handles: Vec<&str> = many.iter().map(|shop| shop.handle.as_str()).collect();
            Err(Failure::new(format!(
                "There are several shops: {}. Say which with --shop HANDLE.",
                handles.join(", ")
            )))
        }
    }
}
