use crate::child::{Serve, build_site, command};

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
    let link = command(&["owner-link", "--new", "--data", data]);
    assert!(link.status.success(), "{link:?}");
    let link = String::from_utf8(link.stdout).unwrap();
    let path = link.split("localhost:3000").nth(1).unwrap().trim();
    let made = [
        ("shop_name", "Clay"),
        ("handle", "clay"),
        ("currency", "EUR"),
        ("password", "correct horse battery"),
    ];
    assert_eq!(first.form(path, "", &made).await.status, 303);
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
