//! A `vitrine serve` of its own, and requests to it over a real socket.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, ChildStdout},
};

/// The address that all processes answer under, as behind one balancer.
const HOST: &str = "localhost:3999";

/// How long a process may take to do what it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `vitrine serve`. Killed when it is dropped.
pub(crate) struct Serve {
    child: Child,
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
    port: u16,
}

/// An answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().skip(1);
        lines
            .find_map(|line| {
                let (known, value) = line.split_once(": ")?;
                known.eq_ignore_ascii_case(name).then_some(value)
            })
            .unwrap_or_default()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The least site that pages can be served from.
pub(crate) fn build_site(site: &Path) {
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    let manifest = r#"{"shop.css":"/pkg/shop-1.css"}"#;
    std::fs::write(site.join("manifest.json"), manifest).unwrap();
    std::fs::write(site.join("pkg/shop-1.css"), "body{}").unwrap();
}

/// Runs another command of the binary to its end.
pub(crate) fn command(arguments: &[&str]) -> Output {
    command_with(arguments, &[])
}

/// The same, with variables of its own.
pub(crate) fn command_with(arguments: &[&str], variables: &[(&str, String)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vitrine"))
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap()
}

impl Serve {
    /// Starts one with `arguments` on a free port. It may still be waiting when this returns.
    pub(crate) fn spawn(site: &Path, arguments: &[&str]) -> Self {
        Self::spawn_with(site, arguments, &[])
    }

    /// The same, with variables of its own.
    pub(crate) fn spawn_with(
        site: &Path,
        arguments: &[&str],
        variables: &[(&str, String)],
    ) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_vitrine"))
            .arg("serve")
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--public-url", &format!("http://{HOST}")])
            .arg("--site")
            .arg(site)
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, port }
    }

    /// Starts an edge in front of `origin` on a free port.
    pub(crate) async fn edge(origin: &Self, arguments: &[&str]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_vitrine"))
            .args(["edge", "--region", "here"])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--origin", &format!("http://127.0.0.1:{}", origin.port)])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut edge = Self { child, lines, port };
        edge.line("is open").await;
        edge
    }

    /// Waits until it serves.
    pub(crate) async fn open(&mut self) {
        self.line("Vitrine is open").await;
    }

    /// Makes the shop `clay` by a one-time link of another command, and answers with its owner's cookie.
    pub(crate) async fn set_up(&self, arguments: &[&str]) -> String {
        let link = command(&[&["owner-link", "--new"], arguments].concat());
        assert!(link.status.success(), "{link:?}");
        let link = String::from_utf8(link.stdout).unwrap();
        let path = &link[link.find("/setup/").unwrap()..];
        let made = [
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", "correct horse battery"),
        ];
        let answer = self.form(path.trim(), "", &made).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.to_owned()
    }

    /// Waits for a line that holds `words`.
    pub(crate) async fn line(&mut self, words: &str) -> String {
        let found = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line.contains(words) {
                    return line;
                }
            }
            panic!("it ended without a line with {words:?}");
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap()
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Begins to end it so, while somebody still talks to it.
    pub(crate) fn begin_kill(&self) {
        let id = self.child.id().unwrap().to_string();
        let killed = Command::new("kill").args(["-KILL", &id]).status().unwrap();
        assert!(killed.success());
    }

    /// Ends it in order.
    pub(crate) async fn stop(&mut self) {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }

    /// Whether it has ended, and how.
    pub(crate) async fn ended(&mut self) -> bool {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap().unwrap().success()
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    /// The same, where the process may end meanwhile.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {HOST}\r\norigin: http://{HOST}\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        let body = &answer[end + 4..];
        Ok(Answer {
            status: status.ok_or(std::io::ErrorKind::InvalidData)?,
            body: if chunked {
                dechunked(body)
            } else {
                body.to_vec()
            },
            head,
        })
    }

    /// Posts a form.
    pub(crate) async fn form(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(key, value)| {
                let value: String = value.bytes().map(|b| format!("%{b:02X}")).collect();
                format!("{key}={value}")
            })
            .collect();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookie),
        ];
        self.send("POST", path, &headers, pairs.join("&").as_bytes())
            .await
    }

    /// Gets a page as whoever has the cookie.
    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, &[("cookie", cookie)], &[]).await
    }
}

/// A chunked body joined (RFC 9112 §7.1).
fn dechunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).unwrap();
        let size = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16).unwrap();
        let start = end + 2;
        if size == 0 || body.len() < start + size {
            break;
        }
        whole.extend_from_slice(&body[start..start + size]);
        body = &body[(start + size + 2).min(body.len())..];
    }
    whole
}
