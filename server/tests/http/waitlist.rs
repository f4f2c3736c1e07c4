//! The waitlist of a sold-out product, as a browser without JavaScript joins it.

use crate::test_app::{Creator, TestApp, TestRequest, TestResponse};

const PATH: &str = "/fn/join-waitlist";

/// A shop with a sold-out cup at `/p/cup`. Answers its path in `/manage`.
async fn sold_out(app: &TestApp) -> (Creator, String) {
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Cup", "38", "0").await;
    assert_eq!(page, "/p/cup");
    (clay, path)
}

/// What a browser sends with the form.
fn from_a_browser(app: &TestApp) -> TestRequest<'_> {
    app.post(PATH)
        .header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
        .header("referer", "http://localhost:3000/p/cup")
        .header("sec-fetch-site", "same-origin")
}

async fn join(app: &TestApp, slug: &str, email: &str) -> TestResponse {
    from_a_browser(app)
        .form(&[("slug", slug), ("email", email)])
        .await
}

#[tokio::test]
async fn from_the_page_to_the_list_of_the_shop() {
    let app = TestApp::start().await;
    let (clay, path) = sold_out(&app).await;
    let page = app.get("/p/cup").send().await;
    assert_eq!(page.header("cache-control"), "public, no-cache");
    assert_eq!(page.header("set-cookie"), "");
    assert!(
        page.text().contains("action=\"/fn/join-waitlist\""),
        "{}",
        page.text()
    );

    for _ in 0..2 {
        let noted = join(&app, "cup", "ana@example.org").await;
        assert_eq!(
            (noted.status.as_u16(), noted.header("location")),
            (303, "/p/cup/waitlist?flash=noted"),
            "twice is the same"
        );
        assert_eq!(noted.header("set-cookie"), "");
        assert_eq!(noted.header("cache-control"), "no-store");
        assert!(noted.body.is_empty() && noted.header("serverfnerror").is_empty());
    }
    let page = app.get("/p/cup/waitlist?flash=noted").send().await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "private, no-store");
    assert!(
        page.text().contains("Clay</bdi> writes to you"),
        "{}",
        page.text()
    );
    assert!(!page.text().contains("ana@example.org"));

    let editor = app.get(&path).cookie(&clay.cookie).send().await;
    assert!(
        editor.text().contains("1 person wants to know"),
        "{}",
        editor.text()
    );
    assert!(
        editor
            .text()
            .contains("mailto:?bcc=ana@example.org&amp;subject=Cup%20is%20back"),
        "{}",
        editor.text()
    );
    let until = editor.between("name=\"until\" value=\"", "\"");
    let notified = app
        .post(&format!("{path}/waitlist/notified"))
        .cookie(&clay.cookie)
        .form(&[("until", &until)])
        .await;
    assert_eq!(
        (
            notified.status.as_u16(),
            notified.header("location").to_owned()
        ),
        (303, format!("{path}?flash=notified"))
    );
    let editor = app
        .get(notified.header("location"))
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    assert!(
        !editor.contains("wants to know") && editor.contains("forgotten"),
        "{editor}"
    );
    let odd = app
        .post(&format!("{path}/waitlist/notified"))
        .cookie(&clay.cookie)
        .form(&[("until", "soon")])
        .await;
    assert_eq!(odd.status, 422);
}

#[tokio::test]
async fn a_wrong_address_gets_the_form_again() {
    let app = TestApp::start().await;
    sold_out(&app).await;
    for wrong in [
        "",
        "ana",
        "ana@example.org\r\nbcc: all@example.org",
        "<script>@example.org",
    ] {
        let refused = join(&app, "cup", wrong).await;
        assert_eq!(
            (refused.status.as_u16(), refused.header("location")),
            (303, "/p/cup/waitlist?flash=email"),
            "{wrong}"
        );
    }
    let missing = from_a_browser(&app).form(&[("slug", "cup")]).await;
    assert_eq!(missing.header("location"), "/p/cup/waitlist?flash=email");
    let again = app.get("/p/cup/waitlist?flash=email").send().await;
    assert_eq!(again.status, 200);
    assert!(
        again.text().contains("not an email address")
            && again.text().contains("action=\"/fn/join-waitlist\""),
        "{}",
        again.text()
    );
    let odd = app.get("/p/cup/waitlist?flash=%3Cscript%3E").send().await;
    assert!(
        odd.status == 200 && !odd.text().contains("<script>"),
        "no words from a link"
    );
}

