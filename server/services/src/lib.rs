//! Rules with transactions, one module per domain: what the pages and the HTTP handlers may do.
//!
//! [`Services::open`] migrates the database and hands out one face per domain: [`Services::identity`],
//! [`Services::media`], [`Services::catalog`], [`Services::checkout`]. Whatever belongs to a shop takes the
//! [`domain::identity::Viewer`] first and never sees another shop's rows.

pub mod catalog;
pub mod checkout;
mod clock;
mod config;
mod db;
mod disk;
mod doctor;
mod error;
mod event;
mod house;
pub mod identity;
pub mod media;
mod migration;
mod random;
pub mod rate_limit;
pub mod seed;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{id::ShopId, time::UnixMs};
use futures::FutureExt;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};

pub use clock::Clock;
pub use config::Config;
use db::Db;
pub use error::{Error, Result};
pub use event::Event;
pub use random::Random;

/// Everything the instance can do. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    db: Db,
    store: media::Store,
    uploads: PathBuf,
    busy: media::Busy,
    /// Room for one photo being decoded and encoded.
    encoding: Semaphore,
    /// A photo has come whose AVIF renditions are still to be made.
    unrefined: Notify,
    clock: Clock,
    random: Random,
    sign_in_limits: identity::SignInLimits,
    passkeys: identity::Passkeys,
    tasks: Mutex<JoinSet<()>>,
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

fn make_folder(config: &Config) -> Result<PathBuf> {
    let uploads = config.data.join("uploads");
    std::fs::create_dir_all(&uploads).map_err(|error| {
        Error::Unavailable(format!(
            "The data folder {} cannot be made: {error}. Choose another with --data or correct its rights.",
            config.data.display()
        ))
    })?;
    Ok(uploads)
}

impl Services {
    /// Opens database and media store, runs the migrations, and takes up unfinished work.
    ///
    /// # Errors
    /// A sentence when the database cannot be reached, is newer than this program, or the data folder cannot be written.
    pub async fn open(config: Config) -> Result<Self> {
        Self::open_with(config, Clock::System, Random::System).await
    }

    /// [`Services::open`] with a clock and randomness of the caller's, so that tests replay.
    ///
    /// # Errors
    /// As [`Services::open`].
    pub async fn open_with(config: Config, clock: Clock, random: Random) -> Result<Self> {
        let uploads = make_folder(&config)?;
        let store = media::Store::open(&config.media())?;
        let db = Db::open(&config.database()).await?;
        migration::run(&db, &clock).await?;
        let services = Self {
            inner: Arc::new(Inner {
                passkeys: identity::Passkeys::new(&config.public_url),
                config,
                db,
                store,
                uploads,
                busy: media::Busy::default(),
                encoding: Semaphore::new(1),
                unrefined: Notify::new(),
                clock,
                random,
                sign_in_limits: identity::SignInLimits::default(),
                tasks: Mutex::default(),
            }),
        };
        media::process::resume(&services).await?;
        Ok(services)
    }

    /// Only runs the migrations (`vitrine migrate`).
    ///
    /// # Errors
    /// As [`Services::open`].
    pub async fn migrate(config: &Config) -> Result<Migrated> {
        make_folder(config)?;
        let db = Db::open(&config.database()).await?;
        let migrated = migration::run(&db, &Clock::System).await;
        db.close().await;
        migrated
    }

    /// What `vitrine doctor` shows; never fails, every fault is a check that is not ok.
    pub async fn doctor(config: &Config) -> Vec<Check> {
        doctor::look(config).await
    }

    /// Keeps house until `stop` resolves: expired holds, open payments, stale uploads, old sessions, old addresses of
    /// people who wait, AVIF renditions. Run it once in a task.
    pub async fn keep_house(&self, stop: impl Future<Output = ()>) {
        let stop = stop.shared();
        tokio::join!(
            house::keep(self, stop.clone()),
            media::refine::keep(self, stop)
        );
    }

    /// Whether the database answers (`/healthz`).
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn healthy(&self) -> Result<()> {
        let mut connection = self.inner.db.read().await?;
        sqlx::query("SELECT version FROM migration LIMIT 1")
            .fetch_optional(&mut *connection)
            .await?;
        Ok(())
    }

    /// Finishes work in progress and closes the database. Call it last. What is cut short by the caller's patience is taken up
    /// by the next start.
    pub async fn close(&self) {
        let mut tasks = std::mem::take(
            &mut *self
                .inner
                .tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        while tasks.join_next().await.is_some() {}
        self.inner.db.close().await;
    }

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

    /// At most 500 changes of a shop after `cursor` (0: from the first), oldest first.
    pub async fn events(&self, shop: &ShopId, cursor: i64) -> Result<Vec<Event>> {
        event::after(&self.inner.db, shop, cursor, 500).await
    }

    fn now(&self) -> UnixMs {
        self.inner.clock.now()
    }

    /// Runs work that [`Services::close`] waits for.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self
            .inner
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Forgets what is done, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }
}
