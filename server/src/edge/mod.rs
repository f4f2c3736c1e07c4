//! A region's copy of the shop: a shared cache (RFC 9111) in front of an origin.
//!
//! It knows nothing of shops. What may be kept, for how long and for whom is what the origin's headers say, so it stands before
//! any origin, and any cache may stand in its place. One request:
//!
//! ```text
//! answer ─► policy::may_use(stored) ─ fresh ───────────────────────────────► stored.answer (200, 206, 304)
//!              │ nothing kept, or old
//!              ▼
//!           fill (one for all who ask for the same) ─► forward ─► policy::may_store ─► store ─► stored.answer
//!              │ the origin is away: what is kept, where it may be old           └─ else: streamed as it comes
//! ```
//!
//! With a key that its origin knows, an edge follows what changes there ([`feed`]). Then it vouches for what it keeps beyond the
//! lifetime in its headers: a page is fresh until a change of one of its tags is told, and for a second after that the old one is
//! sent while the new one is fetched. Whoever is signed in is always shown what the origin has.

mod age;
mod directive;
pub mod feed;
mod fill;
mod forward;
mod gather;
mod key;
mod policy;
mod store;
mod stored;
mod wanted;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    extract::{ConnectInfo, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request,
    },
};
use futures::StreamExt;
use services::Clock;
use tokio::sync::{Semaphore, watch};

use self::{
    feed::{Change, FeedState},
    fill::Flight,
    forward::{Away, Forwarder},
    gather::LONGEST_KEPT,
    policy::{Asked, Use},
    store::Store,
    stored::Stored,
    wanted::{Wanted, host_of, key_beside, without_campaign},
};
pub use self::{forward::Origin, key::Key};
use crate::{
    config::Proxies,
    http::{encoding, forwarded},
};

/// How long after a purge the page as it was is still sent, while the new one is fetched.
const GRACE: Duration = Duration::from_secs(1);

/// As often was a page asked for that a purge itself fetches anew.
const HOT: u32 = 10;

/// How many pages are fetched anew at once after a purge: it may be one of a thousand pages.
const REFRESHING: usize = 4;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// How an edge is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where everything comes from.
    pub origin: Origin,
    /// Its name in `Cache-Status`: lower-case letters, digits and hyphens.
    pub region: String,
    /// Most bytes kept in memory.
    pub budget: usize,
    /// Whose forwarded headers are believed.
    pub proxies: Proxies,
    /// What the origin's feed is opened with. Without it, this is any shared cache.
    pub key: Option<Key>,
    /// What tells the time.
    pub clock: Clock,
}

/// One edge. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Edge(Arc<Inner>);

struct Inner {
    forwarder: Forwarder,
    region: String,
    proxies: Proxies,
    store: Store,
    key: Option<Key>,
    clock: Clock,
    feed: FeedState,
    /// Bytes of answers that are being read to be kept, in kB.
    gathering: Arc<Semaphore>,
    /// Fills under way, by key. What is sent says that one has ended, and whether for want of an origin.
    flights: Mutex<HashMap<String, watch::Receiver<bool>>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// What an edge did so far and keeps now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Requests that cost the origin nothing.
    pub hits: u64,
    /// Requests that asked it.
    pub misses: u64,
    /// Addresses kept.
    pub keys: usize,
    /// Bytes they take.
    pub bytes: usize,
}

impl Edge {
    /// An edge that keeps nothing yet.
    ///
    /// # Errors
    /// When this machine has no certificates to know an origin by.
    pub fn new(settings: Settings) -> Result<Self, rustls::Error> {
        Ok(Self(Arc::new(Inner {
            forwarder: Forwarder::new(settings.origin)?,
            region: settings.region,
            proxies: settings.proxies,
            store: Store::new(settings.budget),
            key: settings.key,
            clock: settings.clock,
            feed: FeedState::new(),
            gathering: Arc::new(Semaphore::new(
                (settings.budget / 4096).max(LONGEST_KEPT / 1024),
            )),
            flights: Mutex::default(),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        })))
    }

