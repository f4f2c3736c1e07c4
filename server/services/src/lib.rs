//! Rules with transactions, one module per domain: what the pages and the HTTP handlers may do.
//!
//! [`Services::open`] migrates the database and hands out one face per domain: [`Services::identity`],
//! [`Services::media`], [`Services::catalog`], [`Services::checkout`], [`Services::payment`],
//! [`Services::ledger`]. Whatever belongs to a shop takes the
//! [`domain::identity::Viewer`] first and never sees another shop's rows.

pub mod capture;
pub mod catalog;
pub mod checkout;
mod clock;
mod config;
mod db;
pub mod discount;
mod disk;
mod doctor;
mod error;
mod event;
pub mod identity;
pub mod job;
pub mod ledger;
pub mod media;
mod memory;
mod migration;
pub mod payment;
mod random;
pub mod rate_limit;
pub mod seed;
mod serve_lock;
mod supervise;
pub mod terms;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use domain::{event::Tag, id::ShopId, time::UnixMs};
use futures::FutureExt;
use tokio::{sync::Semaphore, task::JoinSet};

pub use clock::Clock;
pub use config::Config;
use db::Db;
pub use error::{Error, Result};
pub use event::{FeedPage, Recorded, Update};
pub use random::Random;
pub use serve_lock::ServeLock;
pub use supervise::Loop;

/// Everything the instance can do. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    db: Db,
    store: media::Store,
    /// Bytes of uploads that are not complete.
    parts: media::Parts,
    /// Where a complete upload is put together to be read.
    scratch: PathBuf,
    /// Appends of this process, so that a newer one ends the older at once.
    appends: media::Appends,
    /// Where appends write.
    upload_disk: media::UploadDisk,
    /// Room for one photo being decoded and encoded.
    encoding: Semaphore,
    clock: Clock,
    random: Random,
    passkeys: identity::Passkeys,
    /// Seals the secrets of processors' accounts.
    vault: OnceLock<payment::Vault>,
    /// Connections to processors.
    http: payment::HttpClient,
    loops: supervise::Loops,
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
    pub message: String,
}

/// Appends that write to the disk at once: more would only wait for each other there.
const UPLOAD_WRITES: usize = 16;

