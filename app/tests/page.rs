//! What must be true of every page, whatever it shows.

#[path = "page/catalog.rs"]
mod catalog_page;
#[path = "page/direction.rs"]
mod direction;
mod fixture;
#[path = "page/form.rs"]
mod form;
#[path = "page/identity.rs"]
mod identity_page;
#[path = "page/markup.rs"]
mod markup;
#[path = "page/variant.rs"]
mod variant;

use std::collections::HashSet;

use app::{
    Site,
    catalog::{self, page::WaitlistFlash},
    checkout, error, identity, manage,
    manage::page::Typed,
    shop, studio,
};
use domain::{
    catalog::{EditForm, Product, State as Shown},
    checkout::{Filter, PayForm, State},
    discount::form::DiscountForm,
    identity::SetupForm,
    invalid::Invalid,
    payment::Provider,
    terms::{
        Terms,
        form::{MethodForm, RateForm, SellerForm, ZoneForm},
    },
};
use fixture::{
    HOSTILE, clip, editor, euro, order, order_page, photo, product, refunding, refunds, site,
    viewer, waitlist,
};
use markup::{names, tags, value};
use services::checkout::OrderPage;

fn hostile() -> Product {
    product_of(HOSTILE)
}

/// Every page in every state, with text that tries to break out of it.
fn pages(site: &Site) -> Vec<(&'static str, String)> {
    pages_of(site, HOSTILE, HOSTILE)
}

/// A product whose every text is `words`.
fn product_of(words: &str) -> Product {
    let hero = photo("/media/a", 1600, 2000, words);
    let clip = clip(&hero, "/media/b/film.mp4");
    let mut product = product(words, vec![hero, clip]);
    product.summary = words.to_owned();
    product.text = words.to_owned();
    product
}

