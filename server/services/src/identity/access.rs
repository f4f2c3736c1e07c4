//! By what right somebody uploads: a program by its token, a device by a token of some minutes and a proof by its key with each
//! request (DPoP, RFC 9449). A cookie alone is no right to it.
//!
//! The first key that a session shows stays its key. So a stolen cookie is granted nothing, a stolen token does nothing, and a request
//! that was recorded is refused when it comes again. A right is looked at once more in every transaction that takes something in:
//! signing out, revoking and expiry end an upload that is under way.

use domain::{
    id::UploadTokenId,
    identity::{
        Viewer,
        proof::{Expected, Refusal, TOKEN_MS, remembered_until},
    },
    time::UnixMs,
};
use sqlx::AnyConnection;

use super::{Identity, Token, proof, sql};
use crate::{Error, Result, random::token_hash};

/// What every access token begins with, so that one that got out is known for what it is.
const PREFIX: &str = "vitrine_access_";

/// A request that a proof is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The proof.
    pub proof: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The path it asks for.
    pub path: &'a str,
}

/// By what right somebody uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// A device's: its session, and the proof that it used up.
    Device {
        /// The hash of the session's token.
        session_hash: String,
        /// Its key.
        thumbprint: String,
        /// The name of the proof.
        jti: String,
        /// How long that is remembered.
        until: UnixMs,
    },
    /// A program's.
    Program(UploadTokenId),
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The proof does not count.
    #[error("the proof does not count: {}", .0.code())]
    Proof(Refusal),
    /// The token is unknown, over, or was granted at another address.
    #[error("the token does not work")]
    Token,
    /// The session has another key.
    #[error("the session has another key")]
    Key,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// A fault of ours.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Proof(refusal)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

impl Right {
    /// Holds a right against what is there now, and keeps a device's proof as used in the same transaction.
    ///
    /// # Errors
    /// `Revoked`.
    pub(crate) async fn check(&self, connection: &mut AnyConnection, now: UnixMs) -> Result<()> {
        let stands = match self {
            Self::Device {
                session_hash,
                thumbprint,
                jti,
                until,
            } => {
                // It is there already unless a crash of the database took that.
                sql::access::use_proof(connection, thumbprint, jti, *until).await?;
                sql::access::session_stands(connection, session_hash, thumbprint, now).await?
            }
            Self::Program(id) => sql::access::program_stands(connection, id, now).await?,
        };
        if stands {
            return Ok(());
        }
        Err(Error::Revoked(
            "Leave to upload was taken back while this came in. Sign in again, or use another token; what was acknowledged is kept."
                .to_owned(),
        ))
    }
}

impl Identity<'_> {
    /// Grants a device a token for some minutes, by its session's cookie and a proof that no token comes with.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn grant_access(
        &self,
        cookie: &str,
        request: &Signed<'_>,
    ) -> std::result::Result<Token, Failure> {
        let now = self.services.now();
        let session = self.session(cookie).await?;
        let session = session.ok_or(Failure::SignedOut)?;
        let proven = self.proven(request, None, now)?;
        let session_hash = token_hash(cookie);
        let token = Token {
            value: format!("{PREFIX}{}", self.services.inner.random.token()?),
            expires_at: now.plus_ms(TOKEN_MS),
        };
        let mut write = self.services.inner.db.write().await?;
        let (thumbprint, jti) = (&proven.thumbprint, &proven.claims.jti);
        if !sql::access::pin_key(&mut write, &session_hash, thumbprint, now).await? {
            return Err(Failure::Key);
        }
        if !sql::access::use_proof(&mut write, thumbprint, jti, remembered_until(now)).await? {
            return Err(Refusal::Replayed.into());
        }
        let new = sql::access::New {
            hash: &token_hash(&token.value),
            viewer: &session.viewer,
            session_hash: &session_hash,
            thumbprint,
            origin: self.origin(),
            expires_at: token.expires_at,
        };
        sql::access::insert(&mut write, &new).await?;
        write.commit().await?;
        Ok(token)
    }

    /// Who uploads by an access token and a proof, which is used up.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn uploader_by_proof(
        &self,
        value: &str,
        request: &Signed<'_>,
    ) -> std::result::Result<(Viewer, Right), Failure> {
        let now = self.services.now();
        if !value.starts_with(PREFIX) {
            return Err(Failure::Token);
        }
        let stored = {
            let mut connection = self.services.inner.db.read().await?;
            sql::access::one(&mut connection, &token_hash(value), now).await?
        };
        let stored = stored.filter(|stored| stored.origin == self.origin());
        let stored = stored.ok_or(Failure::Token)?;
        let proven = self.proven(request, Some(&proof::digest(value)), now)?;
        if proven.thumbprint != stored.thumbprint {
            return Err(Failure::Key);
        }
        let until = remembered_until(now);
        let (thumbprint, jti) = (proven.thumbprint, proven.claims.jti);
        // Nothing is promised by it: what this request brings is acknowledged later, and the proof is kept once more with that.
        let mut write = self.services.inner.db.write_unsynced().await?;
        if !sql::access::use_proof(&mut write, &thumbprint, &jti, until).await? {
            return Err(Refusal::Replayed.into());
        }
        write.commit().await?;
        let right = Right::Device {
            session_hash: stored.session_hash,
            thumbprint,
            jti,
            until,
        };
        Ok((stored.viewer, right))
    }

    fn origin(&self) -> &str {
        &self.services.inner.config.public_url
    }

    fn proven(
        &self,
        request: &Signed<'_>,
        token_hash: Option<&str>,
        now: UnixMs,
    ) -> std::result::Result<proof::Proven, Refusal> {
        let proven = proof::read(request.proof)?;
        proven.claims.check(&Expected {
            method: request.method,
            origin: self.origin(),
            path: request.path,
            token_hash,
            now,
        })?;
        Ok(proven)
    }
}
