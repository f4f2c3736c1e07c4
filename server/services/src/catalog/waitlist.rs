//! The waitlist: back-in-stock requests for a sold-out product. The shop writes to these people; Vitrine sends nothing.

use domain::{
    checkout,
    event::Event,
    id::ProductId,
    identity::Viewer,
    time::UnixMs,
    waitlist::{Entry, RETENTION_MS},
};

use super::{Catalog, missing, sql::waitlist as sql};
use crate::{Result, event};

impl Catalog<'_> {
    /// Notes who wants to know when a published product is back. Anonymous, so whether the address was known before and
    /// whether there was room for it is not told. Nobody is noted for a product that can be bought.
    ///
    /// # Errors
    /// `NotFound` for drafts too, `Invalid` (field `email`).
    pub async fn join_waitlist(&self, slug: &str, email: &str) -> Result<()> {
        let now = self.services.now();
        let (shop, product) = self.by_slug(slug).await?;
        if !product.sold_out() {
            return Ok(());
        }
        let email = checkout::email(email)?;
        let mut write = self.services.inner.db.write().await?;
        if !sql::add(&mut write, &shop.id, &product.id, &email, now).await? {
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
