//! One address for each page, however it is spelled, and the page behind every address.

use crate::test_app::TestApp;

#[tokio::test]
async fn every_spelling_leads_to_the_one_page() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    assert_eq!(page, "/p/blue-cup");
    for (path, right) in [
        ("/P/Blue-Cup", "/p/blue-cup"),
        ("/p/blue-cup/", "/p/blue-cup"),
        ("/p/blue-cup.", "/p/blue-cup"),
        ("/p/blue-cup),", "/p/blue-cup"),
        ("//p//blue-cup", "/p/blue-cup"),
        ("/p/blue%2dcup", "/p/blue-cup"),
        ("/p/%20blue-cup", "/p/blue-cup"),
        ("/@Clay", "/@clay"),
        ("/@clay/", "/@clay"),
        ("/%40clay.", "/@clay"),
        ("/@@clay", "/@clay"),
        ("/manage/", "/manage"),
        ("/studio/", "/studio"),
        ("/sign-in/", "/sign-in"),
    ] {
        for query in ["", "?utm_source=a%20b&fbclid=%C3%A9&x="] {
            let moved = app.get(&format!("{path}{query}")).send().await;
            assert_eq!(
                (moved.status.as_u16(), moved.header("location")),
                (308, format!("{right}{query}").as_str()),
                "{path}{query}"
            );
        }
    }
    for query in ["", "?utm_source=x", "?fbclid=1&gclid=2", "?anything"] {
        for path in ["/p/blue-cup", "/@clay"] {
            let found = app.get(&format!("{path}{query}")).send().await;
            assert_eq!(found.status, 200, "{path}{query}");
        }
    }
    assert_eq!(app.metric("page_cache_entries").await, 2);
    for path in ["/p/blue-cup/more", "/@clay/more"] {
        let moved = app.get(path).send().await;
        assert!(moved.status.is_client_error(), "{path}: {}", moved.status);
    }
}

#[tokio::test]
async fn an_old_address_leads_to_the_new_one() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, _) = app.product(&clay, "Blue cup", "38", "2").await;
    let rename = async |path: &str, slug: &str| {
        let fields = [
            ("title", "Cup"),
            ("price", "38"),
            ("stock", "2"),
            ("slug", slug),
        ];
        let saved = app.post(path).cookie(&clay.cookie).form(&fields).await;
        saved.status.as_u16()
    };
    let leads = async |page: &str| {
        let found = app.get(page).send().await;
        (found.status.as_u16(), found.header("location").to_owned())
    };
    assert_eq!(leads("/p/blue-cup").await.0, 200);
    assert_eq!(rename(&path, "green-cup").await, 303);
    assert_eq!(rename(&path, "red-cup").await, 303);
    for old in ["blue-cup", "green-cup"] {
        let moved = leads(&format!("/p/{old}?utm_source=x")).await;
        assert_eq!(moved, (308, "/p/red-cup?utm_source=x".to_owned()));
        let waitlist = leads(&format!("/p/{old}/waitlist?flash=joined")).await;
        assert_eq!(
            waitlist,
            (308, "/p/red-cup/waitlist?flash=joined".to_owned())
        );
        let bought = app
            .post(&format!("/p/{old}/buy"))
            .form(&[("quantity", "1")])
            .await;
        assert_eq!(
            (bought.status.as_u16(), bought.header("location")),
            (308, "/p/red-cup/buy")
        );
    }
    // Back again: no address leads in a circle.
    assert_eq!(rename(&path, "blue-cup").await, 303);
    assert_eq!(leads("/p/blue-cup").await.0, 200);
    assert_eq!(leads("/p/red-cup").await, (308, "/p/blue-cup".to_owned()));

    // Another shop gets no address whose links are somebody's, by its title or by asking for it.
    let glas = app.creator("Glas", "glas").await;
    let (other, page) = app.product(&glas, "Red cup", "9", "1").await;
    assert_eq!(page, "/p/red-cup-2");
    let fields = [
        ("title", "Red cup"),
        ("price", "9"),
        ("stock", "1"),
        ("slug", "red-cup"),
    ];
    let taken = app.post(&other).cookie(&glas.cookie).form(&fields).await;
    assert_eq!(taken.status, 409, "{}", taken.text());
    // The same shop may give it to another product.
    let (second, _) = app.product(&clay, "Second", "9", "1").await;
    assert_eq!(rename(&second, "red-cup").await, 303);
    assert_eq!(leads("/p/red-cup").await.0, 200);

    // A draft's address was nobody's link.
    let draft = app.draft(&clay, "Plate", "1", "1").await;
    assert_eq!(rename(&draft, "dish").await, 303);
    assert_eq!(leads("/p/plate").await.0, 404);
    let unpublished = app.post(&format!("{path}/unpublish")).cookie(&clay.cookie);
    assert_eq!(unpublished.form(&[]).await.status, 303);
    assert_eq!(leads("/p/green-cup").await.0, 404);
}

#[tokio::test]
async fn the_address_of_a_forms_answer_can_be_opened_again() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let refused = app
        .post(&format!("{path}/photos"))
        .cookie(&clay.cookie)
        .files("photos", &[("x.jpg", b"no photo")])
        .await;
    assert_eq!(refused.status, 422);
    let buy = format!("{page}/buy");
    for (address, form) in [
        (format!("{path}/photos"), path.as_str()),
        (format!("{path}/publish"), &path),
        (format!("{path}/delete"), &path),
        (format!("{path}/waitlist/notified"), &path),
        (format!("{path}/media/m1/replace"), &path),
        (format!("{path}/media/m1/move"), &path),
        (buy, &page),
        ("/checkout/t1/pay".to_owned(), "/checkout/t1"),
        ("/checkout/t1/cancel".to_owned(), "/checkout/t1"),
        ("/manage/orders/o1/send".to_owned(), "/manage/orders/o1"),
        ("/manage/jobs/j1/retry".to_owned(), "/manage/jobs"),
        ("/sign-out".to_owned(), "/"),
    ] {
        for method in ["GET", "HEAD"] {
            let again = app
                .request(method, &address)
                .cookie(&clay.cookie)
                .send()
                .await;
            assert_eq!(
                (again.status.as_u16(), again.header("location")),
                (303, form),
                "{method} {address}"
            );
        }
    }
    let still_in = app.get("/manage").cookie(&clay.cookie).send().await;
    assert_eq!(still_in.status, 200, "reading changed nothing");
}

#[tokio::test]
async fn a_list_carries_as_many_tags_with_many_as_with_few() {
    let app = TestApp::start().await;
    let first = app.creator("Shop 0", "shop-00").await;
    let mut tags = Vec::new();
    for number in 1..6 {
        app.creator(&format!("Shop {number}"), &format!("shop-0{number}"))
            .await;
        app.product(&first, &format!("Cup {number}"), "9", "1")
            .await;
        let list = app.get("/").send().await;
        assert!(
            list.text().contains(&format!("shop-0{number}")),
            "a new shop shows at once"
        );
        let front = app.get("/@shop-00").send().await;
        assert!(
            front.text().contains(&format!("Cup {number}")),
            "so does a product"
        );
        tags.push((
            list.header("cache-tag").to_owned(),
            front.header("cache-tag").to_owned(),
        ));
    }
    assert!(tags.windows(2).all(|pair| pair[0] == pair[1]), "{tags:?}");
}
