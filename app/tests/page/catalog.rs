//! The page of a product: what loads first, what search engines read, what is sold out.

use app::catalog;
use domain::{catalog::Product, terms::Terms};

use crate::{
    fixture::{self, HOSTILE, clip, photo, product, site},
    hostile,
    markup::{names, tags, value},
    pages,
};

#[test]
fn the_hero_comes_first_and_the_rest_waits() {
    let hero = photo("/media/a", 1600, 2000, "A cup");
    let other = photo("/media/b", 1600, 2000, "Its handle");
    let clip = clip(&hero, "/media/c/film.mp4");
    let html = catalog::page::product(
        &site(false),
        &fixture::shop(),
        &Terms::default(),
        &product("Cup", vec![hero, other, clip]),
    );
    let tags = tags(&html);
    let slides: Vec<&str> = tags
        .iter()
        .filter(|(name, attributes)| *name == "img" && value(attributes, "alt") != Some(""))
        .map(|(_, attributes)| *attributes)
        .collect();
    assert_eq!(slides.len(), 2);
    assert_eq!(value(slides[0], "fetchpriority"), Some("high"));
    assert_eq!(value(slides[0], "loading"), None);
    assert_eq!(value(slides[1], "fetchpriority"), None);
    assert_eq!(value(slides[1], "loading"), Some("lazy"));
    let preloads: Vec<&str> = tags
        .iter()
        .filter(|(name, attributes)| *name == "link" && value(attributes, "as") == Some("image"))
        .map(|(_, attributes)| *attributes)
        .collect();
    assert_eq!(preloads.len(), 1);
    assert_eq!(value(preloads[0], "type"), Some("image/avif"));
    assert_eq!(
        value(preloads[0], "imagesrcset"),
        Some("/media/a/320.avif 320w, /media/a/640.avif 640w, /media/a/1280.avif 1280w")
    );
    let hero_source = tags
        .iter()
        .find(|(name, attributes)| {
            *name == "source" && value(attributes, "type") == Some("image/avif")
        })
        .expect("an AVIF source");
    assert_eq!(
        value(hero_source.1, "sizes"),
        value(preloads[0], "imagesizes")
    );
    let (_, video) = tags
        .iter()
        .find(|(name, _)| *name == "video")
        .expect("a clip");
    for attribute in ["muted", "loop", "playsinline", "controls"] {
        assert!(
            names(video).iter().any(|name| name == attribute),
            "{attribute}: {video}"
        );
    }
    assert_eq!(
        value(video, "poster"),
        None,
        "its poster is a picture behind it"
    );
    let video_at = html.find("<video").expect("a clip");
    let behind = html[..video_at].rfind("<img").expect("a poster");
    assert!(
        html[behind..video_at].contains("srcset"),
        "{}",
        &html[behind..video_at]
    );
    assert_eq!(value(video, "preload"), Some("none"));
    assert!(
        !names(video).iter().any(|name| name == "autoplay"),
        "{video}"
    );
    // The text stands after the buying.
    assert!(html.find("class=\"story\"") > html.find("Buy for 38"));
}

#[test]
fn search_engines_read_the_product() {
    let terms = fixture::terms("Parcel");
    let html = catalog::page::product(&site(false), &fixture::shop(), &terms, &hostile());
    let start = html.find("application/ld+json").expect("structured data");
    let json = &html[start..];
    let json =
        &json[json.find('>').expect("its start") + 1..json.find("</script>").expect("its end")];
    let data: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(data["@type"], "Product");
    assert_eq!(data["name"], HOSTILE);
    assert_eq!(data["sku"], "pr1");
    assert_eq!(data["brand"]["name"], fixture::shop().name);
    assert_eq!(data["offers"]["price"], "38.00");
    assert_eq!(data["offers"]["priceCurrency"], "EUR");
    assert_eq!(data["offers"]["availability"], "https://schema.org/InStock");
    let delivery = &data["offers"]["shippingDetails"];
    assert_eq!(
        delivery.as_array().map(Vec::len),
        Some(1),
        "everywhere else has no list of countries"
    );
    assert_eq!(delivery[0]["shippingRate"]["value"], "4.90");
    assert_eq!(
        delivery[0]["shippingDestination"]["addressCountry"][1],
        "US"
    );
    let returns = &data["offers"]["hasMerchantReturnPolicy"];
    assert_eq!(
        (
            &returns["merchantReturnDays"],
            &returns["applicableCountry"]
        ),
        (&14.into(), &"DE".into())
    );
    assert!(html.contains("Tax included, delivery from nothing on."));
    let silent = catalog::page::product(
        &site(false),
        &fixture::shop(),
        &Terms::default(),
        &hostile(),
    );
    assert!(!silent.contains("shippingDetails") && !silent.contains("price-note"));
    assert_eq!(data["image"][0], "http://localhost:3000/media/a/1280.jpg");
    assert_eq!(data["subjectOf"][0]["@type"], "VideoObject");
    assert_eq!(data["subjectOf"][0]["duration"], "PT3.84S");
    assert_eq!(data["subjectOf"][0]["uploadDate"], "2026-11-22T14:05:09Z");
}

#[test]
fn link_previews_say_what_a_page_is_and_whose() {
    let shop = fixture::shop();
    let product_page = catalog::page::product(
        &site(false),
        &shop,
        &Terms::default(),
        &product("Cup", Vec::new()),
    );
    let front = app::shop::page::front(&site(false), &shop, &[]);
    for (html, kind) in [(&product_page, "product"), (&front, "website")] {
        let properties: Vec<(&str, &str)> = tags(html)
            .into_iter()
            .filter(|(name, _)| *name == "meta")
            .filter_map(|(_, meta)| Some((value(meta, "property")?, value(meta, "content")?)))
            .collect();
        for property in [
            ("og:type", kind),
            ("og:site_name", "Lehm &amp; Licht"),
            ("og:locale", "en_GB"),
        ] {
            assert!(properties.contains(&property), "{properties:?}");
        }
    }
    assert!(!app::shop::page::shops(&site(false), &[shop]).contains("og:site_name"));
}

#[test]
fn only_the_text_face_is_fetched_before_the_first_picture() {
    for (page, html) in pages(&site(false)) {
        let fonts: Vec<&str> = tags(&html)
            .into_iter()
            .filter(|(name, link)| *name == "link" && value(link, "as") == Some("font"))
            .filter_map(|(_, link)| value(link, "href"))
            .collect();
        assert_eq!(
            fonts,
            ["/static/fonts/instrument-sans-latin-wght-normal.woff2"],
            "{page}"
        );
    }
}

#[test]
fn the_same_product_renders_the_same_bytes() {
    let page = || {
        catalog::page::product(
            &site(false),
            &fixture::shop(),
            &Terms::default(),
            &hostile(),
        )
    };
    assert_eq!(page(), page());
}

#[test]
fn what_is_sold_out_cannot_be_bought() {
    let sold_out = Product {
        available: 0,
        stock: 0,
        ..hostile()
    };
    let html = catalog::page::product(&site(false), &fixture::shop(), &Terms::default(), &sold_out);
    assert!(html.contains("Sold out") && html.contains("https://schema.org/SoldOut"));
    assert!(!html.contains("/buy\""));
    let html = catalog::page::product(
        &site(false),
        &fixture::shop(),
        &Terms::default(),
        &hostile(),
    );
    assert!(html.contains("action=\"/p/glazed-cup/buy\""));
    assert!(html.contains("name=\"price_seen_minor\" value=\"3800\""));
    assert!(
        !html.contains("4 left") && !html.contains("available"),
        "a cached page holds no stock count"
    );
}
