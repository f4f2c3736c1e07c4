//! What changed at the origin, as an edge follows it: server-sent events (HTML, section 9.2), one for each batch of the feed.
//!
//! | event | id | data |
//! | --- | --- | --- |
//! | `purge` | position of the last change | JSON of [`Change`] |
//! | `current` | end of the feed | nothing: everything up to it was told |
//! | `hello` | what the edge knew | nothing: what follows is what it missed |
//! | `reset` | end of the feed | nothing: what was told before does not lead here |
//!
//! `current` comes at the start and every second. An edge that was away says the last position it knows in `Last-Event-ID`.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request, header},
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Edge, key::Key};

/// Where an origin tells it.
pub const PATH: &str = "/edge/feed";

/// How often an origin says that there is nothing new.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long after the last word of the origin an edge vouches for what it keeps.
const CURRENT_FOR: Duration = Duration::from_secs(3);

/// How long an edge waits for a word before it connects anew.
const SILENCE: Duration = Duration::from_secs(5);

/// Between two tries to connect, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// How long after a purge another origin process may still send the page as it was: as long as it takes to hear of it.
const SETTLING: Duration = Duration::from_secs(2);

/// Purged tags that are remembered for fills under way.
const REMEMBERED: usize = 4096;

/// The longest line of the feed, bytes.
const LONGEST_LINE: usize = 1024 * 1024;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Pages that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Tags of what is out of date.
    pub stale: Vec<String>,
    /// Those of them whose pages are gone.
    pub withdrawn: Vec<String>,
    /// Nothing more has changed.
    pub whole: bool,
}

/// What an edge knows of the feed.
pub(super) struct FeedState(Mutex<State>);

struct State {
    /// Counts purges.
    purges: u64,
    /// The tags purged last, oldest first.
    purged: VecDeque<Purged>,
    /// The number of the last purge whose tags are not in `purged` any more.
    forgotten: u64,
    /// Counts gaps: nothing kept before one is vouched for.
    epoch: u64,
    /// When the origin was heard last.
    current: Option<Instant>,
}

struct Purged {
    number: u64,
    at: Instant,
    tag: String,
    is_withdrawn: bool,
}

/// What the feed says of a response that a fill brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It shows every change there was, while nothing else is told in this epoch.
    Vouched(u64),
    /// It may be the page as it was before a change that was told then.
    Changed(Instant),
    /// It may be a page that is gone.
    Withdrawn,
    /// The feed says nothing of it.
    Unsure,
}

/// How far the feed was when a fill began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    epoch: u64,
    purges: u64,
    is_current: bool,
}

impl FeedState {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            purges: 0,
            purged: VecDeque::new(),
            forgotten: 0,
            epoch: 0,
            current: None,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mark(&self) -> Mark {
        let state = self.state();
        Mark {
            epoch: state.epoch,
            purges: state.purges,
            is_current: state.is_current(),
        }
    }

    /// What is known of a response with these tags that a fill brought which began at `mark`.
    pub(super) fn verdict(&self, mark: Mark, tags: &[String]) -> Verdict {
        let state = self.state();
        let mut changed = None;
        for purged in state
            .purged
            .iter()
            .filter(|purged| tags.contains(&purged.tag))
        {
            // One that was told just before may not have reached the process that answered.
            if purged.number <= mark.purges && purged.at.elapsed() >= SETTLING {
                continue;
            }
            if purged.is_withdrawn {
                return Verdict::Withdrawn;
            }
            changed.get_or_insert(purged.at);
        }
        if let Some(at) = changed {
            return Verdict::Changed(at);
        }
        if state.forgotten > mark.purges {
            return Verdict::Changed(Instant::now());
        }
        let is_sound = mark.is_current && state.is_current() && mark.epoch == state.epoch;
        if is_sound && !tags.is_empty() {
            Verdict::Vouched(state.epoch)
        } else {
            Verdict::Unsure
        }
    }

    /// Whether what was vouched for in `epoch` still is.
    pub(super) fn vouches(&self, epoch: u64) -> bool {
        let state = self.state();
        state.epoch == epoch && state.is_current()
    }

