//! The tus 1.0 upload protocol as a state machine without IO (<https://tus.io/protocols/resumable-upload>).
//!
//! [`Transfer::next_action`] says what to send next, [`Transfer::handle`] takes what came back. The offset that counts is always
//! the one the server said: after any cut it is asked again, so what arrived is never sent twice and nothing is left out.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Most bytes in one request. Small enough that a cut on a phone's connection costs little.
pub const CHUNK: u64 = 5 * 1024 * 1024;
/// Fewest bytes in one request, after cuts have made chunks shorter.
pub const SMALLEST_CHUNK: u64 = 256 * 1024;
/// Answers in a row that make no sense before the person is asked. A network that is gone is never given up: it comes back.
pub const MAX_FAILURES: u32 = 10;
/// Shortest and longest pause after a failure, ms, before chance is taken from it.
const FIRST_PAUSE_MS: u32 = 1_000;
const LONGEST_PAUSE_MS: u32 = 60_000;
/// The longest pause a server may ask for, ms.
const LONGEST_ASKED_MS: u32 = 300_000;

/// How long to wait after so many failures in a row, ms. `chance` of 0–1 takes up to half of it, so that many devices that lost one
/// server do not all come back at the same moment; what the server asks for is waited in full.
#[must_use]
pub fn pause_ms(failures: u32, asked_s: Option<u32>, chance: f64) -> u32 {
    let step = FIRST_PAUSE_MS.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let step = f64::from(step.min(LONGEST_PAUSE_MS));
    let wait = (step * (1.0 - 0.5 * chance.clamp(0.0, 1.0))) as u32;
    let asked = asked_s.unwrap_or(0).saturating_mul(1000);
    wait.max(asked.min(LONGEST_ASKED_MS))
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `POST` to the collection with the length and the metadata.
    Create,
    /// `HEAD` the upload to learn its offset.
    Head {
        /// The upload's address.
        url: String,
    },
    /// `PATCH` the bytes `start..end`.
    Patch {
        /// The upload's address.
        url: String,
        /// First byte.
        start: u64,
        /// One past the last byte.
        end: u64,
    },
    /// Wait this long (or until the browser is online again), then ask again.
    Wait {
        /// Milliseconds.
        ms: u32,
    },
    /// All bytes are with the server.
    Finished {
        /// The upload's address.
        url: String,
    },
    /// It cannot go on by itself.
    GiveUp {
        /// What happened and what to do next.
        message: String,
    },
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// The HTTP status; 0 when no answer came.
    pub status: u16,
    /// The header `Location`.
    pub location: Option<String>,
    /// The header `Upload-Offset`.
    pub offset: Option<u64>,
    /// The header `Retry-After`, s.
    pub retry_after: Option<u32>,
    /// The server's own message about a failure.
    pub message: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Creating,
    Locating(String),
    Sending(String),
    Finished(String),
    GivenUp(String),
}

/// One file on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    length: u64,
    offset: u64,
    chunk: u64,
    /// Failures in a row.
    failures: u32,
    /// Those among them that no network explains.
    nonsense: u32,
    wait: Option<u32>,
    state: State,
}

impl Transfer {
    /// A file of `length` bytes; `resume` is the address of an earlier try to go on with.
    #[must_use]
    pub fn new(length: u64, resume: Option<String>) -> Self {
        Self {
            length,
            offset: 0,
            chunk: CHUNK,
            failures: 0,
            nonsense: 0,
            wait: None,
            state: resume.map_or(State::Creating, State::Locating),
        }
    }

    /// Bytes the server has said are safe.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The upload's address, once there is one: worth remembering across reloads.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match &self.state {
            State::Locating(url) | State::Sending(url) | State::Finished(url) => Some(url),
            State::Creating | State::GivenUp(_) => None,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next_action(&self) -> Action {
        if let (Some(ms), false) = (self.wait, matches!(self.state, State::GivenUp(_))) {
            return Action::Wait { ms };
        }
        match &self.state {
            State::Creating => Action::Create,
            State::Locating(url) => Action::Head { url: url.clone() },
            State::Sending(url) => Action::Patch {
                url: url.clone(),
                start: self.offset,
                end: self.length.min(self.offset + self.chunk),
            },
            State::Finished(url) => Action::Finished { url: url.clone() },
            State::GivenUp(message) => Action::GiveUp {
                message: message.clone(),
            },
        }
    }

