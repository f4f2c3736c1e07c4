//! Uploads whose server is killed and whose line fails in every way a line does: what was acknowledged is there, and no more than one
//! piece is sent again for each time it goes on.

use std::{
    io::{ErrorKind, Write as _},
    path::Path,
    time::Duration,
};

use crate::{
    child::{Serve, build_site},
    proxy::{Fault, Line},
    round::{Round, rounds},
    upload::{assert_no_parts, assert_stored, create, offset, patch, patch_at, photo, settled},
};

/// The pieces that the client sends.
const PIECE: usize = 16 * 1024;

/// How long the client waits for an answer. A line that goes dead says nothing.
const ANSWER: Duration = Duration::from_secs(2);

/// What happens to an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Killed,
    Cut,
    Dead,
    Slow,
    Twice,
    TwoClients,
}

impl Trouble {
    const ALL: [Self; 6] = [
        Self::Killed,
        Self::Cut,
        Self::Dead,
        Self::Slow,
        Self::Twice,
        Self::TwoClients,
    ];
}

/// What was seen over all uploads.
#[derive(Debug, Default)]
struct Seen {
    uploads: u64,
    resumes: u64,
    /// Acknowledged bytes that were not there afterwards.
    lost: u64,
    /// The most bytes that were sent again for one time that an upload went on.
    again: u64,
}

/// A client with a file to send.
struct Client<'a> {
    token: &'a str,
    path: String,
    bytes: &'a [u8],
    /// As far as the server has said.
    acknowledged: usize,
    /// As far as anything was sent.
    sent: usize,
    /// Whether the last piece was answered.
    is_cut: bool,
}

impl Client<'_> {
    fn is_done(&self) -> bool {
        self.acknowledged == self.bytes.len()
    }

    /// Asks where the server stands, as after every cut, and counts what that means.
    async fn resume(&mut self, process: &Serve, seen: &mut Seen) {
        let stands = offset(process, self.token, &self.path).await;
        seen.lost += self.acknowledged.saturating_sub(stands) as u64;
        if self.is_cut {
            seen.resumes += 1;
            seen.again = seen.again.max(self.sent.saturating_sub(stands) as u64);
        }
        self.acknowledged = stands;
        self.sent = stands;
        self.is_cut = false;
    }

    /// Sends the next piece, by way of `port` where there is one. Its answer, or that there was none.
    async fn send(&mut self, process: &Serve, port: Option<u16>) -> Option<u16> {
        let start = self.acknowledged;
        let end = (start + PIECE).min(self.bytes.len());
        self.sent = end;
        let port = port.unwrap_or(process.port());
        let piece = &self.bytes[start..end];
        let sending = patch_at(port, self.token, &self.path, start, piece);
        let answer = match tokio::time::timeout(ANSWER, sending).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                assert_ne!(error.kind(), ErrorKind::InvalidData, "{error}");
                None
            }
            Err(_late) => None,
        };
        match answer {
            Some(answer) if answer.status == 204 => {
                self.acknowledged = answer.header("upload-offset").parse().unwrap();
                Some(204)
            }
            other => {
                self.is_cut = true;
                other.map(|answer| answer.status)
            }
        }
    }

    /// Sends the rest over a line without faults.
    async fn finish(&mut self, process: &Serve, seen: &mut Seen) {
        self.resume(process, seen).await;
        let mut conflicts = 0;
        while !self.is_done() {
            match self.send(process, None).await {
                Some(204) => {}
                // What was said twice, or by another client, may still be on its way: ask again, as the protocol says.
                Some(409) if conflicts < 3 => {
                    conflicts += 1;
                    self.resume(process, seen).await;
                }
                other => panic!("nothing is in the way any more: {other:?}"),
            }
        }
    }
}

