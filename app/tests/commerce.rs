//! What pages say of stock and money.

mod fixture;

use app::{
    catalog::{self, page::WaitlistFlash},
    checkout, manage, shop,
};
use domain::{
    catalog::Product,
    checkout::{Delivery, Filter, PayForm, State},
    payment::Provider,
    quote::Amounts,
    terms::Terms,
};
use fixture::{editor, euro, order, order_page, photo, product, refunding, refunds, site, viewer};

#[test]
fn what_is_only_reserved_is_not_called_sold() {
    let reserved = Product {
        available: 0,
        stock: 2,
        ..product("Cup", Vec::new())
    };
    let (site, shop) = (site(false), fixture::shop());
    for html in [
        catalog::page::product(&site, &shop, &Terms::default(), &reserved),
        catalog::page::waitlist(&site, &shop, &reserved, WaitlistFlash::None),
        checkout::page::sold_out(&site, &shop, &reserved),
        shop::page::front(&site, &shop, std::slice::from_ref(&reserved)),
    ] {
        assert!(html.contains("Reserved"), "{html}");
        assert!(
            !html.contains("Sold out")
                && !html.contains("found a home")
                && !html.contains("/buy\""),
            "{html}"
        );
    }
    let html = catalog::page::product(&site, &shop, &Terms::default(), &reserved);
    assert!(html.contains("https://schema.org/OutOfStock"), "{html}");
}

#[test]
fn an_amount_is_written_in_one_way_everywhere() {
    for (minor, written) in [(3800, "38\u{a0}€"), (3850, "38,50\u{a0}€")] {
        let cup = Product {
            price: Some(euro(minor)),
            ..product("Cup", Vec::new())
        };
        let order = order(7, State::Held, &cup, 1);
        let (site, shop, viewer) = (site(false), fixture::shop(), viewer());
        let editor = manage::page::product(&site, &viewer, &editor(&cup, &[]));
        let number = written.trim_end_matches("\u{a0}€");
        assert!(editor.contains(&format!("value=\"{number}\"")), "{editor}");
        for html in [
            catalog::page::product(&site, &shop, &Terms::default(), &cup),
            checkout::page::checkout(
                &site,
                &shop,
                &Terms::default(),
                &order,
                &PayForm::default(),
                None,
                Provider::Test,
            ),
            checkout::page::order(&site, &shop, &order, &refunds(0)),
            manage::page::products(
                &site,
                &viewer,
                std::slice::from_ref(&cup),
                manage::page::ShowProducts::All,
                fixture::USAGE,
            ),
            manage::page::orders(
                &site,
                &viewer,
                &order_page(std::slice::from_ref(&order)),
                Filter::Unpaid,
                true,
            ),
        ] {
            assert!(html.contains(written), "{html}");
            let other = html.matches('€').count();
            assert_eq!(html.matches(written).count(), other, "{html}");
        }
    }
}

#[test]
fn list_and_editor_count_the_same_pieces() {
    let cup = Product {
        available: 2,
        stock: 5,
        ..product("Cup", Vec::new())
    };
    let (site, viewer) = (site(false), viewer());
    let list = manage::page::products(
        &site,
        &viewer,
        std::slice::from_ref(&cup),
        manage::page::ShowProducts::All,
        fixture::USAGE,
    );
    assert!(
        list.contains("In stock") && list.contains("figure\">5<"),
        "{list}"
    );
    assert!(list.contains(", 3 reserved"), "{list}");
    let html = manage::page::product(&site, &viewer, &editor(&cup, &[]));
    assert!(html.contains("In stock") && html.contains("name=\"stock\""));
    assert!(
        html.contains("3 of them are reserved by open orders"),
        "{html}"
    );
    let field = html.split_once("name=\"stock\"").expect("a field").1;
    let value = field.split_once("value=\"").expect("a value").1;
    assert!(value.starts_with("5\""), "{html}");
}

#[test]
fn what_is_sold_out_asks_for_an_address_and_not_for_money() {
    let cup = product("Cup", vec![photo("/media/a", 1600, 2000, "A cup")]);
    let out = Product {
        available: 0,
        stock: 0,
        ..cup.clone()
    };
    let (site, shop) = (site(false), fixture::shop());
    let html = catalog::page::product(&site, &shop, &Terms::default(), &out);
    assert!(html.contains(r#"action="/fn/join-waitlist""#), "{html}");
    assert!(html.contains(r#"name="slug" value="glazed-cup""#), "{html}");
    assert!(html.contains("Lehm &amp; Licht</bdi> writes to you") && html.contains("180 days"));
    assert!(!html.contains("/buy\""), "{html}");
    assert!(!catalog::page::product(&site, &shop, &Terms::default(), &cup).contains("/fn/"));
    assert!(checkout::page::sold_out(&site, &shop, &out).contains("/fn/join-waitlist"));
    let back = catalog::page::waitlist(&site, &shop, &cup, WaitlistFlash::Noted);
    assert!(back.contains(r#"href="/p/glazed-cup""#) && !back.contains("writes to you"));
    let wrong = catalog::page::waitlist(&site, &shop, &out, WaitlistFlash::InvalidEmail);
    assert!(wrong.contains(r#"aria-invalid="true""#), "{wrong}");
}

/// A code for the delivery stands in one line, and the lines make the total.
#[test]
fn a_receipt_adds_up_and_says_where_it_goes() {
    let (site, shop) = (site(false), fixture::shop());
    let cup = product("Cup", Vec::new());
    let mut order = order(7, State::Paid, &cup, 1);
    order.destination = Some("US-NY".parse().expect("a place"));
    order.code = Some("POST".parse().expect("a code"));
    order.delivery = Some(Delivery {
        method: "parcel".to_owned(),
        name: "Parcel".to_owned(),
        amounts: Amounts {
            unit: 490,
            quantity: 1,
            discount: 490,
            ..Amounts::default()
        },
    });
    let receipt = checkout::page::order(&site, &shop, &order, &refunds(0));
    for part in ["Code POST", "−4,90\u{a0}€", ">4,90\u{a0}€", ">38\u{a0}€"] {
        assert!(receipt.contains(part), "{part}: {receipt}");
    }
    assert!(!receipt.contains("free"));
    // Buyer and seller read the same address.
    let packed = manage::page::order(&site, &viewer(), &order, &refunding(&refunds(0)));
    for page in [&receipt, &packed] {
        assert!(
            page.contains("NY") && page.contains("United States"),
            "{page}"
        );
    }
}
