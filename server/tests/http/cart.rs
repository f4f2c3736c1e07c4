//! The basket and variants, as a browser without JavaScript meets them.

use crate::test_app::{Creator, TestApp, TestResponse};

/// A browser's cookies.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn keep(&mut self, response: &TestResponse) {
        for cookie in response.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            self.0.retain(|(known, _)| known != name);
            if !cookie.contains("Max-Age=0") {
                let value = rest.split(';').next().unwrap_or_default();
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn sent(&self) -> String {
        let pairs = self.0.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn cart(&self) -> &str {
        let cart = self
            .0
            .iter()
            .find(|(name, _)| name.starts_with("vitrine_cart_"));
        cart.map_or("", |(_, value)| value.as_str())
    }
}

async fn get(app: &TestApp, jar: &Jar, path: &str) -> TestResponse {
    app.get(path).cookie(&jar.sent()).send().await
}

async fn post(app: &TestApp, jar: &mut Jar, path: &str, fields: &[(&str, &str)]) -> TestResponse {
    let response = app.post(path).cookie(&jar.sent()).form(fields).await;
    jar.keep(&response);
    response
}

/// Every value of a field of this name on a page, as a form would send it.
fn values(page: &TestResponse, name: &str) -> Vec<String> {
    let start = format!("name=\"{name}\" value=\"");
    let text = page.text();
    let rest = text.split(&start).skip(1);
    rest.map(|rest| rest.split('"').next().unwrap_or_default().to_owned())
        .collect()
}

/// Gives a product the sizes Small and Large. Answers the variants as a page's radio buttons have them: `id:price`.
async fn sized(app: &TestApp, clay: &Creator, path: &str, page: &str, large: &str) -> Vec<String> {
    let made = app
        .post(&format!("{path}/options"))
        .cookie(&clay.cookie)
        .form(&[("option_1", "Size"), ("values_1", "Small, Large")])
        .await;
    assert_eq!(made.status, 303, "{}", made.text());
    let editor = app
        .get(&format!("{path}/variants"))
        .cookie(&clay.cookie)
        .send()
        .await;
    let text = editor.text();
    let ids: Vec<&str> = text
        .split("name=\"stock_seen.")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(ids.len(), 2, "{text}");
    let (price, stock) = (format!("price.{}", ids[1]), format!("stock.{}", ids[1]));
    let saved = app
        .post(&format!("{path}/variants"))
        .cookie(&clay.cookie)
        .form(&[(price.as_str(), "46"), (stock.as_str(), large)])
        .await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let shown = app.get(page).send().await;
    let found = shown.text();
    let values: Vec<String> = found
        .split("value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|value| ids.iter().any(|id| value.starts_with(&format!("{id}:"))))
        .map(str::to_owned)
        .collect();
    assert_eq!(values.len(), 2, "{found}");
    values
}

#[tokio::test]
async fn a_variant_is_chosen_with_a_plain_form() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let variants = sized(&app, &clay, &path, &page, "1").await;
    let large = variants[1].as_str();
    assert!(large.ends_with(":4600"));
    let bought = app
        .buy(&page, &[("quantity", "1"), ("variant", large)])
        .await;
    assert_eq!(bought.status, 303, "{}", bought.text());
    let checkout = app.get(bought.header("location")).send().await;
    assert!(checkout.text().contains("Large") && checkout.text().contains("46"));
    assert!(
        !checkout.text().contains("Have a code?"),
        "the shop has no codes"
    );

    // The last large one is held, so the page says so, and whoever was slower is told.
    let shown = app.get(&page).send().await.text();
    assert!(shown.contains("reserved"), "{shown}");
    let late = app.buy(&page, &[("variant", large)]).await;
    assert_eq!(late.status, 409);
    assert!(
        late.text().contains("Blue cup, Large") && !late.text().contains("join-waitlist"),
        "{}",
        late.text()
    );

    let old = large.replace(":4600", ":4000");
    let small = variants[0].replace(":3800", ":3700");
    assert_eq!(app.buy(&page, &[("variant", &old)]).await.status, 409);
    let dearer = app.buy(&page, &[("variant", &small)]).await;
    assert_eq!(dearer.status, 409);
    let again = dearer.text();
    assert!(
        again.contains("went up")
            && again.contains(&format!(
                "name=\"variant\" value=\"{}\"",
                small.split(':').next().expect("an id")
            )),
        "{again}"
    );
    for (odd, status) in [
        ("UPPER:1", 422),
        ("../x", 422),
        ("nobody:3800", 409),
        ("", 422),
    ] {
        assert_eq!(
            app.buy(&page, &[("variant", odd)]).await.status,
            status,
            "{odd}"
        );
    }
    let orders = app
        .get("/manage/orders?show=unpaid")
        .cookie(&clay.cookie)
        .send()
        .await
        .text();
    assert!(orders.contains("Blue cup, Large"), "{orders}");
}

#[tokio::test]
async fn a_basket_is_filled_changed_and_bought_with_plain_forms() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, cup) = app.product(&clay, "Blue cup", "38", "9").await;
    let (_, bowl) = app.product(&clay, "Bowl", "20", "3").await;
    let cups = sized(&app, &clay, &path, &cup, "4").await;
    let mut jar = Jar::default();
    let added = post(
        &app,
        &mut jar,
        &format!("{cup}/cart"),
        &[("variant", &cups[1]), ("quantity", "1")],
    )
    .await;
    assert_eq!(
        (added.status.as_u16(), added.header("location")),
        (303, "/@clay/cart?added=1"),
        "{}",
        added.text()
    );
    assert!(
        !added.header("set-cookie").contains("HttpOnly"),
        "a script fills it too"
    );
    post(
        &app,
        &mut jar,
        &format!("{bowl}/cart"),
        &[("quantity", "2")],
    )
    .await;
    let page = get(&app, &jar, "/@clay/cart").await;
    assert_eq!(
        (page.status.as_u16(), page.header("cache-control")),
        (200, "private, no-store")
    );
    let text = page.text();
    assert!(
        text.contains("Blue cup") && text.contains("Large") && text.contains("86\u{a0}€"),
        "{text}"
    );

    // Another number, then it is checked out.
    let bowls = values(&page, "line")[1].clone();
    let bowls = bowls.split(':').next().expect("an id");
    let changed = post(
        &app,
        &mut jar,
        "/@clay/cart",
        &[(&format!("quantity.{bowls}"), " ３ ")],
    )
    .await;
    assert_eq!(
        (changed.status.as_u16(), changed.header("location")),
        (303, "/@clay/cart")
    );
    let page = get(&app, &jar, "/@clay/cart").await;
    let (lines, key) = (values(&page, "line"), values(&page, "idempotency_key"));
    assert!(lines[1].ends_with(":3:2000"), "{lines:?}");
    let fields = [
        ("line", lines[0].as_str()),
        ("line", &lines[1]),
        ("idempotency_key", &key[0]),
    ];
    let held = post(&app, &mut jar, "/@clay/cart/checkout", &fields).await;
    assert_eq!(held.status, 303, "{}", held.text());
    let checkout = held.header("location").to_owned();
    let twice = post(&app, &mut jar, "/@clay/cart/checkout", &fields).await;
    assert_eq!(
        twice.header("location"),
        checkout,
        "pressing twice is one order"
    );
    let paid = post(
        &app,
        &mut jar,
        &format!("{checkout}/pay"),
        &[
            ("email", "ana@example.org"),
            ("name", "Ana"),
            ("address", "1 Quiet St"),
            ("outcome", "success"),
        ],
    )
    .await;
    assert_eq!(paid.status, 303, "{}", paid.text());
    assert!(!jar.cart().is_empty(), "until it is paid it stays");
    let receipt = get(&app, &jar, paid.header("location")).await;
    jar.keep(&receipt);
    let text = receipt.text();
    assert!(
        text.contains("Large") && text.contains("Bowl") && text.contains("106\u{a0}€"),
        "{text}"
    );
    assert_eq!(jar.cart(), "", "what was bought has left it");
    let empty = get(&app, &jar, "/@clay/cart").await;
    assert!(empty.text().contains("Nothing is in it yet"));
}

