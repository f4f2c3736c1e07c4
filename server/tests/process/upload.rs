//! Uploads by tus to a running process, and what the media store has of them.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    child::{Answer, Serve, send_to},
    round::Round,
};

/// The files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// A JPEG of noise, so that it is large and one wrong byte shows.
pub(crate) fn photo(seed: u32) -> Vec<u8> {
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
    port: u16,
    token: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<Answer> {
    let bearer = format!("Bearer {token}");
    let mut all = vec![("tus-resumable", "1.0.0"), ("authorization", &bearer)];
    all.extend_from_slice(headers);
    send_to(port, method, path, &all, body).await
}

pub(crate) async fn create(process: &Serve, token: &str, length: usize) -> String {
    let length = length.to_string();
    let headers = [
        ("upload-length", length.as_str()),
        ("upload-metadata", "kind cGhvdG8="),
    ];
    let made = tus(process.port(), token, "POST", "/api/uploads", &headers, &[])
        .await
        .unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    let location = made.header("location");
    location[location.find("/api/").unwrap()..].to_owned()
}

pub(crate) async fn patch(
    process: &Serve,
    token: &str,
    path: &str,
    offset: usize,
    bytes: &[u8],
) -> std::io::Result<Answer> {
    patch_at(process.port(), token, path, offset, bytes).await
}

/// The same by way of another port.
pub(crate) async fn patch_at(
    port: u16,
    token: &str,
    path: &str,
    offset: usize,
    bytes: &[u8],
) -> std::io::Result<Answer> {
    let offset = offset.to_string();
    let headers = [
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", offset.as_str()),
    ];
    tus(port, token, "PATCH", path, &headers, bytes).await
}

pub(crate) async fn offset(process: &Serve, token: &str, path: &str) -> usize {
    let head = tus(process.port(), token, "HEAD", path, &[], &[])
        .await
        .unwrap();
    assert_eq!(head.status, 200);
    head.header("upload-offset").parse().unwrap()
}

/// Sends an upload in two pieces, and kills the process at any moment of the second one. Answers with the address, and with how
/// many bytes were acknowledged at least.
pub(crate) async fn send_until_killed(
    process: Serve,
    token: &str,
    bytes: &[u8],
    round: Round,
) -> (String, usize) {
    let path = create(&process, token, bytes.len()).await;
    let cut = 1 + round.below(bytes.len() - 1, 0);
    let sent = patch(&process, token, &path, 0, &bytes[..cut]).await;
    assert_eq!(sent.unwrap().status, 204);
    // A piece takes some milliseconds, so this falls before, into or after it.
    let moment = Duration::from_micros(round.below(8000, 1) as u64);
    let (sent, ()) = tokio::join!(patch(&process, token, &path, cut, &bytes[cut..]), async {
        tokio::time::sleep(moment).await;
        process.begin_kill();
    });
    process.kill().await;
    let is_acknowledged = sent.is_ok_and(|answer| answer.status == 204);
    (path, if is_acknowledged { bytes.len() } else { cut })
}

/// Goes on with what [`send_until_killed`] left, and compares what is stored.
pub(crate) async fn finish(
    process: &Serve,
    token: &str,
    path: &str,
    acknowledged: usize,
    bytes: &[u8],
    media: &Path,
) {
    let at = offset(process, token, path).await;
    assert!(
        at >= acknowledged,
        "{at} of {acknowledged} acknowledged bytes are there"
    );
    if at < bytes.len() {
        let rest = patch(process, token, path, at, &bytes[at..]).await.unwrap();
        assert_eq!(rest.status, 204);
    }
    let status = settled(process, token, path).await;
    assert_eq!(status["state"], "ready", "{status}");
    assert_stored(media, bytes);
}

/// What became of an upload, asked until it is there: the job may run in either process.
pub(crate) async fn settled(process: &Serve, token: &str, path: &str) -> serde_json::Value {
    let begun = Instant::now();
    loop {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let status = process.send("GET", path, &headers, &[]).await.json();
        if status["state"] != "processing" {
            return status;
        }
        // What a killed process was at is taken over when its lease ends, after a minute.
        assert!(begun.elapsed() < Duration::from_secs(100), "{status}");
        // Another process' work has no event that this one could wait for.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The original in the store is what was sent.
pub(crate) fn assert_stored(media: &Path, bytes: &[u8]) {
    let hash = blake3::hash(bytes).to_hex();
    let found = std::fs::read_dir(media)
        .unwrap()
        .flat_map(|shop| {
            let object = shop.unwrap().path().join(hash.as_str());
            ["original.jpg", "original.png"].map(|name| object.join(name))
        })
        .find(|path| path.exists());
    assert_eq!(std::fs::read(found.unwrap()).unwrap(), bytes);
}

/// Every part of an upload is deleted when the upload is done, at the latest by a job.
pub(crate) async fn assert_no_parts(media: &Path) {
    let parts = media.join(".uploads");
    let begun = Instant::now();
    loop {
        let left = files_below(&parts);
        if left.is_empty() {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{left:?} are left"
        );
        // Another process' work has no event that this one could wait for.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
