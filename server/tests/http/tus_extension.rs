//! The extensions of tus 1.0, sentence by sentence: what a server must and should do in each, a test or a row of one.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::time::UnixMs;
use services::Clock;
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    test_app::{Creator, TestApp, TestRequest, TestResponse, photo},
    upload::{PIECE, create, metadata, send, settled, tus},
};

/// 22 November 2026.
const START: UnixMs = UnixMs(1_795_300_000_000);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn new<'a>(app: &'a TestApp, creator: &Creator) -> TestRequest<'a> {
    tus(app, creator, "POST", "/api/uploads")
        .header("upload-metadata", &metadata(&[("kind", "photo")]))
}

async fn head(app: &TestApp, creator: &Creator, path: &str) -> TestResponse {
    tus(app, creator, "HEAD", path).send().await
}

async fn deferred(app: &TestApp, creator: &Creator) -> String {
    let made = new(app, creator)
        .header("upload-defer-length", "1")
        .send()
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.header("location").to_owned()
}

#[tokio::test]
async fn a_length_may_come_later() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(96, 120);
    let path = deferred(&app, &clay).await;
    let found = head(&app, &clay, &path).await;
    assert_eq!(
        (
            found.header("upload-defer-length"),
            found.header("upload-length"),
            found.header("upload-offset")
        ),
        ("1", "", "0")
    );
    assert_eq!(send(&app, &clay, &path, 0, &file[..500]).await.status, 204);
    // Known with the last bytes.
    let last = tus(&app, &clay, "PATCH", &path)
        .header("content-type", PIECE)
        .header("upload-offset", "500")
        .header("upload-length", &file.len().to_string())
        .body(&file[500..])
        .send()
        .await;
    assert_eq!(
        (last.status.as_u16(), last.header("upload-offset")),
        (204, file.len().to_string().as_str())
    );
    let found = head(&app, &clay, &path).await;
    assert_eq!(
        (
            found.header("upload-defer-length"),
            found.header("upload-length")
        ),
        ("", file.len().to_string().as_str())
    );
    assert_eq!(settled(&app, &clay, &path).await["state"], "ready");
}

#[tokio::test]
async fn a_length_may_come_after_the_last_byte() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(64, 64);
    let path = deferred(&app, &clay).await;
    assert_eq!(send(&app, &clay, &path, 0, &file).await.status, 204);
    let told = tus(&app, &clay, "PATCH", &path)
        .header("content-type", PIECE)
        .header("upload-offset", &file.len().to_string())
        .header("upload-length", &file.len().to_string())
        .send()
        .await;
    assert_eq!(told.status, 204, "{}", told.text());
    assert_eq!(settled(&app, &clay, &path).await["state"], "ready");
}

#[tokio::test]
async fn a_length_is_told_once_and_holds() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = deferred(&app, &clay).await;
    let tell = |offset: &'static str, length: &'static str| {
        tus(&app, &clay, "PATCH", &path)
            .header("content-type", PIECE)
            .header("upload-offset", offset)
            .header("upload-length", length)
            .body("abc")
    };
    assert_eq!(tell("7", "10").send().await.status, 409, "nothing changes");
    assert_eq!(
        head(&app, &clay, &path).await.header("upload-defer-length"),
        "1"
    );
    assert_eq!(tell("0", "999999999999").send().await.status, 413);
    assert_eq!(tell("0", "x").send().await.status, 400);
    assert_eq!(tell("0", "10").send().await.status, 204);
    let changed = tell("3", "11").send().await;
    assert_eq!(changed.status, 422, "{}", changed.text());
    assert_eq!(tell("3", "10").send().await.status, 204, "the same again");
    let found = head(&app, &clay, &path).await;
    assert_eq!(
        (found.header("upload-offset"), found.header("upload-length")),
        ("6", "10")
    );
    assert_eq!(
        send(&app, &clay, &path, 6, b"12345").await.status,
        413,
        "more than announced"
    );

    let fewer = deferred(&app, &clay).await;
    send(&app, &clay, &fewer, 0, b"abcdef").await;
    let less = tus(&app, &clay, "PATCH", &fewer)
        .header("content-type", PIECE)
        .header("upload-offset", "6")
        .header("upload-length", "5")
        .send()
        .await;
    assert_eq!(less.status, 422, "fewer bytes than are there");
}

