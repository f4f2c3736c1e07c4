//! Owner links, sign-in, sessions, and what an owner changes of a shop.

pub mod access;
mod credential;
mod device;
mod passkey;
mod password;
mod proof;
mod settings;
mod setup;
mod sign_in;
pub(crate) mod sql;
pub mod upload_token;

use std::net::IpAddr;

use domain::{
    identity::{Handle, Shop, Viewer, device::Session},
    time::UnixMs,
};

pub(crate) use self::{
    passkey::Passkeys,
    setup::{insert_owner, owner_of},
};
use crate::{Error, Result, Services, random::token_hash};

/// How long a session lasts after it was last used, ms: 30 days.
const SESSION_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How long a session lasts however much it is used, ms: 90 days.
const SESSION_LIFE_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// A session's end is moved at most this often, ms, so that reading pages does not write.
const TOUCH_MS: i64 = 60 * 60 * 1000;

/// Shops, sign-in and sessions.
pub struct Identity<'a> {
    pub(crate) services: &'a Services,
}

/// The browser that asks: what limits and the list of devices know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// Where it asks from.
    pub ip: IpAddr,
    /// The value of its device cookie, from a sign-in before.
    pub device: Option<String>,
    /// What people call it: `Firefox on Windows`.
    pub name: String,
}

/// A one-time link for an owner. Its token is shown once and kept only as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerLink {
    /// Path below the public URL: `/setup/{token}`.
    pub path: String,
    /// When it stops working.
    pub expires_at: UnixMs,
    /// The shop it recovers; `None`: it makes a new shop.
    pub shop: Option<Shop>,
}

/// A value for a cookie and when the cookie is over.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Opaque: 43 characters of `[A-Za-z0-9_-]`. Only its hash is kept.
    pub value: String,
    /// For the cookie's `Max-Age`.
    pub expires_at: UnixMs,
}

/// A new session.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The session. It ends earlier where it is not used.
    pub session: Token,
    /// The browser, for the next time somebody signs in there.
    pub device: Token,
    /// Who signed in.
    pub viewer: Viewer,
}

impl Identity<'_> {
    /// Who the session cookie belongs to; `None` when it is unknown or over. Moves the session's end when it is used.
    pub async fn viewer(&self, cookie: &str) -> Result<Option<Viewer>> {
        Ok(self.session(cookie).await?.map(|session| session.viewer))
    }

    /// The session of a cookie; `None` when it is unknown or over. Moves the session's end when it is used.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>> {
        let now = self.services.now();
        let hash = token_hash(cookie);
        let found =
            sql::session::one(&mut *self.services.inner.db.read().await?, &hash, now).await?;
        let Some((session, seen_at)) = found else {
            return Ok(None);
        };
        if now.0.saturating_sub(seen_at.0) > TOUCH_MS {
            let mut write = self.services.inner.db.write().await?;
            sql::session::touch(&mut write, &hash, now, now.plus_ms(SESSION_MS)).await?;
            write.commit().await?;
        }
        Ok(Some(session))
    }

    /// Ends the session. An unknown cookie is fine.
    pub async fn sign_out(&self, cookie: &str) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        sql::session::delete(&mut write, &token_hash(cookie)).await?;
        write.commit().await
    }

    /// Every shop of the instance, by name.
    pub async fn shops(&self) -> Result<Vec<Shop>> {
        sql::shops(&mut *self.services.inner.db.read().await?).await
    }

    /// The shop that has a handle now.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn shop(&self, handle: &str) -> Result<Shop> {
        let handle: Handle = handle.parse().map_err(|_| no_shop())?;
        sql::shop_by_handle(&mut *self.services.inner.db.read().await?, handle.as_str())
            .await?
            .ok_or_else(no_shop)
    }

    /// The shop that has a handle now or had it before.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn shop_of_any_handle(&self, handle: &str) -> Result<Shop> {
        let handle: Handle = handle.parse().map_err(|_| no_shop())?;
        sql::shop_by_any_handle(&mut *self.services.inner.db.read().await?, handle.as_str())
            .await?
            .ok_or_else(no_shop)
    }

    /// Forgets expired sessions, devices and links.
    pub(crate) async fn sweep(&self) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        sql::sweep(&mut write, self.services.now()).await?;
        write.commit().await
    }
}

fn no_shop() -> Error {
    Error::NotFound("There is no shop of this name here. Check the address.".to_owned())
}