#[tokio::test]
async fn a_basket_that_was_tampered_with_is_refused_in_words() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let ash = app.creator("Ash", "ash").await;
    let (path, cup) = app.product(&clay, "Blue cup", "38", "2").await;
    let (_, vase) = app.product(&ash, "Vase", "50", "2").await;
    let mut jar = Jar::default();
    post(&app, &mut jar, &format!("{cup}/cart"), &[("quantity", "1")]).await;
    let page = get(&app, &jar, "/@clay/cart").await;
    let line = values(&page, "line")[0].clone();
    let variant = line.split(':').next().expect("an id").to_owned();
    let mut theirs = Jar::default();
    post(&app, &mut theirs, &format!("{vase}/cart"), &[]).await;
    let stolen = values(&get(&app, &theirs, "/@ash/cart").await, "line")[0].clone();

    let key = "a-key-of-the-page-0123";
    let check = async |lines: &[&str]| {
        let mut fields: Vec<(&str, &str)> = lines.iter().map(|line| ("line", *line)).collect();
        fields.push(("idempotency_key", key));
        app.post("/@clay/cart/checkout").form(&fields).await
    };
    let cheap = check(&[&line.replace(":3800", ":1")]).await;
    assert_eq!(cheap.status, 409);
    assert!(
        cheap
            .text()
            .contains("The price was 0,01\u{a0}€ and is 38\u{a0}€ now"),
        "{}",
        cheap.text()
    );
    let many = check(&[&format!("{variant}:3:3800")]).await;
    assert_eq!(many.status, 409);
    assert!(
        many.text().contains("only 2 can be bought now"),
        "{}",
        many.text()
    );
    let other = check(&[&line, &stolen]).await;
    assert_eq!(other.status, 409);
    assert!(
        other.text().contains("no longer sold") && !other.text().contains("Vase"),
        "{}",
        other.text()
    );
    for odd in [
        format!("{variant}:0:3800"),
        format!("{variant}:-1:3800"),
        format!("{variant}:100:3800"),
        format!("{variant}:99999999999:3800"),
        format!("{variant}:1"),
        "::".to_owned(),
        String::new(),
    ] {
        assert_eq!(check(&[&odd]).await.status, 422, "{odd}");
    }
    assert_eq!(check(&[&line, &line]).await.status, 422, "one thing twice");
    let short = app
        .post("/@clay/cart/checkout")
        .form(&[("line", &line), ("idempotency_key", "k")])
        .await;
    assert_eq!(short.status, 422);
    for (field, typed, status) in [
        (format!("quantity.{variant}"), "many", 422),
        (format!("quantity.{variant}"), "-1", 422),
        (format!("quantity.{variant}"), "100", 422),
        (format!("quantity.{variant}"), "0", 303),
        ("quantity.UPPER".to_owned(), "1", 303),
    ] {
        let answer = app
            .post("/@clay/cart")
            .cookie(&jar.sent())
            .form(&[(&field, typed)])
            .await;
        assert_eq!(answer.status, status, "{field}={typed}");
    }
    assert_eq!(
        app.post(&format!("{cup}/cart"))
            .form(&[("quantity", "100")])
            .await
            .status,
        422
    );
    assert_eq!(app.post("/p/nothing/cart").form(&[]).await.status, 404);
    assert_eq!(app.get("/@nobody/cart").send().await.status, 404);
    let foreign = app
        .post("/@clay/cart")
        .header("origin", "https://evil.example")
        .form(&[])
        .await;
    assert_eq!(foreign.status, 403);

    // What is taken down while it lies in a basket is named there, and bought by nobody.
    app.post(&format!("{path}/unpublish"))
        .cookie(&clay.cookie)
        .form(&[])
        .await;
    let gone = get(&app, &jar, "/@clay/cart").await;
    assert!(gone.text().contains("No longer sold"), "{}", gone.text());
    assert_eq!(check(&[&line]).await.status, 409);
    // Whatever a cookie says, it is a basket.
    let name = jar.0[0].0.clone();
    for odd in [
        "%00",
        "v1.99999",
        "~~~",
        "!",
        "<script>alert(1)</script>",
        "v1.1~<script>alert.1",
    ] {
        let answer = app
            .get("/@clay/cart")
            .cookie(&format!("{name}={odd}"))
            .send()
            .await;
        assert_eq!(answer.status, 200, "{odd}");
        assert!(!answer.text().contains("<script>alert"));
    }
    let none = app.get("/@clay/cart?added=1").send().await;
    assert!(none.text().contains("keeps no cookies"));
}