/// One upload in trouble. Answers with the server that runs afterwards.
async fn upload_in_trouble(
    mut process: Serve,
    spawn: impl Fn() -> Serve,
    token: &str,
    media: &Path,
    (round, trouble): (Round, Trouble),
    seen: &mut Seen,
) -> Serve {
    let bytes = photo(round.below(1 << 20, 0) as u32);
    let path = create(&process, token, bytes.len()).await;
    let mut client = Client {
        token,
        path,
        bytes: &bytes,
        acknowledged: 0,
        sent: 0,
        is_cut: false,
    };
    // The first piece always arrives, so that there is something to lose.
    assert_eq!(client.send(&process, None).await, Some(204));
    let at = 1 + round.below(PIECE, 1);
    match trouble {
        Trouble::Killed => {
            // A piece takes some milliseconds, so this falls before, into or after it.
            let moment = Duration::from_micros(round.below(6000, 2) as u64);
            tokio::join!(client.send(&process, None), async {
                tokio::time::sleep(moment).await;
                process.begin_kill();
            });
            process.kill().await;
            process = spawn();
            process.open().await;
        }
        Trouble::TwoClients => {
            let (start, end) = (client.acknowledged, client.acknowledged + PIECE);
            let path = client.path.clone();
            let other = patch(&process, token, &path, start, &bytes[start..end]);
            let (mine, other) = tokio::join!(client.send(&process, None), other);
            let statuses = [mine.unwrap(), other.unwrap().status];
            assert!(
                statuses.iter().all(|status| [204, 409].contains(status)),
                "{path}: {statuses:?}"
            );
        }
        Trouble::Cut | Trouble::Dead | Trouble::Slow | Trouble::Twice => {
            let fault = match trouble {
                Trouble::Cut => Fault::Cut(at),
                Trouble::Dead => Fault::Dead(at),
                Trouble::Slow => Fault::Slow(256 + round.below(4096, 3)),
                _ => Fault::Twice,
            };
            let line = Line::open(process.port(), fault).await;
            let status = client.send(&process, Some(line.port)).await;
            let passed = line.passed().await;
            assert!(passed > 0, "{fault:?}");
            match trouble {
                Trouble::Slow => assert_eq!(status, Some(204)),
                // Whichever of the two comes second is told so, or ends the first.
                Trouble::Twice => assert!(matches!(status, None | Some(204 | 409)), "{status:?}"),
                _ => assert_eq!(status, None, "{fault:?}"),
            }
        }
    }
    client.finish(&process, seen).await;
    let status = settled(&process, token, &client.path).await;
    assert_eq!(status["state"], "ready", "{trouble:?}: {status}");
    assert_stored(media, &bytes);
    seen.uploads += 1;
    process
}

/// Tells a soak what was seen, one figure a line.
fn report(seen: &Seen) {
    let Ok(path) = std::env::var("VITRINE_SOAK_REPORT") else {
        return;
    };
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    for (metric, value, unit, limit) in [
        ("uploads", seen.uploads, "1", None),
        ("resumes", seen.resumes, "1", None),
        ("acknowledged_bytes_lost", seen.lost, "bytes", Some(0)),
        (
            "bytes_sent_again_per_resume",
            seen.again,
            "bytes",
            Some(PIECE),
        ),
    ] {
        let figure = serde_json::json!({
            "metric": metric, "value": value, "unit": unit, "limit": limit,
        });
        writeln!(file, "{figure}").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ingest_survives_whatever_happens_to_lines_and_servers() {
    let folder = tempfile::tempdir().unwrap();
    let (site, data) = (folder.path().join("site"), folder.path().join("data"));
    build_site(&site);
    let media = data.join("media");
    let arguments = ["--data", data.to_str().unwrap()];
    let spawn = || Serve::spawn(&site, &arguments);
    let mut process = spawn();
    process.open().await;
    process.set_up(&arguments).await;
    let token = Serve::token(&arguments);
    let mut seen = Seen::default();
    for (round, trouble) in rounds(6).zip(Trouble::ALL.into_iter().cycle()) {
        process =
            upload_in_trouble(process, spawn, &token, &media, (round, trouble), &mut seen).await;
    }
    assert_no_parts(&media).await;
    report(&seen);
    assert_eq!(seen.lost, 0, "{seen:?}");
    assert!(seen.again <= PIECE as u64, "{seen:?}");
    assert!(seen.resumes > 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ingest_keeps_what_came_before_the_disk_was_full() {
    const MOST: usize = 6 * 1024 * 1024;
    const FILM: usize = 2 * MOST;
    let folder = tempfile::tempdir().unwrap();
    let (site, data) = (folder.path().join("site"), folder.path().join("data"));
    build_site(&site);
    let arguments = ["--data", data.to_str().unwrap()];
    let mut process = Serve::spawn_full(&site, &arguments, MOST);
    process.open().await;
    process.set_up(&arguments).await;
    let token = Serve::token(&arguments);
    let path = create(&process, &token, FILM).await;
    let piece = vec![7; 1024 * 1024];
    let mut acknowledged = 0;
    let refused = loop {
        let sent = patch(&process, &token, &path, acknowledged, &piece).await;
        let answer = sent.unwrap();
        if answer.status != 204 {
            break answer;
        }
        acknowledged += piece.len();
        assert!(acknowledged <= MOST, "there is no room for this");
    };
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert!(refused.text().contains("full"), "{}", refused.text());
    let stands = offset(&process, &token, &path).await;
    assert!((acknowledged..=MOST).contains(&stands), "{stands}");
    process.stop().await;
    // There is room again.
    let mut process = Serve::spawn(&site, &arguments);
    process.open().await;
    assert_eq!(offset(&process, &token, &path).await, stands);
    let more = patch(&process, &token, &path, stands, &piece).await;
    assert_eq!(more.unwrap().status, 204);
    assert_eq!(offset(&process, &token, &path).await, stands + piece.len());
}
