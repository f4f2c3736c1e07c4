//! Joining partial uploads to one file (tus' concatenation): their parts become the parts of a new upload, without copying a
//! byte where the store is a folder, and the partial uploads go, so that every byte counts once for the shop's room.

use domain::{
    id::UploadId,
    identity::Viewer,
    media::{Upload, UploadState},
};

use super::{
    Library, NewUpload,
    complete::PARTIAL,
    file::UploadDisk,
    part::{Part, Parts},
    sql::{self, Stored},
    upload::{LIFE_MS, MOST_APPENDS, check, check_length},
};
use crate::{
    Error, Result, capture, disk,
    job::{Job, queue},
};

/// A part of a partial upload, and where it begins in the whole.
struct Piece {
    upload: UploadId,
    part: Part,
    start: u64,
}

impl Piece {
    /// The same bytes as a part of the whole. No append writes to it, so it needs no fencing number of its own.
    fn joined(&self) -> Part {
        Part {
            start: self.start,
            fence: 0,
            length: self.part.length,
        }
    }
}

fn refused(message: &str) -> Error {
    Error::Invalid {
        field: "upload-concat",
        message: message.to_owned(),
    }
}

fn check_partial(stored: Option<Stored>, now: domain::time::UnixMs) -> Result<Stored> {
    let stored =
        stored.filter(|stored| stored.state != UploadState::Receiving || stored.expires_at > now);
    let Some(stored) = stored else {
        return Err(Error::NotFound(
            "One of the partial uploads does not exist, or waited too long and was thrown away. Send it again.".to_owned(),
        ));
    };
    if stored.concat != PARTIAL {
        return Err(refused(
            "Only partial uploads can be joined, those that were created with Upload-Concat: partial.",
        ));
    }
    if !stored.is_length_known || stored.received < stored.length {
        return Err(Error::Conflict(
            "One of the partial uploads is not complete. Send its missing bytes first, then join them.".to_owned(),
        ));
    }
    Ok(stored)
}

impl Library<'_> {
    /// Makes one upload of partial ones, in this order, and begins to process it. The partial ones are gone with it. Asked
    /// again in the same words, it answers with the upload that was made: the first answer may have been lost.
    ///
    /// # Errors
    /// `NotFound` (no such partial upload in this shop), `Invalid` (not a partial one), `Conflict` (one is not complete),
    /// `TooLarge`.
    pub async fn join(
        &self,
        viewer: &Viewer,
        mut new: NewUpload,
        partials: &[UploadId],
    ) -> Result<Upload> {
        let shop = &viewer.shop.id;
        let earlier = {
            let mut connection = self.services.inner.db.read().await?;
            sql::joined(&mut connection, shop, &new.form.concat).await?
        };
        if let Some(id) = earlier {
            return self.upload(viewer, &id).await;
        }
        let (length, pieces) = self.pieces(viewer, partials).await?;
        new.length = length;
        check_length(new.kind, new.length)?;
        check(&mut new)?;
        {
            let mut connection = self.services.inner.db.read().await?;
            capture::permit(&mut connection, shop, &mut new).await?;
        }
        let id: UploadId = self.services.inner.random.id()?;
        let disk = &self.services.inner.upload_disk;
        self.services.inner.parts.create(disk, &id).await?;
        link(&self.services.inner.parts, disk, &pieces, &id).await?;
        let made = self
            .insert_joined(viewer, &new, partials, &pieces, &id)
            .await;
        if made.is_err() {
            // Whatever stays is found as an orphan.
            self.services.inner.parts.delete(&id).await?;
        }
        made?;
        self.upload(viewer, &id).await
    }

    /// The length of the whole and what it is made of.
    async fn pieces(&self, viewer: &Viewer, partials: &[UploadId]) -> Result<(u64, Vec<Piece>)> {
        let mut connection = self.services.inner.db.read().await?;
        let now = self.services.now();
        let mut pieces = Vec::new();
        let mut length = 0_u64;
        for id in partials {
            let stored = sql::upload(&mut connection, &viewer.shop.id, id).await?;
            let stored = check_partial(stored, now)?;
            for part in sql::parts(&mut connection, id).await? {
                pieces.push(Piece {
                    upload: id.clone(),
                    start: length + part.start,
                    part,
                });
            }
            length += stored.length;
        }
        if i64::try_from(pieces.len()).is_ok_and(|count| count <= MOST_APPENDS) {
            Ok((length, pieces))
        } else {
            Err(refused(
                "These partial uploads came in too many small pieces. Start again with larger ones.",
            ))
        }
    }

    async fn insert_joined(
        &self,
        viewer: &Viewer,
        new: &NewUpload,
        partials: &[UploadId],
        pieces: &[Piece],
        id: &UploadId,
    ) -> Result<()> {
        let services = self.services;
        let shop = &viewer.shop.id;
        let now = services.now();
        let mut write = services.inner.db.write().await?;
        self.check_right(&mut write).await?;
        sql::lock_shop(&mut write, shop).await?;
        for partial in partials {
            let stored = sql::upload(&mut write, shop, partial).await?;
            check_partial(stored, now)?;
        }
        sql::insert_upload(&mut write, shop, id, new, now, now.plus_ms(LIFE_MS)).await?;
        for piece in pieces {
            sql::put_part(&mut write, shop, id, &piece.joined()).await?;
        }
        for partial in partials {
            // One that is named twice is gone at its second name.
            sql::delete_upload(&mut write, shop, partial).await?;
            self.delete_parts(&mut write, shop, partial).await?;
        }
        let job = Job::ProcessUpload {
            shop: shop.clone(),
            upload: id.clone(),
        };
        queue::enqueue(services, &mut write, &job, now).await?;
        write.commit().await
    }
}

/// Gives the bytes of the pieces a second name in the upload `into`; durable when this returns.
async fn link(parts: &Parts, disk: &UploadDisk, pieces: &[Piece], into: &UploadId) -> Result<()> {
    match parts {
        Parts::Folder(folder) => {
            let names: Vec<_> = pieces
                .iter()
                .map(|piece| {
                    (
                        Parts::file(folder, &piece.upload, &piece.part),
                        Parts::file(folder, into, &piece.joined()),
                    )
                })
                .collect();
            let own = folder.join(into.as_str());
            let made = disk.run(move |files| {
                for (from, to) in names {
                    files.link(&from, &to)?;
                }
                files.sync_folder(&own)
            });
            made.await.map_err(|error| disk::failed(&error))
        }
        Parts::Objects(store) => {
            for piece in pieces {
                let from = Parts::object(&piece.upload, &piece.part);
                let to = Parts::object(into, &piece.joined());
                store.copy_at(&from, &to).await?;
            }
            Ok(())
        }
    }
}
