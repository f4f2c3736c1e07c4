//! Uploads whose end is said by a request: their length comes later, or their sender completes them (IETF).

use domain::{
    id::{ShopId, UploadId},
    identity::Viewer,
    media::{Upload, UploadState},
};

use super::{Library, sql, upload::check_length};
use crate::{
    Error, Result,
    db::Write,
    job::{Job, queue},
};

fn inconsistent() -> Error {
    Error::Invalid {
        field: "upload-length",
        message: "The length of this upload was announced differently before, and it cannot change. Start it again with the right length."
            .to_owned(),
    }
}

impl Library<'_> {
    /// Says how long an upload is that stands at `offset`, if it is not known yet. With its last byte there, it is complete.
    ///
    /// # Errors
    /// `NotFound`, `Gone`, `Conflict` (it stands elsewhere), `Invalid` (another length was announced before, or more bytes are
    /// there), `TooLarge`.
    pub async fn announce_length(
        &self,
        viewer: &Viewer,
        id: &UploadId,
        offset: u64,
        length: u64,
    ) -> Result<()> {
        let mut write = self.services.inner.db.write().await?;
        let stored = sql::upload(&mut write, &viewer.shop.id, id).await?;
        let Some(stored) = stored.filter(|stored| stored.state == UploadState::Receiving) else {
            drop(write);
            // Says what is wrong with it; one that is complete stands elsewhere or nowhere.
            let upload = self.upload(viewer, id).await?;
            return if upload.length == length {
                Ok(())
            } else {
                Err(inconsistent())
            };
        };
        if stored.received != offset {
            return Err(stands_at(stored.received));
        }
        if stored.is_length_known {
            return if stored.length == length {
                Ok(())
            } else {
                Err(inconsistent())
            };
        }
        self.check_right(&mut write).await?;
        check_length(stored.kind, length)?;
        if length > stored.length {
            return Err(Error::TooLarge(format!(
                "This file has more than its capture contract takes, which is {}. Trim it or leave it out.",
                domain::media::size(stored.length)
            )));
        }
        if length < stored.received {
            return Err(inconsistent());
        }
        if !sql::set_length(&mut write, id, offset, length).await? {
            return Err(stands_at(offset));
        }
        if length == offset && stored.concat != PARTIAL && !stored.is_explicit {
            self.end(&mut write, &viewer.shop.id, id, offset).await?;
        }
        write.commit().await
    }

    /// Completes an upload where it stands: its sender said that there is no more.
    ///
    /// # Errors
    /// `NotFound`, `Gone`, `Conflict` when it stands elsewhere than at `received`.
    pub async fn complete(&self, viewer: &Viewer, id: &UploadId, received: u64) -> Result<Upload> {
        let mut write = self.services.inner.db.write().await?;
        let stored = sql::upload(&mut write, &viewer.shop.id, id).await?;
        if stored.is_some_and(|stored| stored.state == UploadState::Receiving) {
            self.end(&mut write, &viewer.shop.id, id, received).await?;
            write.commit().await?;
            self.services.inner.appends.close(Some(id));
        } else {
            drop(write);
        }
        let upload = self.upload(viewer, id).await?;
        if upload.received != received {
            return Err(stands_at(upload.received));
        }
        Ok(upload)
    }

    /// Makes an upload work for the server if it stands at `received`.
    async fn end(
        &self,
        write: &mut Write,
        shop: &ShopId,
        id: &UploadId,
        received: u64,
    ) -> Result<()> {
        self.check_right(write).await?;
        if !sql::begin_processing(write, id, received).await? {
            return Ok(());
        }
        let job = Job::ProcessUpload {
            shop: shop.clone(),
            upload: id.clone(),
        };
        queue::enqueue(self.services, write, &job, self.services.now()).await
    }
}

/// tus' `Upload-Concat` of an upload that is one part of a file.
pub(super) const PARTIAL: &str = "partial";

/// What is said to whoever goes on elsewhere than where an upload stands.
pub(super) fn stands_at(received: u64) -> Error {
    Error::Conflict(format!(
        "The upload stands at byte {received}. Ask where it stands and go on from there."
    ))
}
