//! What a connection asks: first whoever can answer at once, then the router.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, extract::ConnectInfo};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming};
use tower::ServiceExt;

use super::activity::{Activity, Answer, Sending};

/// Answers that need no waiting; `None` for what the router answers.
type Ready = dyn Fn(&Request<Incoming>, SocketAddr) -> Option<Response<Full<Bytes>>> + Send + Sync;

/// What is served. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    ready: Option<Arc<Ready>>,
    router: Router,
}

impl From<Router> for Service {
    fn from(router: Router) -> Self {
        Self {
            ready: None,
            router,
        }
    }
}

impl Service {
    /// Asks `ready` before the router. It runs on the thread that reads the socket, so it must neither block nor take long.
    #[must_use]
    pub fn with_ready(
        mut self,
        ready: impl Fn(&Request<Incoming>, SocketAddr) -> Option<Response<Full<Bytes>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.ready = Some(Arc::new(ready));
        self
    }
}

/// One request of a connection.
pub(super) async fn respond(
    service: Service,
    peer: SocketAddr,
    activity: Activity,
    request: Request<Incoming>,
) -> Result<Response<Sending>, Infallible> {
    if let Some(ready) = &service.ready
        && let Some(response) = ready(&request, peer)
    {
        return Ok(response.map(|body| activity.send(Answer::Whole(body))));
    }
    let handling = activity.handle();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = service.router.oneshot(request).await?;
    let response = response.map(|body| activity.send(Answer::Streamed(body)));
    drop(handling);
    Ok(response)
}
