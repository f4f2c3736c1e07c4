//! Queries of uploads.

use domain::{
    id::{MediaId, ShopId, UploadId},
    media::{Kind, Media, Upload, UploadState},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Result, db,
    media::{NewUpload, complete::PARTIAL, part::Part},
};

/// An upload as it is kept.
pub(in crate::media) struct Stored {
    pub(in crate::media) id: UploadId,
    pub(in crate::media) shop: ShopId,
    pub(in crate::media) kind: Kind,
    pub(in crate::media) state: UploadState,
    pub(in crate::media) length: u64,
    pub(in crate::media) received: u64,
    pub(in crate::media) media: Option<MediaId>,
    pub(in crate::media) error: Option<String>,
    pub(in crate::media) expires_at: UnixMs,
    pub(in crate::media) metadata: String,
    pub(in crate::media) is_length_known: bool,
    pub(in crate::media) is_explicit: bool,
    pub(in crate::media) concat: String,
}

impl Stored {
    /// Whether reaching its length does not complete it.
    pub(in crate::media) fn is_open(&self) -> bool {
        self.is_explicit || !self.is_length_known || self.concat == PARTIAL
    }

    /// As its owner sees it.
    pub(in crate::media) fn seen(self, media: Option<Media>) -> Upload {
        Upload {
            is_open: self.is_open(),
            id: self.id,
            kind: self.kind,
            state: self.state,
            received: self.received,
            length: self.length,
            expires_at: self.expires_at,
            media,
            error: self.error,
            metadata: self.metadata,
            is_length_known: self.is_length_known,
            concat: self.concat,
        }
    }
}

macro_rules! columns {
    () => {
        "id, shop_id, kind, state, length, received, media_id, error, expires_at, metadata, is_length_known, is_explicit, concat"
    };
}

macro_rules! upload_columns {
    () => {
        concat!("SELECT ", columns!(), " FROM upload ")
    };
}

fn stored(row: &AnyRow) -> Result<Stored> {
    Ok(Stored {
        id: db::parsed(row, "id")?,
        shop: db::parsed(row, "shop_id")?,
        kind: db::parsed(row, "kind")?,
        state: match db::text(row, "state")?.as_str() {
            "receiving" => UploadState::Receiving,
            "processing" => UploadState::Processing,
            "ready" => UploadState::Ready,
            _ => UploadState::Failed,
        },
        length: db::count(row, "length")?,
        received: db::count(row, "received")?,
        media: db::text_or_null(row, "media_id")?.and_then(|id| id.parse().ok()),
        error: db::text_or_null(row, "error")?,
        expires_at: UnixMs(db::number(row, "expires_at")?),
        metadata: db::text(row, "metadata")?,
        is_length_known: db::number(row, "is_length_known")? != 0,
        is_explicit: db::number(row, "is_explicit")? != 0,
        concat: db::text(row, "concat")?,
    })
}

pub(in crate::media) async fn upload(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &UploadId,
) -> Result<Option<Stored>> {
    let row = sqlx::query(concat!(upload_columns!(), "WHERE shop_id = $1 AND id = $2"))
        .bind(shop.as_str())
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(stored).transpose()
}

/// Unfinished uploads nobody continued, and old answers nobody reads any more, of every shop.
pub(in crate::media) async fn stale(
    connection: &mut AnyConnection,
    now: UnixMs,
) -> Result<Vec<Stored>> {
    let rows = sqlx::query(concat!(
        upload_columns!(),
        "WHERE state <> 'processing' AND expires_at <= $1 ORDER BY expires_at LIMIT 500"
    ))
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    rows.iter().map(stored).collect()
}

pub(in crate::media) async fn insert_upload(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &UploadId,
    new: &NewUpload,
    now: UnixMs,
    expires_at: UnixMs,
) -> Result<()> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds of a recording were checked to be below a day"
    )]
    let ms = |seconds: f64| (seconds * 1000.0).round() as i64;
    sqlx::query(
        "INSERT INTO upload (id, shop_id, kind, state, length, alt, session_id, start_ms, end_ms, created_at, expires_at, metadata, \
         is_length_known, is_explicit, concat, received, contract_id, contract_version) \
         VALUES ($1, $2, $3, $11, $4, $5, $6, $7, $8, $9, $10, $12, $13, $14, $15, $16, $17, $18)",
    )
    .bind(id.as_str())
    .bind(shop.as_str())
    .bind(new.kind.as_str())
    .bind(i64::try_from(new.length).unwrap_or(i64::MAX))
    .bind(new.alt.as_str())
    .bind(new.session.as_ref().map(|session| session.as_str().to_owned()))
    .bind(new.span.map(|(start, _)| ms(start)))
    .bind(new.span.map(|(_, end)| ms(end)))
    .bind(now.0)
    .bind(expires_at.0)
    .bind(if new.is_complete() { "processing" } else { "receiving" })
    .bind(new.metadata.as_str())
    .bind(i64::from(!new.form.is_deferred))
    .bind(i64::from(new.form.is_explicit))
    .bind(new.form.concat.as_str())
    .bind(i64::try_from(if new.form.is_final() { new.length } else { 0 }).unwrap_or(i64::MAX))
    .bind(new.claim.as_ref().map(|claim| claim.contract.id.as_str()))
    .bind(new.claim.as_ref().map(|claim| i64::from(claim.contract.version)))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the next fencing number for an append at `offset`, and answers with the upload; `None` when it does not stand there, or
