//! A request's body while it comes: idle time-outs, how it ended, and the checksum behind it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::Bytes;
use domain::wire::upload::header::UPLOAD_CHECKSUM;
use futures::{StreamExt, stream::BoxStream};
use http_body_util::BodyExt;
use services::media::{Checksum, LaterChecksum};
use tokio::time::Instant;

use super::checksum;

/// How long a client may send nothing in the middle of a body before the connection is closed. What came is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often the bytes of a body are counted, and how many must have come: a slow phone line brings ten times that.
const PACE: (Duration, usize) = (Duration::from_secs(60), 8 * 1024);

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum End {
    /// It did not, or broke off.
    Open = 0,
    /// As it should.
    Clean = 1,
    /// As it should, but for the checksum that was announced for behind it: it is missing or cannot be used.
    Unusable = 2,
}

/// A body and what is known of it when it has been read.
pub(super) struct Incoming {
    pub(super) stream: BoxStream<'static, Result<Bytes, String>>,
    pub(super) ending: Ending,
}

/// How a body ended, once it has been read.
#[derive(Clone, Default)]
pub(super) struct Ending(Arc<AtomicU8>);

impl Ending {
    pub(super) fn get(&self) -> End {
        match self.0.load(Ordering::Acquire) {
            1 => End::Clean,
            2 => End::Unusable,
            _ => End::Open,
        }
    }

    fn set(&self, end: End) {
        self.0.store(end as u8, Ordering::Release);
    }
}

/// Whether a request announces its checksum for behind its body: `Trailer` (RFC 9110, section 6.6.2) names it.
pub(super) fn has_trailing_checksum(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::TRAILER).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|name| name.trim().eq_ignore_ascii_case(UPLOAD_CHECKSUM))
}

/// Keeps the checksum that the trailers have, if it can be used.
fn keep(trailers: &HeaderMap, later: &LaterChecksum) {
    let value = trailers.get(UPLOAD_CHECKSUM);
    let text = value.and_then(|value| value.to_str().ok());
    if let Some(Ok(checksum)) = text.map(checksum::parse) {
        later.set(checksum);
    }
}

/// Reads a body as a stream that ends with an error when its sender sends nothing for [`IDLE_TIMEOUT`], or hardly anything.
/// The trailer is read where `checksum` waits for it.
pub(super) fn read(body: Body, checksum: Option<&Checksum>) -> Incoming {
    let later = match checksum {
        Some(Checksum::Later(later)) => Some(later.clone()),
        _ => None,
    };
    let ending = Ending::default();
    let ended = ending.clone();
    let pace = (Instant::now(), 0);
    let stream = futures::stream::unfold(Some((body, pace)), move |state| {
        let (ended, later) = (ended.clone(), later.clone());
        async move {
            let (mut body, (mut since, mut bytes)) = state?;
            loop {
                let frame = match tokio::time::timeout(IDLE_TIMEOUT, body.frame()).await {
                    Ok(None) => {
                        let is_missing = later.is_some_and(|later| later.get().is_none());
                        ended.set(if is_missing {
                            End::Unusable
                        } else {
                            End::Clean
                        });
                        return None;
                    }
                    Ok(Some(Ok(frame))) => frame,
                    Ok(Some(Err(broken))) => return Some((Err(broken.to_string()), None)),
                    Err(_elapsed) => {
                        let message = "the sender sent nothing for too long".to_owned();
                        return Some((Err(message), None));
                    }
                };
                let chunk = match frame.into_data() {
                    Ok(chunk) => chunk,
                    Err(frame) => {
                        if let (Some(later), Some(trailers)) = (&later, frame.trailers_ref()) {
                            keep(trailers, later);
                        }
                        continue;
                    }
                };
                bytes += chunk.len();
                if since.elapsed() >= PACE.0 {
                    if bytes < PACE.1 {
                        return Some((Err("the sender is too slow".to_owned()), None));
                    }
                    (since, bytes) = (Instant::now(), 0);
                }
                return Some((Ok(chunk), Some((body, (since, bytes)))));
            }
        }
    })
    .boxed();
    Incoming { stream, ending }
}
