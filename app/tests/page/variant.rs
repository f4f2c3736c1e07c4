//! Pages about variants and baskets.

use app::{
    Site, catalog,
    checkout::{
        self,
        cart::{Refused, cart, shortage},
    },
    manage::page::{VariantsEditor, product as editor_page, variants},
};
use domain::{
    catalog::{
        Product, Variant,
        variant::{OptionsForm, VariantForm},
    },
    checkout::State,
    identity::{Shop, Viewer},
    invalid::Invalid,
    terms::Terms,
};
use services::checkout::{CartLine, CartOffer, CartPage};

use crate::{
    fixture::{self, editor, euro, order, refunding, refunds, site, variant::with_variants},
    markup::{names, tags, value},
    product_of,
};

fn line(id: &str, quantity: u32, offer: Option<CartOffer>) -> CartLine {
    CartLine {
        variant: id.parse().expect("an id"),
        quantity,
        offer,
    }
}

/// A basket of four: one that is there, one short, one sold out, one gone.
fn basket(shop: &Shop, product: &Product, words: &str) -> CartPage {
    let offer = |available| {
        Some(CartOffer {
            slug: product.slug.clone(),
            title: words.to_owned(),
            choice: words.to_owned(),
            price: euro(3800),
            available,
            photo: product.media.first().cloned(),
        })
    };
    CartPage {
        shop: shop.clone(),
        lines: vec![
            line("v1", 2, offer(2)),
            line("v2", 3, offer(1)),
            line("v3", 1, offer(0)),
            line("v4", 1, None),
        ],
    }
}

/// Name and page; people wrote `words`, and `message` is what the shop says.
pub(crate) fn pages(
    site: &Site,
    shop: &Shop,
    viewer: &Viewer,
    product: &Product,
    words: &str,
    message: &str,
) -> Vec<(&'static str, String)> {
    let many = with_variants(product, words);
    let broken = basket(shop, product, words);
    let mut whole = broken.clone();
    whole.lines.truncate(1);
    let none = CartPage {
        lines: Vec::new(),
        ..broken.clone()
    };
    let typed = OptionsForm {
        option_1: words.to_owned(),
        values_1: words.to_owned(),
        ..OptionsForm::default()
    };
    let id = many.variants[1].id.clone();
    let rows = [VariantForm {
        variant: id.clone(),
        price: words.to_owned(),
        sku: words.to_owned(),
        stock: words.to_owned(),
        stock_seen: "1".to_owned(),
    }];
    let wrong = ["price", "stock"].map(|field| (id.clone(), Invalid::new(field, message)));
    let errors = [Invalid::new("values_1", message)];
    let stored = VariantsEditor {
        version: None,
        product: &many,
        options: None,
        rows: &[],
        errors: &[],
        wrong: &[],
        message: Some(message),
        form_key: "k",
    };
    let refused = VariantsEditor {
        options: Some(&typed),
        rows: &rows,
        errors: &errors,
        wrong: &wrong,
        message: None,
        ..stored
    };
    let plain = VariantsEditor { product, ..stored };
    let seen = [(whole.lines[0].variant.clone(), 100)];
    let why = Refused {
        message,
        seen: &seen,
    };
    let short = shortage(&broken);
    let why_short = Refused {
        message: &short,
        seen: &[],
    };
    let sold = order(8, State::Paid, &many, 2);
    vec![
        (
            "product with variants",
            catalog::page::product(site, shop, &Terms::default(), &many),
        ),
        (
            "editor with variants",
            editor_page(site, viewer, &editor(&many, &[])),
        ),
        ("variants", variants(site, viewer, &stored)),
        ("variants, wrong", variants(site, viewer, &refused)),
        ("variants, none", variants(site, viewer, &plain)),
        ("basket", cart(site, &whole, "k", None, false)),
        (
            "basket, broken",
            cart(site, &broken, "k", Some(why_short), false),
        ),
        (
            "basket, price changed",
            cart(site, &whole, "k", Some(why), false),
        ),
        ("basket, empty", cart(site, &none, "k", None, false)),
        ("basket, no cookies", cart(site, &none, "k", None, true)),
        (
            "order with variants",
            checkout::page::order(site, shop, &sold, &refunds(0)),
        ),
        (
            "packing with variants",
            app::manage::page::order(site, viewer, &sold, &refunding(&refunds(0))),
        ),
    ]
}

fn page_of(product: &Product) -> String {
    catalog::page::product(&site(false), &fixture::shop(), &Terms::default(), product)
}

#[test]
fn one_variant_is_chosen_and_what_is_sold_out_cannot_be() {
    let product = with_variants(&product_of("Cup"), "Blue");
    let html = page_of(&product);
    let radios: Vec<&str> = tags(&html)
        .into_iter()
        .filter(|(name, radio)| *name == "input" && value(radio, "name") == Some("variant"))
        .map(|(_, radio)| radio)
        .collect();
    assert_eq!(radios.len(), product.variants.len());
    let has = |radio: &&&str, word: &str| names(radio).iter().any(|name| *name == word);
    let out: Vec<_> = radios
        .iter()
        .filter(|radio| has(radio, "disabled"))
        .collect();
    assert_eq!(out.len(), 2);
    let chosen: Vec<_> = radios
        .iter()
        .filter(|radio| has(radio, "checked"))
        .collect();
    let values: Vec<_> = chosen.iter().map(|radio| value(radio, "value")).collect();
    assert_eq!(values, [Some("v1:3800")], "the first that is for sale");
    // Prices differ, so no button says one that may be another's.
    assert!(
        html.contains("from 38\u{a0}€") && html.contains("sold out"),
        "{html}"
    );
    assert!(!html.contains("Buy for"));
    assert!(!html.contains("price_seen_minor"));
}

#[test]
fn every_variant_has_an_offer_of_its_own() {
    let html = page_of(&with_variants(&product_of("Cup"), "Blue"));
    assert_eq!(html.matches("\"@type\":\"Offer\"").count(), 6);
    assert_eq!(html.matches("schema.org/SoldOut").count(), 2);
    assert!(
        html.contains("\"price\":\"46.00\"") && html.contains("\"sku\":\"Blue-4\""),
        "{html}"
    );
}

#[test]
fn variants_of_one_price_stand_on_the_button() {
    let mut product = with_variants(&product_of("Cup"), "Blue");
    for variant in &mut product.variants {
        variant.price = None;
    }
    let html = page_of(&product);
    assert!(html.contains("Buy for 38\u{a0}€") && !html.contains("from 38"));
    let names: Vec<String> = product.variants.iter().map(Variant::name).collect();
    assert_eq!(names[0], "Blue 1 · Blue 1");
}

#[test]
fn a_basket_that_cannot_be_bought_says_why_line_by_line() {
    let product = product_of("Cup");
    let page = basket(&fixture::shop(), &product, "Cup");
    let html = cart(&site(false), &page, "k", None, false);
    for words in [
        "Only 1 can be bought now.",
        "None can be bought now.",
        "No longer sold.",
    ] {
        assert!(html.contains(words), "{words}: {html}");
    }
    let said: String = shortage(&page).chars().filter(|c| c.is_ascii()).collect();
    assert!(
        said.contains("Of Cup, Cup only 1 can be bought now."),
        "{said}"
    );
    let button = tags(&html)
        .into_iter()
        .find(|(_, button)| {
            value(button, "formaction").is_some_and(|to| to.ends_with("/cart/checkout"))
        })
        .expect("the button");
    assert!(names(button.1).iter().any(|name| *name == "disabled"));
}