    pub(super) fn purge(&self, change: &Change) {
        let mut state = self.state();
        state.purges += 1;
        let (number, at) = (state.purges, Instant::now());
        for tag in &change.stale {
            state.purged.push_back(Purged {
                number,
                at,
                tag: tag.clone(),
                is_withdrawn: change.withdrawn.contains(tag),
            });
        }
        while state.purged.len() > REMEMBERED {
            if let Some(forgotten) = state.purged.pop_front() {
                state.forgotten = forgotten.number;
            }
        }
    }

    fn mark_current(&self) {
        self.state().current = Some(Instant::now());
    }

    fn gap(&self) {
        self.state().epoch += 1;
    }
}

impl State {
    fn is_current(&self) -> bool {
        self.current.is_some_and(|at| at.elapsed() <= CURRENT_FOR)
    }
}

/// Follows the origin's feed for ever.
pub(super) async fn follow(edge: Edge, key: Key) {
    let mut position: Option<String> = None;
    let mut wait = RETRY.0;
    let mut is_away = false;
    loop {
        let mut heard = false;
        let ended = listen(&edge, &key, &mut position, &mut heard).await;
        if heard {
            (wait, is_away) = (RETRY.0, false);
        }
        // Said once, not at every try.
        if let Err(cause) = ended
            && !is_away
        {
            is_away = true;
            tracing::warn!(
                cause,
                "the origin's feed cannot be read; pages are kept as their headers say"
            );
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(RETRY.1);
    }
}

/// One connection, to its end.
async fn listen(
    edge: &Edge,
    key: &Key,
    position: &mut Option<String>,
    heard: &mut bool,
) -> Result<(), String> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = axum::http::Uri::from_static(PATH);
    let headers = request.headers_mut();
    let token = key.token(&edge.0.region, edge.0.clock.now());
    let bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|e| e.to_string())?;
    headers.insert(header::AUTHORIZATION, bearer);
    headers.insert(
        header::ACCEPT,
        HeaderValue::from_static("text/event-stream"),
    );
    if let Some(position) = position.as_ref().and_then(|text| text.parse().ok()) {
        headers.insert(LAST_EVENT_ID, position);
    }
    let answer = edge
        .0
        .forwarder
        .send(request)
        .await
        .map_err(|away| away.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("the origin answers {}", answer.status()));
    }
    let mut pieces = answer.into_body().into_data_stream();
    let mut lines = Lines::default();
    loop {
        let piece = tokio::time::timeout(SILENCE, pieces.next())
            .await
            .map_err(|_silent| "the origin fell silent".to_owned())?;
        let Some(piece) = piece else {
            return Ok(());
        };
        for message in lines.read(&piece.map_err(|broken| broken.to_string())?)? {
            apply(edge, &message, position)?;
            *heard = true;
        }
    }
}

fn apply(edge: &Edge, message: &Message, position: &mut Option<String>) -> Result<(), String> {
    let heard = &edge.0.feed;
    match message.event.as_str() {
        "purge" => {
            let change: Change =
                serde_json::from_str(&message.data).map_err(|error| error.to_string())?;
            edge.purge(&change);
            if !change.whole {
                // Until the rest is told, nothing is vouched for.
                position.replace(message.id.clone());
                return Ok(());
            }
        }
        "current" => {
            // The first word of a first connection: what was kept before it may miss a change.
            if position.is_none() {
                edge.doubt();
                heard.gap();
            }
        }
        "reset" => {
            tracing::warn!(
                "the origin's feed does not go on where it was heard last; everything kept is confirmed anew"
            );
            edge.doubt();
            heard.gap();
        }
        _ => return Ok(()),
    }
    heard.mark_current();
    if !message.id.is_empty() {
        *position = Some(message.id.clone());
    }
    Ok(())
}

/// One server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Message {
    event: String,
    id: String,
    data: String,
}

/// Reads server-sent events from pieces of any length.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    message: Message,
}

