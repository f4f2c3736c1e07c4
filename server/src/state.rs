//! The state that every handler shares.

use std::{net::IpAddr, ops::Deref, sync::Arc, time::Duration};

use services::{
    Clock, Services,
    rate_limit::{Quota, RateLimiter},
};

use crate::{asset::Files, config::Config, metric::Metrics, page, purge::Purger};

/// Rate limits by the address of the client. (Sign-in is limited by the services, by address and by handle.)
#[derive(Debug)]
pub struct RateLimits {
    /// Opening set-up links: 20 at once, then one in 15 s. What succeeds is given back.
    pub setup: RateLimiter<IpAddr>,
    /// Buying: 60 at once, then one in 2 s. Each takes a hold on stock.
    pub buy: RateLimiter<IpAddr>,
    /// Joining a waitlist: 10 at once, then one in 30 s. Each may store an email address.
    pub waitlist: RateLimiter<IpAddr>,
}

impl Default for RateLimits {
    fn default() -> Self {
        let limiter =
            |burst, seconds| RateLimiter::new(Quota::new(burst, Duration::from_secs(seconds)));
        Self {
            setup: limiter(20, 15),
            buy: limiter(60, 2),
            waitlist: limiter(10, 30),
        }
    }
}

/// The running shop.
pub struct Inner {
    /// Rules and data.
    pub services: Services,
    /// The instance as pages see it.
    pub site: Arc<app::Site>,
    /// Files of the site.
    pub files: Files,
    /// The options of the command line.
    pub config: Config,
    /// The only `Origin` that may change something.
    pub origin: String,
    /// Finished public pages.
    pub pages: page::Cache,
    /// Follows the event log and drops what it makes stale.
    pub purger: Purger,
    /// How often an address may ask for what costs something.
    pub limits: RateLimits,
    /// What tells the time.
    pub clock: Clock,
    /// Metrics.
    pub metrics: Metrics,
}

/// Handle on the running shop; cheap to clone.
#[derive(Clone)]
pub struct Vitrine(Arc<Inner>);

impl Vitrine {
    /// Assembles the shop.
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
            limits: RateLimits::default(),
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
