//! Owner links, sign-in and sessions.

use std::net::IpAddr;

use domain::{
    identity::{SetupForm, Shop, Viewer},
    time::UnixMs,
};

use crate::{Error, Result, Services};

/// Shops, sign-in and sessions.
pub struct Identity<'a> {
    pub(crate) services: &'a Services,
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

/// A new session. Its token is the cookie's value and is kept only as a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Opaque value of the session cookie: 43 characters of `[A-Za-z0-9_-]`.
    pub cookie: String,
    /// Who signed in.
    pub viewer: Viewer,
    /// When the session ends if it is not used; for the cookie's `Max-Age`.
    pub expires_at: UnixMs,
}

impl Identity<'_> {
    /// Makes an owner link, for a new shop or, given a handle, for the owner of that shop who lost the passkey.
    ///
    /// # Errors
    /// `NotFound` when no shop has this handle.
    pub async fn create_owner_link(&self, handle: Option<&str>) -> Result<OwnerLink> {
        Err(Error::internal("not built yet"))
    }

    /// On an instance without a shop: a fresh link to print. `None` once there is a shop.
    pub async fn first_run_link(&self) -> Result<Option<OwnerLink>> {
        Err(Error::internal("not built yet"))
    }

    /// Looks at a link without using it: the shop it recovers, or `None` for a new one.
    ///
    /// # Errors
    /// `Gone` when it was used, expired or never existed.
    pub async fn look_at_link(&self, token: &str) -> Result<Option<Shop>> {
        Err(Error::internal("not built yet"))
    }

    /// Uses the link: a new shop with a password (or, for a recovery link, a new password; `form` is then not read and every other
    /// session of that owner ends).
    ///
    /// # Errors
    /// `Gone`, `Invalid` (the link is then not used up), `Conflict` when the handle is taken.
    pub async fn set_up_with_password(
        &self,
        token: &str,
        form: &SetupForm,
        password: &str,
    ) -> Result<SignedIn> {
        Err(Error::internal("not built yet"))
    }

    /// Begins the same with a passkey: a `CreationChallengeResponse` as JSON.
    ///
    /// # Errors
    /// As [`Identity::set_up_with_password`].
    pub async fn start_passkey_setup(
        &self,
        token: &str,
        form: &SetupForm,
    ) -> Result<serde_json::Value> {
        Err(Error::internal("not built yet"))
    }

    /// Ends it with the browser's `RegisterPublicKeyCredential` JSON.
    ///
    /// # Errors
    /// `Gone`, `Conflict`, `Denied` when the ceremony does not verify or is too old.
    pub async fn finish_passkey_setup(
        &self,
        token: &str,
        credential: &serde_json::Value,
    ) -> Result<SignedIn> {
        Err(Error::internal("not built yet"))
    }

    /// Signs in with a password.
    ///
    /// # Errors
    /// `Denied` (the same words for an unknown handle and a wrong password), `Limited`.
    pub async fn sign_in(&self, handle: &str, password: &str, ip: IpAddr) -> Result<SignedIn> {
        Err(Error::internal("not built yet"))
    }

    /// Begins signing in with a passkey: a `RequestChallengeResponse` as JSON.
    ///
    /// # Errors
    /// `Denied` when there is no such shop or it has no passkey, `Limited`.
    pub async fn start_passkey_sign_in(
        &self,
        handle: &str,
        ip: IpAddr,
    ) -> Result<serde_json::Value> {
        Err(Error::internal("not built yet"))
    }

    /// Ends it with the browser's `PublicKeyCredential` JSON.
    ///
    /// # Errors
    /// `Denied`, `Limited`.
    pub async fn finish_passkey_sign_in(
        &self,
        credential: &serde_json::Value,
        ip: IpAddr,
    ) -> Result<SignedIn> {
        Err(Error::internal("not built yet"))
    }

    /// Who the session cookie belongs to; `None` when it is unknown or expired. Moves the session's end when it is used.
    pub async fn viewer(&self, cookie: &str) -> Result<Option<Viewer>> {
        Err(Error::internal("not built yet"))
    }

    /// Ends the session. An unknown cookie is fine.
    pub async fn sign_out(&self, cookie: &str) -> Result<()> {
        Err(Error::internal("not built yet"))
    }

    /// Every shop of the instance, by name.
    pub async fn shops(&self) -> Result<Vec<Shop>> {
        Err(Error::internal("not built yet"))
    }

    /// The shop of a handle.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn shop(&self, handle: &str) -> Result<Shop> {
        Err(Error::internal("not built yet"))
    }
}