/// Files of a scratch folder that a process left behind; none is worked on for as long.
const SCRATCH_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Deletes what processes that ended at work left behind.
fn clear_scratch(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map(|modified| modified.elapsed().unwrap_or_default());
        if age.is_ok_and(|age| age > SCRATCH_AGE) {
            // Only room on the disk is at stake.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn make_folder(config: &Config) -> Result<PathBuf> {
    let scratch = config.data.join("scratch");
    std::fs::create_dir_all(&scratch).map_err(|error| {
        Error::Unavailable(format!(
            "The data folder {} cannot be made: {error}. Choose another with --data or correct its rights.",
            config.data.display()
        ))
    })?;
    clear_scratch(&scratch);
    Ok(scratch)
}

/// Where files are. Opened before the database is touched, so that an address that is wrong changes nothing.
struct Folders {
    scratch: PathBuf,
    store: media::Store,
    upload_disk: media::UploadDisk,
}

impl Folders {
    fn open(config: &Config) -> Result<Self> {
        Ok(Self {
            scratch: make_folder(config)?,
            store: media::Store::open(&config.media())?,
            upload_disk: media::UploadDisk::new(UPLOAD_WRITES),
        })
    }
}

impl Services {
    /// Opens database and media store and runs the migrations. Nothing runs in the background before [`Services::run`].
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
        let folders = Folders::open(&config)?;
        let db = Db::open(&config.database()).await?;
        migration::run(&db, &clock).await?;
        Ok(Self::assemble(config, folders, db, clock, random))
    }

    /// [`Services::open`] with uploads on another file system.
    #[cfg(test)]
    pub(crate) async fn open_on(config: Config, upload_disk: media::UploadDisk) -> Result<Self> {
        let folders = Folders {
            upload_disk,
            ..Folders::open(&config)?
        };
        let db = Db::open(&config.database()).await?;
        migration::run(&db, &Clock::System).await?;
        let (clock, random) = (Clock::System, Random::System);
        Ok(Self::assemble(config, folders, db, clock, random))
    }

    /// [`Services::open`] for a command that may run beside a shop: migrates an empty database and refuses an older one, so
    /// that none is changed under a shop that runs.
    ///
    /// # Errors
    /// As [`Services::open`]; and `Unavailable` when the database has to be migrated first.
    pub async fn open_beside(config: Config) -> Result<Self> {
        let folders = Folders::open(&config)?;
        let db = Db::open(&config.database()).await?;
        migration::run_on_empty(&db, &Clock::System).await?;
        let (clock, random) = (Clock::System, Random::System);
        Ok(Self::assemble(config, folders, db, clock, random))
    }

    fn assemble(config: Config, folders: Folders, db: Db, clock: Clock, random: Random) -> Self {
        let Folders {
            scratch,
            store,
            upload_disk,
        } = folders;
        Self {
            inner: Arc::new(Inner {
                passkeys: identity::Passkeys::new(&config.public_url),
                parts: media::Parts::of(&store),
                config,
                db,
                store,
                scratch,
                appends: media::Appends::default(),
                upload_disk,
                encoding: Semaphore::new(1),
                clock,
                random,
                vault: OnceLock::new(),
                http: payment::HttpClient::default(),
                loops: supervise::Loops::default(),
                tasks: Mutex::default(),
            }),
        }
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

    /// Runs jobs until `stop` resolves; what runs then is given back. Run it once in a task of a `serve`.
    pub async fn run_jobs(&self, stop: impl Future<Output = ()> + Send + 'static) {
        let stop = stop.shared();
        let begin = || job::worker::keep(self, stop.clone());
        self.inner
            .loops
            .supervise("jobs", stop.clone(), begin)
            .await;
    }

    /// Follows the feed from its end until `stop` resolves; `apply` is told what it says, commits of other processes
    /// included.
    pub async fn follow_feed(
        &self,
        stop: impl Future<Output = ()> + Send,
        apply: impl Fn(Update) + Send + Sync,
    ) {
        let stop = stop.shared();
        let begin = || event::feed::follow(self, stop.clone(), &apply);
        self.inner
            .loops
            .supervise("feed", stop.clone(), begin)
            .await;
    }

    /// The next events behind position `cursor`, over all shops and in order, for whoever follows from elsewhere.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn feed_after(&self, cursor: i64) -> Result<FeedPage> {
        event::feed::page(&self.inner.db, cursor).await
    }

    /// What every commit of this process purges at once from a cache, before its caller is answered: what it makes stale, and
    /// what of that it takes away. The first caller's counts.
    pub fn on_commit(&self, purge: impl Fn(&[Tag], &[Tag]) + Send + Sync + 'static) {
        self.inner.db.on_commit(Box::new(purge));
    }

    /// The loops of this process and how they are.
    #[must_use]
    pub fn loops(&self) -> Vec<Loop> {
        self.inner.loops.list()
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

    /// Lets appends in progress end and closes the database. Call it last.
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
        media::Library {
            services: self,
            right: None,
        }
    }

    /// Capture contracts.
    #[must_use]
    pub fn contracts(&self) -> capture::Contracts<'_> {
        capture::Contracts { services: self }
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

    /// The terms on which shops sell.
    #[must_use]
    pub fn terms(&self) -> terms::Selling<'_> {
        terms::Selling { services: self }
    }

    /// Discount codes.
    #[must_use]
    pub fn discounts(&self) -> discount::Discounts<'_> {
        discount::Discounts { services: self }
    }

    /// Payments, accounts at processors, refunds.
    #[must_use]
    pub fn payment(&self) -> payment::Payments<'_> {
        payment::Payments { services: self }
    }

    /// The books.
    #[must_use]
    pub fn ledger(&self) -> ledger::Ledger<'_> {
        ledger::Ledger { services: self }
    }

    /// At most 500 events of a shop behind `cursor` (0: from the first), oldest first.
    pub async fn events(&self, shop: &ShopId, cursor: i64) -> Result<Vec<Recorded>> {
        event::feed::of_shop(&self.inner.db, shop, cursor).await
    }

    /// A new secret: 43 characters of base64url from 256 random bits.
    ///
    /// # Errors
    /// `Internal` when the operating system gives no random bytes.
    pub fn token(&self) -> Result<String> {
        self.inner.random.token()
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