    /// What it did so far and keeps now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (keys, bytes) = self.0.store.size();
        Counts {
            hits: self.0.hits.load(Ordering::Relaxed),
            misses: self.0.misses.load(Ordering::Relaxed),
            keys,
            bytes,
        }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<bool>>> {
        self.0
            .flights
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows what changes at the origin, for ever. Without a key it does nothing.
    pub async fn follow(&self) {
        match &self.0.key {
            Some(key) => feed::follow(self.clone(), key.clone()).await,
            None => std::future::pending().await,
        }
    }

    /// Says of what carries one of these tags that it is out of date or gone.
    fn purge(&self, change: &Change) {
        self.0.feed.purge(change);
        self.0.store.drop_tagged(&change.withdrawn);
        let hot = self.0.store.mark_tagged(&change.stale, HOT);
        if hot.is_empty() {
            return;
        }
        let edge = self.clone();
        tokio::spawn(async move {
            futures::stream::iter(hot)
                .for_each_concurrent(REFRESHING, |(key, stored)| {
                    let edge = &edge;
                    async move {
                        if let Some(asked) = stored.asked.clone() {
                            let wanted = Wanted::page(key, asked);
                            let guard = Flight::begin(edge, &wanted);
                            edge.renew(guard, wanted, stored).await;
                        }
                    }
                })
                .await;
        });
    }

    /// Vouches for nothing that is kept: each is confirmed by the origin before it is sent again.
    fn doubt(&self) {
        self.0.store.mark_all();
    }

    /// What may be done with what is kept.
    fn may_use(&self, stored: &Stored, wanted: &Wanted, asked: &Asked) -> Use {
        match stored.purged_since() {
            _ if self.0.key.is_some() && wanted.is_signed_in() => Use::Validate,
            Some(since) if since <= GRACE => Use::WhileRevalidating,
            Some(_) => Use::Validate,
            None if self.is_vouched(stored) => Use::Fresh,
            None => policy::may_use(stored, stored.age(), asked),
        }
    }

    /// Answers one request that came from `peer`.
    pub async fn answer(&self, peer: IpAddr, request: Request<Body>) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let from = forwarded::read(&self.0.proxies, peer.to_canonical(), &parts.headers);
        let host = host_of(&parts.uri, &parts.headers);
        let Some(host) = host else {
            return plain(
                StatusCode::BAD_REQUEST,
                "A request must name the host it is for, once.",
            );
        };
        if matches!(parts.method, Method::CONNECT | Method::TRACE) {
            return plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "This server does not pass that on.",
            );
        }
        forward::strip(&mut parts.headers);
        forward::sign(&mut parts.headers, &from, Some(&host));
        if self.0.key.is_some() && matches!(parts.method, Method::GET | Method::HEAD) {
            self.simplify(&mut parts);
        }
        let name = String::from_utf8_lossy(host.as_bytes()).into_owned();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let proto = from.proto.as_deref().unwrap_or("http");
        let wanted = Wanted {
            // By what the origin is told, which its answer may depend on.
            key: wanted::key(proto, from.host.as_ref().unwrap_or(&name), path),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
        };
        let is_reading = matches!(wanted.method, Method::GET | Method::HEAD);
        // A body makes a request of its own kind, and these conditions are the origin's to judge.
        let is_plain = HttpBody::is_end_stream(&body)
            && ![header::IF_MATCH, header::IF_UNMODIFIED_SINCE]
                .iter()
                .any(|name| wanted.headers.contains_key(name));
        if is_reading && is_plain {
            self.read(wanted).await
        } else {
            self.pass(wanted, body).await
        }
    }

    /// Takes off a read what no page depends on, so that campaigns and a hundred ways to say what is accepted share one page.
    fn simplify(&self, parts: &mut request::Parts) {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        if let Ok(uri) = without_campaign(path).parse() {
            parts.uri = uri;
        }
        let coding = encoding::negotiate(&parts.headers).name();
        parts.headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static(coding.unwrap_or("identity")),
        );
    }

    /// Answers a request that changes nothing from what is kept, or from what the origin says.
    async fn read(&self, wanted: Wanted) -> Response<Body> {
        let asked = Asked::read(&wanted.headers);
        let mut joined = false;
        loop {
            let stored = self.0.store.get(&wanted.key, &wanted.headers);
            if let Some(stored) = &stored {
                match self.may_use(stored, &wanted, &asked) {
                    Use::Fresh => {
                        let how = if joined {
                            "fwd=uri-miss; collapsed"
                        } else {
                            "hit"
                        };
                        return self.hit(&wanted, stored, how);
                    }
                    Use::WhileRevalidating => {
                        self.refresh(wanted.clone(), Arc::clone(stored));
                        return self.hit(&wanted, stored, "hit; detail=stale");
                    }
                    Use::Validate => {}
                }
            }
            if asked.only_if_cached {
                return plain(
                    StatusCode::GATEWAY_TIMEOUT,
                    "Nothing of this is kept here, and the origin was not to be asked.",
                );
            }
            // Whoever waited once and still has nothing asks for itself: what came was not for everybody.
            if !joined && let Some(mut flight) = self.join(&wanted) {
                // An error means that the fill is gone, which is an end as well.
                let _ = flight.changed().await;
                if *flight.borrow() {
                    // One was told that the origin is away, and so are all.
                    return self.away(&wanted, &Away::Joined);
                }
                joined = true;
                continue;
            }
            return self.fetch(wanted, stored).await;
        }
    }

    /// The fill that is under way for the same, which this request can wait for.
    fn join(&self, wanted: &Wanted) -> Option<watch::Receiver<bool>> {
        let may_share = wanted.method == Method::GET && !wanted.headers.contains_key(header::RANGE);
        may_share
            .then(|| self.flights().get(&wanted.key).cloned())
            .flatten()
    }

    fn hit(&self, wanted: &Wanted, stored: &Stored, how: &'static str) -> Response<Body> {
        self.0.hits.fetch_add(1, Ordering::Relaxed);
        stored.hit();
        self.named(self.of(stored, wanted), how)
    }

    /// What is sent of a response. What is vouched for is as good as confirmed this moment.
    fn of(&self, stored: &Stored, wanted: &Wanted) -> Response<Body> {
        let age = if self.is_vouched(stored) {
            0
        } else {
            stored.age()
        };
        stored.answer(&wanted.method, &wanted.headers, age)
    }

    fn is_vouched(&self, stored: &Stored) -> bool {
        stored.purged_since().is_none()
            && stored
                .vouched
                .is_some_and(|epoch| self.0.feed.vouches(epoch))
    }

    /// Passes a request on that changes something, and forgets what that makes doubtful (RFC 9111, section 4.4).
    async fn pass(&self, wanted: Wanted, body: Body) -> Response<Body> {
        self.0.misses.fetch_add(1, Ordering::Relaxed);
        let is_unsafe = !matches!(wanted.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let answer = match self.ask(&wanted, wanted.headers.clone(), body).await {
            Ok(answer) => answer,
            Err(away) => return self.away(&wanted, &away),
        };
        let status = answer.status();
        if is_unsafe && (status.is_success() || status.is_redirection()) {
            self.0.store.invalidate(&wanted.key);
            for name in [header::LOCATION, header::CONTENT_LOCATION] {
                let named = answer
                    .headers()
                    .get(name)
                    .and_then(|line| line.to_str().ok());
                if let Some(key) = named.and_then(|named| key_beside(&wanted, named)) {
                    self.0.store.invalidate(&key);
                }
            }
        }
        self.named(answer, "fwd=method")
    }

    async fn ask(
        &self,
        wanted: &Wanted,
        headers: HeaderMap,
        body: Body,
    ) -> Result<Response<Body>, Away> {
        let mut request = Request::new(body);
        *request.method_mut() = wanted.method.clone();
        *request.uri_mut() = wanted.uri.clone();
        *request.headers_mut() = headers;
        self.0.forwarder.send(request).await
    }

    /// Appends how it was found (RFC 9211) behind what caches nearer to the origin said.
    fn named(&self, mut answer: Response<Body>, how: &str) -> Response<Body> {
        let headers = answer.headers_mut();
        let before: Vec<String> = headers
            .get_all(CACHE_STATUS)
            .iter()
            .filter_map(|line| line.to_str().ok().map(str::to_owned))
            .collect();
        let own = format!("{}; {how}", self.0.region);
        let list = before.into_iter().chain([own]).collect::<Vec<_>>();
        if let Ok(list) = HeaderValue::from_str(&list.join(", ")) {
            headers.insert(CACHE_STATUS, list);
        }
        answer
    }
}

/// For axum: every request, whatever its path.
pub async fn handle(
    State(edge): State<Edge>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    edge.answer(peer.ip(), request).await
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Reads the name of a region.
///
/// # Errors
/// A sentence about what it should look like.
pub fn parse_region(text: &str) -> Result<String, String> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins_well = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase());
    if begins_well && text.len() <= 40 && text.bytes().all(is_letter) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is not a name for a region. Use up to 40 lower-case letters, digits and hyphens, a letter first: eu-west."
        ))
    }
}

#[cfg(test)]
mod test;
