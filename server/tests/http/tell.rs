//! "Tell me when it is back", as a browser without JavaScript does it.

use crate::door::{Answer, Ask, Creator, Door};

const PATH: &str = "/fn/tell-me";

/// A shop with a sold-out cup at `/p/cup`. Answers its path in `/manage`.
async fn sold_out(door: &Door) -> (Creator, String) {
    let clay = door.creator("Clay", "clay").await;
    let (path, page) = door.product(&clay, "Cup", "38", "0").await;
    assert_eq!(page, "/p/cup");
    (clay, path)
}

/// What a browser sends with the form.
fn from_a_browser(door: &Door) -> Ask<'_> {
    door.post(PATH)
        .header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
        .header("referer", "http://localhost:3000/p/cup")
        .header("sec-fetch-site", "same-origin")
}

async fn ask(door: &Door, slug: &str, email: &str) -> Answer {
    from_a_browser(door)
        .form(&[("slug", slug), ("email", email)])
        .await
}

#[tokio::test]
async fn from_the_page_to_the_list_of_the_shop() {
    let door = Door::open().await;
    let (clay, path) = sold_out(&door).await;
    let page = door.get("/p/cup").send().await;
    assert_eq!(page.header("cache-control"), "public, no-cache");
    assert_eq!(page.header("set-cookie"), "");
    assert!(
        page.text().contains("action=\"/fn/tell-me\""),
        "{}",
        page.text()
    );

    for _ in 0..2 {
        let noted = ask(&door, "cup", "ana@example.org").await;
        assert_eq!(
            (noted.status.as_u16(), noted.header("location")),
            (303, "/p/cup/tell?said=noted"),
            "twice is the same"
        );
        assert_eq!(noted.header("set-cookie"), "");
        assert_eq!(noted.header("cache-control"), "no-store");
        assert!(noted.body.is_empty() && noted.header("serverfnerror").is_empty());
    }
    let said = door.get("/p/cup/tell?said=noted").send().await;
    assert_eq!(said.status, 200);
    assert_eq!(said.header("cache-control"), "private, no-store");
    assert!(
        said.text().contains("Clay writes to you"),
        "{}",
        said.text()
    );
    assert!(!said.text().contains("ana@example.org"));

    let editor = door.get(&path).cookie(&clay.cookie).send().await;
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
    let told = door
        .post(&format!("{path}/told"))
        .cookie(&clay.cookie)
        .form(&[("until", &until)])
        .await;
    assert_eq!(
        (told.status.as_u16(), told.header("location").to_owned()),
        (303, format!("{path}?said=told"))
    );
    let editor = door
        .get(told.header("location"))
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    assert!(
        !editor.contains("wants to know") && editor.contains("forgotten"),
        "{editor}"
    );
    let odd = door
        .post(&format!("{path}/told"))
        .cookie(&clay.cookie)
        .form(&[("until", "soon")])
        .await;
    assert_eq!(odd.status, 422);
}

#[tokio::test]
async fn a_wrong_address_gets_the_form_again() {
    let door = Door::open().await;
    sold_out(&door).await;
    for wrong in [
        "",
        "ana",
        "ana@example.org\r\nbcc: all@example.org",
        "<script>@example.org",
    ] {
        let refused = ask(&door, "cup", wrong).await;
        assert_eq!(
            (refused.status.as_u16(), refused.header("location")),
            (303, "/p/cup/tell?said=email"),
            "{wrong}"
        );
    }
    let missing = from_a_browser(&door).form(&[("slug", "cup")]).await;
    assert_eq!(missing.header("location"), "/p/cup/tell?said=email");
    let again = door.get("/p/cup/tell?said=email").send().await;
    assert_eq!(again.status, 200);
    assert!(
        again.text().contains("not an email address")
            && again.text().contains("action=\"/fn/tell-me\""),
        "{}",
        again.text()
    );
    let odd = door.get("/p/cup/tell?said=%3Cscript%3E").send().await;
    assert!(
        odd.status == 200 && !odd.text().contains("<script>"),
        "no words from a link"
    );
}

