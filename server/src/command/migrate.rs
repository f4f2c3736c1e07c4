//! `vitrine migrate`.

use std::process::ExitCode;

use services::Services;

use super::Ended;
use crate::{cli, config::PublicUrl};

/// Brings the database up to date and says what was done.
pub async fn run(store: &cli::Store) -> Ended {
    let config = super::store(store, &PublicUrl::localhost(3000), false);
    let migrated = Services::migrate(&config)
        .await
        .map_err(|error| super::failure(&error))?;
    if migrated.applied.is_empty() {
        println!("The database is up to date (version {}).", migrated.version);
    } else {
        for name in &migrated.applied {
            println!("applied {name}");
        }
        println!("The database has version {} now.", migrated.version);
    }
    Ok(ExitCode::SUCCESS)
}
