//! How often somebody may try to sign in.
//!
//! In memory because a restart may forgive, and because a database row per wrong password would be a load of its own.

use std::{net::IpAddr, time::Duration};

use domain::time::UnixMs;

use crate::{
    Result,
    rate_limit::{Quota, RateLimiter, household},
};

/// Tries from one address.
const PER_ADDRESS: Quota = Quota::new(30, Duration::from_secs(10));
/// Tries at one handle, from wherever.
const PER_HANDLE: Quota = Quota::new(10, Duration::from_secs(30));

/// The limits of signing in.
#[derive(Debug)]
pub(crate) struct SignInLimits {
    addresses: RateLimiter<IpAddr>,
    handles: RateLimiter<String>,
}

impl Default for SignInLimits {
    fn default() -> Self {
        Self {
            addresses: RateLimiter::new(PER_ADDRESS),
            handles: RateLimiter::new(PER_HANDLE),
        }
    }
}

impl SignInLimits {
    /// Takes one try from `address`, and one at `handle` where one is named.
    ///
    /// # Errors
    /// `Limited`.
    pub(super) fn take(&self, address: IpAddr, handle: Option<&str>, now: UnixMs) -> Result<()> {
        self.addresses.take(&household(address), now)?;
        if let Some(handle) = handle {
            self.handles.take(&handle.to_owned(), now)?;
        }
        Ok(())
    }

    /// Gives the try back, because it succeeded.
    pub(super) fn give_back(&self, address: IpAddr, handle: Option<&str>) {
        self.addresses.give_back(&household(address));
        if let Some(handle) = handle {
            self.handles.give_back(&handle.to_owned());
        }
    }
}
