//! Asking the origin for a response and keeping what may be kept: once for all who ask for the same, and to its end when the client
//! leaves.

use std::sync::{Arc, atomic::Ordering};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, Method, Response, StatusCode, header, response::Parts},
};
use tokio::{sync::watch, time::Instant};

use super::{
    Edge,
    feed::{Mark, Verdict},
    forward::Away,
    gather::{Gathered, LONGEST_KEPT, gather},
    plain, policy,
    stored::{Arrived, Stored},
    wanted::Wanted,
};

/// What comes of asking the origin.
enum Filled {
    /// It was kept, and others get it too.
    Stored(Arc<Stored>, &'static str),
    /// It is for one request.
    Passed(Response<Body>),
}

impl Edge {
    /// Asks the origin, whether `stored` is still what it says where there is one. It goes on to its end when the client leaves.
    pub(super) async fn fetch(
        &self,
        wanted: Wanted,
        stored: Option<Arc<Stored>>,
    ) -> Response<Body> {
        self.0.misses.fetch_add(1, Ordering::Relaxed);
        let (edge, fill) = (self.clone(), wanted.clone());
        let mut guard = Flight::begin(self, &wanted);
        let filled = tokio::spawn(async move {
            let filled = edge.fill(fill, stored).await;
            guard.is_away = filled.is_err();
            drop(guard);
            filled
        });
        match filled.await {
            Ok(Ok(Filled::Stored(stored, how))) => self.named(self.of(&stored, &wanted), how),
            Ok(Ok(Filled::Passed(answer))) => match self.instead_of(&wanted, answer.status()) {
                Some(instead) => instead,
                None => self.named(answer, "fwd=uri-miss"),
            },
            Ok(Err(away)) => self.away(&wanted, &away),
            Err(broken) => {
                tracing::error!(%broken, "a fill ended without an answer");
                plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "This server made a mistake. Try again.",
                )
            }
        }
    }

    /// What is kept, in the place of an answer that says that the origin is ill, where the response allows that by name.
    fn instead_of(&self, wanted: &Wanted, status: StatusCode) -> Option<Response<Body>> {
        let is_ill = matches!(status.as_u16(), 500 | 502 | 503 | 504);
        let stored = self.0.store.get(&wanted.key, &wanted.headers)?;
        let may = is_ill && policy::may_use_for_error(&stored, stored.age());
        may.then(|| {
            self.named(
                self.of(&stored, wanted),
                "hit; fwd=stale; detail=stale-if-error",
            )
        })
    }

    pub(super) fn away(&self, wanted: &Wanted, away: &Away) -> Response<Body> {
        // Looked at again: what was withdrawn meanwhile is not there any more.
        let is_reading = matches!(wanted.method, Method::GET | Method::HEAD);
        let stored = self.0.store.get(&wanted.key, &wanted.headers);
        if let Some(stored) =
            stored.filter(|stored| is_reading && policy::may_use_instead(stored, stored.age()))
        {
            let answer = self.of(&stored, wanted);
            return self.named(answer, "hit; detail=stale-if-error");
        }
        if !matches!(away, Away::Joined) {
            tracing::warn!(%away, "a request could not be answered");
        }
        let status = match away {
            Away::Broken(_) | Away::Cut | Away::Joined => StatusCode::BAD_GATEWAY,
            Away::Late => StatusCode::GATEWAY_TIMEOUT,
        };
        plain(
            status,
            "The shop cannot be reached at the moment. Try again in a little while.",
        )
    }

    /// Asks for a newer response while the old one is sent.
    pub(super) fn refresh(&self, wanted: Wanted, stored: Arc<Stored>) {
        let wanted = Wanted {
            method: Method::GET,
            ..wanted
        };
        let guard = Flight::begin(self, &wanted);
        if guard.ended.is_none() {
            return;
        }
        let edge = self.clone();
        tokio::spawn(async move { edge.renew(guard, wanted, stored).await });
    }

    pub(super) async fn renew(&self, guard: Flight, wanted: Wanted, stored: Arc<Stored>) {
        if let Err(away) = self.fill(wanted, Some(stored)).await {
            tracing::warn!(%away, "a response could not be renewed");
        }
        drop(guard);
    }

