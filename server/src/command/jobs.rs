//! `vitrine jobs`.

use std::process::ExitCode;

use services::{Result, Services};

use super::Ended;
use crate::{cli, config::PublicUrl};

/// Lists what failed for good, or tries it again. A running shop takes it up by itself.
pub async fn run(args: &cli::Jobs) -> Ended {
    let config = super::store(&args.store, &PublicUrl::localhost(3000), false);
    let services = Services::open_beside(config)
        .await
        .map_err(|error| super::failure(&error))?;
    let ended = answer(args, &services).await;
    services.close().await;
    ended.map_err(|error| super::failure(&error))?;
    Ok(ExitCode::SUCCESS)
}

async fn answer(args: &cli::Jobs, services: &Services) -> Result<()> {
    let jobs = services.jobs();
    if let Some(id) = &args.retry {
        jobs.retry_any(id).await?;
        println!("It is tried again as soon as a shop runs.");
        return Ok(());
    }
    let failed = jobs.all_failed().await?;
    if failed.is_empty() {
        println!("No work failed.");
        return Ok(());
    }
    for job in &failed {
        let shop = job.shop.as_ref().map_or("-", |shop| shop.as_str());
        println!(
            "{}  {}  {} UTC  {} attempts  shop {shop}\n    {}: {}",
            job.id,
            job.kind,
            job.failed_at.written(),
            job.attempts,
            job.words,
            job.error
        );
    }
    if args.retry_all {
        for job in &failed {
            jobs.retry_any(&job.id).await?;
        }
        println!(
            "All {} are tried again as soon as a shop runs.",
            failed.len()
        );
    }
    Ok(())
}
