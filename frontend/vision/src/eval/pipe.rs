//! Programs whose output is read, with bounds: none can hang us, and none can fill our memory.

use std::{
    io::{ErrorKind, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    time::Duration,
};

/// How long a program may give nothing while it is waited for. A slow machine decodes any frame in less.
pub(super) const SILENCE: Duration = Duration::from_secs(120);

/// How much is kept of what a program says on standard error, bytes.
const WORDS: u64 = 2048;

/// A running program, ended with its owner. Its output comes in chunks of one size; at most four of them are held.
pub(super) struct Pipe {
    child: Child,
    chunks: Receiver<Vec<u8>>,
    words: Receiver<Vec<u8>>,
    silence: Duration,
}

impl Pipe {
    /// Starts a program and reads its output, `size` bytes at a time.
    pub(super) fn start(
        command: &mut Command,
        size: usize,
        silence: Duration,
    ) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| {
                format!("{name} could not be started ({e}). Install it: apt-get install ffmpeg.")
            })?;
        let (put, chunks) = sync_channel(2);
        if let Some(mut out) = child.stdout.take() {
            std::thread::spawn(move || {
                // Nobody listens any more, or the program has said all: either way this is over.
                while let Some(chunk) = filled(&mut out, size) {
                    let last = chunk.len() < size;
                    if put.send(chunk).is_err() || last {
                        break;
                    }
                }
            });
        }
        let (put, words) = sync_channel(1);
        if let Some(mut err) = child.stderr.take() {
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                let read = err.by_ref().take(WORDS).read_to_end(&mut kept);
                // What nobody reads must still be taken away, or the program would wait for it.
                let drained = std::io::copy(&mut err, &mut std::io::sink());
                if read.is_ok() && drained.is_ok() {
                    // Fails when nobody asks any more.
                    let _ = put.send(kept);
                }
            });
        }
        Ok(Self {
            child,
            chunks,
            words,
            silence,
        })
    }

    /// The next chunk, shorter than the others only at the end; nothing after that.
    ///
    /// # Errors
    /// When the program gives nothing for too long.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        match self.chunks.recv_timeout(self.silence) {
            Ok(chunk) => Ok(Some(chunk)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(format!(
                "gave nothing for {} s and was given up",
                self.silence.as_secs()
            )),
        }
    }

    /// The first thing the program complained about, once its output has ended.
    pub(super) fn complaint(&mut self) -> Option<String> {
        let words = self.words.recv_timeout(self.silence).ok()?;
        let text = String::from_utf8_lossy(&words);
        let mut line = text.lines().find(|line| !line.trim().is_empty())?;
        // "[vp8 @ 0x55d0] [IMGUTILS @ 0x7ffe] Picture size …": the brackets name memory.
        while let Some((first, rest)) = line.split_once("] ") {
            if !first.starts_with('[') {
                break;
            }
            line = rest;
        }
        Some(line.chars().filter(|c| !c.is_control()).take(200).collect())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // It has ended by itself in most cases; what is left to say to a dead process does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next `size` bytes, or what there is of them.
fn filled(from: &mut impl Read, size: usize) -> Option<Vec<u8>> {
    let mut chunk = vec![0_u8; size];
    let mut at = 0;
    while at < size {
        match from.read(&mut chunk[at..]) {
            Ok(0) => break,
            Ok(n) => at += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    chunk.truncate(at);
    (at > 0).then_some(chunk)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn shell(script: &str, size: usize, silence: Duration) -> Pipe {
        Pipe::start(Command::new("sh").args(["-c", script]), size, silence).expect("sh starts")
    }

    #[test]
    fn chunks_of_one_size_and_the_rest() {
        let mut pipe = shell("printf abcdefg", 3, SILENCE);
        let mut got = Vec::new();
        while let Some(chunk) = pipe.next().expect("it speaks") {
            got.push(String::from_utf8(chunk).expect("text"));
        }
        assert_eq!(got, ["abc", "def", "g"]);
    }

    #[test]
    fn a_silent_program_is_given_up() {
        let began = Instant::now();
        let mut pipe = shell("printf abc; exec sleep 600", 3, Duration::from_millis(200));
        assert_eq!(pipe.next(), Ok(Some(b"abc".to_vec())));
        assert!(pipe.next().is_err());
        drop(pipe);
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn an_endless_one_is_held_back_and_ended() {
        let began = Instant::now();
        let mut pipe = shell("exec yes", 4096, SILENCE);
        for _ in 0..100 {
            let chunk = pipe.next().expect("it speaks").expect("it goes on");
            assert_eq!(chunk.len(), 4096);
        }
        drop(pipe);
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn complaints_are_short_and_plain() {
        let mut pipe = shell(
            "printf '[mov @ 0x1] [b @ 2] no \\033moov\\nmore' >&2",
            8,
            SILENCE,
        );
        assert_eq!(pipe.next(), Ok(None));
        assert_eq!(pipe.complaint().as_deref(), Some("no moov"));
        let mut pipe = shell("yes | head -c 1000000 >&2", 8, SILENCE);
        assert_eq!(pipe.next(), Ok(None));
        assert_eq!(pipe.complaint().as_deref(), Some("y"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let missing = Pipe::start(&mut Command::new("no-such-program"), 1, SILENCE);
        assert!(missing.is_err_and(|e| e.contains("no-such-program")));
    }
}
