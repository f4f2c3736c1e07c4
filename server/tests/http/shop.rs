//! Fronts.

use crate::door::Door;

#[tokio::test]
async fn an_instance_without_owner_says_where_the_link_is() {
    let door = Door::open().await;
    let front = door.get("/").send().await;
    assert_eq!(front.status, 200);
    assert!(front.text().contains("owner link"), "{}", front.text());
}

#[tokio::test]
async fn one_shop_is_the_front_and_several_are_listed() {
    let door = Door::open().await;
    door.get("/").send().await;
    let one = door.creator("Clay & Ash", "clay").await;
    let front = door.get("/").send().await;
    assert!(
        front.text().contains("Clay &amp; Ash"),
        "the page made before the shop was dropped"
    );
    let own = door.get("/@clay").send().await;
    assert_eq!(own.status, 200);
    assert_eq!(one.handle, "clay");
    door.creator("Glas", "glas").await;
    let list = door.get("/").send().await.text();
    assert!(list.contains("/@clay") && list.contains("/@glas"), "{list}");
    assert_eq!(door.get("/@nobody").send().await.status, 404);
    assert_eq!(door.get("/@..%2F").send().await.status, 404);
}

#[tokio::test]
async fn a_front_shows_what_is_published_and_nothing_else() {
    let door = Door::open().await;
    let clay = door.creator("Clay", "clay").await;
    let (path, page) = door.product(&clay, "Blue cup", "38", "2").await;
    door.draft(&clay, "Secret vase", "90", "1").await;
    let front = door.get("/@clay").send().await;
    assert!(front.text().contains("Blue cup") && front.text().contains(&page));
    assert!(!front.text().contains("Secret vase"));
    let back = door
        .post(&format!("{path}/unpublish"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    assert_eq!(back.status, 303);
    assert!(!door.get("/@clay").send().await.text().contains("Blue cup"));
    assert_eq!(door.get(&page).send().await.status, 404);
}

#[tokio::test]
async fn machines_find_health_counters_robots_and_sitemap() {
    let door = Door::open().await;
    let clay = door.creator("Clay", "clay").await;
    let (_, page) = door.product(&clay, "Blue cup", "38", "2").await;
    let health = door
        .get("/healthz")
        .header("host", "10.0.0.7:3000")
        .send()
        .await;
    assert_eq!(health.status, 200, "a probe asks under any name");
    let counters = door.get("/metrics").send().await;
    assert!(
        counters
            .text()
            .contains("vitrine_http_answers_total{class=\"2xx\"}")
    );
    assert!(!counters.text().contains("clay"));
    let robots = door.get("/robots.txt").send().await.text();
    assert!(
        robots.contains("Disallow: /checkout/")
            && robots.contains("http://localhost:3000/sitemap.xml")
    );
    let map = door.get("/sitemap.xml").send().await;
    assert_eq!(map.header("content-type"), "application/xml");
    assert!(
        map.text()
            .contains(&format!("<loc>http://localhost:3000{page}</loc>")),
        "{}",
        map.text()
    );
}