/// Every page in every state. People wrote `words` wherever they can write, and `message` is what the shop says to them.
fn pages_of(site: &Site, words: &str, message: &str) -> Vec<(&'static str, String)> {
    let mut shop = fixture::shop();
    shop.name = words.to_owned();
    let mut viewer = viewer();
    viewer.shop.name = words.to_owned();
    let product = product_of(words);
    let sold_out = Product {
        available: 0,
        ..product.clone()
    };
    let draft = Product {
        state: Shown::Draft,
        price: None,
        media: Vec::new(),
        ..product.clone()
    };
    let mut pages = variant::pages(site, &shop, &viewer, &product, words, message);
    pages.extend([
        ("welcome", shop::page::welcome(site)),
        ("shops", shop::page::shops(site, &[shop.clone()])),
        (
            "front",
            shop::page::front(
                site,
                &shop,
                &[product.clone(), sold_out.clone(), draft.clone()],
            ),
        ),
        ("front, empty", shop::page::front(site, &shop, &[])),
        (
            "product",
            catalog::page::product(site, &shop, &fixture::terms(words), &product),
        ),
        (
            "product, sold out",
            catalog::page::product(site, &shop, &Terms::default(), &sold_out),
        ),
        (
            "product, bare",
            catalog::page::product(site, &shop, &Terms::default(), &draft),
        ),
        (
            "price changed",
            checkout::page::price_changed(
                site,
                &shop,
                &product,
                euro(1),
                checkout::page::Press {
                    variant: None,
                    quantity: 2,
                    price: euro(1),
                    key: Some(HOSTILE),
                },
            ),
        ),
        ("sold out", checkout::page::sold_out(site, &shop, &sold_out)),
        (
            "waitlist",
            catalog::page::waitlist(site, &shop, &sold_out, WaitlistFlash::None),
        ),
        (
            "waitlist, noted",
            catalog::page::waitlist(site, &shop, &sold_out, WaitlistFlash::Noted),
        ),
        (
            "waitlist, wrong",
            catalog::page::waitlist(site, &shop, &sold_out, WaitlistFlash::InvalidEmail),
        ),
        (
            "waitlist, back",
            catalog::page::waitlist(site, &shop, &product, WaitlistFlash::Noted),
        ),
        (
            "error",
            error::page::error(site, 404, message, message, (message, "/")),
        ),
        (
            "studio",
            studio::page::studio(site, &viewer, &format!("{{\"a\":{words:?}}}")),
        ),
        (
            "setup",
            identity::page::setup(
                site,
                "t",
                None,
                &SetupForm::default(),
                &[
                    Invalid::new("handle", message),
                    Invalid::new("password", message),
                ],
            ),
        ),
        (
            "recovery",
            identity::page::setup(site, "t", Some(&shop), &SetupForm::default(), &[]),
        ),
        (
            "sign in",
            identity::page::sign_in(site, words, Some(words), Some(message), true),
        ),
        ("settings", fixture::settings(site, &viewer, true)),
        ("settings, later", fixture::settings(site, &viewer, false)),
        ("uploads", fixture::access::page(site, &viewer, true)),
        (
            "uploads, later",
            fixture::access::page(site, &viewer, false),
        ),
        (
            "products",
            manage::page::products(
                site,
                &viewer,
                &[product.clone(), draft.clone()],
                manage::page::ShowProducts::All,
                fixture::USAGE,
            ),
        ),
        (
            "products, empty",
            manage::page::products(
                site,
                &viewer,
                &[],
                manage::page::ShowProducts::All,
                fixture::USAGE,
            ),
        ),
        (
            "editor",
            manage::page::product(
                site,
                &viewer,
                &manage::page::Editor {
                    errors: &[Invalid::new("price", message)],
                    message: Some(message),
                    ..editor(&product, &waitlist(2))
                },
            ),
        ),
        (
            "editor, changed elsewhere",
            manage::page::product(
                site,
                &viewer,
                &manage::page::Editor {
                    form: Some(&EditForm {
                        stock: "3".to_owned(),
                        stock_seen: "4".to_owned(),
                        ..EditForm::default()
                    }),
                    changed: true,
                    ..editor(&product, &[])
                },
            ),
        ),
        (
            "editor, draft",
            manage::page::product(site, &viewer, &editor(&draft, &[])),
        ),
        (
            "orders, empty",
            manage::page::orders(site, &viewer, &order_page(&[]), Filter::All, true),
        ),
    ]);
    let form = PayForm {
        email: words.to_owned(),
        name: words.to_owned(),
        address: words.to_owned(),
        country: "US".to_owned(),
        region: words.to_owned(),
        delivery: words.to_owned(),
        code: words.to_owned(),
        total_seen_minor: words.to_owned(),
        outcome: words.to_owned(),
    };
    let terms = fixture::terms(words);
    let wrong = |field: &'static str| vec![Invalid::new(field, message)];
    let method = MethodForm {
        method_name: words.to_owned(),
        price: words.to_owned(),
        free_from: words.to_owned(),
    };
    let zones = Typed {
        form: (
            ZoneForm {
                zone_name: words.to_owned(),
                countries: words.to_owned(),
            },
            "home".to_owned(),
            method,
        ),
        errors: wrong("price"),
        message: Some("Saved."),
    };
    let taxes = Typed {
        form: (
            SellerForm::of(&terms),
            RateForm {
                place: words.to_owned(),
                ..RateForm::default()
            },
        ),
        errors: wrong("place"),
        message: None,
    };
    let codes = Typed {
        form: DiscountForm {
            code: words.to_owned(),
            value: words.to_owned(),
            ..DiscountForm::default()
        },
        errors: wrong("code"),
        message: None,
    };
    let texts = Typed {
        form: terms.texts.clone(),
        errors: wrong("returns"),
        message: None,
    };
    pages.extend([
        ("terms", app::shop::page::terms(site, &shop, &terms)),
        (
            "terms, empty",
            app::shop::page::terms(site, &shop, &Terms::default()),
        ),
        (
            "delivery",
            manage::page::delivery(site, &viewer, &terms, &zones),
        ),
        (
            "delivery, empty",
            manage::page::delivery(site, &viewer, &Terms::default(), &Typed::default()),
        ),
        ("taxes", manage::page::taxes(site, &viewer, &terms, &taxes)),
        (
            "codes",
            manage::page::codes(site, &viewer, &fixture::codes(), &codes),
        ),
        (
            "codes, empty",
            manage::page::codes(site, &viewer, &[], &Typed::default()),
        ),
        ("texts", manage::page::texts(site, &viewer, &texts)),
    ]);
    pages.extend(fixture::capture::pages(site, &viewer, words));
    let mut all = Vec::new();
    for state in State::ALL {
        let mut order = order(7, state, &product, 2);
        order.declined = Some(message.to_owned());
        if let Some(buyer) = &mut order.buyer {
            buyer.name = words.to_owned();
            buyer.address = words.to_owned();
        }
        pages.push((
            "checkout",
            checkout::page::checkout(
                site,
                &shop,
                &terms,
                &order,
                &form,
                Some(&Invalid::new("", message)),
                Provider::Test,
            ),
        ));
        pages.push((
            "checkout by Stripe",
            checkout::page::checkout(site, &shop, &terms, &order, &form, None, Provider::Stripe),
        ));
        let mut given = refunds(4);
        for refund in &mut given.refunds {
            refund.cause = words.to_owned();
        }
        pages.push(("order", checkout::page::order(site, &shop, &order, &given)));
        pages.push((
            "order with refunds",
            manage::page::order(site, &viewer, &order, &refunding(&given)),
        ));
        pages.push((
            "order to pack",
            manage::page::order(site, &viewer, &order, &refunding(&refunds(0))),
        ));
        all.push(order);
    }
    pages.push((
        "orders",
        manage::page::orders(
            site,
            &viewer,
            &OrderPage {
                next: Some(3),
                ..order_page(&all)
            },
            Filter::All,
            false,
        ),
    ));
    let wrong = [Invalid::new("secret", message)];
    pages.push(("payments", fixture::payments(site, &viewer, true, &wrong)));
    pages.push((
        "payments later",
        fixture::payments(site, &viewer, false, &[]),
    ));
    for ledger in fixture::ledgers(site, &viewer) {
        pages.push(("ledger", ledger));
    }
    pages.push((
        "overview",
        manage::page::overview(
            site,
            &viewer,
            &fixture::overview(&all, &fixture::sales(14), &[product, draft]),
        ),
    ));
    pages
}