    /// The wait is over.
    pub fn waited(&mut self) {
        self.wait = None;
    }

    /// Takes the answer to the last [`Action::Create`], [`Action::Head`] or [`Action::Patch`]. `chance` of 0–1 is for the pause after
    /// a failure.
    pub fn handle(&mut self, reply: &Reply, chance: f64) {
        match (&self.state, reply.status) {
            (State::Finished(_) | State::GivenUp(_), _) => {}
            // The queue looks at these first, and waits until the right person is signed in.
            (_, 401 | 403) => self.give_up(
                reply,
                "The shop does not let you upload this. Sign in again, then press “Try again”.",
            ),
            (_, 413) => self.give_up(
                reply,
                "This file is larger than the shop accepts. Trim the clip, then try again.",
            ),
            (_, 507) => self.give_up(
                reply,
                "The shop's disk is full. Free some space on the server, then press “Try again”.",
            ),
            (_, 0 | 408 | 423 | 425 | 429 | 500..=599) => self.retry(reply, chance),
            (State::Creating, 201) => match reply.location.clone() {
                Some(url) => self.set_offset(url, reply.offset.unwrap_or(0)),
                None => self.give_up(
                    reply,
                    "The server took the upload but did not say where. Press “Try again”.",
                ),
            },
            (State::Locating(url), 200 | 204) => match reply.offset {
                Some(offset) => self.set_offset(url.clone(), offset),
                None => self.state = State::Creating,
            },
            (State::Sending(url), 200 | 204) => match reply.offset {
                Some(offset) if offset > self.offset => {
                    self.failures = 0;
                    self.nonsense = 0;
                    self.chunk = (self.chunk * 2).min(CHUNK);
                    self.set_offset(url.clone(), offset);
                }
                _ => self.retry_nonsense(reply, chance),
            },
            (State::Sending(_), 409) => self.retry_nonsense(reply, chance),
            (State::Locating(_) | State::Sending(_), 404 | 410) => {
                self.offset = 0;
                self.state = State::Creating;
                // An upload that vanishes each time it is made would otherwise be made for ever.
                self.nonsense += 1;
                if self.nonsense >= MAX_FAILURES {
                    self.give_up(reply, "The server keeps losing this upload. Look at the server's log, then press “Try again”.");
                }
            }
            (_, status) => {
                let message = format!(
                    "The server refused the upload (status {status}). Press “Try again”, or leave this one out."
                );
                self.give_up(reply, &message);
            }
        }
    }

    fn set_offset(&mut self, url: String, offset: u64) {
        if offset > self.length {
            // Somebody else's bytes: this address is not ours.
            self.offset = 0;
            self.state = State::Creating;
        } else {
            self.offset = offset;
            self.state = if offset == self.length {
                State::Finished(url)
            } else {
                State::Sending(url)
            };
        }
    }

    fn retry_nonsense(&mut self, reply: &Reply, chance: f64) {
        self.nonsense += 1;
        if self.nonsense >= MAX_FAILURES {
            self.give_up(reply, "The shop answers, but takes no byte of this file. Look at the server's log, then press “Try again”.");
        } else {
            self.retry(reply, chance);
        }
    }

    fn retry(&mut self, reply: &Reply, chance: f64) {
        self.failures = self.failures.saturating_add(1);
        self.wait = Some(pause_ms(self.failures, reply.retry_after, chance));
        if let State::Sending(url) = &self.state {
            self.chunk = (self.chunk / 2).max(SMALLEST_CHUNK);
            self.state = State::Locating(url.clone());
        }
    }

    fn give_up(&mut self, reply: &Reply, message: &str) {
        self.state = State::GivenUp(reply.message.clone().unwrap_or_else(|| message.to_owned()));
    }
}

