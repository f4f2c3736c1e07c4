//! The waitlist: back-in-stock requests for a sold-out product. The shop writes to these people; Vitrine sends nothing.

use std::{net::IpAddr, time::Duration};

use domain::{
    checkout,
    event::Event,
    id::ProductId,
    identity::Viewer,
    time::UnixMs,
    waitlist::{Entry, RETENTION_MS},
};

use super::{Catalog, missing, sql::waitlist as sql};
use crate::{
    Error, Result, event,
    rate_limit::{self, Quota, network, shared},
};

/// Requests for one product that come from one network: 20 at once, then one an hour.
const PER_PRODUCT: Quota = Quota::new(20, Duration::from_secs(60 * 60));
/// Requests for all products of a shop that come from one network: 60 at once, then one in 20 minutes.
const PER_SHOP: Quota = Quota::new(60, Duration::from_secs(20 * 60));

/// The same refusal, in the words of the waitlist.
fn crowded(error: Error) -> Error {
    match error {
        Error::Limited { retry_after_s, .. } => Error::Limited {
            message: format!(
                "Many addresses came from your network already, so this one was not noted. Try again in {}.",
                rate_limit::duration(retry_after_s)
            ),
            retry_after_s,
        },
        other => other,
    }
}

impl Catalog<'_> {
    /// Notes who wants to know when a published product is back. Anonymous, so whether the address was known before is not
    /// told. Nobody is noted for a product that can be bought.
    ///
    /// No address is confirmed, so many may be made up: one network adds only a few, and a full list makes room for whoever
    /// comes from a network that has fewer places on it than another.
    ///
    /// # Errors
    /// `NotFound` for drafts too, `Invalid` (field `email`), `Limited`.
    pub async fn join_waitlist(&self, slug: &str, email: &str, from: IpAddr) -> Result<()> {
        let now = self.services.now();
        let (shop, product) = self.by_slug(slug).await?;
        if !product.sold_out() {
            return Ok(());
        }
        let email = checkout::email(email)?;
        let network = network(from).to_string();
        let mut write = self.services.inner.db.write().await?;
        if sql::has(&mut write, &product.id, &email).await? {
            return Ok(());
        }
        for (key, quota) in [
            (
                format!("waitlist {} from {network}", product.id),
                PER_PRODUCT,
            ),
            (format!("waitlist of {} from {network}", shop.id), PER_SHOP),
        ] {
            shared::take(&mut write, &key, quota, now)
                .await
                .map_err(crowded)?;
        }
        if !sql::make_room(&mut write, &product.id, &network).await? {
            return Err(Error::Limited {
                message: "So many people wait for this already that nobody else can be noted. Nothing was noted; look again tomorrow.".to_owned(),
                retry_after_s: 24 * 60 * 60,
            });
        }
        let entry = sql::NewEntry {
            email: &email,
            network: &network,
        };
        if !sql::add(&mut write, &shop.id, &product.id, &entry, now).await? {
            return Ok(());
        }
        let event = Event::WaitlistJoined {
            product: product.id,
        };
        event::write(&mut write, &shop.id, event, now).await?;
        write.commit().await
    }

    /// Who waits for a product of the shop, the first first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn waitlist(&self, viewer: &Viewer, id: &ProductId) -> Result<Vec<Entry>> {
        let mut connection = self.services.inner.db.read().await?;
        if !sql::is_of(&mut connection, &viewer.shop.id, id).await? {
            return Err(missing());
        }
        sql::all(&mut connection, &viewer.shop.id, id).await
    }

    /// The shop has written to everybody who waited at `until`: they are forgotten. Whoever came since waits on. Returns how
    /// many were forgotten.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn notified_waitlist(
        &self,
        viewer: &Viewer,
        id: &ProductId,
        until: UnixMs,
    ) -> Result<u64> {
        let now = self.services.now();
        let shop = &viewer.shop.id;
        let mut write = self.services.inner.db.write().await?;
        if !sql::is_of(&mut write, shop, id).await? {
            return Err(missing());
        }
        let people = sql::forget(&mut write, shop, id, until).await?;
        if people > 0 {
            let event = Event::WaitlistNotified {
                product: id.clone(),
                people,
            };
            event::write(&mut write, shop, event, now).await?;
        }
        write.commit().await?;
        Ok(people)
    }

    /// Forgets the addresses that were kept long enough.
    pub(crate) async fn sweep_waitlist(&self) -> Result<()> {
        let before = self.services.now().plus_ms(-RETENTION_MS);
        let mut write = self.services.inner.db.write().await?;
        sql::sweep(&mut write, before).await?;
        write.commit().await
    }
}
