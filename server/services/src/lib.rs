//! Rules with transactions, one module per domain: what the pages and the HTTP handlers may do.
//!
//! [`Services::open`] migrates the database and hands out one face per domain: [`Services::identity`],
//! [`Services::media`], [`Services::catalog`], [`Services::checkout`]. Whatever belongs to a shop takes the
//! [`domain::identity::Viewer`] first and never sees another shop's rows.

pub mod catalog;
pub mod checkout;
mod config;
mod error;
pub mod identity;
pub mod media;

use std::sync::Arc;

pub use config::Config;
pub use error::{Error, Result};

/// Everything the instance can do. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
}

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Names of the files that were run now, in order; empty when the database was current.
    pub applied: Vec<String>,
    /// The version the database has now.
    pub version: i64,
}

/// One thing `vitrine doctor` looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in a few words.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found and, where it is wrong, what to do.
    pub sentence: String,
}

impl Services {
    /// Opens database and media store, runs the migrations, and takes up unfinished work.
    ///
    /// # Errors
    /// A sentence when the database cannot be reached, is newer than this program, or the data folder cannot be written.
    pub async fn open(config: Config) -> Result<Self> {
        Ok(Self {
            inner: Arc::new(Inner { config }),
        })
    }

    /// Only runs the migrations (`vitrine migrate`).
    ///
    /// # Errors
    /// As [`Services::open`].
    pub async fn migrate(_config: &Config) -> Result<Migrated> {
        Err(Error::internal("not built yet"))
    }

    /// What `vitrine doctor` shows; never fails, every fault is a check that is not ok.
    pub async fn doctor(_config: &Config) -> Vec<Check> {
        Vec::new()
    }

    /// Keeps house until `stop` resolves: expired holds, open payments, stale uploads, old sessions. Run it once in a task.
    pub async fn keep_house(&self, stop: impl Future<Output = ()>) {
        stop.await;
    }

    /// Whether the database answers (`/healthz`).
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn healthy(&self) -> Result<()> {
        Ok(())
    }

    /// Finishes work in progress and closes the database. Call it last.
    pub async fn close(&self) {}

    /// What it was opened with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Shops, sign-in and sessions.
    #[must_use]
    pub fn identity(&self) -> identity::Identity<'_> {
        identity::Identity { services: self }
    }

    /// Uploads, pictures and clips.
    #[must_use]
    pub fn media(&self) -> media::Library<'_> {
        media::Library { services: self }
    }

    /// Products.
    #[must_use]
    pub fn catalog(&self) -> catalog::Catalog<'_> {
        catalog::Catalog { services: self }
    }

    /// Buying and orders.
    #[must_use]
    pub fn checkout(&self) -> checkout::Checkout<'_> {
        checkout::Checkout { services: self }
    }
}
