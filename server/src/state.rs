//! What every handler may reach.

use std::{ops::Deref, sync::Arc, time::Duration};

use services::{Clock, Services};

use crate::{
    asset::Files, config::Config, http::client::Client, http::rate::Limit, metric::Metrics, page,
    purge::Purger,
};

/// How often a door may be tried.
#[derive(Debug)]
pub struct Limits {
    /// Set-up links, by address: 20 at once, then one in 15 s. What succeeds is given back. (Sign-in is limited by the
    /// services, by address and by handle.)
    pub door: Limit<Client>,
    /// Buying, by address: 60 at once, then one in 2 s. Each takes a hold on stock.
    pub buy: Limit<Client>,
    /// Asking to be told, by address: 10 at once, then one in 30 s. Each may write down an address.
    pub tell: Limit<Client>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            door: Limit::new(20, Duration::from_secs(15)),
            buy: Limit::new(60, Duration::from_secs(2)),
            tell: Limit::new(10, Duration::from_secs(30)),
        }
    }
}

/// The running shop.
pub struct Inner {
    /// Rules and data.
    pub services: Services,
    /// What pages must know of the instance.
    pub site: Arc<app::Site>,
    /// Files of the site.
    pub files: Files,
    /// What the command line said.
    pub config: Config,
    /// The only `Origin` that may change something.
    pub origin: String,
    /// Finished public pages.
    pub pages: page::Cache,
    /// Follows the event log and drops what it makes stale.
    pub purger: Purger,
    /// How often doors may be tried.
    pub limits: Limits,
    /// What tells the time.
    pub clock: Clock,
    /// Counters.
    pub metrics: Metrics,
}

/// Handle on the running shop; cheap to clone.
#[derive(Clone)]
pub struct Vitrine(Arc<Inner>);

impl Vitrine {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        services: Services,
        clock: Clock,
        assets: app::Assets,
        files: Files,
        config: Config,
    ) -> Self {
        let pages = page::Cache::default();
        let origin = config.public_url.origin();
        let site = app::Site {
            public_url: origin.clone(),
            assets,
            test_payments: config.test_payments,
        };
        Self(Arc::new(Inner {
            purger: Purger::new(services.clone(), pages.clone()),
            services,
            site: Arc::new(site),
            files,
            config,
            origin,
            pages,
            limits: Limits::default(),
            clock,
            metrics: Metrics::default(),
        }))
    }
}

impl Deref for Vitrine {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
