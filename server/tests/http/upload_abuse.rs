//! Uploads by clients that lie, repeat themselves or come in crowds: the right status, a sentence, and nothing lost.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    test_app::{Creator, TestApp, photo},
    upload::{PIECE, create, metadata, send, settled, tus},
};

async fn offset(app: &TestApp, creator: &Creator, path: &str) -> String {
    let head = tus(app, creator, "HEAD", path).send().await;
    assert_eq!(head.status, 200, "{}", head.text());
    head.header("upload-offset").to_owned()
}

/// A thousand wait at a time; the others are told so, and cost neither a row nor a folder.
#[tokio::test]
async fn ten_thousand_tiny_uploads() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let glas = app.creator("Glas", "glas").await;
    let one = || {
        tus(&app, &clay, "POST", "/api/uploads")
            .header("upload-length", "1")
            .header("upload-metadata", &metadata(&[("kind", "photo")]))
            .send()
    };
    let mut last = String::new();
    for number in 0..10_000 {
        let answer = one().await;
        if number < 1000 {
            assert_eq!(answer.status, 201, "{number}: {}", answer.text());
            last = answer.header("location").to_owned();
            continue;
        }
        assert_eq!(answer.status, 429, "{number}");
        assert_eq!(answer.header("retry-after"), "60");
        let problem = answer.json();
        let message = problem["message"].as_str().unwrap();
        assert!(message.starts_with("1000 uploads") && message.ends_with('.'));
    }
    assert_eq!(app.parts().len(), 1000);
    create(&app, &glas, "photo", 1).await;
    assert_eq!(send(&app, &clay, &last, 0, b"x").await.status, 204);
    assert_eq!(settled(&app, &clay, &last).await["state"], "failed");
    assert_eq!(one().await.status, 201, "one has ended");
}

#[tokio::test]
async fn the_same_bytes_sent_twice_count_once() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(160, 200);
    let path = create(&app, &clay, "photo", file.len()).await;
    let mut at = 0;
    while at < file.len() {
        let end = (at + 700).min(file.len());
        let piece = &file[at..end];
        // A proxy sends it twice, at once; and a client that heard nothing sends it again, and then with what follows.
        let (first, second) = tokio::join!(
            send(&app, &clay, &path, at, piece),
            send(&app, &clay, &path, at, piece)
        );
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "at {at}");
        if end < file.len() {
            for offset in [at, at + 1, end - 1, end + 1, file.len() + 5] {
                let late = send(&app, &clay, &path, offset, &file[at..]).await;
                assert_eq!(late.status, 409, "at {at}: {offset}");
                let message = late.json()["message"].as_str().unwrap().to_owned();
                assert!(message.contains(&end.to_string()), "{message}");
            }
        }
        assert_eq!(offset(&app, &clay, &path).await, end.to_string());
        at = end;
    }
    assert_eq!(settled(&app, &clay, &path).await["state"], "ready");
}

/// The status of the answer, 0 where the line was only closed.
async fn exchange(app: &TestApp, request: &[u8], is_cut: bool) -> u16 {
    let at = app.listen().await;
    let mut stream = TcpStream::connect(at).await.expect("connects");
    stream.write_all(request).await.expect("is sent");
    if is_cut {
        stream.shutdown().await.expect("is cut");
    }
    let mut answer = Vec::new();
    // A line that is closed hard has answered all the same.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap_or_default();
    status.parse().unwrap_or_default()
}