#[tokio::test]
async fn what_is_back_says_so_and_what_is_not_there_is_not_there() {
    let door = Door::open().await;
    let (clay, path) = sold_out(&door).await;
    for slug in [
        "nothing",
        "",
        "CUP",
        "a/b",
        "cup\r\nset-cookie: a=b",
        "../manage",
        "\u{e9}",
    ] {
        let answer = ask(&door, slug, "ana@example.org").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (404, ""),
            "{slug}"
        );
        assert!(answer.text().contains("<!DOCTYPE html>"), "{slug}");
    }
    assert_eq!(door.get("/p/nothing/tell").send().await.status, 404);
    // A space around the name is the form's, not the address's.
    let spaced = ask(&door, " cup\r\n", "ana@example.org").await;
    assert_eq!(spaced.header("location"), "/p/cup/tell?said=noted");
    let saved = door
        .post(&path)
        .cookie(&clay.cookie)
        .form(&[("title", "Cup"), ("price", "38"), ("stock", "2")])
        .await;
    assert_eq!(saved.status, 303);
    let late = ask(&door, "cup", "bo@example.org").await;
    assert_eq!(late.status, 303);
    let said = door.get(late.header("location")).send().await.text();
    assert!(
        said.contains("It is back") && said.contains("href=\"/p/cup\""),
        "{said}"
    );
    assert!(!door.get("/p/cup").send().await.text().contains(PATH));
}

#[tokio::test]
async fn only_forms_of_this_shop_are_read() {
    let door = Door::open().await;
    sold_out(&door).await;
    let form = "application/x-www-form-urlencoded";
    let good = "slug=cup&email=ana%40example.org";

    let elsewhere = door
        .post(PATH)
        .header("origin", "https://evil.test")
        .header("content-type", form)
        .body(good)
        .send()
        .await;
    assert_eq!(elsewhere.status, 403);
    let nobody = door
        .post(PATH)
        .without("origin")
        .header("content-type", form)
        .body(good)
        .send()
        .await;
    assert_eq!(nobody.status, 403);

    for method in ["GET", "PUT", "DELETE"] {
        let answer = door.ask(method, &format!("{PATH}?{good}")).send().await;
        assert_eq!(answer.status, 405, "{method}");
    }
    for path in ["/fn", "/fn/", "/fn/tell-me/", "/fn/other", "/api/tell_me"] {
        assert_eq!(
            door.post(path)
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
        let answer = door
            .post(PATH)
            .header("content-type", kind)
            .body(good)
            .send()
            .await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    assert_eq!(
        door.post(PATH)
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
    let door = Door::open().await;
    sold_out(&door).await;
    let odd: [&[u8]; 5] = [
        b"slug[0]=cup&email=a",
        b"slug[a][b][c][d][e][f][g]=1",
        b"slug=cup&slug=cup&email=a",
        b"\xff\xfe\x00",
        b"email[]=a&slug=cup",
    ];
    for body in odd {
        let answer = from_a_browser(&door)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await;
        let said = answer.text();
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (400, ""),
            "{said}"
        );
        assert!(
            said.contains("<!DOCTYPE html>") && said.contains("could not read"),
            "{said}"
        );
        assert_eq!(answer.header("serverfnerror"), "");
    }
    let large = from_a_browser(&door)
        .form(&[("slug", "cup"), ("email", &"a".repeat(4096))])
        .await;
    assert_eq!(large.status, 413);
}

#[tokio::test]
async fn nobody_fills_the_list_by_the_second() {
    let door = Door::open().await;
    sold_out(&door).await;
    for number in 0..10 {
        let answer = ask(&door, "cup", &format!("n{number}@example.org")).await;
        assert_eq!(answer.status, 303, "{number}");
    }
    let much = ask(&door, "cup", "more@example.org").await;
    assert_eq!(much.status, 429);
    assert!(!much.header("retry-after").is_empty() && much.text().contains("<!DOCTYPE html>"));
    assert_eq!(
        door.get("/p/cup").send().await.status,
        200,
        "reading goes on"
    );
}