#[test]
fn nothing_in_a_page_needs_an_unsafe_policy() {
    for (page, html) in pages(&site(true)) {
        for (name, attributes) in tags(&html) {
            for attribute in names(attributes) {
                assert_ne!(attribute, "style", "{page}: <{name} {attributes}>");
                assert!(
                    !attribute.starts_with("on"),
                    "{page}: <{name} {attributes}>"
                );
            }
            assert_ne!(name, "style", "{page}");
            if name == "script" {
                let kind = value(attributes, "type").unwrap_or_default();
                let data = kind == "application/ld+json" || kind == "application/json";
                assert!(
                    data || value(attributes, "src").is_some(),
                    "{page}: inline script {attributes}"
                );
            }
            for link in [value(attributes, "href"), value(attributes, "action")]
                .into_iter()
                .flatten()
            {
                assert!(!link.starts_with("javascript:"), "{page}: {link}");
            }
        }
    }
}

#[test]
fn typed_text_stays_text() {
    for (page, html) in pages(&site(true)) {
        assert!(!html.contains("<script>alert"), "{page}");
        assert!(!html.contains("</script><script>"), "{page}");
        assert!(!html.contains("<!-- &"), "{page}");
        assert!(
            html.contains("&lt;script&gt;alert")
                || html.contains("\\u003cscript")
                || ["welcome", "orders, empty"].contains(&page)
                || html.contains("&lt;/script"),
            "{page} does not show the text at all"
        );
    }
}