/// waited too long.
pub(in crate::media) async fn begin_append(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &UploadId,
    offset: u64,
    now: UnixMs,
) -> Result<Option<(i64, Stored)>> {
    let row = sqlx::query(concat!(
        "UPDATE upload SET fence = fence + 1 WHERE shop_id = $1 AND id = $2 AND state = 'receiving' AND received = $3 \
         AND expires_at > $4 RETURNING fence, ",
        columns!()
    ))
    .bind(shop.as_str())
    .bind(id.as_str())
    .bind(i64::try_from(offset).unwrap_or(i64::MAX))
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((db::number(&row, "fence")?, stored(&row)?)))
        .transpose()
}

/// Keeps the length of an upload that stands at `received` and had none; `false` when it stands elsewhere or has one.
pub(in crate::media) async fn set_length(
    connection: &mut AnyConnection,
    id: &UploadId,
    received: u64,
    length: u64,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE upload SET length = $3, is_length_known = 1 \
         WHERE id = $1 AND state = 'receiving' AND received = $2 AND is_length_known = 0",
    )
    .bind(id.as_str())
    .bind(i64::try_from(received).unwrap_or(i64::MAX))
    .bind(i64::try_from(length).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes an upload that stands at `received` complete there; `false` when it stands elsewhere.
pub(in crate::media) async fn begin_processing(
    connection: &mut AnyConnection,
    id: &UploadId,
    received: u64,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE upload SET length = received, is_length_known = 1, is_explicit = 0, state = 'processing' \
         WHERE id = $1 AND state = 'receiving' AND received = $2 AND concat <> 'partial'",
    )
    .bind(id.as_str())
    .bind(i64::try_from(received).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The upload that was joined in these words.
pub(in crate::media) async fn joined(
    connection: &mut AnyConnection,
    shop: &ShopId,
    concat: &str,
) -> Result<Option<UploadId>> {
    let row = sqlx::query("SELECT id FROM upload WHERE shop_id = $1 AND concat = $2")
        .bind(shop.as_str())
        .bind(concat)
        .fetch_optional(connection)
        .await?;
    row.map(|row| db::parsed(&row, "id")).transpose()
}

/// How many uploads of a shop wait for bytes or for the server.
pub(in crate::media) async fn unfinished(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<u64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS uploads FROM upload WHERE shop_id = $1 AND state IN ('receiving', 'processing')",
    )
    .bind(shop.as_str())
    .fetch_one(connection)
    .await?;
    db::count(&row, "uploads")
}

/// Bytes that have become durable.
pub(in crate::media) struct Step {
    pub(in crate::media) fence: i64,
    pub(in crate::media) from: u64,
    pub(in crate::media) to: u64,
    pub(in crate::media) expires_at: UnixMs,
}

/// Acknowledges bytes; the last one makes the upload work for the server. `false` when a newer append began.
pub(in crate::media) async fn acknowledge(
    connection: &mut AnyConnection,
    id: &UploadId,
    step: &Step,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE upload SET received = $4, expires_at = $5, \
         state = CASE WHEN $4 = length AND is_explicit = 0 AND is_length_known = 1 AND concat <> 'partial' \
         THEN 'processing' ELSE 'receiving' END \
         WHERE id = $1 AND state = 'receiving' AND fence = $2 AND received = $3",
    )
    .bind(id.as_str())
    .bind(step.fence)
    .bind(i64::try_from(step.from).unwrap_or(i64::MAX))
    .bind(i64::try_from(step.to).unwrap_or(i64::MAX))
    .bind(step.expires_at.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes how long a part is by now.
pub(in crate::media) async fn put_part(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &UploadId,
    part: &Part,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO upload_part (upload_id, start, shop_id, fence, length) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (upload_id, start) DO UPDATE SET length = excluded.length",
    )
    .bind(id.as_str())
    .bind(i64::try_from(part.start).unwrap_or(i64::MAX))
    .bind(shop.as_str())
    .bind(part.fence)
    .bind(i64::try_from(part.length).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

/// The acknowledged parts of an upload, in order.
pub(in crate::media) async fn parts(
    connection: &mut AnyConnection,
    id: &UploadId,
) -> Result<Vec<Part>> {
    let rows = sqlx::query(
        "SELECT start, fence, length FROM upload_part WHERE upload_id = $1 ORDER BY start",
    )
    .bind(id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Part {
                start: db::count(row, "start")?,
                fence: db::number(row, "fence")?,
                length: db::count(row, "length")?,
            })
        })
        .collect()
}

/// Ends an upload well or badly; `false` when it was ended before.
pub(in crate::media) async fn end_upload(
    connection: &mut AnyConnection,
    id: &UploadId,
    media: Option<&MediaId>,
    error: Option<&str>,
    expires_at: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE upload SET state = $2, media_id = $3, error = $4, expires_at = $5 WHERE id = $1 AND state = 'processing'",
    )
    .bind(id.as_str())
    .bind(if media.is_some() { "ready" } else { "failed" })
    .bind(media.map(MediaId::as_str))
    .bind(error)
    .bind(expires_at.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes an upload; `false` when there is none.
pub(in crate::media) async fn delete_upload(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &UploadId,
) -> Result<bool> {
    let done = sqlx::query("DELETE FROM upload WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes an upload that nobody went on with; `false` when somebody did.
pub(in crate::media) async fn delete_stale(
    connection: &mut AnyConnection,
    id: &UploadId,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "DELETE FROM upload WHERE id = $1 AND state <> 'processing' AND expires_at <= $2",
    )
    .bind(id.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes a failed upload work for the server again.
pub(in crate::media) async fn reopen(connection: &mut AnyConnection, id: &UploadId) -> Result<()> {
    sqlx::query(
        "UPDATE upload SET state = 'processing', error = NULL WHERE id = $1 AND state = 'failed'",
    )
    .bind(id.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
