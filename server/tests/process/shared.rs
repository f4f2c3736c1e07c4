use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use sqlx::{AnyConnection, Connection, Executor};

use crate::{
    bucket::Bucket,
    child::{Serve, build_site},
    round::rounds,
    upload::{
        assert_no_parts, assert_stored, create, finish, offset, patch, photo, send_until_killed,
        settled,
    },
};

/// A place that two processes share.
struct Shared {
    folder: tempfile::TempDir,
    database: String,
    /// Where the media are, if not in a shared folder.
    bucket: Option<Bucket>,
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
            bucket: None,
        })
    }

    /// The same with a bucket for the media.
    async fn with_bucket(schema: &str) -> Option<Self> {
        let mut shared = Self::new(schema).await?;
        shared.bucket = Some(Bucket::start(&shared.folder.path().join("s3")).await);
        Some(shared)
    }

    /// The folder in which every object of the media store is a file.
    fn media(&self) -> PathBuf {
        match &self.bucket {
            Some(bucket) => bucket.folder.join("shops"),
            None => self.folder.path().join("media"),
        }
    }

    /// A process with a data folder of its own.
    fn spawn(&self, name: &str) -> Serve {
        let data = self.folder.path().join(name);
        let media = match &self.bucket {
            Some(bucket) => bucket.url(),
            None => self.media().to_str().unwrap().to_owned(),
        };
        let arguments = [
            "--data",
            data.to_str().unwrap(),
            "--database-url",
            &self.database,
            "--media-url",
            &media,
        ];
        let variables = self
            .bucket
            .as_ref()
            .map(Bucket::variables)
            .unwrap_or_default();
        Serve::spawn_with(&self.folder.path().join("site"), &arguments, &variables)
    }

    /// Two processes that started together, and the owner of a shop.
    async fn pair(&self) -> (Serve, Serve, Owner) {
        let (mut one, mut two) = (self.spawn("one"), self.spawn("two"));
        one.open().await;
        two.open().await;
        let data = self.folder.path().join("one");
        let store = [
            "--data",
            data.to_str().unwrap(),
            "--database-url",
            &self.database,
        ];
        let cookie = one.set_up(&store).await;
        let token = Serve::token(&store);
        (one, two, Owner { cookie, token })
    }
}

/// What a shop's owner shows: a browser's cookie, and the token of a program.
struct Owner {
    cookie: String,
    token: String,
}

/// Two processes take one upload together, each sending the same pieces.
async fn take_one_upload_together(shared: &Shared) {
    let (one, two, owner) = shared.pair().await;
    for round in rounds(2) {
        let bytes = photo(round.below(1 << 20, 2) as u32);
        let path = create(&one, &owner.token, bytes.len()).await;
        let mut at = 0;
        while at < bytes.len() {
            let end = (at + bytes.len() / 5 + 1).min(bytes.len());
            // Both send the same piece at once: whatever is acknowledged is acknowledged once.
            let (a, b) = tokio::join!(
                patch(&one, &owner.token, &path, at, &bytes[at..end]),
                patch(&two, &owner.token, &path, at, &bytes[at..end]),
            );
            let taken = [a.unwrap().status, b.unwrap().status];
            assert!(
                taken.iter().all(|status| [204, 409].contains(status)),
                "{taken:?}"
            );
            let (here, there) = (
                offset(&one, &owner.token, &path).await,
                offset(&two, &owner.token, &path).await,
            );
            assert_eq!(here, there);
            assert!(here == at || here == end, "{at}..{end}: {here}");
            at = here;
        }
        let status = settled(&two, &owner.token, &path).await;
        assert_eq!(status["state"], "ready", "{status}");
        assert_stored(&shared.media(), &bytes);
    }
    assert_no_parts(&shared.media()).await;
}

/// One process is killed in the middle of an upload, and the other goes on with it.
async fn go_on_after_a_kill(shared: &Shared) {
    let (mut one, two, owner) = shared.pair().await;
    for round in rounds(2) {
        let bytes = photo(round.below(1 << 20, 2) as u32);
        let (path, acknowledged) = send_until_killed(one, &owner.token, &bytes, round).await;
        finish(
            &two,
            &owner.token,
            &path,
            acknowledged,
            &bytes,
            &shared.media(),
        )
        .await;
        one = shared.spawn("one");
        one.open().await;
    }
    assert_no_parts(&shared.media()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_postgres_take_one_upload_together() {
    if let Some(shared) = Shared::new("upload").await {
        take_one_upload_together(&shared).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_postgres_and_a_bucket_take_one_upload_together() {
    if let Some(shared) = Shared::with_bucket("bucket").await {
        take_one_upload_together(&shared).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_processes_on_postgres_one_goes_on_when_the_other_is_killed() {
    if let Some(shared) = Shared::new("kill").await {
        go_on_after_a_kill(&shared).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_processes_on_postgres_and_a_bucket_one_goes_on_when_the_other_is_killed() {
    if let Some(shared) = Shared::with_bucket("bucket_kill").await {
        go_on_after_a_kill(&shared).await;
    }
}

/// What two processes share, each in turn: purging, holds, sign-in limits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_postgres_share_purging_holds_and_limits() {
    let Some(shared) = Shared::new("purge").await else {
        return;
    };
    let (one, two, owner) = shared.pair().await;
    let cookie = owner.cookie;
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
    for price in 100..100 + 5 * rounds(2).count() {
        for process in [&one, &two] {
            // The feed drops what the commit before dropped as well, so a page is cached for good a moment later.
            while !process
                .get("/p/cup", "")
                .await
                .header("cache-status")
                .contains("hit")
            {}
        }
        let price = price.to_string();
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
