//! What connections may cost: how many there are, in all and from one household, and how long they may be silent.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use services::rate_limit::household;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{config::Proxies, metric::Metrics};

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections in all.
    pub connections: u32,
    /// Connections of one household. A trusted proxy has no such limit: it brings everyone.
    pub household: u32,
    /// How long a client may take to send the head of a request, or the first bytes of a connection.
    pub head: Duration,
    /// How long a connection may be without a request.
    pub idle: Duration,
    /// How long a client may take nothing of an answer.
    pub stalled: Duration,
    /// How long requests in flight get to finish after the shutdown signal.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            household: 256,
            head: Duration::from_secs(15),
            idle: Duration::from_secs(60),
            stalled: Duration::from_secs(60),
            drain: Duration::from_secs(20),
        }
    }
}

impl Limits {
    /// Limits that fit the files this process may open: half of them are for the database, media and the site.
    #[must_use]
    pub fn of_this_process() -> Self {
        let files = open_files();
        let limits = Self::default();
        Self {
            connections: limits.connections.min(files / 2).max(16),
            ..limits
        }
    }
}

/// How many files this process may open, raised as far as it may raise that itself.
#[cfg(unix)]
fn open_files() -> u32 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    /// More than connections, database and media ever need.
    const ENOUGH: u64 = 16 * 1024;
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(wanted);
        // Without it there are fewer connections.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let current = getrlimit(Resource::Nofile).current.unwrap_or(ENOUGH);
    u32::try_from(current).unwrap_or(u32::MAX)
}

#[cfg(not(unix))]
fn open_files() -> u32 {
    16 * 1024
}

/// Counts connections and refuses what is too many.
pub(super) struct Gate {
    limits: Limits,
    proxies: Proxies,
    pub(super) all: Arc<Semaphore>,
    households: Mutex<HashMap<IpAddr, u32>>,
    metrics: Arc<Metrics>,
}

/// The place of one connection; free again when dropped.
pub(super) struct Place {
    gate: Arc<Gate>,
    household: Option<IpAddr>,
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(limits: Limits, proxies: Proxies, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            proxies,
            all: Arc::new(Semaphore::new(limits.connections as usize)),
            households: Mutex::default(),
            metrics,
        })
    }

    /// A place for a connection from `address`; `None` when there are too many.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let place = self.place(address);
        let counter = match &place {
            Some(_) => &self.metrics.connections,
            None => &self.metrics.refused_connections,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        place
    }

    fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let household = (!self.proxies.trusts(address)).then(|| household(address));
        if let Some(household) = household {
            let mut households = self
                .households
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let count = households.entry(household).or_default();
            if *count >= self.limits.household {
                return None;
            }
            *count += 1;
        }
        Some(Place {
            gate: Arc::clone(self),
            household,
            _permit: permit,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate
            .metrics
            .connections
            .fetch_sub(1, Ordering::Relaxed);
        let Some(household) = self.household else {
            return;
        };
        let mut households = self
            .gate
            .households
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = households.get_mut(&household) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                households.remove(&household);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(connections: u32, household: u32) -> Arc<Gate> {
        let limits = Limits {
            connections,
            household,
            ..Limits::default()
        };
        let proxies = Proxies {
            networks: vec![crate::config::parse_network("10.0.0.1").unwrap()],
            hops: None,
        };
        Gate::new(limits, proxies, Arc::default())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_household_has_its_share_and_gets_it_back() {
        let gate = gate(100, 2);
        let mut held: Vec<Place> = ["2001:db8::1", "2001:db8::2"]
            .iter()
            .filter_map(|text| gate.admit(ip(text)))
            .collect();
        assert_eq!(held.len(), 2);
        assert!(gate.admit(ip("2001:db8::3")).is_none(), "one network");
        assert!(
            gate.admit(ip("2001:db8:0:1::3")).is_some(),
            "another network"
        );
        held.pop();
        held.extend(gate.admit(ip("2001:db8::3")));
        assert_eq!(held.len(), 2);
        drop(held);
        assert!(gate.households.lock().unwrap().is_empty());
        assert_eq!(gate.metrics.connections.load(Ordering::Relaxed), 0);
        assert_eq!(gate.metrics.refused_connections.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_trusted_proxy_brings_everyone_up_to_the_whole() {
        let gate = gate(5, 2);
        let held: Vec<Place> = (0..9).filter_map(|_| gate.admit(ip("10.0.0.1"))).collect();
        assert_eq!(held.len(), 5);
        assert!(gate.admit(ip("192.0.2.1")).is_none());
    }
}