    /// Asks the origin and keeps what may be kept.
    async fn fill(&self, wanted: Wanted, old: Option<Arc<Stored>>) -> Result<Filled, Away> {
        let old = old.filter(|old| old.has_validator());
        let mut headers = wanted.headers.clone();
        if let Some(old) = &old {
            old.validate(&mut headers);
        }
        let began = Instant::now();
        let mark = self.0.feed.mark();
        let answer = self.ask(&wanted, headers, Body::empty()).await?;
        let (head, body) = answer.into_parts();
        let arrived = Arrived {
            now: self.0.clock.now(),
            took: began.elapsed(),
        };
        if let Some(old) = old.filter(|_| head.status == StatusCode::NOT_MODIFIED) {
            let confirmed = old.confirmed(&head.headers, arrived);
            let still = self.may_store(&wanted, confirmed.status, &confirmed.headers);
            if !still {
                self.0.store.invalidate(&wanted.key);
                let age = confirmed.age();
                let answer = confirmed.answer(&wanted.method, &wanted.headers, age);
                return Ok(Filled::Passed(answer));
            }
            let confirmed = self.keep(&wanted, confirmed, mark);
            return Ok(Filled::Stored(confirmed, "hit; fwd=stale; fwd-status=304"));
        }
        if !self.may_store(&wanted, head.status, &head.headers) {
            self.forget_what_changed(&wanted, &head);
            return Ok(Filled::Passed(Response::from_parts(head, body)));
        }
        let room = body.size_hint().upper().unwrap_or(LONGEST_KEPT as u64) / 1024 + 1;
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        // So many at once may be read into memory; what comes beyond that is passed on as it comes.
        let Ok(_room) = Arc::clone(&self.0.gathering).try_acquire_many_owned(room) else {
            return Ok(Filled::Passed(Response::from_parts(head, body)));
        };
        match gather(body).await {
            Gathered::Whole(body) => {
                let stored = Stored::new(head.status, head.headers.clone(), body.clone(), arrived);
                if !stored.is_worth_keeping() {
                    self.0.store.invalidate(&wanted.key);
                    let passed = Response::from_parts(head, Body::from(body));
                    return Ok(Filled::Passed(passed));
                }
                let stored = self.keep(&wanted, stored, mark);
                Ok(Filled::Stored(stored, "fwd=uri-miss; stored"))
            }
            Gathered::Long(body) => Ok(Filled::Passed(Response::from_parts(head, body))),
            Gathered::Broken => {
                tracing::warn!(
                    key = wanted.key,
                    "the origin broke off in the middle of an answer"
                );
                Err(Away::Cut)
            }
        }
    }

    /// Keeps what a fill brought that began at `mark`, and vouches for it where no change since then was told.
    fn keep(&self, wanted: &Wanted, mut stored: Stored, mark: Mark) -> Arc<Stored> {
        let store = &self.0.store;
        if self.0.key.is_none() || stored.tags.is_empty() {
            let stored = Arc::new(stored);
            store.put(&wanted.key, &wanted.headers, Arc::clone(&stored));
            return stored;
        }
        stored.asked = Some(wanted.anonymous());
        if let Verdict::Vouched(epoch) = self.0.feed.verdict(mark, &stored.tags)
            && stored.is_fresh_on_arrival()
        {
            stored.vouched = Some(epoch);
        }
        let stored = Arc::new(stored);
        store.put(&wanted.key, &wanted.headers, Arc::clone(&stored));
        // Asked once it can be found: a change that is told from here on finds it too.
        match self.0.feed.verdict(mark, &stored.tags) {
            Verdict::Withdrawn => store.invalidate(&wanted.key),
            Verdict::Changed(at) => drop(stored.mark_purged(at)),
            Verdict::Vouched(_) | Verdict::Unsure => {}
        }
        stored
    }

    fn may_store(&self, wanted: &Wanted, status: StatusCode, answer: &HeaderMap) -> bool {
        // A shop's cookies are for one browser each.
        let is_private = self.0.key.is_some() && answer.contains_key(header::SET_COOKIE);
        !is_private && policy::may_store(&wanted.method, &wanted.headers, status, answer)
    }

    /// A newer answer that is not kept takes the one before it away: a page that became private, say.
    fn forget_what_changed(&self, wanted: &Wanted, head: &Parts) {
        let is_new = head.status.is_success() || head.status.is_redirection();
        let is_whole = !matches!(
            head.status,
            StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED
        );
        if wanted.method == Method::GET && is_new && is_whole {
            self.0.store.invalidate(&wanted.key);
        }
    }
}

/// A fill under way, which others with the same key wait for. Dropped, it has ended.
pub(super) struct Flight {
    edge: Edge,
    key: String,
    ended: Option<watch::Sender<bool>>,
    /// It ended for want of an origin.
    is_away: bool,
}

impl Flight {
    pub(super) fn begin(edge: &Edge, wanted: &Wanted) -> Self {
        let (ended, flight) = watch::channel(false);
        let mut flights = edge.flights();
        // A part is of no use to others.
        let is_whole = wanted.method == Method::GET && !wanted.headers.contains_key(header::RANGE);
        let is_first = is_whole && !flights.contains_key(&wanted.key);
        if is_first {
            flights.insert(wanted.key.clone(), flight);
        }
        Self {
            edge: edge.clone(),
            key: wanted.key.clone(),
            ended: is_first.then_some(ended),
            is_away: false,
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            self.edge.flights().remove(&self.key);
            ended.send_replace(self.is_away);
        }
    }
}