#[tokio::test]
async fn numbers_that_were_typed_and_not_shown_are_shown_before_anything_is_held() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (_, cup) = app.product(&clay, "Blue cup", "38", "9").await;
    let mut jar = Jar::default();
    post(&app, &mut jar, &format!("{cup}/cart"), &[]).await;
    let page = get(&app, &jar, "/@clay/cart").await;
    let (line, key) = (
        values(&page, "line")[0].clone(),
        values(&page, "idempotency_key")[0].clone(),
    );
    let field = format!("quantity.{}", line.split(':').next().expect("an id"));
    let fields = [
        ("line", line.as_str()),
        ("idempotency_key", &key),
        (&field, "2"),
    ];
    let shown = post(&app, &mut jar, "/@clay/cart/checkout", &fields).await;
    assert_eq!(
        (shown.status.as_u16(), shown.header("location")),
        (303, "/@clay/cart")
    );
    let page = get(&app, &jar, "/@clay/cart").await;
    assert!(page.text().contains("76\u{a0}€"), "{}", page.text());
    // A shop that took another handle is found by the old one.
    let moved = app
        .post("/manage/settings/handle")
        .cookie(&clay.cookie)
        .form(&[("handle", "loam")])
        .await;
    assert_eq!(moved.status, 303, "{}", moved.text());
    let there = get(&app, &jar, "/@clay/cart").await;
    assert_eq!(there.header("location"), "/@loam/cart");
    let pressed = post(&app, &mut jar, "/@clay/cart", &[]).await;
    assert_eq!(
        (pressed.status.as_u16(), pressed.header("location")),
        (303, "/@loam/cart")
    );
}

