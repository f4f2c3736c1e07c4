//! A media store in a bucket: what is deleted is deleted there, and what belongs to nothing is found and cleared away.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sqlx::{Connection, Executor, SqliteConnection};

use crate::{
    bucket::Bucket,
    child::{Serve, build_site, command_with},
    upload::{create, files_below, patch, photo, settled},
};

/// Older than what work that is not committed yet may have written.
const OLD: Duration = Duration::from_secs(2 * 60 * 60);

/// Writes an object as something left it hours ago.
fn leave(bucket: &Bucket, name: &str) -> PathBuf {
    let path = bucket.folder.join("shops").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"left by nobody").unwrap();
    age(&path);
    path
}

fn age(path: &Path) {
    let file = File::options().write(true).open(path).unwrap();
    let long_ago = file.metadata().unwrap().modified().unwrap() - OLD;
    file.set_modified(long_ago).unwrap();
}

/// Waits until no object has one of the words in its name. Another process' work has no event that this one could wait for.
async fn until_gone(bucket: &Bucket, words: &[String]) {
    let begun = Instant::now();
    loop {
        let mut names = files_below(&bucket.folder)
            .into_iter()
            .map(|path| path.to_string_lossy().into_owned());
        let Some(left) = names.find(|name| words.iter().any(|word| name.contains(word))) else {
            return;
        };
        assert!(begun.elapsed() < Duration::from_secs(60), "{left} is left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The hashes of all renditions that a page shows.
fn hashes(page: &str) -> Vec<String> {
    page.split("/media/")
        .skip(1)
        .filter_map(|rest| rest.split('/').next())
        .filter(|hash| hash.len() == 64)
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_is_cleared_of_what_was_deleted_and_of_what_belongs_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::start(&folder.path().join("s3")).await;
    let site = folder.path().join("site");
    build_site(&site);
    let data = folder.path().join("data");
    let (data, url) = (data.to_str().unwrap(), bucket.url());
    let arguments = ["--data", data, "--media-url", url.as_str()];
    let variables = bucket.variables();
    let spawn = || Serve::spawn_with(&site, &arguments, &variables);
    let doctor = || {
        let said = command_with(&[&["doctor"], &arguments[..]].concat(), &variables);
        String::from_utf8(said.stdout).unwrap()
    };
    let mut one = spawn();
    one.open().await;
    let cookie = one.set_up(&["--data", data]).await;

    // A photo on a product, with its AVIF.
    let bytes = photo(77);
    let made = one.form("/manage/products", &cookie, &[]).await;
    let editor = made.header("location").to_owned();
    let mut form = b"--edge\r\nContent-Disposition: form-data; name=\"photos\"; filename=\"cup.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n".to_vec();
    form.extend(&bytes);
    form.extend(b"\r\n--edge--\r\n");
    let headers = [
        ("content-type", "multipart/form-data; boundary=edge"),
        ("cookie", cookie.as_str()),
    ];
    let added = one
        .send("POST", &format!("{editor}/photos"), &headers, &form)
        .await;
    assert_eq!(added.status, 303, "{}", added.text());
    let begun = Instant::now();
    let page = loop {
        let page = one.get(&editor, &cookie).await.text();
        if page.contains(".avif") {
            break page;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no AVIF");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut of_photo = hashes(&page);
    of_photo.push(blake3::hash(&bytes).to_hex().to_string());
    // An upload whose second half never came: its part belongs to it.
    let token = Serve::token(&["--data", data]);
    let half = create(&one, &token, bytes.len()).await;
    let sent = patch(&one, &token, &half, 0, &bytes[..999]).await.unwrap();
    assert_eq!(sent.status, 204);
    // And one that is ready, though no page shows it.
    let whole = create(&one, &token, photo(78).len()).await;
    patch(&one, &token, &whole, 0, &photo(78)).await.unwrap();
    assert_eq!(settled(&one, &token, &whole).await["state"], "ready");
    one.stop().await;

    let half = half.rsplit('/').next().unwrap().to_owned();
    let of_whole = blake3::hash(&photo(78)).to_hex().to_string();
    let is_kept = |path: &PathBuf| {
        let name = path.to_string_lossy();
        of_photo
            .iter()
            .chain([&half, &of_whole])
            .any(|word| name.contains(word.as_str()))
    };
    let mut objects = files_below(&bucket.folder);
    objects.iter().for_each(|path| age(path));
    objects.retain(is_kept);
    // The photo's original and renditions, the part, and the original that no page shows.
    assert!(objects.len() > 5, "{objects:?}");
    let said = doctor();
    assert!(
        said.contains("Every file of the media store belongs to something"),
        "{said}"
    );
    let hash = "a".repeat(64);
    let in_store = objects[objects.len() - 1].strip_prefix(bucket.folder.join("shops"));
    let shop = in_store.unwrap().iter().next().unwrap();
    let shop = shop.to_string_lossy().into_owned();
    let orphans = [
        leave(&bucket, &format!("{shop}/{hash}/320.jpg")),
        leave(&bucket, &format!("no-such-shop/{hash}/clip.mp4")),
        leave(&bucket, ".uploads/no-such-upload/0-1"),
    ];
    // Not old enough, and not ours.
    let young = leave(&bucket, &format!("{shop}/{hash}/640.jpg"));
    std::fs::write(&young, b"written just now").unwrap();
    let strange = leave(&bucket, "notes.txt");
    let said = doctor();
    assert!(said.contains("3 files of the media store"), "{said}");

    let mut database = SqliteConnection::connect(&format!("sqlite://{data}/vitrine.sqlite"))
        .await
        .unwrap();
    database
        .execute("UPDATE job SET due_at = 0 WHERE kind = 'sweep_media'")
        .await
        .unwrap();
    database.close().await.unwrap();
    let mut one = spawn();
    one.open().await;
    let orphans = orphans.map(|path| path.to_string_lossy().into_owned());
    until_gone(&bucket, &orphans).await;
    objects.extend([young, strange]);
    for kept in &objects {
        assert!(kept.exists(), "{} is needed", kept.display());
    }

    // What goes with its product is gone from the bucket as well.
    let deleted = one.form(&format!("{editor}/delete"), &cookie, &[]).await;
    assert_eq!(deleted.status, 303, "{}", deleted.text());
    until_gone(&bucket, &of_photo).await;
}
