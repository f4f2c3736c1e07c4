//! What failed for good: listed for a shop and for the instance, and tried again.

use domain::{id::ShopId, identity::Viewer, time::UnixMs};
use sqlx::any::AnyRow;

use super::{Job, Kind};
use crate::{Error, Result, Services, db, media};

/// The most rows of a list.
const MOST: i64 = 200;

/// Failed work.
pub struct Jobs<'a> {
    pub(crate) services: &'a Services,
}

/// A job that was tried as often as its kind is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Names it when it is tried again.
    pub id: String,
    /// Whose work it is; `None`: the instance's.
    pub shop: Option<ShopId>,
    /// Its kind, as a word for programs.
    pub kind: String,
    /// What it does, in words for people.
    pub words: &'static str,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last attempt failed.
    pub error: String,
    /// When.
    pub failed_at: UnixMs,
}

fn failed(row: &AnyRow) -> Result<Failed> {
    let kind = db::text(row, "kind")?;
    Ok(Failed {
        id: db::text(row, "id")?,
        shop: db::text_or_null(row, "shop_id")?.and_then(|id| id.parse().ok()),
        words: kind.parse::<Kind>().map_or("Unknown work", Kind::words),
        kind,
        attempts: db::number(row, "attempts")?,
        error: db::text_or_null(row, "last_error")?.unwrap_or_default(),
        failed_at: UnixMs(db::number(row, "changed_at")?),
    })
}

impl Failed {
    /// A shop's owner need not be who runs the instance.
    fn hide_internals(&mut self) {
        if self.error.starts_with("internal: ") {
            self.error =
                "A fault of the program. Whoever runs this instance sees more with `vitrine jobs`."
                    .to_owned();
        }
    }
}

impl Jobs<'_> {
    /// What failed for the viewer's shop, the last first; at most 200.
    pub async fn failed(&self, viewer: &Viewer) -> Result<Vec<Failed>> {
        self.list(Some(&viewer.shop.id)).await
    }

    /// What failed on the instance, the last first; at most 200 (`vitrine jobs`).
    pub async fn all_failed(&self) -> Result<Vec<Failed>> {
        self.list(None).await
    }

    /// Tries a job of the viewer's shop again.
    ///
    /// # Errors
    /// `NotFound` when it is not the shop's, or did not fail.
    pub async fn retry(&self, viewer: &Viewer, id: &str) -> Result<()> {
        self.retry_one(Some(&viewer.shop.id), id).await
    }

    /// Tries any job again (`vitrine jobs retry`).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn retry_any(&self, id: &str) -> Result<()> {
        self.retry_one(None, id).await
    }

    async fn list(&self, shop: Option<&ShopId>) -> Result<Vec<Failed>> {
        let rows = sqlx::query(
            "SELECT id, shop_id, kind, attempts, last_error, changed_at FROM job \
             WHERE state = 'dead' AND ($1 = '' OR shop_id = $1) ORDER BY changed_at DESC, id LIMIT $2",
        )
        .bind(shop.map_or("", ShopId::as_str))
        .bind(MOST)
        .fetch_all(&mut *self.services.inner.db.read().await?)
        .await?;
        let mut list: Vec<Failed> = rows.iter().map(failed).collect::<Result<_>>()?;
        if shop.is_some() {
            for job in &mut list {
                job.hide_internals();
            }
        }
        Ok(list)
    }

    async fn retry_one(&self, shop: Option<&ShopId>, id: &str) -> Result<()> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let row = sqlx::query(
            "UPDATE job SET state = 'ready', attempts = 0, due_at = $3, changed_at = $3, \
             turn = (SELECT COALESCE(MIN(turn), 0) FROM job AS other WHERE other.kind = job.kind AND other.state <> 'dead') \
             WHERE id = $1 AND state = 'dead' AND ($2 = '' OR shop_id = $2) RETURNING payload",
        )
        .bind(id)
        .bind(shop.map_or("", ShopId::as_str))
        .bind(now.0)
        .fetch_optional(&mut *write)
        .await?
        .ok_or_else(|| {
            Error::NotFound(
                "There is no such failed work. It may be running again; reload the list."
                    .to_owned(),
            )
        })?;
        if let Ok(Job::ProcessUpload { upload, .. }) =
            serde_json::from_str(&db::text(&row, "payload")?)
        {
            media::process::take_up_again(&mut write, &upload).await?;
        }
        write.has_job();
        write.commit().await
    }
}
