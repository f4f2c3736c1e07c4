//! One `serve` per SQLite file. SQLite's own locks keep the data whole with several, but limits, caches and the order of
//! work are per process; PostgreSQL is the database to grow on.

use std::{
    fs::{File, OpenOptions, TryLockError},
    time::Duration,
};

use crate::{Config, Error, Result};

/// How long a second `serve` waits for the first to end, as it does in a restart.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two tries.
const EVERY: Duration = Duration::from_millis(100);

/// Held by the one `serve` of a data folder, released with its process, however that ends. Nothing where the database is
/// PostgreSQL.
#[derive(Debug)]
pub struct ServeLock {
    _file: Option<File>,
}

impl ServeLock {
    /// Takes the lock, or waits 20 s for whoever has it.
    ///
    /// # Errors
    /// `Unavailable` when another `serve` goes on with this folder.
    pub async fn take(config: &Config) -> Result<Self> {
        if !config.database().starts_with("sqlite:") {
            return Ok(Self { _file: None });
        }
        let path = config.data.join("serve.lock");
        let unusable = |error: std::io::Error| {
            Error::Unavailable(format!(
                "The data folder {} cannot be locked: {error}. Correct its rights or choose another with --data.",
                config.data.display()
            ))
        };
        std::fs::create_dir_all(&config.data).map_err(unusable)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(unusable)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: Some(file) }),
                Err(TryLockError::Error(error)) => return Err(unusable(error)),
                Err(TryLockError::WouldBlock) if waited >= PATIENCE => {
                    return Err(Error::Unavailable(format!(
                        "Another vitrine serves the data folder {}. Stop it first, or choose another folder with --data; \
                         several servers share a PostgreSQL database (--database-url).",
                        config.data.display()
                    )));
                }
                Err(TryLockError::WouldBlock) => {
                    if waited.is_zero() {
                        tracing::info!(
                            "another vitrine serves this data folder; waiting for it to end"
                        );
                    }
                    // The lock has no event of its own that a future could wait for.
                    tokio::time::sleep(EVERY).await;
                    waited += EVERY;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_serve_at_a_time_on_sqlite_and_any_number_on_postgres() {
        let folder = tempfile::tempdir().expect("folder");
        let config = Config::new(folder.path(), "http://localhost:3000");
        let first = ServeLock::take(&config).await.expect("free");
        let Err(Error::Unavailable(message)) = ServeLock::take(&config).await else {
            panic!("two at once");
        };
        assert!(message.contains("Stop it first"), "{message}");
        let second = tokio::spawn({
            let config = config.clone();
            async move { ServeLock::take(&config).await }
        });
        tokio::task::yield_now().await;
        drop(first);
        second.await.expect("task").expect("free again");
        let mut shared = config;
        shared.database_url = Some("postgres://127.0.0.1/x".to_owned());
        let _one = ServeLock::take(&shared).await.expect("any number");
        let _two = ServeLock::take(&shared).await.expect("any number");
    }
}