impl Lines {
    fn read(&mut self, piece: &[u8]) -> Result<Vec<Message>, String> {
        let mut messages = Vec::new();
        for byte in piece {
            if *byte != b'\n' {
                self.rest.push(*byte);
                if self.rest.len() > LONGEST_LINE {
                    return Err("a line of the feed is too long".to_owned());
                }
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                let message = std::mem::take(&mut self.message);
                if !message.event.is_empty() {
                    messages.push(message);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.message.event),
                "id" => value.clone_into(&mut self.message.id),
                "data" => self.message.data.push_str(value),
                _ => {}
            }
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(list: &[&str]) -> Vec<String> {
        list.iter().map(|&tag| tag.to_owned()).collect()
    }

    fn change(stale: &[&str], withdrawn: &[&str]) -> Change {
        Change {
            stale: tags(stale),
            withdrawn: tags(withdrawn),
            whole: true,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_be_older_than_a_change_is_not_vouched_for() {
        let heard = FeedState::new();
        let one = tags(&["product:1", "shop:1"]);
        assert_eq!(
            heard.verdict(heard.mark(), &one),
            Verdict::Unsure,
            "nothing was heard yet"
        );
        heard.mark_current();
        let mark = heard.mark();
        assert_eq!(heard.verdict(mark, &one), Verdict::Vouched(0));
        assert_eq!(
            heard.verdict(mark, &[]),
            Verdict::Unsure,
            "nothing could purge it"
        );
        heard.purge(&change(&["product:2"], &["product:2"]));
        assert_eq!(
            heard.verdict(mark, &one),
            Verdict::Vouched(0),
            "another's change"
        );
        let told = Instant::now();
        heard.purge(&change(&["product:1"], &[]));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(heard.verdict(mark, &one), Verdict::Changed(told));
        assert_eq!(
            heard.verdict(heard.mark(), &one),
            Verdict::Changed(told),
            "another origin may not know yet"
        );
        let gone = tags(&["product:2"]);
        assert_eq!(heard.verdict(mark, &gone), Verdict::Withdrawn);
        assert_eq!(heard.verdict(heard.mark(), &gone), Verdict::Withdrawn);
        tokio::time::advance(SETTLING).await;
        heard.mark_current();
        assert_eq!(heard.verdict(heard.mark(), &one), Verdict::Vouched(0));
        assert_eq!(
            heard.verdict(mark, &gone),
            Verdict::Withdrawn,
            "however long the fill took"
        );
        assert_eq!(
            heard.verdict(heard.mark(), &gone),
            Verdict::Vouched(0),
            "it is back"
        );
        let mark = heard.mark();
        heard.gap();
        assert_eq!(heard.verdict(mark, &one), Verdict::Unsure);
        assert!(!heard.vouches(0) && heard.vouches(1));
        tokio::time::advance(CURRENT_FOR + Duration::from_millis(1)).await;
        assert!(!heard.vouches(1), "the origin fell silent");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_forgotten_vouches_for_nothing() {
        let heard = FeedState::new();
        heard.mark_current();
        let mark = heard.mark();
        for number in 0..=REMEMBERED {
            heard.purge(&change(&[&format!("product:{number}")], &[]));
        }
        tokio::time::advance(SETTLING).await;
        heard.mark_current();
        let other = tags(&["shop:9"]);
        assert!(matches!(heard.verdict(mark, &other), Verdict::Changed(_)));
        assert_eq!(heard.verdict(heard.mark(), &other), Verdict::Vouched(0));
    }

    #[test]
    fn events_come_whole_however_they_are_cut() {
        let text = "event: purge\nid: 7\ndata: {\"stale\":[],\ndata: \"withdrawn\":[]}\n\n: a comment\n\nevent: current\r\nid: 8\r\n\r\nevent: half\n";
        let expected = [
            ("purge", "7", "{\"stale\":[],\"withdrawn\":[]}"),
            ("current", "8", ""),
        ];
        for size in 1..=text.len() {
            let mut lines = Lines::default();
            let found: Vec<Message> = text
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| lines.read(piece).unwrap())
                .collect();
            let found: Vec<_> = found
                .iter()
                .map(|one| (one.event.as_str(), one.id.as_str(), one.data.as_str()))
                .collect();
            assert_eq!(found, expected, "{size}");
        }
        let endless = vec![b'x'; LONGEST_LINE + 1];
        assert!(Lines::default().read(&endless).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Lines::default().read(&bytes);
        }
    }
}
