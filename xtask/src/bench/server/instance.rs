//! A running `vitrine` with a data folder of its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::connection::{Answer, Connection, form};
use super::process;

/// How long a start may take at most.
const START: Duration = Duration::from_secs(60);

/// How long to wait for a server to stop.
const STOP: Duration = Duration::from_secs(20);

/// How long the demo shop's pictures may take to be encoded.
const QUIET: Duration = Duration::from_secs(900);

/// Processor's time in half a second below which a server is at rest, µs.
const REST_US: f64 = 20_000.0;

/// A folder that goes with the value.
#[derive(Debug)]
pub(in crate::bench) struct Folder(PathBuf);

impl Folder {
    /// Makes an empty one. Others may enter: nginx gives up its rights before it reads files.
    pub(in crate::bench) fn new(name: &str) -> Result<Self> {
        let name = format!("vitrine-bench-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir(&path).with_context(|| format!("{} cannot be made.", path.display()))?;
        Ok(Self(path))
    }

    pub(in crate::bench) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is the system's to clean.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A server that runs. Dropped, it is stopped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// The port it listens on, on the loopback address.
    pub(super) port: u16,
    /// The name it goes by, as browsers send it.
    pub(super) host: String,
    /// From the start of the process to its first good answer.
    pub(super) ready: Duration,
}

impl Server {
    /// Starts a binary on a data folder and asks `/healthz` until it answers with 200.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(binary: &Path, data: &Path) -> Result<Self> {
        let port = free_port()?;
        let host = format!("localhost:{port}");
        let log = data.join("log");
        let began = Instant::now();
        let child = Command::new(binary)
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args(["--public-url", &format!("http://{host}")])
            // So that one machine can be as many shoppers as it likes: each has its own limits.
            .args(["--trusted-proxy", "127.0.0.1"])
            // The servers beside it keep no log of requests either.
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("{} cannot be started.", binary.display()))?;
        let mut server = Self {
            child,
            port,
            host,
            ready: Duration::ZERO,
        };
        loop {
            let answer = Connection::open(port, &server.host)
                .and_then(|mut connection| connection.ask("GET", "/healthz", &[], &[]));
            if answer.is_ok_and(|answer| answer.status == 200) {
                server.ready = began.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                let log = fs::read_to_string(&log).unwrap_or_default();
                bail!("The server stopped with {status}:\n{log}");
            }
            ensure!(began.elapsed() < START, "The server does not get healthy.");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// The process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it does nothing any more.
    ///
    /// # Errors
    /// When it does not come to rest.
    fn rest(&self) -> Result<()> {
        let began = Instant::now();
        let mut calm = 0;
        let mut before = process::cpu_us(self.id())?;
        while calm < 4 {
            ensure!(
                began.elapsed() < QUIET,
                "The server does not come to rest after {} s.",
                QUIET.as_secs()
            );
            std::thread::sleep(Duration::from_millis(500));
            let now = process::cpu_us(self.id())?;
            calm = if now - before <= REST_US { calm + 1 } else { 0 };
            before = now;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The number of a process that is gone may be another's.
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        drop(
            Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .output(),
        );
        let began = Instant::now();
        while began.elapsed() < STOP {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A port that is free now.
pub(in crate::bench) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The demo shop, its owner signed in, at rest.
#[derive(Debug)]
pub(super) struct Instance {
    /// The running server. Stops before the folder goes.
    pub(super) server: Server,
    /// What a browser sends back: the owner's session.
    cookie: String,
    /// The only `Origin` that may change something.
    pub(super) origin: String,
    /// The path of a product that is on sale.
    pub(super) page: String,
    _data: Folder,
}

impl Instance {
    /// Fills a demo shop, starts the server on it, signs its owner in and puts a million pieces of one product on sale.
    ///
    /// # Errors
    /// When the binary does otherwise than the pages of the shop say.
    pub(super) fn demo(binary: &Path) -> Result<Self> {
        let data = Folder::new(&format!("demo-{}", free_port()?))?;
        let seeded = Command::new(binary)
            .args(["seed", "--data"])
            .arg(data.path())
            .output()
            .with_context(|| format!("{} cannot be started.", binary.display()))?;
        let said = String::from_utf8_lossy(&seeded.stdout).into_owned();
        ensure!(
            seeded.status.success(),
            "The demo shop cannot be filled: {said}{}",
            String::from_utf8_lossy(&seeded.stderr)
        );
        let link =
            after(&said, "/setup/").context("`vitrine seed` names no link for its owner.")?;
        let server = Server::start(binary, data.path())?;
        let origin = format!("http://{}", server.host);
        let mut instance = Self {
            server,
            cookie: String::new(),
            origin,
            page: String::new(),
            _data: data,
        };
        let mut connection = instance.connect()?;
        let password = [("password", "a phrase for the bench")];
        let entered = instance.post(&mut connection, &format!("/setup/{link}"), &password)?;
        let entered = entered.with(303)?;
        let cookie = entered.header("set-cookie").split(';').next();
        instance.cookie = cookie.unwrap_or_default().to_owned();
        let list = instance
            .get(&mut connection, "/manage/products")?
            .with(200)?;
        let product = after(&list.text(), "/manage/products/").context("The shop is empty.")?;
        let editor = format!("/manage/products/{product}");
        let edited = instance.get(&mut connection, &editor)?.with(200)?;
        let slug = after(&edited.text(), "/p/").context("The product has no page.")?;
        instance.page = format!("/p/{slug}");
        let fields = [
            ("title", "Cup"),
            ("price", "38"),
            ("stock", "1000000"),
            ("slug", &slug),
        ];
        instance
            .post(&mut connection, &editor, &fields)?
            .with(303)?;
        instance.server.rest()?;
        Ok(instance)
    }

    /// A new connection.
    ///
    /// # Errors
    /// When the server does not take it.
    pub(super) fn connect(&self) -> Result<Connection> {
        Connection::open(self.server.port, &self.server.host)
    }

    /// Headers of the owner's browser.
    pub(super) fn owner(&self) -> [(&str, &str); 2] {
        [("cookie", &self.cookie), ("origin", &self.origin)]
    }

    fn get(&self, connection: &mut Connection, path: &str) -> Result<Answer> {
        connection.ask("GET", path, &self.owner(), &[])
    }

    fn post(
        &self,
        connection: &mut Connection,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Result<Answer> {
        let [cookie, origin] = self.owner();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        connection.ask("POST", path, &[cookie, origin, kind], &form(fields))
    }
}

/// The word that follows the first `mark` in a text that a name follows: letters, digits, `-` and `_`.
fn after(text: &str, mark: &str) -> Option<String> {
    text.match_indices(mark).find_map(|(at, _)| {
        let rest = &text[at + mark.len()..];
        let word: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
            .collect();
        (!word.is_empty()).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_after_a_mark() {
        let text = "<form action=\"/manage/products/\"><a href=\"/manage/products/ab-1_c\">";
        assert_eq!(after(text, "/manage/products/").as_deref(), Some("ab-1_c"));
        assert_eq!(after(text, "/p/"), None);
    }

    #[test]
    fn a_folder_goes_with_its_value() {
        let folder = Folder::new("test").expect("made");
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        drop(folder);
        assert!(!path.exists());
    }
}
