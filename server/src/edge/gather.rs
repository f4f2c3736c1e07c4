//! Reading an answer that is to be kept: to its end, or to where it gets too long.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;

/// Most bytes of a response that is kept; longer ones are passed on as they come.
pub(super) const LONGEST_KEPT: usize = 8 * 1024 * 1024;

/// How long a response that is to be kept may stand still.
const STALLED: Duration = Duration::from_secs(30);

/// What became of it.
pub(super) enum Gathered {
    Whole(Bytes),
    /// Too long to be kept.
    Long(Body),
    Broken,
}

/// Reads a body to its end, or to where it gets too long.
pub(super) async fn gather(body: Body) -> Gathered {
    let mut gathered = BytesMut::new();
    let is_long = |length: u64| length > LONGEST_KEPT as u64;
    if is_long(body.size_hint().lower()) {
        return Gathered::Long(body);
    }
    let mut pieces = body.into_data_stream();
    loop {
        match tokio::time::timeout(STALLED, pieces.next()).await {
            Ok(None) => return Gathered::Whole(gathered.freeze()),
            Ok(Some(Ok(piece))) => gathered.extend_from_slice(&piece),
            Ok(Some(Err(_))) | Err(_) => return Gathered::Broken,
        }
        if is_long(gathered.len() as u64) {
            let first = futures::stream::iter([Ok(gathered.freeze())]);
            return Gathered::Long(Body::from_stream(first.chain(pieces)));
        }
    }
}