#[tokio::test]
async fn what_is_back_says_so_and_what_is_not_there_is_not_there() {
    let app = TestApp::start().await;
    let (clay, path) = sold_out(&app).await;
    for slug in [
        "nothing",
        "",
        "CUP",
        "a/b",
        "cup\r\nset-cookie: a=b",
        "../manage",
        "\u{e9}",
    ] {
        let response = join(&app, slug, "ana@example.org").await;
        assert_eq!(
            (response.status.as_u16(), response.header("location")),
            (404, ""),
            "{slug}"
        );
        assert!(response.text().contains("<!DOCTYPE html>"), "{slug}");
    }
    assert_eq!(app.get("/p/nothing/waitlist").send().await.status, 404);
    // A space around the name is the form's, not the address's.
    let spaced = join(&app, " cup\r\n", "ana@example.org").await;
    assert_eq!(spaced.header("location"), "/p/cup/waitlist?flash=noted");
    let saved = app
        .post(&path)
        .cookie(&clay.cookie)
        .form(&[("title", "Cup"), ("price", "38"), ("stock", "2")])
        .await;
    assert_eq!(saved.status, 303);
    let late = join(&app, "cup", "bo@example.org").await;
    assert_eq!(late.status, 303);
    let page = app.get(late.header("location")).send().await.text();
    assert!(
        page.contains("It is back") && page.contains("href=\"/p/cup\""),
        "{page}"
    );
    assert!(!app.get("/p/cup").send().await.text().contains(PATH));
}

#[tokio::test]
async fn only_forms_of_this_shop_are_read() {
    let app = TestApp::start().await;
    sold_out(&app).await;
    let form = "application/x-www-form-urlencoded";
    let good = "slug=cup&email=ana%40example.org";

    let elsewhere = app
        .post(PATH)
        .header("origin", "https://evil.test")
        .header("content-type", form)
        .body(good)
        .send()
        .await;
    assert_eq!(elsewhere.status, 403);
    let nobody = app
        .post(PATH)
        .without("origin")
        .header("content-type", form)
        .body(good)
        .send()
        .await;
    assert_eq!(nobody.status, 403);

    for method in ["PUT", "DELETE"] {
        let response = app.request(method, &format!("{PATH}?{good}")).send().await;
        assert_eq!(response.status, 405, "{method}");
    }
    let again = app.get(&format!("{PATH}?{good}")).send().await;
    assert_eq!(
        (again.status.as_u16(), again.header("location")),
        (303, "/")
    );
    for path in [
        "/fn",
        "/fn/",
        "/fn/join-waitlist/",
        "/fn/other",
        "/api/join_waitlist",
    ] {
        assert_eq!(
            app.post(path)
                .header("content-type", form)
                .body(good)
                .send()
                .await
                .status,
            404,
            "{path}"
        );
    }
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
    ] {
        let response = app
            .post(PATH)
            .header("content-type", kind)
            .body(good)
            .send()
            .await;
        assert_eq!(response.status, 415, "{kind}");
    }
    assert_eq!(
        app.post(PATH)
            .without("content-type")
            .body(good)
            .send()
            .await
            .status,
        415
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_never_sent_back_with_an_error_in_the_address() {
    let app = TestApp::start().await;
    sold_out(&app).await;
    let odd: [&[u8]; 5] = [
        b"slug[0]=cup&email=a",
        b"slug[a][b][c][d][e][f][g]=1",
        b"slug=cup&slug=cup&email=a",
        b"\xff\xfe\x00",
        b"email[]=a&slug=cup",
    ];
    for body in odd {
        let response = from_a_browser(&app)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await;
        let page = response.text();
        assert_eq!(
            (response.status.as_u16(), response.header("location")),
            (400, ""),
            "{page}"
        );
        assert!(
            page.contains("<!DOCTYPE html>") && page.contains("could not read"),
            "{page}"
        );
        assert_eq!(response.header("serverfnerror"), "");
    }
    let large = from_a_browser(&app)
        .form(&[("slug", "cup"), ("email", &"a".repeat(4096))])
        .await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn nobody_fills_the_list_by_the_second() {
    let app = TestApp::start().await;
    sold_out(&app).await;
    for number in 0..10 {
        let response = join(&app, "cup", &format!("n{number}@example.org")).await;
        assert_eq!(response.status, 303, "{number}");
    }
    let much = join(&app, "cup", "more@example.org").await;
    assert_eq!(much.status, 429);
    assert!(!much.header("retry-after").is_empty() && much.text().contains("<!DOCTYPE html>"));
    assert_eq!(
        app.get("/p/cup").send().await.status,
        200,
        "reading goes on"
    );
}