#[tokio::test]
async fn a_creation_says_one_length_or_that_it_comes() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for (length, defer, expected) in [
        ("10", "", 201),
        ("", "1", 201),
        ("", "", 400),
        ("10", "1", 400),
        ("", "0", 400),
        ("", "true", 400),
        ("10", "0", 400),
    ] {
        let mut request = new(&app, &clay);
        if !length.is_empty() {
            request = request.header("upload-length", length);
        }
        if !defer.is_empty() {
            request = request.header("upload-defer-length", defer);
        }
        let answer = request.send().await;
        assert_eq!(answer.status.as_u16(), expected, "{length:?} {defer:?}");
    }
}

#[tokio::test]
async fn unfinished_uploads_say_when_they_expire() {
    let clock = Clock::set(START);
    let app = TestApp::with("http://localhost:3000", clock.clone()).await;
    let clay = app.creator("Clay", "clay").await;
    let path = create(&app, &clay, "photo", 1000).await;
    let first = head(&app, &clay, &path).await;
    let expires = |answer: &TestResponse| {
        httpdate::parse_http_date(answer.header("upload-expires")).expect("a date of HTTP")
    };
    clock.advance_ms(60 * 60 * 1000);
    let patched = send(&app, &clay, &path, 0, b"abc").await;
    assert!(expires(&patched) > expires(&first), "each byte gives time");
    let partial = new(&app, &clay)
        .header("upload-concat", "partial")
        .header("upload-length", "3")
        .header("content-type", PIECE)
        .body("abc")
        .send()
        .await;
    expires(&partial);
    clock.advance_ms(DAY_MS);
    let late = head(&app, &clay, &path).await;
    assert_eq!(
        (late.status.as_u16(), late.header("upload-offset")),
        (410, "")
    );
    assert_eq!(send(&app, &clay, &path, 3, b"d").await.status, 410);
    app.vitrine.services.drain().await.expect("the jobs run");
    assert_eq!(head(&app, &clay, &path).await.status, 404);
    assert_eq!(send(&app, &clay, &path, 3, b"d").await.status, 404);
}

#[tokio::test]
async fn a_done_upload_does_not_say_that_it_expires() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(64, 64);
    let path = create(&app, &clay, "photo", file.len()).await;
    let done = send(&app, &clay, &path, 0, &file).await;
    assert_eq!(done.header("upload-expires"), "");
    // Nothing at its end changes nothing; anything else is refused.
    assert_eq!(send(&app, &clay, &path, file.len(), b"").await.status, 204);
    assert_eq!(send(&app, &clay, &path, file.len(), b"x").await.status, 409);
    assert_eq!(send(&app, &clay, &path, 0, b"").await.status, 409);
}

#[tokio::test]
async fn termination_ends_any_upload() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(64, 64);
    let unfinished = create(&app, &clay, "photo", 1000).await;
    let failed = create(&app, &clay, "clip", 4).await;
    send(&app, &clay, &failed, 0, b"text").await;
    assert_eq!(settled(&app, &clay, &failed).await["state"], "failed");
    let ready = create(&app, &clay, "photo", file.len()).await;
    send(&app, &clay, &ready, 0, &file).await;
    assert_eq!(settled(&app, &clay, &ready).await["state"], "ready");
    let complete = create(&app, &clay, "photo", file.len()).await;
    send(&app, &clay, &complete, 0, &file).await;
    for path in [unfinished, failed, ready, complete] {
        let ended = tus(&app, &clay, "DELETE", &path).send().await;
        assert_eq!(ended.status, 204, "{}", ended.text());
        assert_eq!(head(&app, &clay, &path).await.status, 404);
        assert_eq!(send(&app, &clay, &path, 0, b"x").await.status, 404);
        assert_eq!(tus(&app, &clay, "DELETE", &path).send().await.status, 404);
    }
    app.vitrine.services.drain().await.expect("the jobs run");
    let usage = app.vitrine.services.media();
    let shop = app.viewer(&clay).await;
    assert_eq!(usage.usage(&shop).await.expect("usage").used_bytes, 0);
    assert!(usage.all(&shop).await.expect("list").is_empty());
}

