//! The browsers in which an owner has signed in, and the sessions in them.

use domain::identity::{
    Viewer,
    device::{Device, Session},
};
use sqlx::AnyConnection;

use super::{Browser, Identity, SESSION_LIFE_MS, SESSION_MS, SignedIn, Token, sql};
use crate::{Error, Result, random::token_hash};

/// How long a browser is known after somebody signed in there, ms: 180 days.
const DEVICE_MS: i64 = 180 * 24 * 60 * 60 * 1000;

impl Identity<'_> {
    /// Begins a session, in the place of one that the viewer has in the same browser.
    pub(super) async fn add_session(
        &self,
        connection: &mut AnyConnection,
        viewer: Viewer,
        browser: &Browser,
    ) -> Result<SignedIn> {
        let now = self.services.now();
        let random = &self.services.inner.random;
        // A cookie that this instance did not set is not taken over.
        let mut known = None;
        if let Some(cookie) = &browser.device
            && sql::session::known_device(connection, &token_hash(cookie), None, now)
                .await?
                .is_some()
        {
            known = Some(cookie.clone());
        }
        let device_token = match known {
            Some(cookie) => cookie,
            None => random.token()?,
        };
        let device_until = now.plus_ms(DEVICE_MS);
        let new = sql::session::NewDevice {
            id: random.id()?,
            token_hash: &token_hash(&device_token),
            name: &browser.name,
            expires_at: device_until,
        };
        let device = sql::session::put_device(connection, &viewer, &new, now).await?;
        let value = random.token()?;
        let ends = sql::session::Ends {
            unused: now.plus_ms(SESSION_MS),
            at_last: now.plus_ms(SESSION_LIFE_MS),
        };
        let session = Session {
            viewer,
            device,
            signed_in_at: now,
        };
        sql::session::replace(connection, &token_hash(&value), &session, &ends).await?;
        Ok(SignedIn {
            session: Token {
                value,
                expires_at: ends.at_last,
            },
            device: Token {
                value: device_token,
                expires_at: device_until,
            },
            viewer: session.viewer,
        })
    }

    /// Every browser that is known of the viewer, last used first.
    pub async fn devices(&self, viewer: &Viewer) -> Result<Vec<Device>> {
        let now = self.services.now();
        let mut connection = self.services.inner.db.read().await?;
        sql::session::devices(&mut connection, &viewer.shop.id, &viewer.person, now).await
    }

    /// Forgets a browser of the viewer and ends the session in it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn end_device(&self, viewer: &Viewer, id: &str) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        let (shop, person) = (&viewer.shop.id, &viewer.person);
        if !sql::session::delete_device(&mut write, shop, person, id).await? {
            return Err(Error::NotFound(
                "This browser is not on your list. It may have been signed out before.".to_owned(),
            ));
        }
        write.commit().await
    }

    /// Forgets every browser of the viewer but the session's own, and ends the sessions in them. Returns how many.
    pub async fn end_other_devices(&self, session: &Session) -> Result<u64> {
        let mut write = self.services.inner.db.write().await?;
        let viewer = &session.viewer;
        let ended = sql::session::delete_other_devices(
            &mut write,
            &viewer.shop.id,
            &viewer.person,
            Some(&session.device),
        )
        .await?;
        write.commit().await?;
        Ok(ended)
    }
}
