//! Contracts by link: whoever has its secret reads the contract, and may take it into a shop of their own.

use domain::{
    capture::Contract,
    id::{ContractId, ContractLinkId},
    identity::{Shop, Viewer},
    time::UnixMs,
};

use super::{Contracts, missing, sql};
use crate::{Error, Result, random::token_hash};

/// How long a link works, ms: thirty days.
const LIFE_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// The most links of a contract.
const MOST: usize = 50;

/// A link as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// To revoke it by.
    pub id: ContractLinkId,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it stops working.
    pub expires_at: UnixMs,
}

/// A link that was just made. Its secret is shown once and kept only as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct NewLink {
    /// The path that it leads to.
    pub path: String,
    /// When it stops working.
    pub expires_at: UnixMs,
}

/// What a link shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The newest version of the contract.
    pub contract: Contract,
    /// Whose it is.
    pub shop: Shop,
    /// When the link stops working.
    pub expires_at: UnixMs,
}

impl Contracts<'_> {
    /// Makes a link to a contract of the viewer's shop.
    ///
    /// # Errors
    /// `NotFound`, also for one that ended; `Conflict` for too many.
    pub async fn share(&self, viewer: &Viewer, id: &ContractId) -> Result<NewLink> {
        let (shop, now) = (&viewer.shop.id, self.services.now());
        let token = self.services.inner.random.token()?;
        let link = Link {
            id: self.services.inner.random.id()?,
            created_at: now,
            expires_at: now.plus_ms(LIFE_MS),
        };
        let mut write = self.services.inner.db.write().await?;
        let kept = sql::lock(&mut write, shop, id).await?;
        if kept.is_none_or(|kept| kept.ended_at.is_some()) {
            return Err(missing());
        }
        sql::link::delete_expired(&mut write, now).await?;
        sql::link::insert(&mut write, shop, id, &link, &token_hash(&token)).await?;
        if sql::link::all(&mut write, shop, id, now).await?.len() > MOST {
            return Err(Error::Conflict(format!(
                "A contract has at most {MOST} links. Revoke one that is not needed first."
            )));
        }
        write.commit().await?;
        Ok(NewLink {
            path: format!("/contract/{token}"),
            expires_at: link.expires_at,
        })
    }

    /// The links of a contract that work, newest first.
    pub async fn links(&self, viewer: &Viewer, id: &ContractId) -> Result<Vec<Link>> {
        let now = self.services.now();
        let mut connection = self.services.inner.db.read().await?;
        sql::link::all(&mut connection, &viewer.shop.id, id, now).await
    }

    /// Revokes a link: the next request with it is refused.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke(
        &self,
        viewer: &Viewer,
        id: &ContractId,
        link: &ContractLinkId,
    ) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        if !sql::link::delete(&mut write, &viewer.shop.id, id, link).await? {
            return Err(Error::NotFound(
                "There is no such link. It may have expired.".to_owned(),
            ));
        }
        write.commit().await
    }

    /// What a link shows.
    ///
    /// # Errors
    /// `NotFound` for a secret that is unknown, expired or revoked alike.
    pub async fn shared(&self, token: &str) -> Result<Shared> {
        let now = self.services.now();
        let mut connection = self.services.inner.db.read().await?;
        let shared = sql::link::shared(&mut connection, &token_hash(token), now).await?;
        shared.ok_or_else(|| {
            Error::NotFound(
                "This link does not work any more, or is not whole. Ask whoever sent it for a new one."
                    .to_owned(),
            )
        })
    }
}
