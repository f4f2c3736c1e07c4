//! How much of the media store a shop may fill.

use domain::{
    identity::Viewer,
    media::{Usage, size},
};

use sqlx::AnyConnection;

use super::{Library, sql};
use crate::{Error, Result, db::Write};

/// The most uploads of a shop that wait for bytes or for the server: each has a row and a folder, however short it is.
pub(super) const MOST_UNFINISHED: u64 = 1000;
/// After how long a client that has too many may try again, s.
const TRY_AGAIN_S: u64 = 60;

impl Library<'_> {
    /// Refuses one upload too many. Uploads of a shop are counted one after the other, see [`Library::check_quota`].
    pub(super) async fn check_unfinished(
        &self,
        connection: &mut AnyConnection,
        viewer: &Viewer,
    ) -> Result<()> {
        if sql::unfinished(connection, &viewer.shop.id).await? < MOST_UNFINISHED {
            return Ok(());
        }
        Err(Error::Limited {
            message: format!(
                "{MOST_UNFINISHED} uploads of your shop are not finished, and there can be no more at a time. Finish or delete some, then try again."
            ),
            retry_after_s: TRY_AGAIN_S,
        })
    }

    /// What the viewer's shop takes of the media store, and what it may.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn usage(&self, viewer: &Viewer) -> Result<Usage> {
        let mut connection = self.services.inner.db.read().await?;
        Ok(Usage {
            used_bytes: sql::used_bytes(&mut connection, &viewer.shop.id).await?,
            allowed_bytes: self.services.inner.config.shop_quota_bytes,
        })
    }

    /// Refuses an upload for which the shop has no room. Uploads of a shop are counted one after the other.
    pub(super) async fn check_quota(
        &self,
        write: &mut Write,
        viewer: &Viewer,
        length: u64,
    ) -> Result<()> {
        sql::lock_shop(write, &viewer.shop.id).await?;
        let used = sql::used_bytes(write, &viewer.shop.id).await?;
        let allowed = self.services.inner.config.shop_quota_bytes;
        if used.saturating_add(length) <= allowed {
            return Ok(());
        }
        Err(Error::Full(format!(
            "The photos and clips of your shop take {} of the {} that they may. Delete products or photos that you no longer need, then try again.",
            size(used),
            size(allowed)
        )))
    }
}
