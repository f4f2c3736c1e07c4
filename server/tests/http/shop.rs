//! Fronts.

use crate::test_app::TestApp;

#[tokio::test]
async fn an_instance_without_owner_says_where_the_link_is() {
    let app = TestApp::start().await;
    let front = app.get("/").send().await;
    assert_eq!(front.status, 200);
    assert!(front.text().contains("owner link"), "{}", front.text());
}

#[tokio::test]
async fn one_shop_is_the_front_and_several_are_listed() {
    let app = TestApp::start().await;
    app.get("/").send().await;
    let one = app.creator("Clay & Ash", "clay").await;
    let front = app.get("/").send().await;
    assert!(
        front.text().contains("Clay &amp; Ash"),
        "the page made before the shop was dropped"
    );
    let own = app.get("/@clay").send().await;
    assert_eq!(own.status, 200);
    assert_eq!(one.handle, "clay");
    app.creator("Glas", "glas").await;
    let list = app.get("/").send().await.text();
    assert!(list.contains("/@clay") && list.contains("/@glas"), "{list}");
    assert_eq!(app.get("/@nobody").send().await.status, 404);
    assert_eq!(app.get("/@..%2F").send().await.status, 404);
}

#[tokio::test]
async fn a_front_shows_what_is_published_and_nothing_else() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    app.draft(&clay, "Secret vase", "90", "1").await;
    let front = app.get("/@clay").send().await;
    assert!(front.text().contains("Blue cup") && front.text().contains(&page));
    assert!(!front.text().contains("Secret vase"));
    let back = app
        .post(&format!("{path}/unpublish"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(back.status, 303);
    assert!(!app.get("/@clay").send().await.text().contains("Blue cup"));
    assert_eq!(app.get(&page).send().await.status, 404);
}

#[tokio::test]
async fn machines_find_health_counters_robots_and_sitemap() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let health = app
        .get("/healthz")
        .header("host", "10.0.0.7:3000")
        .send()
        .await;
    assert_eq!(health.status, 200, "a probe asks under any name");
    let counters = app.get("/metrics").send().await;
    assert!(
        counters
            .text()
            .contains("http_responses_total{class=\"2xx\"}")
    );
    assert!(!counters.text().contains("clay"));
    let robots = app.get("/robots.txt").send().await.text();
    assert!(
        robots.contains("Disallow: /checkout/")
            && robots.contains("http://localhost:3000/sitemap.xml")
    );
    let map = app.get("/sitemap.xml").send().await;
    assert_eq!(map.header("content-type"), "application/xml");
    assert!(
        map.text()
            .contains(&format!("<loc>http://localhost:3000{page}</loc>")),
        "{}",
        map.text()
    );
}
