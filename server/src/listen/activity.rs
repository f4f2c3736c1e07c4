//! Whether anything goes on in a connection: requests that are being handled and answers that are being sent.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

/// How many times longer than a silent connection one may stay whose answer is being sent: it moves on in pieces of up to
/// some hundred kilobytes.
const SENDING: u32 = 10;

#[derive(Debug)]
struct State {
    handling: usize,
    sending: usize,
    moved: Instant,
}

/// What goes on in one connection.
#[derive(Debug, Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

/// A request while its handler runs.
pub(super) struct Handling(Activity);

/// The body of an answer while it is sent.
pub(super) struct Sending {
    body: Answer,
    activity: Activity,
}

/// The body of an answer.
pub(super) enum Answer {
    /// All of it is there.
    Whole(Full<Bytes>),
    /// It comes as it is made.
    Streamed(Body),
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            handling: 0,
            sending: 0,
            moved: Instant::now(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        state.moved = Instant::now();
    }

    /// A request came.
    pub(super) fn handle(&self) -> Handling {
        self.change(|state| state.handling += 1);
        Handling(self.clone())
    }

    /// Its answer, watched until it is sent.
    pub(super) fn send(&self, body: Answer) -> Sending {
        self.change(|state| state.sending += 1);
        Sending {
            body,
            activity: self.clone(),
        }
    }

    /// Resolves once nothing has gone on for `idle`. What is being handled has limits of its own.
    pub(super) async fn silence(&self, idle: Duration) {
        loop {
            let until = {
                let state = self.state();
                let patience = if state.sending > 0 {
                    idle.saturating_mul(SENDING)
                } else {
                    idle
                };
                let until = state.moved + patience;
                if state.handling > 0 {
                    Instant::now() + idle
                } else if until <= Instant::now() {
                    return;
                } else {
                    until
                }
            };
            tokio::time::sleep_until(until).await;
        }
    }
}

impl Drop for Handling {
    fn drop(&mut self) {
        self.0
            .change(|state| state.handling = state.handling.saturating_sub(1));
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.activity
            .change(|state| state.sending = state.sending.saturating_sub(1));
    }
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.activity.change(|_| {});
        match &mut self.body {
            Answer::Whole(body) => Pin::new(body)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Answer::Streamed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Answer::Whole(body) => body.is_end_stream(),
            Answer::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Answer::Whole(body) => body.size_hint(),
            Answer::Streamed(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_begins_when_the_last_thing_ends() {
        let (activity, idle) = (Activity::new(), Duration::from_secs(10));
        let since = |start: Instant| start.elapsed().as_secs();
        let start = Instant::now();
        activity.silence(idle).await;
        assert_eq!(since(start), 10);

        let start = Instant::now();
        let handling = activity.handle();
        let ended = tokio::spawn({
            let activity = activity.clone();
            async move { activity.silence(idle).await }
        });
        tokio::time::sleep(Duration::from_secs(95)).await;
        drop(handling);
        ended.await.unwrap();
        assert!((105..=110).contains(&since(start)), "{}", since(start));

        let start = Instant::now();
        let body = activity.send(Answer::Streamed(Body::from("never taken")));
        activity.silence(idle).await;
        assert_eq!(since(start), 100);
        drop(body);
    }
}