/// The header `Upload-Metadata`: each value in base64, pairs joined by commas; empty values leave the key alone.
#[must_use]
pub fn metadata(pairs: &[(&str, &str)]) -> String {
    let mut header = String::new();
    for (key, value) in pairs {
        if !header.is_empty() {
            header.push(',');
        }
        header.push_str(key);
        if !value.is_empty() {
            header.push(' ');
            header.push_str(&STANDARD.encode(value));
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "/api/uploads/u1";

    fn offset(status: u16, offset: u64) -> Reply {
        Reply {
            status,
            offset: Some(offset),
            ..Reply::default()
        }
    }

    fn created() -> Reply {
        Reply {
            status: 201,
            location: Some(URL.into()),
            ..Reply::default()
        }
    }

    /// A server that keeps what it gets and answers, or dies, as told: what it holds at the end must be the file.
    #[derive(Default)]
    struct Server {
        held: Option<Vec<u8>>,
        /// Requests after which the connection is cut, and how many bytes of that request still arrive.
        cuts: Vec<(usize, usize)>,
        requests: usize,
    }

    impl Server {
        fn answer(&mut self, action: &Action, file: &[u8]) -> Reply {
            self.requests += 1;
            let cut = self
                .cuts
                .iter()
                .find(|(at, _)| *at == self.requests)
                .map(|(_, n)| *n);
            match action {
                Action::Create => {
                    if cut.is_some() {
                        return Reply::default();
                    }
                    self.held = Some(Vec::new());
                    created()
                }
                Action::Head { .. } => match (&self.held, cut) {
                    (_, Some(_)) => Reply::default(),
                    (Some(held), None) => offset(200, held.len() as u64),
                    (None, None) => Reply {
                        status: 404,
                        ..Reply::default()
                    },
                },
                Action::Patch { start, end, .. } => {
                    let Some(held) = &mut self.held else {
                        return Reply {
                            status: 404,
                            ..Reply::default()
                        };
                    };
                    assert_eq!(
                        *start,
                        held.len() as u64,
                        "bytes are sent where the server stands"
                    );
                    let body = &file[*start as usize..*end as usize];
                    match cut {
                        Some(n) => {
                            held.extend_from_slice(&body[..n.min(body.len())]);
                            Reply::default()
                        }
                        None => {
                            held.extend_from_slice(body);
                            offset(204, held.len() as u64)
                        }
                    }
                }
                other => panic!("{other:?} is not a request"),
            }
        }
    }

    fn run(file: &[u8], resume: Option<String>, server: &mut Server) -> (Transfer, u32) {
        let mut transfer = Transfer::new(file.len() as u64, resume);
        let mut waits = 0;
        for _ in 0..500 {
            match transfer.next_action() {
                Action::Wait { .. } => {
                    waits += 1;
                    transfer.waited();
                }
                Action::Finished { .. } | Action::GiveUp { .. } => return (transfer, waits),
                action => {
                    let reply = server.answer(&action, file);
                    transfer.handle(&reply, 0.5);
                }
            }
        }
        panic!("never came to an end");
    }

    fn film(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 % 251) as u8).collect()
    }

    #[test]
    fn sends_a_file_in_chunks() {
        let file = film(CHUNK as usize * 2 + 17);
        let mut server = Server::default();
        let (transfer, waits) = run(&file, None, &mut server);
        assert_eq!(transfer.next_action(), Action::Finished { url: URL.into() });
        assert_eq!(server.held.as_deref(), Some(&file[..]));
        assert_eq!((server.requests, waits), (4, 0));
    }

    #[test]
    fn every_cut_resumes_where_it_was() {
        let file = film(CHUNK as usize + 1000);
        for at in 1..6 {
            for arrived in [0, 1, 999, 300_000] {
                let mut server = Server {
                    cuts: vec![(at, arrived), (at + 1, 0), (at + 3, arrived)],
                    ..Server::default()
                };
                let (transfer, _) = run(&file, None, &mut server);
                assert!(matches!(transfer.next_action(), Action::Finished { .. }));
                assert!(
                    server.held.as_deref() == Some(&file[..]),
                    "cut at {at} after {arrived}"
                );
            }
        }
    }

    #[test]
    fn goes_on_after_a_reload_and_starts_again_when_the_upload_expired() {
        let file = film(1000);
        let mut server = Server {
            held: Some(file[..400].to_vec()),
            ..Server::default()
        };
        run(&file, Some(URL.into()), &mut server);
        assert_eq!(server.held.as_deref(), Some(&file[..]));
        assert_eq!(server.requests, 2);

        let mut forgetful = Server::default();
        run(&file, Some("/api/uploads/gone".into()), &mut forgetful);
        assert_eq!(forgetful.held.as_deref(), Some(&file[..]));
    }

    #[test]
    fn a_network_that_is_gone_is_waited_for_and_no_byte_goes_twice() {
        let file = film(1000);
        let mut server = Server {
            cuts: (1..=200).map(|at| (at, 0)).collect(),
            ..Server::default()
        };
        let (transfer, waits) = run(&file, None, &mut server);
        assert_eq!(transfer.next_action(), Action::Finished { url: URL.into() });
        assert_eq!(server.held.as_deref(), Some(&file[..]));
        assert_eq!(waits, 200);
    }

    #[test]
    fn an_upload_that_makes_no_sense_is_given_up_with_a_message() {
        for (state, reply) in [
            (offset(200, 4), offset(204, 4)),
            (
                offset(200, 4),
                Reply {
                    status: 409,
                    ..Reply::default()
                },
            ),
        ] {
            let mut transfer = Transfer::new(10, Some(URL.into()));
            for _ in 0..MAX_FAILURES {
                transfer.waited();
                transfer.handle(&state, 0.0);
                transfer.handle(&reply, 0.0);
            }
            assert!(
                matches!(transfer.next_action(), Action::GiveUp { message } if message.contains("log"))
            );
        }
    }

    #[test]
    fn pauses_grow_to_a_minute_and_differ_by_chance() {
        let longest = |failures| pause_ms(failures, None, 0.0);
        assert_eq!(
            [1, 2, 3, 6, 7, 50, u32::MAX].map(longest),
            [1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]
        );
        for failures in 1..20 {
            let pause = |chance| pause_ms(failures, None, chance);
            assert!(pause(1.0) == longest(failures) / 2 && pause(0.3) > pause(0.6));
        }
        assert_eq!(
            pause_ms(1, Some(30), 1.0),
            30_000,
            "as long as the server asks"
        );
        assert_eq!(
            pause_ms(1, Some(u32::MAX), 0.0),
            300_000,
            "but not for ever"
        );
    }

    #[test]
    fn refusals_end_at_once_with_the_servers_message() {
        for status in [400, 401, 403, 413, 415, 507] {
            let mut transfer = Transfer::new(10, None);
            transfer.handle(
                &Reply {
                    status,
                    message: Some("Say this.".into()),
                    ..Reply::default()
                },
                0.0,
            );
            assert_eq!(
                transfer.next_action(),
                Action::GiveUp {
                    message: "Say this.".into()
                },
                "{status}"
            );
        }
    }

    #[test]
    fn a_server_that_takes_nothing_or_too_much_is_not_believed() {
        let mut transfer = Transfer::new(10, Some(URL.into()));
        transfer.handle(&offset(200, 11), 0.0);
        assert_eq!(transfer.next_action(), Action::Create);

        let mut transfer = Transfer::new(10, Some(URL.into()));
        transfer.handle(&offset(200, 4), 0.0);
        transfer.handle(&offset(204, 4), 0.0);
        assert!(matches!(transfer.next_action(), Action::Wait { .. }));
    }

    #[test]
    fn waits_as_long_as_the_server_asks() {
        let mut transfer = Transfer::new(10, None);
        transfer.handle(
            &Reply {
                status: 429,
                retry_after: Some(30),
                ..Reply::default()
            },
            1.0,
        );
        assert_eq!(transfer.next_action(), Action::Wait { ms: 30_000 });
    }

    #[test]
    fn an_empty_file_is_done_once_created() {
        let mut transfer = Transfer::new(0, None);
        transfer.handle(&created(), 0.0);
        assert_eq!(transfer.next_action(), Action::Finished { url: URL.into() });
    }

    #[test]
    fn metadata_is_padded_base64_pairs() {
        assert_eq!(
            metadata(&[("filename", "tasse.mp4"), ("kind", "clip"), ("x", "")]),
            "filename dGFzc2UubXA0,kind Y2xpcA==,x"
        );
    }
}