#[test]
fn every_page_has_one_heading_a_language_and_a_way_in() {
    for (page, html) in pages(&site(false)) {
        assert!(html.starts_with("<!DOCTYPE html>"), "{page}");
        assert_eq!(html.matches("<h1").count(), 1, "{page}");
        assert_eq!(html.matches("<main").count(), 1, "{page}");
        let head = &html[..html.find("</head>").expect("a head")];
        assert_eq!(head.matches("<title>").count(), 1, "{page}");
        assert!(html.contains("lang=\"en\""), "{page}");
        assert!(html.contains("id=\"main\""), "{page}");
        let focused = tags(&html)
            .into_iter()
            .filter(|(_, attributes)| names(attributes).iter().any(|name| name == "autofocus"));
        assert!(focused.count() <= 1, "{page}: one place has the focus");
        let mut ids = HashSet::new();
        for (_, attributes) in tags(&html) {
            if let Some(id) = value(attributes, "id") {
                assert!(ids.insert(id), "{page}: two elements have the id {id}");
            }
        }
        for (name, attributes) in tags(&html) {
            for reference in ["for", "aria-describedby", "aria-labelledby", "form"] {
                for id in value(attributes, reference)
                    .unwrap_or_default()
                    .split_whitespace()
                {
                    assert!(ids.contains(id), "{page}: <{name} {attributes}> names {id}");
                }
            }
        }
    }
}

#[test]
fn every_control_has_a_label() {
    for (page, html) in pages(&site(true)) {
        let tags = tags(&html);
        let labelled: HashSet<&str> = tags
            .iter()
            .filter(|(name, _)| *name == "label")
            .filter_map(|(_, attributes)| value(attributes, "for"))
            .collect();
        for (name, attributes) in &tags {
            let control = ["input", "select", "textarea"].contains(name);
            if !control || value(attributes, "type") == Some("hidden") {
                continue;
            }
            let id = value(attributes, "id").unwrap_or_default();
            assert!(labelled.contains(id), "{page}: <{name} {attributes}>");
        }
    }
}

#[test]
fn every_form_that_changes_something_is_a_post() {
    for (page, html) in pages(&site(true)) {
        for (_, attributes) in tags(&html).into_iter().filter(|(name, _)| *name == "form") {
            assert_eq!(
                value(attributes, "method"),
                Some("post"),
                "{page}: {attributes}"
            );
            let action = value(attributes, "action").unwrap_or_default();
            assert!(
                action.starts_with('/') && !action.starts_with("//"),
                "{page}: {attributes}"
            );
        }
    }
}

#[test]
fn every_picture_has_a_description_and_a_size() {
    for (page, html) in pages(&site(true)) {
        for (_, attributes) in tags(&html).into_iter().filter(|(name, _)| *name == "img") {
            assert!(value(attributes, "alt").is_some(), "{page}: {attributes}");
            assert!(
                value(attributes, "width").is_some() && value(attributes, "height").is_some(),
                "{page}: {attributes}"
            );
        }
    }
}

#[test]
fn the_test_line_is_on_every_page_only_while_payments_are_tests() {
    for (page, html) in pages(&site(true)) {
        assert!(html.contains("Test payments: no money moves"), "{page}");
    }
    for (page, html) in pages(&site(false)) {
        assert!(!html.contains("Test payments"), "{page}");
        assert!(!html.contains("name=\"outcome\""), "{page}");
    }
}

#[test]
fn moments_say_their_zone_and_are_written_anew_by_a_script() {
    for (page, html) in pages(&site(false)) {
        let moments = html.matches("<time").count();
        if moments == 0 {
            continue;
        }
        assert!(html.contains("/pkg/time"), "{page}");
        assert_eq!(
            html.matches(" UTC</time>").count(),
            moments,
            "{page}: {html}"
        );
        assert_eq!(html.matches("data-time=").count(), moments, "{page}");
    }
}

#[test]
fn a_waiting_order_asks_again_and_a_known_one_does_not() {
    let refreshes = |state| {
        let order = order(1, state, &hostile(), 1);
        checkout::page::order(&site(false), &fixture::shop(), &order, &refunds(0))
            .contains("http-equiv=\"refresh\"")
    };
    for state in State::ALL {
        assert_eq!(
            refreshes(state),
            matches!(state, State::Paying | State::Pending),
            "{state:?}"
        );
    }
}

#[test]
fn pages_that_are_not_for_everyone_stay_out_of_search() {
    for (page, html) in pages(&site(false)) {
        let public = page.starts_with("front")
            || page.starts_with("product,")
            || page == "product"
            || page == "product with variants"
            || page == "shops"
            || page.starts_with("terms");
        assert_eq!(html.contains("noindex"), !public, "{page}");
        assert_eq!(html.contains("rel=\"canonical\""), public, "{page}");
    }
}
