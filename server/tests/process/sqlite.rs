use std::io::Cursor;

use image::{ImageFormat, RgbImage};

use crate::{
    bucket::Bucket,
    child::{Serve, build_site, command},
    round::rounds,
    upload::{
        assert_no_parts, assert_stored, create, finish, patch, photo, send_until_killed, settled,
    },
};

#[tokio::test]
async fn a_second_serve_on_a_sqlite_folder_waits_for_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let (site, data) = (folder.path().join("site"), folder.path().join("data"));
    build_site(&site);
    let data = data.to_str().unwrap();
    let mut first = Serve::spawn(&site, &["--data", data]);
    first.open().await;
    let mut second = Serve::spawn(&site, &["--data", data]);

    // Other commands run beside it.
    first.set_up(&["--data", data]).await;
    let jobs = command(&["jobs", "--data", data]);
    assert_eq!(String::from_utf8(jobs.stdout).unwrap(), "No work failed.\n");

    first.stop().await;
    second.open().await;
    assert_eq!(second.get("/@clay", "").await.status, 200);
    // And one that waits in vain is refused in the end.
    let mut third = Serve::spawn(&site, &["--data", data]);
    assert!(!third.ended().await, "two would serve at once");
    assert_eq!(second.get("/@clay", "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_on_after_the_server_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (site, data) = (folder.path().join("site"), folder.path().join("data"));
    build_site(&site);
    let media = data.join("media");
    let arguments = ["--data", data.to_str().unwrap()];
    let mut process = Serve::spawn(&site, &arguments);
    process.open().await;
    process.set_up(&arguments).await;
    let token = Serve::token(&arguments);
    for round in rounds(2) {
        let bytes = photo(round.below(1 << 20, 2) as u32);
        let (path, acknowledged) = send_until_killed(process, &token, &bytes, round).await;
        process = Serve::spawn(&site, &arguments);
        process.open().await;
        finish(&process, &token, &path, acknowledged, &bytes, &media).await;
    }
    assert_no_parts(&media).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_takes_an_upload_of_several_objects() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::start(&folder.path().join("s3")).await;
    let (site, data) = (folder.path().join("site"), folder.path().join("data"));
    build_site(&site);
    let data = data.to_str().unwrap();
    let url = bucket.url();
    let arguments = ["--data", data, "--media-url", &url];
    let mut process = Serve::spawn_with(&site, &arguments, &bucket.variables());
    process.open().await;
    process.set_up(&["--data", data]).await;
    let token = Serve::token(&["--data", data]);

    // A picture that cannot be compressed: larger than what is held in memory before an object is written.
    let mut random = blake3::Hasher::new().finalize_xof();
    let mut picture = RgbImage::new(2000, 1700);
    random.fill(&mut picture);
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    let bytes = file.into_inner();
    assert!(bytes.len() > 9 * 1024 * 1024, "{}", bytes.len());

    let path = create(&process, &token, bytes.len()).await;
    let sent = patch(&process, &token, &path, 0, &bytes).await.unwrap();
    assert_eq!(sent.status, 204, "{}", sent.text());
    let status = settled(&process, &token, &path).await;
    assert_eq!(status["state"], "ready", "{status}");
    assert_stored(&bucket.folder.join("shops"), &bytes);
    assert_no_parts(&bucket.folder.join("shops")).await;
}
