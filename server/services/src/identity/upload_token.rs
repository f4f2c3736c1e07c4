//! Tokens for programs without a browser: each uploads to one shop and can do nothing else, until it expires or is revoked.

use domain::{
    id::UploadTokenId,
    identity::{Shop, Viewer, device::Session},
    invalid::one_line,
    time::UnixMs,
};

use super::{Identity, access::Right, sql};
use crate::{Error, Result, random::token_hash};

/// What every token begins with, so that one that got out is known for what it is.
const PREFIX: &str = "vitrine_upload_";
/// The most tokens of a shop.
const MOST: usize = 100;
/// The longest life of a token, days.
pub const MAX_DAYS: u32 = 366;
/// The longest name, characters.
const MAX_NAME: usize = 60;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadToken {
    /// Its identifier, to revoke it by.
    pub id: UploadTokenId,
    /// The shop it uploads to.
    pub shop: Shop,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it stops working.
    pub expires_at: UnixMs,
}

/// A token that was just made. Its value is shown once and kept only as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUploadToken {
    /// What is sent as `Authorization: Bearer …`.
    pub value: String,
    /// What is kept of it.
    pub token: UploadToken,
}

fn unknown() -> Error {
    Error::NotFound("There is no such upload token. It may have expired.".to_owned())
}

impl Identity<'_> {
    /// Makes a token for a shop, by any handle of it.
    ///
    /// # Errors
    /// `NotFound` when no shop has this handle, `Invalid` (name, days), `Conflict` when there are too many.
    pub async fn create_upload_token(
        &self,
        handle: &str,
        name: &str,
        days: u32,
    ) -> Result<NewUploadToken> {
        let name = one_line(name);
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err(Error::Invalid {
                field: "name",
                message: "Give the token a name of 1 to 60 characters, to know it again."
                    .to_owned(),
            });
        }
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(Error::Invalid {
                field: "days",
                message: "A token works for 1 to 366 days.".to_owned(),
            });
        }
        let shop = self.shop_of_any_handle(handle).await?;
        let now = self.services.now();
        let value = format!("{PREFIX}{}", self.services.inner.random.token()?);
        let token = UploadToken {
            id: self.services.inner.random.id()?,
            shop,
            name,
            created_at: now,
            expires_at: now.plus_ms(i64::from(days) * DAY_MS),
        };
        let mut write = self.services.inner.db.write().await?;
        sql::upload_token::delete_expired(&mut write, now).await?;
        sql::upload_token::insert(&mut write, &token, &token_hash(&value)).await?;
        let all = sql::upload_token::of_shop(&mut write, Some(&token.shop.id), now).await?;
        if all.len() > MOST {
            return Err(Error::Conflict(
                "This shop has 100 upload tokens. Revoke one that is not needed first.".to_owned(),
            ));
        }
        write.commit().await?;
        Ok(NewUploadToken { value, token })
    }

    /// The tokens that work, of every shop, newest last.
    pub async fn upload_tokens(&self) -> Result<Vec<UploadToken>> {
        let now = self.services.now();
        let mut connection = self.services.inner.db.read().await?;
        sql::upload_token::of_shop(&mut connection, None, now).await
    }

    /// Revokes a token: the next request with it is refused.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn revoke_upload_token(&self, id: &UploadTokenId) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        if !sql::upload_token::delete(&mut write, id).await? {
            return Err(unknown());
        }
        write.commit().await
    }

    /// The tokens of the viewer's shop that work, newest last.
    pub async fn upload_tokens_of(&self, viewer: &Viewer) -> Result<Vec<UploadToken>> {
        let now = self.services.now();
        let mut connection = self.services.inner.db.read().await?;
        sql::upload_token::of_shop(&mut connection, Some(&viewer.shop.id), now).await
    }

    /// Makes a token for the session's shop.
    ///
    /// # Errors
    /// `Denied` when the sign-in is not recent; else as [`Identity::create_upload_token`].
    pub async fn create_upload_token_of(
        &self,
        session: &Session,
        name: &str,
        days: u32,
    ) -> Result<NewUploadToken> {
        self.require_recent(session)?;
        self.create_upload_token(&session.viewer.shop.handle, name, days)
            .await
    }

    /// Revokes a token of the viewer's shop.
    ///
    /// # Errors
    /// `NotFound`, also for another shop's.
    pub async fn revoke_upload_token_of(&self, viewer: &Viewer, id: &UploadTokenId) -> Result<()> {
        let own = self.upload_tokens_of(viewer).await?;
        if !own.iter().any(|token| token.id == *id) {
            return Err(unknown());
        }
        self.revoke_upload_token(id).await
    }

    /// Whom a token uploads for, the owner of its shop, and by which right; `None` when it is unknown, expired or revoked.
    pub async fn uploader(&self, value: &str) -> Result<Option<(Viewer, Right)>> {
        if !value.starts_with(PREFIX) {
            return Ok(None);
        }
        let now = self.services.now();
        let mut connection = self.services.inner.db.read().await?;
        let found = sql::upload_token::shop(&mut connection, &token_hash(value), now).await?;
        let Some((id, shop)) = found else {
            return Ok(None);
        };
        let owner = sql::owner(&mut connection, &shop.id).await?;
        Ok(owner.map(|(person, _)| (Viewer { person, shop }, Right::Program(id))))
    }
}
