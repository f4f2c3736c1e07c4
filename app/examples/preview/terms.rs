//! Pages of a shop that sells on terms of its own.

use app::{
    Site, checkout,
    manage::{self, page::Typed},
};
use domain::{
    catalog::Product,
    checkout::{Delivery, PayForm, State},
    identity::Shop,
    invalid::Invalid,
    payment::Provider,
    quote::{Amounts, LineTax},
    tax::{Class, Taxed},
    terms::{
        Terms,
        form::{RateForm, SellerForm},
    },
};

use crate::fixture::{self, euro, order, refunds, viewer};

/// Name and page.
pub(crate) fn pages(site: &Site, shop: &Shop, cup: &Product) -> Vec<(&'static str, String)> {
    let terms = fixture::terms("Parcel, 2–3 days");
    let mut sold = order(128, State::Held, cup, 2);
    sold.destination = Some("DE".parse().expect("a place"));
    sold.code = Some("SPRING-10".parse().expect("a code"));
    sold.lines[0].discount = 760;
    sold.lines[0].taxed = Taxed {
        net: 5748,
        tax: 1092,
    };
    sold.lines[0].tax = Some(LineTax {
        place: "DE".parse().expect("a place"),
        class: Class::Standard,
        ppm: 190_000,
        inclusive: true,
    });
    sold.delivery = Some(Delivery {
        method: "parcel".to_owned(),
        name: "Parcel, 2–3 days".to_owned(),
        amounts: Amounts {
            unit: 490,
            quantity: 1,
            discount: 0,
            taxed: Taxed { net: 412, tax: 78 },
            tax: sold.lines[0].tax.clone(),
        },
    });
    sold.total = euro(7330);
    let typed_terms = PayForm {
        region: "ny".to_owned(),
        ..PayForm::of(&sold)
    };
    let mut sold_paid = sold.clone();
    sold_paid.state = State::Paid;
    sold_paid.buyer = Some(fixture::buyer());
    sold_paid.receipt = Some(12);
    let wrong = |field: &'static str, message: &str| vec![Invalid::new(field, message)];
    let mut pages = vec![
        (
            "checkout-terms",
            checkout::page::checkout(
                site,
                shop,
                &terms,
                &sold,
                &typed_terms,
                None,
                Provider::Test,
            ),
        ),
        (
            "checkout-code",
            checkout::page::checkout(
                site,
                shop,
                &terms,
                &sold,
                &typed_terms,
                Some(&Invalid::new("code", "The code SPRING-10 has ended.")),
                Provider::Test,
            ),
        ),
        (
            "order-terms",
            checkout::page::order(site, shop, &sold_paid, &refunds(0)),
        ),
        (
            "terms",
            app::shop::page::terms(
                site,
                shop,
                &fixture::terms("Ana Bergström, Torstraße 1, 10119 Berlin"),
            ),
        ),
        (
            "terms-empty",
            app::shop::page::terms(site, shop, &Terms::default()),
        ),
        (
            "delivery",
            manage::page::delivery(
                site,
                &viewer(),
                &terms,
                &Typed {
                    message: Some("Saved. It holds for every order from now on."),
                    ..Typed::default()
                },
            ),
        ),
        (
            "delivery-empty",
            manage::page::delivery(
                site,
                &viewer(),
                &Terms::default(),
                &Typed {
                    errors: wrong(
                        "countries",
                        "“Narnia” is no country. Write its two letters or its English name.",
                    ),
                    ..Typed::default()
                },
            ),
        ),
        (
            "taxes",
            manage::page::taxes(
                site,
                &viewer(),
                &terms,
                &Typed {
                    form: (SellerForm::of(&terms), RateForm::default()),
                    ..Typed::default()
                },
            ),
        ),
        (
            "codes",
            manage::page::codes(site, &viewer(), &fixture::codes(), &Typed::default()),
        ),
        (
            "codes-empty",
            manage::page::codes(
                site,
                &viewer(),
                &[],
                &Typed {
                    errors: wrong(
                        "code",
                        "A code has 3 to 32 letters, digits and hyphens, for example SPRING-10.",
                    ),
                    ..Typed::default()
                },
            ),
        ),
        (
            "texts",
            manage::page::texts(
                site,
                &viewer(),
                &Typed {
                    form: terms.texts.clone(),
                    ..Typed::default()
                },
            ),
        ),
    ];
    pages.extend(fixture::capture::pages(
        site,
        &viewer(),
        "Der Laden um die Ecke",
    ));
    pages
}