/// The head of the answer to a request as it comes over the wire.
async fn exchange(app: &TestApp, request: &[u8]) -> String {
    let at = app.listen().await;
    let mut stream = TcpStream::connect(at).await.expect("connects");
    stream.write_all(request).await.expect("is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("is answered");
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test]
async fn a_checksum_may_come_behind_the_bytes() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let sha1 = "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
    let sha256 = format!("sha256 {}", STANDARD.encode(Sha256::digest(b"abc")));
    for (announced, trailer, expected, offset) in [
        (
            "Upload-Checksum",
            format!("upload-checksum: {sha1}\r\n"),
            204,
            "3",
        ),
        (
            "x-a, upload-checksum",
            format!("Upload-Checksum: {sha256}\r\n"),
            204,
            "3",
        ),
        (
            "Upload-Checksum",
            "upload-checksum: sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n".to_owned(),
            460,
            "0",
        ),
        (
            "Upload-Checksum",
            "upload-checksum: md5 kAFQmDzST7DWlj99KOF/cg==\r\n".to_owned(),
            400,
            "0",
        ),
        (
            "Upload-Checksum",
            "upload-checksum: nonsense\r\n".to_owned(),
            400,
            "0",
        ),
        ("Upload-Checksum", String::new(), 400, "0"),
        // Nobody waits for it.
        ("x-a", format!("upload-checksum: {sha1}\r\n"), 204, "3"),
    ] {
        let path = create(&app, &clay, "photo", 1000).await;
        let request = format!(
            "PATCH {path} HTTP/1.1\r\nhost: localhost:3000\r\norigin: http://localhost:3000\r\nauthorization: {}\r\ntus-resumable: 1.0.0\r\n\
             content-type: {PIECE}\r\nupload-offset: 0\r\ntransfer-encoding: chunked\r\ntrailer: {announced}\r\nconnection: close\r\n\r\n\
             2\r\nab\r\n1\r\nc\r\n0\r\n{trailer}\r\n",
            clay.program
        );
        let answer = exchange(&app, request.as_bytes()).await;
        let status = format!("http/1.1 {expected}");
        assert!(
            answer.starts_with(&status),
            "{announced} {trailer}: {answer}"
        );
        assert_eq!(
            head(&app, &clay, &path).await.header("upload-offset"),
            offset,
            "{announced} {trailer}"
        );
    }
}

async fn partial(app: &TestApp, creator: &Creator, bytes: &[u8]) -> String {
    let made = tus(app, creator, "POST", "/api/uploads")
        .header("upload-length", &bytes.len().to_string())
        .header("upload-concat", "partial")
        .send()
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("location").to_owned();
    for (at, piece) in bytes.chunks(bytes.len().div_ceil(2).max(1)).enumerate() {
        let offset = at * bytes.len().div_ceil(2);
        assert_eq!(send(app, creator, &path, offset, piece).await.status, 204);
    }
    path
}

