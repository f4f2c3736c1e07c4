//! The sessions kept on this device.

use domain::id::SessionId;
use js_sys::Uint8Array;
use protocol::StoredSession;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::File;

use crate::{
    browser::{count, file, settled},
    log::{
        index::Index,
        record::{self, Kind, Meta},
    },
};

/// Enough of a log's start to hold its first record.
const HEAD: u64 = 64 << 10;

/// Enough of a log's end to hold a checkpoint: one is written each second, and no camera fills this in one.
const TAIL: u64 = 8 << 20;

/// Whether a session of this name is kept.
///
/// # Errors
/// What the storage says.
pub(super) async fn holds(session: &SessionId) -> Result<bool, JsValue> {
    file::LogFile::exists(session).await
}

/// Deletes a session.
///
/// # Errors
/// What the storage says.
pub(super) async fn remove(session: &SessionId) -> Result<(), JsValue> {
    file::remove(session).await
}

/// All sessions, newest first; `own` stands for the one that is recorded or open here.
///
/// # Errors
/// What the storage says.
pub(super) async fn list(own: Option<StoredSession>) -> Result<Vec<StoredSession>, JsValue> {
    let mut sessions = Vec::new();
    for (session, file) in file::list().await? {
        match &own {
            Some(own) if own.session == session => sessions.push(own.clone()),
            // One that cannot be read is shown too, so that it can be deleted.
            _ => sessions.push(
                summarise(session.clone(), &file)
                    .await
                    .unwrap_or(StoredSession {
                        session,
                        duration: 0.0,
                        bytes: count(file.size()),
                        started_at: 0,
                        complete: false,
                    }),
            ),
        }
    }
    sessions.sort_by(|a, b| {
        b.started_at
            .cmp(&a.started_at)
            .then_with(|| a.session.cmp(&b.session))
    });
    Ok(sessions)
}

async fn part(file: &File, from: u64, to: u64) -> Result<Vec<u8>, JsValue> {
    let slice = file.slice_with_f64_and_f64(from as f64, to as f64)?;
    Ok(Uint8Array::new(&settled(slice.array_buffer().unchecked_into()).await?).to_vec())
}

/// A session as its log tells, from its first record and its last checkpoint.
async fn summarise(session: SessionId, file: &File) -> Result<StoredSession, JsValue> {
    let bytes = count(file.size());
    let head = part(file, 0, bytes.min(HEAD)).await?;
    let meta: Option<Meta> = match record::read(&head) {
        Some((header, payload)) if header.kind == Kind::Meta => {
            serde_json::from_slice(payload).ok()
        }
        _ => None,
    };
    let tail = part(file, bytes.saturating_sub(TAIL), bytes).await?;
    let (duration, complete) = match record::last_checkpoint(&tail) {
        Some((checkpoint, last)) => (
            checkpoint.duration_us as f64 / 1e6,
            checkpoint.complete && last,
        ),
        // Ended within its first second, so all of it is in the tail.
        None => {
            let mut index = Index::default();
            let fill = |at: u64, buffer: &mut [u8]| -> Result<usize, ()> {
                let from = tail.get(at as usize..).unwrap_or_default();
                let n = from.len().min(buffer.len());
                buffer[..n].copy_from_slice(&from[..n]);
                Ok(n)
            };
            let _ = record::scan(tail.len() as u64, fill, |header, at, payload| {
                index.apply(header, at, payload)
            });
            (index.measurements.duration, false)
        }
    };
    Ok(StoredSession {
        session,
        duration,
        bytes,
        started_at: meta.map_or(0, |meta| meta.started_at),
        complete,
    })
}
