//! Pages of products with something to choose, and baskets.

use app::{
    Site, catalog,
    checkout::{self, cart::cart},
    manage,
};
use domain::{
    catalog::{Product, variant::combinations},
    checkout::State,
    identity::Shop,
    terms::Terms,
};
use services::checkout::{CartLine, CartOffer, CartPage};

use crate::fixture::{
    self, editor, euro, order, refunding, refunds, variant::with_variants, viewer,
};

/// A cup in two sizes and three glazes, as a shop would call them.
fn sized(cup: &Product) -> Product {
    let mut product = with_variants(cup, "x");
    for (option, (name, values)) in product.options.iter_mut().zip([
        ("Size", vec!["Small, 80 ml", "Large, 140 ml"]),
        ("Glaze", vec!["Iron", "Celadon", "Chalk"]),
    ]) {
        option.name = name.to_owned();
        option.values = values.into_iter().map(str::to_owned).collect();
    }
    let made = combinations(&product.options);
    for (variant, values) in product.variants.iter_mut().zip(made) {
        variant.values = values;
    }
    product
}

/// Name and page.
pub(crate) fn pages(site: &Site, shop: &Shop, cup: &Product) -> Vec<(&'static str, String)> {
    let sized = sized(cup);
    let mut plain = sized.clone();
    plain.options.truncate(1);
    plain.variants.truncate(2);
    for variant in &mut plain.variants {
        variant.price = None;
        variant.values.truncate(1);
    }
    plain.variants[0].values = vec!["Small, 80 ml".to_owned()];
    plain.variants[1].values = vec!["Large, 140 ml".to_owned()];
    let viewer = viewer();
    let line = |id: &str, quantity, title: &str, choice: &str, available| CartLine {
        variant: id.parse().expect("an id"),
        quantity,
        offer: Some(CartOffer {
            slug: cup.slug.clone(),
            title: title.to_owned(),
            choice: choice.to_owned(),
            price: euro(3800),
            available,
            photo: cup.media.first().cloned(),
        }),
    };
    let whole = CartPage {
        shop: shop.clone(),
        lines: vec![
            line("v1", 2, "Espresso cup, iron glaze", "Large · Celadon", 5),
            line("v2", 1, fixture::LONG, "", 5),
        ],
    };
    let mut broken = whole.clone();
    broken.lines.push(line("v3", 3, "Moon jar", "", 1));
    broken.lines.push(CartLine {
        variant: "v4".parse().expect("an id"),
        quantity: 1,
        offer: None,
    });
    let empty = CartPage {
        lines: Vec::new(),
        ..whole.clone()
    };
    let short = checkout::cart::shortage(&broken);
    let refused = checkout::cart::Refused {
        message: &short,
        seen: &[],
    };
    let variants = manage::page::VariantsEditor {
        version: None,
        product: &sized,
        options: None,
        rows: &[],
        errors: &[],
        wrong: &[],
        message: None,
        form_key: "k",
    };
    let none = manage::page::VariantsEditor {
        product: cup,
        ..variants
    };
    let sold = order(131, State::Paid, &sized, 2);
    vec![
        (
            "product-variants",
            catalog::page::product(site, shop, &Terms::default(), &sized),
        ),
        (
            "product-variants-one-option",
            catalog::page::product(site, shop, &Terms::default(), &plain),
        ),
        ("cart", cart(site, &whole, "k", None, false)),
        ("cart-short", cart(site, &broken, "k", Some(refused), false)),
        ("cart-empty", cart(site, &empty, "k", None, false)),
        (
            "order-variants",
            checkout::page::order(site, shop, &sold, &refunds(0)),
        ),
        (
            "manage-variants",
            manage::page::variants(site, &viewer, &variants),
        ),
        (
            "manage-variants-none",
            manage::page::variants(site, &viewer, &none),
        ),
        (
            "manage-product-variants",
            manage::page::product(site, &viewer, &editor(&sized, &[])),
        ),
        (
            "manage-order-variants",
            manage::page::order(site, &viewer, &sold, &refunding(&refunds(0))),
        ),
    ]
}
