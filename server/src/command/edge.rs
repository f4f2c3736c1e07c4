//! `vitrine edge`: a region's copy of a shop ([`role::edge`]).

use std::process::ExitCode;

use services::Clock;

use super::{Ended, Failure};
use crate::{
    cli,
    edge::{Edge, Settings},
    role,
};

/// Runs the edge.
pub async fn run(args: cli::Edge) -> Ended {
    super::start_log();
    let proxies = args.proxy.read()?;
    let (listener, listen) = super::bind(args.listen).await?;
    let settings = Settings {
        origin: args.origin.clone(),
        region: args.region.clone(),
        budget: args.memory.saturating_mul(1024 * 1024),
        proxies: proxies.clone(),
        key: args.key.key,
        clock: Clock::System,
    };
    let edge = Edge::new(settings).map_err(|error| {
        Failure::new(format!(
            "This machine cannot tell a safe origin from another: {error}. Install its root certificates (ca-certificates)."
        ))
    })?;
    println!(
        "Edge {} is open at {listen}, in front of {}",
        args.region, args.origin
    );
    role::edge::run(edge, proxies, listener).await;
    Ok(ExitCode::SUCCESS)
}