#[tokio::test]
async fn the_editor_says_what_is_wrong_with_options_and_rows() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let (path, page) = app.product(&clay, "Blue cup", "38", "2").await;
    let options = format!("{path}/options");
    let twice = app
        .post(&options)
        .cookie(&clay.cookie)
        .form(&[("option_1", "Size"), ("values_1", "Small, Small")])
        .await;
    assert_eq!(twice.status, 422);
    assert!(
        twice.text().contains("id=\"values_1-wrong\"")
            && twice.text().contains("value=\"Small, Small\"")
    );
    let variants = sized(&app, &clay, &path, &page, "1").await;
    let id = variants[1].split(':').next().expect("an id");
    let (price, stock, seen) = (
        format!("price.{id}"),
        format!("stock.{id}"),
        format!("stock_seen.{id}"),
    );
    let rows = [(price.as_str(), "dear"), (&stock, "3"), (&seen, "1")];
    let wrong = app
        .post(&format!("{path}/variants"))
        .cookie(&clay.cookie)
        .form(&rows)
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains(&format!("id=\"price-{id}-wrong\""))
            && wrong.text().contains("value=\"dear\""),
        "{}",
        wrong.text()
    );
    // The page that refuses is the one it was typed on: what it corrects counts once, and it is as old as it was.
    let refused_version = wrong.between("name=\"version\" value=\"", "\"");
    let key = wrong.between("name=\"form_key\" value=\"", "\"");
    let stale = app
        .post(&format!("{path}/variants"))
        .cookie(&clay.cookie)
        .form(&[
            (&format!("price.{id}"), "dear"),
            ("version", "1"),
            ("form_key", &key),
        ])
        .await;
    assert_ne!(refused_version, "1");
    assert_eq!(stale.between("name=\"version\" value=\"", "\""), "1");
    assert_eq!(stale.between("name=\"form_key\" value=\"", "\""), key);
    let old = app
        .post(&options)
        .cookie(&clay.cookie)
        .form(&[
            ("option_1", "Size"),
            ("values_1", "Small"),
            ("version", "1"),
        ])
        .await;
    assert_eq!(old.status, 409);
    let ash = app.creator("Ash", "ash").await;
    for address in [options, format!("{path}/variants")] {
        assert_eq!(
            app.post(&address)
                .cookie(&ash.cookie)
                .form(&[])
                .await
                .status,
            404,
            "{address}"
        );
        assert_eq!(app.post(&address).form(&[]).await.status, 303, "signed out");
    }
}
