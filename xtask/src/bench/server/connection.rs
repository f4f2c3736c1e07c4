//! A connection to a server on this machine: HTTP/1.1 (RFC 9112) as far as the benches need it, one request at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    /// The body, encoded as the headers say.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header, empty where there is none. `name` is in small letters.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// This answer, if it has the status.
    ///
    /// # Errors
    /// When it has another one: with the begin of its body.
    pub(super) fn with(self, status: u16) -> Result<Self> {
        let text = self.text();
        let begin: String = text.chars().take(400).collect();
        ensure!(
            self.status == status,
            "An answer has status {} and not {status}: {begin}",
            self.status
        );
        Ok(self)
    }
}

impl Connection {
    /// Connects to a port of this machine; `host` is the name the server goes by.
    ///
    /// # Errors
    /// When nobody listens there.
    pub(super) fn open(port: u16, host: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: host.to_owned(),
        })
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is not HTTP.
    pub(super) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !matches!(method, "GET" | "HEAD") {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        read(&mut self.stream, method == "HEAD")
    }
}

/// Reads one answer.
fn read(stream: &mut impl BufRead, without_body: bool) -> Result<Answer> {
    let first = line(stream)?;
    let status: u16 = first
        .split(' ')
        .nth(1)
        .and_then(|word| word.parse().ok())
        .with_context(|| format!("`{first}` does not begin an answer of HTTP."))?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("`{line}` is no header."))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    if without_body || matches!(status, 204 | 304) {
        return Ok(answer);
    }
    if answer.header("transfer-encoding") == "chunked" {
        loop {
            let size = line(stream)?;
            let size = size.split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).context("A chunk has no size.")?;
            take(stream, size, &mut answer.body)?;
            ensure!(line(stream)?.is_empty(), "A chunk is longer than it says.");
            if size == 0 {
                return Ok(answer);
            }
        }
    }
    let length = answer.header("content-length");
    let Ok(length) = length.parse() else {
        bail!("An answer does not say how long it is.");
    };
    take(stream, length, &mut answer.body)?;
    Ok(answer)
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    ensure!(
        line.ends_with('\n'),
        "The server closed the connection in the middle of an answer."
    );
    Ok(line.trim_end().to_owned())
}

/// So many bytes.
fn take(stream: &mut impl Read, length: usize, into: &mut Vec<u8>) -> Result<()> {
    let from = into.len();
    into.resize(from + length, 0);
    stream
        .read_exact(&mut into[from..])
        .context("An answer broke off.")
}

/// A form as browsers send it (`application/x-www-form-urlencoded`).
pub(super) fn form(fields: &[(&str, &str)]) -> Vec<u8> {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&").into_bytes()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'*') {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_both_lengths() {
        let text = "HTTP/1.1 303 See Other\r\nLocation: /order/x\r\nContent-Length: 2\r\n\r\nhi\
                    HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n\
                    HTTP/1.1 204 No Content\r\n\r\n";
        let mut stream = text.as_bytes();
        let first = read(&mut stream, false).expect("an answer");
        assert_eq!(
            (first.status, first.header("location"), first.text()),
            (303, "/order/x", "hi".to_owned())
        );
        assert_eq!(read(&mut stream, false).expect("an answer").text(), "abcde");
        assert!(first.with(200).is_err());
        assert_eq!(read(&mut stream, false).expect("an answer").status, 204);
        assert!(read(&mut stream, false).is_err());
    }

    #[test]
    fn a_form_keeps_what_is_typed() {
        assert_eq!(
            form(&[("address", "1 Quiet St\nLeeds"), ("a", "b&c")]),
            b"address=1%20Quiet%20St%0ALeeds&a=b%26c"
        );
    }
}
