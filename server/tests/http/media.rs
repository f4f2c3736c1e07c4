//! Files of products.

use crate::test_app::{Creator, TestApp};

/// The address of a JPEG rendition on a page.
async fn picture(app: &TestApp, path: &str, creator: &Creator) -> String {
    let page = app.get(path).cookie(&creator.cookie).send().await;
    let text = page.text();
    let found = text
        .split(['"', ' ', ','])
        .find(|word| word.starts_with("/media/") && word.ends_with(".jpg"));
    found
        .unwrap_or_else(|| panic!("no picture in {text}"))
        .to_owned()
}

#[tokio::test]
async fn ranges_are_exact() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, _) = app.product(&clay, "Blue cup", "38", "2").await;
    let url = picture(&app, &path, &clay).await;
    let whole = app.get(&url).send().await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("content-type"), "image/jpeg");
    assert_eq!(
        whole.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    assert!(whole.body.starts_with(b"\xff\xd8\xff"));
    let length = whole.body.len();

    for (asked, start, end) in [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, length),
        ("bytes=-10", length - 10, length),
        ("bytes=5-5", 5, 6),
    ] {
        let part = app.get(&url).header("range", asked).send().await;
        assert_eq!(part.status, 206, "{asked}");
        assert_eq!(part.body, whole.body.slice(start..end), "{asked}");
        assert_eq!(
            part.header("content-range"),
            format!("bytes {start}-{}/{length}", end - 1)
        );
        assert_eq!(part.header("content-length"), (end - start).to_string());
    }
    let outside = app
        .get(&url)
        .header("range", &format!("bytes={length}-"))
        .send()
        .await;
    assert_eq!(
        (outside.status.as_u16(), outside.header("content-range")),
        (416, format!("bytes */{length}").as_str())
    );
    for ignored in ["bytes=9-2", "bytes=0-1,4-5", "pages=1-2"] {
        assert_eq!(
            app.get(&url).header("range", ignored).send().await.status,
            200,
            "{ignored}"
        );
    }
    let etag = whole.header("etag").to_owned();
    assert!(etag.starts_with('"'));
    let held = app
        .get(&url)
        .header("range", "bytes=0-9")
        .header("if-range", &etag)
        .send()
        .await;
    assert_eq!(held.status, 206);
    let changed = app
        .get(&url)
        .header("range", "bytes=0-9")
        .header("if-range", "\"other\"")
        .send()
        .await;
    assert_eq!((changed.status.as_u16(), changed.body.len()), (200, length));
    assert_eq!(
        app.get(&url)
            .header("if-none-match", &etag)
            .send()
            .await
            .status,
        304
    );
    let head = app.request("HEAD", &url).send().await;
    assert_eq!(
        (
            head.status.as_u16(),
            head.body.len(),
            head.header("content-length")
        ),
        (200, 0, length.to_string().as_str())
    );
}

#[tokio::test]
async fn drafts_are_for_their_shop_alone() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let glas = app.creator("Glas", "glas").await;
    let path = app.draft(&clay, "Secret cup", "38", "2").await;
    let url = picture(&app, &path, &clay).await;
    let own = app.get(&url).cookie(&clay.cookie).send().await;
    assert_eq!(
        (own.status.as_u16(), own.header("cache-control")),
        (200, "private, no-cache")
    );
    assert_eq!(app.get(&url).send().await.status, 404);
    assert_eq!(app.get(&url).cookie(&glas.cookie).send().await.status, 404);
    assert_eq!(
        app.get(&url)
            .header("if-none-match", own.header("etag"))
            .send()
            .await
            .status,
        404
    );

    let published = app
        .post(&format!("{path}/publish"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(published.status, 303);
    let open = app.get(&url).send().await;
    assert_eq!(
        (open.status.as_u16(), open.header("cache-control")),
        (200, "public, max-age=31536000, immutable")
    );
    for unknown in ["/media/unknown/640.jpg", "/media/x/..%2fx", "/media/x/%00"] {
        assert_eq!(app.get(unknown).send().await.status, 404, "{unknown}");
    }
}
