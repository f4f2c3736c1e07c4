//! `vitrine owner-link`.

use std::process::ExitCode;

use services::Services;

use super::{Ended, Failure};
use crate::cli;

/// Prints a one-time link.
pub async fn run(args: &cli::OwnerLink) -> Ended {
    let services = Services::open_beside(super::store(&args.store, &args.public_url, false))
        .await
        .map_err(|error| super::failure(&error))?;
    let ended = link(args, &services).await;
    services.close().await;
    ended
}

async fn link(args: &cli::OwnerLink, services: &Services) -> Ended {
    let identity = services.identity();
    let shops = identity
        .shops()
        .await
        .map_err(|error| super::failure(&error))?;
    let handle = match (&args.shop, args.new, shops.as_slice()) {
        (Some(handle), ..) => Some(handle.trim_start_matches('@').to_owned()),
        (None, true, _) | (None, false, []) => None,
        (None, false, [only]) => Some(only.handle.clone()),
        (None, false, many) => {
            let handles: Vec<&str> = many.iter().map(|shop| shop.handle.as_str()).collect();
            return Err(Failure::new(format!(
                "There are several shops: {}. Say whose with --shop HANDLE, or --new for a further one.",
                handles.join(", ")
            )));
        }
    };
    let link = identity
        .create_owner_link(handle.as_deref())
        .await
        .map_err(|error| super::failure(&error))?;
    match &link.shop {
        Some(shop) => println!(
            "This link works once, until {} (UTC). It gives the owner of {} a new passkey or password, and ends the old ones if that is ticked:",
            link.expires_at.written(),
            shop.name
        ),
        None => println!(
            "This link works once, until {} (UTC). Whoever opens it gets a shop of their own:",
            link.expires_at.written()
        ),
    }
    println!("{}", args.public_url.link(&link.path));
    Ok(ExitCode::SUCCESS)
}
