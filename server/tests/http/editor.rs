//! The editor of a product: what was typed and is not saved survives every button, and every fault is told.

use crate::test_app::{Creator, TestApp, TestResponse, photo};

/// Fields as the page of a draft that was saved once sends them, with a title that is not stored.
const TYPED: [(&str, &str); 8] = [
    ("title", "Cup, \u{201c}large\u{201d} & <new>"),
    ("summary", "Typed"),
    ("text", "One\r\n\r\nTwo"),
    ("price", "39"),
    ("stock", "7"),
    ("stock_seen", "2"),
    ("version", "2"),
    ("form_key", "page-1"),
];

/// Fields and one file, as a form with files sends them.
async fn send_files(
    app: &TestApp,
    clay: &Creator,
    path: &str,
    file: (&str, &str, &[u8]),
    fields: &[(&str, &str)],
) -> TestResponse {
    let (field, name, bytes) = file;
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: image/jpeg\r\n\r\n"
    )
    .into_bytes();
    body.extend(bytes);
    for (name, value) in fields {
        body.extend(
            format!("\r\n--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}")
                .bytes(),
        );
    }
    body.extend(b"\r\n--edge--\r\n");
    app.post(path)
        .cookie(&clay.cookie)
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(body)
        .send()
        .await
}

/// That an answer shows what was typed again.
fn assert_typed(answer: &TestResponse, status: u16) {
    let page = answer.text();
    assert_eq!(answer.status, status, "{page}");
    for shown in [
        "&lt;new&gt;\"",
        "value=\"Typed\"",
        ">\nOne\r\n\r\nTwo<",
        "value=\"39\"",
        "name=\"stock_seen\" value=\"2\"",
        "name=\"version\" value=\"2\"",
    ] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
}

#[tokio::test]
async fn what_was_typed_survives_every_button() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "38", "2").await;
    let editor = app.get(&path).cookie(&clay.cookie).send().await;
    let first = editor.between(&format!("{path}/media/"), "/");
    let with = |more: (&'static str, &'static str)| [&TYPED[..], &[more]].concat();
    let added = send_files(
        &app,
        &clay,
        &format!("{path}/photos"),
        ("photos", "b.jpg", &photo(64, 64)),
        &TYPED,
    )
    .await;
    assert_typed(&added, 200);
    assert!(added.text().contains("is not saved yet"));
    assert_eq!(added.text().matches("/remove\"").count(), 2);
    let replaced = send_files(
        &app,
        &clay,
        &format!("{path}/media/{first}/replace"),
        (&format!("replace-{first}"), "c.jpg", &photo(70, 64)),
        &TYPED,
    )
    .await;
    assert_typed(&replaced, 200);
    let new = replaced.between(&format!("{path}/media/"), "/");
    assert_ne!(new, first);
    for (action, more) in [
        (format!("/media/{new}/move"), ("direction", "down")),
        (format!("/media/{new}/move"), ("direction", "first")),
        ("/publish".to_owned(), ("x", "")),
        ("/waitlist/notified".to_owned(), ("until", "1")),
        ("/unpublish".to_owned(), ("x", "")),
        (format!("/media/{new}/remove"), ("x", "")),
    ] {
        let answer = app
            .post(&format!("{path}{action}"))
            .cookie(&clay.cookie)
            .form(&with(more))
            .await;
        assert_typed(&answer, 200);
    }
    // Errors keep it as well.
    let none = send_files(
        &app,
        &clay,
        &format!("{path}/photos"),
        ("photos", "", b""),
        &TYPED,
    )
    .await;
    assert_typed(&none, 422);
    let bad = send_files(
        &app,
        &clay,
        &format!("{path}/photos"),
        ("photos", "bad.jpg", b"%PDF-1.7"),
        &TYPED,
    )
    .await;
    assert_typed(&bad, 422);
    // It is saved by nothing but saving.
    let stored = app.get(&path).cookie(&clay.cookie).send().await.text();
    assert!(stored.contains("value=\"Cup\"") && !stored.contains("Typed"));
    let saved = app.post(&path).cookie(&clay.cookie).form(&TYPED).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    // What is stored needs no words about it.
    let page = app.get(&path).cookie(&clay.cookie).send().await;
    let stored = |name: &str| {
        let input = page.between(&format!("name=\"{name}\""), ">");
        let value = input.split("value=\"").nth(1).unwrap();
        value.split('"').next().unwrap().to_owned()
    };
    let (price, slug) = (stored("price"), stored("slug"));
    let again = [
        ("title", "Cup, \u{201c}large\u{201d} & <new>"),
        ("summary", "Typed"),
        ("text", "One\r\n\r\nTwo"),
        ("price", price.as_str()),
        ("stock", "7"),
        ("stock_seen", "7"),
        ("slug", slug.as_str()),
        ("form_key", "page-2"),
    ];
    let unpublished = app
        .post(&format!("{path}/unpublish"))
        .cookie(&clay.cookie)
        .form(&again)
        .await;
    assert_eq!(unpublished.status, 303, "{}", unpublished.text());
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "38", "2").await;
    let long = "x".repeat(241);
    let fields = [
        ("title", "Cup"),
        ("summary", long.as_str()),
        ("price", "dear"),
        ("stock", "some"),
    ];
    let wrong = app.post(&path).cookie(&clay.cookie).form(&fields).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.text();
    assert!(page.contains("3 things need to be put right"), "{page}");
    for field in ["price", "stock", "summary"] {
        assert!(page.contains(&format!("id=\"{field}-wrong\"")), "{field}");
    }
}

#[tokio::test]
async fn the_name_of_a_refused_file_has_its_own_direction() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let path = app.draft(&clay, "Cup", "38", "2").await;
    let refused = send_files(
        &app,
        &clay,
        &format!("{path}/photos"),
        (
            "photos",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} <b>.jpg",
            b"%PDF-1.7",
        ),
        &[],
    )
    .await;
    assert_eq!(refused.status, 422);
    let page = refused.text();
    assert!(
        page.contains("<bdi>\u{5e9}\u{5dc}\u{5d5}\u{5dd} &lt;b&gt;.jpg</bdi>: "),
        "{page}"
    );
    assert!(!page.contains(['\u{2068}', '\u{2069}']));
}