#[tokio::test]
async fn partial_uploads_become_one_file() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(160, 200);
    let (first, rest) = file.split_at(file.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let mut paths = Vec::new();
    for bytes in [third, first, second, b""] {
        paths.push(partial(&app, &clay, bytes).await);
    }
    let found = head(&app, &clay, &paths[0]).await;
    assert_eq!(
        (
            found.header("upload-concat"),
            found.header("upload-offset"),
            found.header("upload-length")
        ),
        (
            "partial",
            third.len().to_string().as_str(),
            third.len().to_string().as_str()
        )
    );
    // Nothing is made of a part alone.
    app.vitrine.services.drain().await.expect("the jobs run");
    let alone = app
        .get(&paths[0])
        .header("authorization", &clay.program)
        .send()
        .await
        .json();
    assert_eq!(alone["state"], "receiving");

    let viewer = app.viewer(&clay).await;
    let media = app.vitrine.services.media();
    let before = media.usage(&viewer).await.expect("usage").used_bytes;
    assert_eq!(before, file.len() as u64);
    let concat = format!(
        "final;{} http://localhost:3000{} {} {}",
        paths[1], paths[2], paths[0], paths[3]
    );
    let join = || {
        tus(&app, &clay, "POST", "/api/uploads")
            .header("upload-concat", &concat)
            .header(
                "upload-metadata",
                &metadata(&[("kind", "photo"), ("alt", "A cup")]),
            )
    };
    let made = join().send().await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("location").to_owned();
    let after = media.usage(&viewer).await.expect("usage").used_bytes;
    assert_eq!(after, before, "every byte counts once");
    let again = join().send().await;
    assert_eq!(
        (again.status.as_u16(), again.header("location")),
        (201, path.as_str()),
        "the answer may have been lost"
    );
    let found = head(&app, &clay, &path).await;
    assert_eq!(
        (
            found.header("upload-concat"),
            found.header("upload-offset"),
            found.header("upload-length"),
            found.header("upload-metadata"),
        ),
        (
            concat.as_str(),
            file.len().to_string().as_str(),
            file.len().to_string().as_str(),
            metadata(&[("kind", "photo"), ("alt", "A cup")]).as_str()
        )
    );
    for (offset, bytes) in [(0, &b"x"[..]), (file.len(), b"x"), (file.len(), b"")] {
        assert_eq!(
            send(&app, &clay, &path, offset, bytes).await.status,
            403,
            "a final upload takes no bytes"
        );
    }
    let status = settled(&app, &clay, &path).await;
    assert_eq!(status["state"], "ready", "{status}");
    assert_eq!(
        (
            status["media"]["width"].as_u64(),
            status["media"]["alt"].as_str()
        ),
        (Some(160), Some("A cup"))
    );
    for path in &paths {
        assert_eq!(head(&app, &clay, path).await.status, 404, "gone into it");
    }
    assert_eq!(app.parts(), Vec::<String>::new(), "and their bytes");
}

#[tokio::test]
async fn what_cannot_be_joined_changes_nothing() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let glas = app.creator("Glas", "glas").await;
    let whole = partial(&app, &clay, b"abcdef").await;
    let foreign = partial(&app, &glas, b"abcdef").await;
    let ordinary = create(&app, &clay, "photo", 3).await;
    let unfinished = new(&app, &clay)
        .header("upload-concat", "partial")
        .header("upload-length", "9")
        .send()
        .await;
    let unfinished = unfinished.header("location");
    let unknown = new(&app, &clay)
        .header("upload-concat", "partial")
        .header("upload-defer-length", "1")
        .send()
        .await;
    let unknown = unknown.header("location");
    for (list, expected) in [
        (format!("{whole} {unfinished}"), 409),
        (format!("{whole} {unknown}"), 409),
        (format!("{whole} {foreign}"), 404),
        (format!("{whole} /api/uploads/nothing"), 404),
        (format!("{whole} {ordinary}"), 422),
        (format!("{whole} https://evil.test{whole}"), 400),
        (format!("{whole} /static/a"), 400),
        (String::new(), 400),
    ] {
        let answer = new(&app, &clay)
            .header("upload-concat", &format!("final;{list}"))
            .send()
            .await;
        assert_eq!(
            answer.status.as_u16(),
            expected,
            "{list}: {}",
            answer.text()
        );
        assert!(answer.json()["message"].as_str().unwrap().ends_with('.'));
    }
    for (name, value, expected) in [
        ("upload-length", "6", 400),
        ("upload-defer-length", "1", 400),
        ("upload-metadata", "", 400),
    ] {
        let answer = new(&app, &clay)
            .header("upload-concat", &format!("final;{whole}"))
            .header(name, value)
            .send()
            .await;
        assert_eq!(answer.status.as_u16(), expected, "{name}: {value}");
    }
    assert_eq!(
        head(&app, &clay, &whole).await.header("upload-offset"),
        "6",
        "it is there all the same"
    );
    assert_eq!(
        head(&app, &glas, &foreign).await.header("upload-offset"),
        "6"
    );
}

#[tokio::test]
async fn what_is_joined_is_no_longer_than_its_kind_may_be() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let part = partial(&app, &clay, &vec![7; 1024 * 1024]).await;
    let list = vec![part.as_str(); 41].join(" ");
    let answer = new(&app, &clay)
        .header("upload-concat", &format!("final;{list}"))
        .send()
        .await;
    assert_eq!(answer.status, 413, "{}", answer.text());
}
