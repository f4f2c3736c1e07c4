//! `/edge/feed`: what changed, for edges that know the key ([`crate::edge::feed`]).

use std::convert::Infallible;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use services::Recorded;
use tokio::sync::watch;

use super::error::Problem;
use crate::{
    edge::feed::{Change, HEARTBEAT},
    state::Vitrine,
};

/// What a listener is told next.
enum Next {
    /// Where it stands, or that what it knows does not lead here.
    Greet(Option<i64>),
    /// What comes behind a position.
    Behind(i64),
}

/// `GET /edge/feed`: the feed from `Last-Event-ID` on, or from its end, for as long as both sides live.
pub async fn feed(State(vitrine): State<Vitrine>, headers: HeaderMap) -> Result<Response, Problem> {
    let key = vitrine
        .config
        .edge_key
        .as_ref()
        .ok_or_else(Problem::not_found)?;
    let mut bearers = headers.get_all(header::AUTHORIZATION).iter();
    let token = match (bearers.next(), bearers.next()) {
        (Some(line), None) => line
            .to_str()
            .ok()
            .and_then(|line| line.strip_prefix("Bearer ")),
        _ => None,
    };
    let region = token.and_then(|token| key.region(token.trim(), vitrine.clock.now()));
    let Some(region) = region else {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unknown_edge",
            "This edge does not know the shop's key, or its clock is wrong by more than five minutes.",
        )
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
    };
    tracing::info!(region, "an edge follows");
    let last = headers
        .get("last-event-id")
        .and_then(|line| line.to_str().ok()?.parse::<i64>().ok());
    let listener = Listener {
        moves: vitrine.feed_moves.subscribe(),
        closing: vitrine.closing.subscribe(),
        next: Next::Greet(last),
        vitrine,
    };
    let events = futures::stream::unfold(listener, async |mut listener| {
        let event = listener.next_event().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let mut response = Sse::new(events).into_response();
    // For nobody between.
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One edge that follows.
struct Listener {
    vitrine: Vitrine,
    next: Next,
    moves: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
}

impl Listener {
    /// The next event; `None` when the shop shuts down.
    async fn next_event(&mut self) -> Option<Event> {
        loop {
            // What moves while the feed is read is looked at the next time.
            self.moves.mark_unchanged();
            let told = next_in_feed(&self.vitrine, &self.next).await;
            if let Ok(Some((event, position))) = told {
                self.next = Next::Behind(position);
                return Some(event);
            }
            let beat = tokio::time::timeout(HEARTBEAT, self.moves.changed());
            let is_silent = tokio::select! {
                // An error says that so much time has passed.
                beat = beat => beat.is_err(),
                _ = self.closing.wait_for(|closing| *closing) => return None,
            };
            // A database that is away says nothing: the edge hears nothing and goes on with what it has.
            if let (true, Next::Behind(position)) = (is_silent, &self.next) {
                let page = self.vitrine.services.feed_after(*position).await;
                if page.is_ok_and(|page| page.head == *position) {
                    return Some(plain("current", *position));
                }
            }
        }
    }
}

fn plain(name: &str, position: i64) -> Event {
    Event::default()
        .event(name)
        .id(position.to_string())
        .data("")
}

/// The next event and the position it leads to; `None` where there is nothing new.
async fn next_in_feed(vitrine: &Vitrine, next: &Next) -> services::Result<Option<(Event, i64)>> {
    let cursor = match next {
        Next::Behind(position) => *position,
        Next::Greet(last) => {
            let head = vitrine.services.feed_after(i64::MAX).await?.head;
            let (name, position) = match last {
                // Nothing is kept of before, or what was heard last is of another feed.
                Some(last) if !(0..=head).contains(last) => ("reset", head),
                Some(last) => ("hello", *last),
                None => ("current", head),
            };
            return Ok(Some((plain(name, position), position)));
        }
    };
    let page = vitrine.services.feed_after(cursor).await?;
    let reset = |head: i64| Some((plain("reset", head), head));
    if page.head < cursor {
        return Ok(reset(page.head));
    }
    let Some(last) = page.events.last().map(|recorded| recorded.position) else {
        return Ok(None);
    };
    let count = i64::try_from(page.events.len()).unwrap_or(i64::MAX);
    if last != cursor.saturating_add(count) {
        return Ok(reset(page.head));
    }
    let change = Change {
        whole: last == page.head,
        ..change(&page.events)
    };
    let data = serde_json::to_string(&change).unwrap_or_default();
    let event = Event::default()
        .event("purge")
        .id(last.to_string())
        .data(data);
    Ok(Some((event, last)))
}

fn change(events: &[Recorded]) -> Change {
    let mut change = Change::default();
    for recorded in events {
        change
            .stale
            .extend(recorded.tags().iter().map(ToString::to_string));
        let withdrawn = recorded.event.as_ref().and_then(|event| event.withdrawn());
        change
            .withdrawn
            .extend(withdrawn.map(|tag| tag.to_string()));
    }
    change.stale.sort_unstable();
    change.stale.dedup();
    change
}
