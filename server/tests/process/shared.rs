use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sqlx::{AnyConnection, Connection, Executor};

use crate::child::{Answer, Serve, build_site, command};

/// How often the tests repeat what they are about.
fn rounds() -> u32 {
    std::env::var("VITRINE_SOAK_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(2)
}

/// A place that two processes share.
struct Shared {
    folder: tempfile::TempDir,
    database: String,
}

impl Shared {
    /// A fresh schema and a fresh folder; `None` where there is no PostgreSQL.
    async fn new(schema: &str) -> Option<Self> {
        let Ok(server) = std::env::var("VITRINE_TEST_POSTGRES") else {
            assert!(
                std::env::var("CI").is_err(),
                "PostgreSQL is tested where a CI runs this"
            );
            eprintln!("NOT TESTED ON POSTGRESQL: `cargo xtask test` sets VITRINE_TEST_POSTGRES");
            return None;
        };
        sqlx::any::install_default_drivers();
        let schema = format!("p{}_{schema}", std::process::id());
        let mut connection = AnyConnection::connect(&server).await.unwrap();
        for statement in [
            format!("DROP SCHEMA IF EXISTS {schema} CASCADE"),
            format!("CREATE SCHEMA {schema}"),
        ] {
            connection
                .execute(sqlx::AssertSqlSafe(statement))
                .await
                .unwrap();
        }
        let mark = if server.contains('?') { '&' } else { '?' };
        let folder = tempfile::tempdir().unwrap();
        build_site(&folder.path().join("site"));
        Some(Self {
            folder,
            database: format!("{server}{mark}options=-c%20search_path%3D{schema}"),
        })
    }

    fn media(&self) -> PathBuf {
        self.folder.path().join("media")
    }

    /// A process with a data folder of its own.
    fn spawn(&self, name: &str) -> Serve {
        let data = self.folder.path().join(name);
        let arguments = [
            "--data",
            data.to_str().unwrap(),
            "--database-url",
            &self.database,
            "--media-url",
            self.media().to_str().unwrap(),
        ]
        .map(str::to_owned);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Serve::spawn(&self.folder.path().join("site"), &arguments)
    }

    /// Two processes that started together, and the cookie of a shop's owner.
    async fn pair(&self) -> (Serve, Serve, String) {
        let (mut one, mut two) = (self.spawn("one"), self.spawn("two"));
        one.open().await;
        two.open().await;
        let data = self.folder.path().join("one");
        let data = data.to_str().unwrap();
        let database = ["--database-url", self.database.as_str()];
        let link = command(&[&["owner-link", "--new", "--data", data], &database[..]].concat());
        let link = String::from_utf8(link.stdout).unwrap();
        let path = &link[link.find("/setup/").unwrap()..];
        let made = [
            ("shop_name", "Clay"),
            ("handle", "clay"),
            ("currency", "EUR"),
            ("password", "correct horse battery"),
        ];
        let answer = one.form(path.trim(), "", &made).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        (one, two, cookie.to_owned())
    }
}

/// A JPEG of noise, so that it is large and one wrong byte shows.
fn photo(seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let picture = image::RgbImage::from_fn(240, 200, |_, _| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let [r, g, b, _] = state.to_le_bytes();
        image::Rgb([r, g, b])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .unwrap();
    file.into_inner()
}

async fn tus(
    process: &Serve,
    cookie: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut all = vec![("tus-resumable", "1.0.0"), ("cookie", cookie)];
    all.extend_from_slice(headers);
    process.try_send(method, path, &all, body).await
}

async fn create(process: &Serve, cookie: &str, length: usize) -> String {
    let length = length.to_string();
    let headers = [
        ("upload-length", length.as_str()),
        ("upload-metadata", "kind cGhvdG8="),
    ];
    let made = tus(process, cookie, "POST", "/api/uploads", &headers, &[])
        .await
        .unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    let location = made.header("location");
    location[location.find("/api/").unwrap()..].to_owned()
}

async fn patch(
    process: &Serve,
    cookie: &str,
    path: &str,
    offset: usize,
    bytes: &[u8],
) -> std::io::Result<Answer> {
    let offset = offset.to_string();
    let headers = [
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", offset.as_str()),
    ];
    tus(process, cookie, "PATCH", path, &headers, bytes).await
}

async fn offset(process: &Serve, cookie: &str, path: &str) -> usize {
    let head = tus(process, cookie, "HEAD", path, &[], &[]).await.unwrap();
    assert_eq!(head.status, 200);
    head.header("upload-offset").parse().unwrap()
}

/// What became of an upload, asked until it is there: the job may run in either process.
async fn settled(process: &Serve, cookie: &str, path: &str) -> serde_json::Value {
    let begun = Instant::now();
    loop {
        let status = process.get(path, cookie).await.json();
        if status["state"] != "processing" {
            return status;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{status}");
        // Another process' work has no event that this one could wait for.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The original in the store is what was sent.
fn assert_stored(media: &Path, bytes: &[u8]) {
    let hash = blake3::hash(bytes).to_hex();
    let found = std::fs::read_dir(media)
        .unwrap()
        .map(|shop| {
            shop.unwrap()
                .path()
                .join(hash.as_str())
                .join("original.jpg")
        })
        .find(|path| path.exists());
    assert_eq!(std::fs::read(found.unwrap()).unwrap(), bytes);
}

/// What two_processes share, each in turn: uploads, sign-in limits, purging, holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_postgres_take_one_upload_together() {
    let Some(shared) = Shared::new("upload").await else {
        return;
    };
    let (one, two, cookie) = shared.pair().await;
    for round in 0..rounds() {
        let bytes = photo(round.wrapping_mul(7919) + 3);
        let path = create(&one, &cookie, bytes.len()).await;
        let mut at = 0;
        while at < bytes.len() {
            let end = (at + bytes.len() / 5 + 1).min(bytes.len());
            // Both send the same piece at once: whatever is acknowledged is acknowledged once.
            let (a, b) = tokio::join!(
                patch(&one, &cookie, &path, at, &bytes[at..end]),
                patch(&two, &cookie, &path, at, &bytes[at..end]),
            );
            let taken = [a.unwrap().status, b.unwrap().status];
            assert!(
                taken.iter().all(|status| [204, 409].contains(status)),
                "{taken:?}"
            );
            let (here, there) = (
                offset(&one, &cookie, &path).await,
                offset(&two, &cookie, &path).await,
            );
            assert_eq!(here, there);
            assert!(here == at || here == end, "{at}..{end}: {here}");
            at = here;
        }
        let status = settled(&two, &cookie, &path).await;
        assert_eq!(status["state"], "ready", "{status}");
        assert_stored(&shared.media(), &bytes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_processes_on_postgres_one_goes_on_when_the_other_is_killed() {
    let Some(shared) = Shared::new("kill").await else {
        return;
    };
    let (mut one, two, cookie) = shared.pair().await;
    for round in 0..rounds() {
        let bytes = photo(round.wrapping_mul(104_729) + 11);
        let path = create(&two, &cookie, bytes.len()).await;
        let half = bytes.len() / 2;
        let sent = patch(&one, &cookie, &path, 0, &bytes[..half])
            .await
            .unwrap();
        assert_eq!(sent.status, 204);
        one.kill().await;
        let at = offset(&two, &cookie, &path).await;
        assert_eq!(at, half, "what was acknowledged is there");
        let rest = patch(&two, &cookie, &path, at, &bytes[at..]).await.unwrap();
        assert_eq!(rest.status, 204);
        let status = settled(&two, &cookie, &path).await;
        assert_eq!(status["state"], "ready", "{status}");
        assert_stored(&shared.media(), &bytes);
        one = shared.spawn("one");
        one.open().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_postgres_share_purging_holds_and_limits() {
    let Some(shared) = Shared::new("purge").await else {
        return;
    };
    let (one, two, cookie) = shared.pair().await;
    let made = one.form("/manage/products", &cookie, &[]).await;
    let editor = made.header("location").to_owned();
    let mut form = b"--edge\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"cup.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n".to_vec();
    form.extend(photo(5));
    form.extend(b"\r\n--edge--\r\n");
    let headers = [
        ("content-type", "multipart/form-data; boundary=edge"),
        ("cookie", cookie.as_str()),
    ];
    let added = two
        .send("POST", &format!("{editor}/photos"), &headers, &form)
        .await;
    assert_eq!(added.status, 303, "{}", added.text());
    let save = async |process: &Serve, price: &str, stock: &str| {
        let fields = [
            ("title", "Cup"),
            ("slug", "cup"),
            ("price", price),
            ("stock", stock),
        ];
        let saved = process.form(&editor, &cookie, &fields).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
    };
    save(&one, "38", "1").await;
    let published = one.form(&format!("{editor}/publish"), &cookie, &[]).await;
    assert_eq!(published.status, 303);

    // An edit at one is at the other in a blink, without its being asked by anybody.
    let mut worst = Duration::ZERO;
    for round in 0..rounds() * 5 {
        for process in [&one, &two] {
            // The feed drops what the commit before dropped as well, so a page is cached for good a moment later.
            while !process
                .get("/p/cup", "")
                .await
                .header("cache-status")
                .contains("hit")
            {}
        }
        let price = format!("{}", 100 + round);
        save(&one, &price, "1").await;
        let saved = Instant::now();
        assert!(
            one.get("/p/cup", "").await.text().contains(&price),
            "creators see their own save"
        );
        while !two.get("/p/cup", "").await.text().contains(&price) {
            assert!(
                saved.elapsed() < Duration::from_secs(3),
                "the other never saw it"
            );
        }
        worst = worst.max(saved.elapsed());
    }
    println!(
        "an edit was at the other process after at most {} ms",
        worst.as_millis()
    );

    // One piece, and both sell it.
    let (a, b) = tokio::join!(
        one.form(
            "/p/cup/buy",
            "",
            &[("idempotency_key", "a-key-of-one-buyer")]
        ),
        two.form("/p/cup/buy", "", &[("idempotency_key", "a-key-of-another")]),
    );
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "held once");

    // Ten wrong passwords at a handle, whichever process hears them.
    let wrong = [("handle", "clay"), ("password", "wrong horse battery")];
    for _ in 0..5 {
        assert_eq!(one.form("/sign-in", "", &wrong).await.status, 403);
        assert_eq!(two.form("/sign-in", "", &wrong).await.status, 403);
    }
    assert_eq!(one.form("/sign-in", "", &wrong).await.status, 429);
    assert_eq!(two.form("/sign-in", "", &wrong).await.status, 429);
}