#[tokio::test]
async fn lengths_that_lie() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let patch = |path: &str, length: &str, bytes: &str| {
        format!(
            "PATCH {path} HTTP/1.1\r\nhost: localhost:3000\r\norigin: http://localhost:3000\r\nauthorization: {}\r\n\
             tus-resumable: 1.0.0\r\ncontent-type: {PIECE}\r\nupload-offset: 0\r\nconnection: close\r\n{length}\r\n\r\n{bytes}",
            clay.program
        )
        .into_bytes()
    };
    for (length, bytes, is_cut, statuses, kept) in [
        ("content-length: 6", "abcdef", false, &[204][..], "6"),
        // Fewer bytes than it says, and the line breaks: what came counts.
        ("content-length: 9", "abcdef", true, &[0, 204], "6"),
        // More than it says: they are no part of the body.
        ("content-length: 3", "abcdef", false, &[204], "3"),
        ("content-length: 11", "abcdefghijk", false, &[413], "0"),
        ("content-length: -1", "abcdef", false, &[400], "0"),
        (
            "content-length: 3\r\ncontent-length: 6",
            "abcdef",
            false,
            &[400],
            "0",
        ),
        (
            "transfer-encoding: chunked\r\ncontent-length: 3",
            "6\r\nabcdef\r\n0\r\n\r\n",
            false,
            &[400, 204],
            "",
        ),
        (
            "transfer-encoding: chunked",
            "6\r\nabcdef\r\nnonsense\r\n",
            false,
            &[0, 204, 400],
            "6",
        ),
        (
            "transfer-encoding: chunked",
            "ffffffffffffffffff\r\nabc",
            true,
            &[0, 204, 400],
            "0",
        ),
    ] {
        let path = create(&app, &clay, "photo", 10).await;
        let status = exchange(&app, &patch(&path, length, bytes), is_cut).await;
        assert!(statuses.contains(&status), "{length}: {status}");
        let stands = offset(&app, &clay, &path).await;
        assert!(kept.is_empty() || stands == kept, "{length}: {stands}");
        // It goes on from wherever it stands.
        let at: usize = stands.parse().unwrap();
        assert_eq!(
            send(&app, &clay, &path, at, &b"0123456789"[at..])
                .await
                .status,
            204
        );
    }
}

#[tokio::test]
async fn headers_that_cannot_be_read() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let kind = metadata(&[("kind", "photo")]);
    for (name, value) in [
        (
            "upload-metadata",
            metadata(&[("kind", "photo"), ("filename", "a\0b")]),
        ),
        (
            "upload-metadata",
            metadata(&[("kind", "photo"), ("filename", "\u{1b}[31mred")]),
        ),
        ("upload-metadata", metadata(&[("kind", "photo\n")])),
        ("upload-metadata", format!("{kind},na\tme YQ==")),
        ("upload-metadata", format!("{kind},{kind}")),
        (
            "upload-metadata",
            format!("{kind},x {}", "YQ==".repeat(2000)),
        ),
        (
            "upload-metadata",
            metadata(&[("kind", "photo"), ("start", "-1")]),
        ),
        ("upload-length", "1 0".to_owned()),
        ("upload-length", "0x10".to_owned()),
        ("upload-length", "10,10".to_owned()),
        ("upload-length", "18446744073709551616".to_owned()),
        ("upload-concat", "partially".to_owned()),
        (
            "upload-concat",
            format!("final;{}", "/api/uploads/a ".repeat(200)),
        ),
        ("upload-checksum", "crc32 AAAA".to_owned()),
    ] {
        let refused = tus(&app, &clay, "POST", "/api/uploads")
            .header("upload-length", "10")
            .header("upload-metadata", &kind)
            .header(name, &value)
            .send()
            .await;
        assert_eq!(refused.status, 400, "{name}: {value}");
        let message = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(message.ends_with('.'), "{name}: {message}");
    }
    assert!(app.parts().is_empty(), "nothing was made");
    // A name in any language, with a line end in the description, is text.
    let fine = tus(&app, &clay, "POST", "/api/uploads")
        .header("upload-length", "10")
        .header(
            "upload-metadata",
            &metadata(&[
                ("kind", "photo"),
                ("filename", "Töpfe 🏺.jpg"),
                ("alt", "A cup\non a table"),
            ]),
        )
        .send()
        .await;
    assert_eq!(fine.status, 201, "{}", fine.text());
}

/// Other clients name no kind; they send the media type, or a name.
#[tokio::test]
async fn the_kind_is_told_by_what_other_clients_send() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for (pairs, expected) in [
        (&[("filetype", "image/jpeg")][..], 201),
        (&[("filetype", "video/mp4"), ("filename", "x.jpg")], 201),
        (&[("filename", "Cup.JPEG")], 201),
        (&[("filename", "cup.mp4")], 201),
        (&[("kind", "clip"), ("filetype", "application/pdf")], 201),
        (&[("filetype", "application/pdf")], 400),
        (&[("filename", "cup.exe")], 400),
        (&[("filename", "cup")], 400),
        (&[("kind", "song"), ("filetype", "image/png")], 400),
    ] {
        let answer = tus(&app, &clay, "POST", "/api/uploads")
            .header("upload-length", "10")
            .header("upload-metadata", &metadata(pairs))
            .send()
            .await;
        assert_eq!(answer.status.as_u16(), expected, "{pairs:?}");
    }
}
