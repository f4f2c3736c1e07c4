//! The state that every handler shares.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    ops::Deref,
    sync::{
        Arc, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::http::HeaderMap;
use domain::{event::Tag, time::UnixMs};
use services::{
    Clock, Recorded, Services, Update,
    rate_limit::{Quota, RateLimiter},
};

use tokio::sync::watch;

use crate::{
    asset::Files,
    cache::{Cache, Purge},
    config::Config,
    http::error::Problem,
    metric::Metrics,
};

/// Finished public pages.
pub type Pages = Cache<Problem>;

/// Rate limits by the address of the client. (Sign-in and holds on stock are limited by the
/// services, in rows that all processes share.)
#[derive(Debug)]
pub struct RateLimits {
    /// Opening set-up links: 20 at once, then one in 15 s. What succeeds is given back.
    pub setup: RateLimiter<IpAddr>,
    /// Joining a waitlist: 10 at once, then one in 30 s. Each may store an email address.
    pub waitlist: RateLimiter<IpAddr>,
}

impl Default for RateLimits {
    fn default() -> Self {
        let limiter =
            |burst, seconds| RateLimiter::new(Quota::new(burst, Duration::from_secs(seconds)));
        Self {
            setup: limiter(20, 15),
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
    /// The public host and port as browsers write them in `Host`.
    pub authority: String,
    /// The security headers that every answer carries.
    pub security: HeaderMap,
    /// The content security policy of the pages that pay.
    pub checkout_policy: String,
    /// Finished public pages.
    pub pages: Pages,
    /// How often an address may ask for what costs something.
    pub limits: RateLimits,
    /// Counts what was read of the feed, for who follows it from elsewhere.
    pub feed_moves: watch::Sender<u64>,
    /// The process shuts down: answers without an end are ended.
    pub closing: watch::Sender<bool>,
    /// What tells the time.
    pub clock: Clock,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Warnings that are repeated now and then.
    pub notices: Notices,
}

/// Warnings whose cause comes with every request.
#[derive(Debug, Default)]
pub struct Notices {
    /// Forwarded headers come from somebody who is not trusted.
    pub untrusted_proxy: Notice,
    /// The proxy is asked without encryption though the public address has some.
    pub plain_http: Notice,
}

/// When a warning was logged last.
#[derive(Debug)]
pub struct Notice(AtomicI64);

impl Default for Notice {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Notice {
    /// Time between two warnings, ms: ten minutes.
    const EVERY_MS: i64 = 10 * 60 * 1000;

    /// Whether to log it at `now`; of all who ask at once, one is told so.
    pub fn is_due(&self, now: UnixMs) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        now.0.saturating_sub(last) >= Self::EVERY_MS
            && self
                .0
                .compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

/// Handle on the running shop; cheap to clone.
#[derive(Clone)]
pub struct Vitrine(Arc<Inner>);

/// Handle that does not keep the shop running: for what the shop itself holds.
#[derive(Clone)]
pub struct WeakVitrine(Weak<Inner>);

impl WeakVitrine {
    /// The shop, while there is one.
    #[must_use]
    pub fn upgrade(&self) -> Option<Vitrine> {
        self.0.upgrade().map(Vitrine)
    }
}

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
        // What fails on our side says nothing about the page.
        let pages = Pages::new(|problem: &Problem| problem.status().is_server_error());
        services.on_commit({
            let pages = pages.clone();
            move |outdated, withdrawn| {
                purge(&pages, outdated, withdrawn);
            }
        });
        let origin = config.public_url.origin();
        let site = app::Site {
            public_url: origin.clone(),
            assets,
            test_payments: config.test_payments,
        };
        let checkout_policy = crate::http::header::CONTENT_SECURITY_POLICY.replace(
            "form-action 'self'",
            &format!("form-action 'self' {}", services.config().payment_pages()),
        );
        Self(Arc::new(Inner {
            authority: config.public_url.authority(),
            security: crate::http::header::security(config.public_url.is_https()),
            checkout_policy,
            services,
            site: Arc::new(site),
            files,
            config,
            origin,
            pages,
            limits: RateLimits::default(),
            feed_moves: watch::Sender::new(0),
            closing: watch::Sender::new(false),
            clock,
            metrics: Arc::default(),
            notices: Notices::default(),
        }))
    }
}

impl Vitrine {
    /// A handle for what the shop itself holds.
    #[must_use]
    pub fn downgrade(&self) -> WeakVitrine {
        WeakVitrine(Arc::downgrade(&self.0))
    }

    /// Drops what the feed says is stale, commits of other processes included, until `stop` resolves. Run it once in a task.
    pub async fn follow_feed(&self, stop: impl Future<Output = ()> + Send) {
        let pages = &self.pages;
        self.services
            .follow_feed(stop, |update| match update {
                Update::Events(mut events) => {
                    self.feed_moves.send_modify(|moves| *moves += 1);
                    events.retain(|recorded| !recorded.is_purged);
                    let withdrawn: Vec<Tag> = events
                        .iter()
                        .filter_map(|recorded| recorded.event.as_ref()?.withdrawn())
                        .collect();
                    let tags: BTreeSet<Tag> = events.iter().flat_map(Recorded::tags).collect();
                    let tags: Vec<Tag> = tags.into_iter().collect();
                    purge(pages, &tags, &withdrawn);
                }
                Update::Reset => pages.clear(),
                Update::Current(at) => pages.mark_feed_read(at),
            })
            .await;
    }
}

/// First what goes, so that nothing of it is made anew.
fn purge(pages: &Pages, outdated: &[Tag], withdrawn: &[Tag]) {
    pages.purge(&texts(withdrawn), Purge::Hard);
    pages.purge(&texts(outdated), Purge::Soft);
}

fn texts(tags: &[Tag]) -> Vec<String> {
    tags.iter().map(Tag::to_string).collect()
}

impl Deref for Vitrine {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_comes_now_and_then() {
        let notice = Notice::default();
        let at = |minutes: i64| notice.is_due(UnixMs(minutes * 60_000));
        assert_eq!(
            [0, 1, 9, 10, 11, 25].map(at),
            [true, false, false, true, false, true]
        );
    }
}
