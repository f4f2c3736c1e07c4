//! A product page from the cache, in brotli, beside nginx with the same bytes in a file.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::super::Figure;
use super::connection::Connection;
use super::instance::{Folder, Instance, free_port};
use super::{Kind, ROUNDS, Turn, Turns, beside, beside_old, process};
use crate::install::{self, Package};

/// How long a turn lasts, s.
const SECONDS: u64 = 4;

/// How many connections ask at once, from two threads.
const CONNECTIONS: usize = 32;

/// The least share of nginx's requests a second.
const LEAST: f64 = 0.55;

const KIND: Kind = Kind {
    rate: ("page_rps", "1/s"),
    cpu: ("page_cpu", "us"),
};

/// Measures both servers and nginx, turn by turn.
///
/// # Errors
/// When wrk or nginx is missing and cannot be installed, or a server answers otherwise than with the page.
pub(super) fn measure(new: &mut Instance, old: Option<&mut Instance>) -> Result<Vec<Figure>> {
    let wrk = install::have(Package::Wrk)?;
    let bytes = page(new)?;
    let nginx = Nginx::start(&bytes)?;
    let (mut ours, mut theirs, mut files) = (Turns::default(), Turns::default(), Turns::default());
    for _ in 0..ROUNDS {
        ours.0.push(turn(&wrk, new)?);
        if let Some(old) = &old {
            theirs.0.push(turn(&wrk, old)?);
        }
        let host = format!("localhost:{}", nginx.port);
        files.0.push(load(
            &wrk,
            nginx.port,
            &host,
            "/page.html",
            nginx.child.id(),
        )?);
    }
    let mut figures = beside(KIND, &ours, "nginx", &files, Some(LEAST), None);
    if old.is_some() {
        figures.extend(beside_old(KIND, &ours, &theirs));
    }
    Ok(figures)
}

/// The page as it goes out in brotli, from the cache.
fn page(instance: &Instance) -> Result<Vec<u8>> {
    let mut connection = instance.connect()?;
    let ask = [("accept-encoding", "br")];
    connection
        .ask("GET", &instance.page, &ask, &[])?
        .with(200)?;
    let answer = connection
        .ask("GET", &instance.page, &ask, &[])?
        .with(200)?;
    ensure!(
        answer.header("content-encoding") == "br",
        "The page does not come in brotli."
    );
    ensure!(
        answer.header("cache-status").contains("hit"),
        "The page does not come from the cache: {}",
        answer.header("cache-status")
    );
    Ok(answer.body)
}

fn turn(wrk: &Path, instance: &Instance) -> Result<Turn> {
    let server = &instance.server;
    page(instance)?;
    load(wrk, server.port, &server.host, &instance.page, server.id())
}

/// Asks for a page for a while and reads what wrk and `/proc` say.
fn load(wrk: &Path, port: u16, host: &str, path: &str, process: u32) -> Result<Turn> {
    let before = process::cpu_us(process)?;
    let output = Command::new(wrk)
        .args(["-t2", &format!("-c{CONNECTIONS}"), &format!("-d{SECONDS}s")])
        .args(["-H", &format!("Host: {host}"), "-H", "Accept-Encoding: br"])
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .output()
        .context("wrk cannot be started.")?;
    let took = process::cpu_us(process)? - before;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "wrk failed: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (count, rate) = read(&said).with_context(|| format!("wrk said:\n{said}"))?;
    Ok(Turn {
        rate,
        cpu: took / count,
    })
}

/// Requests and requests a second of what wrk says; an error where it had another answer than one of 200 or none at all.
fn read(said: &str) -> Result<(f64, f64)> {
    for bad in ["Non-2xx", "Socket errors"] {
        ensure!(!said.contains(bad), "Not every request was answered well.");
    }
    let number = |line: Option<&str>| line.and_then(|word| word.trim().parse::<f64>().ok());
    let count = said
        .lines()
        .find_map(|line| line.split_once(" requests in "));
    let count = number(count.map(|(count, _)| count)).context("No count of requests.")?;
    let rate = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    Ok((count, number(rate).context("No requests a second.")?))
}

/// nginx with one file. Dropped, it is stopped.
#[derive(Debug)]
struct Nginx {
    child: Child,
    port: u16,
    _folder: Folder,
}

impl Nginx {
    /// Serves these bytes at `/page.html`, as a page in brotli.
    fn start(bytes: &[u8]) -> Result<Self> {
        let program = install::have(Package::Nginx)?;
        let folder = Folder::new("nginx")?;
        let port = free_port()?;
        fs::write(folder.path().join("page.html"), bytes)?;
        let configuration = folder.path().join("nginx.conf");
        fs::write(&configuration, settings(folder.path(), port))?;
        let child = Command::new(program)
            .arg("-c")
            .arg(&configuration)
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx cannot be started.")?;
        let mut nginx = Self {
            child,
            port,
            _folder: folder,
        };
        let began = Instant::now();
        loop {
            let answer = Connection::open(port, "localhost")
                .and_then(|mut connection| connection.ask("GET", "/page.html", &[], &[]));
            if answer.is_ok_and(|answer| answer.status == 200 && answer.body == bytes) {
                return Ok(nginx);
            }
            ensure!(
                nginx.child.try_wait()?.is_none() && began.elapsed() < Duration::from_secs(10),
                "nginx does not answer with the page."
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(
            Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .output(),
        );
        drop(self.child.wait());
    }
}

/// Two workers, as many as the machine that the figures are from has cores; files are sent by the kernel and kept open.
fn settings(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off;\nworker_processes 2;\npid {folder}/pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
         access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; etag on;\n\
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;\n\
         uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n\
         open_file_cache max=16; open_file_cache_valid 60s;\n\
         default_type \"text/html; charset=utf-8\";\n\
         server {{ listen 127.0.0.1:{port} backlog=1024; root {folder}; add_header Content-Encoding br; add_header Vary Accept-Encoding; }}\n\
         }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 4s test @ http://127.0.0.1:1/p\n  2 threads and 32 connections\n  41230 requests in 4.00s, 900MB read\nRequests/sec:  10307.50\nTransfer/sec: 225MB\n";

    #[test]
    fn what_wrk_says() {
        assert_eq!(read(SAID).expect("reads"), (41230.0, 10307.5));
        assert!(read(&format!("{SAID}  Non-2xx or 3xx responses: 3\n")).is_err());
        assert!(read("").is_err());
    }
}
